"""The Batch page's filters and charts."""
from vs2.errors import BadInput
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.plots import batch
from vs2.rubric import KEYS
from vs2.ui.batch.parts import Filter, filters


def made(prompt, *values, rationale="") -> Evaluation:
    scores = {key: Score() if value is None else Score.of(value, [float(s == value) for s in range(1, 6)], False)
              for key, value in zip(KEYS, values, strict=True)}
    return Evaluation("a.mp4", prompt, "m", "fp32", rationale, scores, 8, Seconds(), 1)


def test_filters_take_rows_by_words_state_and_scores():
    from vs2.batch import Result
    from vs2.batch.table import Row

    row = Row(1, "Ball.mp4", "a red ball", {})
    done = Result(row, made("a red ball", 4, 2, None, rationale="It is Blurry."))
    failed = Result(row, None, BadInput("x"))
    for said, takes in (
            ({}, (True, True, True)), ({"search": "BLURRY"}, (True, False, False)), ({"search": "ball"}, (True,) * 3),
            ({"search": "cat"}, (False,) * 3), ({"show": "scored"}, (True, False, False)),
            ({"show": "failed"}, (False, True, False)), ({"show": "open"}, (False, False, True)),
            ({"show": "<script>"}, (True,) * 3), ({"visual_quality_from": "4"}, (True, False, False)),
            ({"visual_quality_from": "5"}, (False,) * 3), ({"text_alignment_to": "2"}, (True, False, False)),
            ({"physical_consistency_to": "4"}, (False,) * 3), ({"overall_from": "2"}, (False,) * 3),
            ({"visual_quality_from": "1", "visual_quality_to": "5"}, (True,) * 3),
            ({"visual_quality_from": "x", "overall_to": ["1"], "search": 7}, (False,) * 3)):
        found = Filter.of(said)
        assert tuple(found.takes(row, one) for one in (done, failed, None)) == takes, said
    for nonsense in (None, 3, [], "x"):
        assert Filter.of(nonsense).takes(row, None)
    assert filters().count("<select") == 9 and filters().count("aria-label") == 9


def test_plots_count_and_group():
    found = [made("p", 4, 2, None), made("p", 4, 2, 1), made("p", 5, 1, 1)]
    bars = batch.histogram(found).data
    assert [list(bar.y) for bar in bars] == [[0, 0, 0, 2, 1], [1, 2, 0, 0, 0], [2, 0, 0, 0, 0]]
    assert len({bar.marker.color for bar in bars}) == 3
    ticks = [batch.histogram(found * times).layout.yaxis.dtick for times in (1, 10)]
    assert ticks == [1, None], "few clips are counted in whole ones"
    points = batch.scatter(found, ["<b>one", "two", "three"], "visual_quality", "text_alignment").data[0]
    assert list(zip(points.x, points.y, points.customdata, strict=True)) == [(4.0, 2.0, 2), (5.0, 1.0, 1)]
    assert points.text[0] == "&lt;b&gt;one<br>two" and points.marker.size[0] > points.marker.size[1]
    points = batch.scatter(found * 10, list("abc") * 10, "physical_consistency", "overall").data[0]
    assert list(points.customdata) == [20] and "and 14 more" in points.text[0], "unread ones are no points"
    for figure in (batch.histogram([]), batch.scatter([], [], "overall", "overall")):
        assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
