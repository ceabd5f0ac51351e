"""Radar charts: fixed axes, one colour a candidate, nothing drawn for a score that was not read."""
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.plots import scores as plots
from vs2.rubric import KEYS


def evaluation(*values) -> Evaluation:
    """An evaluation whose scores are as sure as can be; None is an unread one."""
    scores = {key: Score() if value is None else Score.of(value, [float(s == value) for s in range(1, 6)], False)
              for key, value in zip(KEYS, values, strict=True)}
    return Evaluation("a.mp4", "a prompt", "mini", "fp32", "said", scores, 8, Seconds(), 12)


def shapes(figure):
    """The traces that draw candidates; the last trace holds the axes' names."""
    return figure.data[:-1]


def test_axes_stay_from_one_to_five_whatever_is_drawn():
    for figure in (plots.radar([]), plots.radar([evaluation(3, 3, 3)])):
        least, most = figure.layout.polar.radialaxis.range     # a little beyond, or lines there are cut off
        assert (least, most) == (1 - plots.ROOM, 5 + plots.ROOM) and 0 < plots.ROOM < 0.5
        assert tuple(figure.layout.polar.radialaxis.tickvals) == (1, 2, 3, 4, 5)
        assert list(figure.data[-1].theta) == [plots.AXES[key] for key in KEYS]


def test_radar_draws_the_expected_scores_in_the_order_of_the_axes_and_closes():
    softer = evaluation(4, 5, 2)
    softer.scores["visual_quality"] = Score.of(4, (0, 0, 0.5, 0.5, 0), False)
    shape, = shapes(plots.radar([softer]))
    assert list(shape.r) == [3.5, 5.0, 2.0, 3.5]
    assert list(shape.theta) == [plots.AXES[key] for key in (*KEYS, KEYS[0])]
    assert shape.fill == "toself"


def test_an_unread_score_leaves_a_gap_and_no_area():
    shape, = shapes(plots.radar([evaluation(4, None, 2)]))
    assert list(shape.r) == [4, None, 2, 4]
    assert not shape.connectgaps and shape.fill == "none"


def test_candidates_have_their_own_colours_and_a_legend():
    figure = plots.radar([evaluation(n, n, n) for n in (1, 2, 3)], ["one", "two", "three"])
    assert len({shape.line.color for shape in shapes(figure)}) == 3
    assert [shape.name for shape in shapes(figure)] == ["one", "two", "three"]
    assert figure.layout.showlegend and not plots.radar([evaluation(1, 2, 3)]).layout.showlegend


def test_a_candidates_name_is_text_not_markup():
    shape, = shapes(plots.radar([evaluation(1, 2, 3)], ["<b>me</b>"]))
    assert shape.name == "&lt;b&gt;me&lt;/b&gt;"


def test_the_background_is_the_pages():
    layout = plots.radar([]).layout
    assert layout.paper_bgcolor == layout.polar.bgcolor == "rgba(0,0,0,0)"


def test_a_score_a_hair_above_the_scale_is_drawn_on_it():
    scores = {key: Score(5, 5.0000002) for key in KEYS}
    figure = plots.radar([Evaluation("v", "p", "m", "fp32", "r", scores, 8, Seconds(), 1)])
    assert max(figure.data[0].r) == 5


def test_candidates_that_lie_on_each_other_are_drawn_as_rims():
    shared = plots.radar([evaluation(5, 4, 3), evaluation(5, 4, 2), evaluation(5, 1, 1)])
    first, second, third = shapes(shared)
    assert first.line.width > second.line.width == third.line.width == plots.WIDTH, "one edge is shared"
    assert first.marker.size[0] > second.marker.size[0] > third.marker.size[0] == plots.DOT
    assert first.marker.size[2] == second.marker.size[2] == plots.DOT, "nobody hides this corner"
    widths = [shape.line.width for shape in shapes(plots.radar([evaluation(5, 5, 5)] * 6))]
    assert widths == sorted(widths, reverse=True) and len(set(widths)) == 6 and widths[0] <= 14
    apart, alone = shapes(plots.radar([evaluation(5, 5, 5), evaluation(1, 2, 3)]))
    assert apart.line.width == alone.line.width == plots.WIDTH


def test_an_unread_corner_hides_nothing():
    first, _ = shapes(plots.radar([evaluation(4, None, 2), evaluation(4, None, 1)]))
    assert first.marker.size[1] == plots.DOT and first.line.width == plots.WIDTH


def test_the_numbers_of_the_axis_stand_clear_of_the_largest_dot():
    for count in (1, 2, 6):
        figure = plots.radar([evaluation(5, 5, 5)] * count)
        assert figure.layout.polar.radialaxis.ticklen > max(figure.data[0].marker.size) / 2


def test_the_radar_says_its_scores_in_words():
    scores = {KEYS[0]: Score(5, 4.987), KEYS[1]: Score(), KEYS[2]: Score(reason="It is no scene.")}
    odd = Evaluation("v", "p", "m", "fp32", "r", scores, 8, Seconds(), 1)
    said = plots.radar([evaluation(4, 3, 2), None, odd], ["one", "two", "three"]).layout.meta["label"]
    assert said == ("Radar of the scores, each from 1 to 5. one: Visual quality 4.00, Alignment 3.00, Physical 2.00; "
                    "three: Visual quality 4.99, Alignment not read, Physical not judged.")
    assert plots.radar([]).layout.meta["label"].endswith("no scores yet.")
