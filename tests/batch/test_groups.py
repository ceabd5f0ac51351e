"""Groups of a table against numbers worked out by hand, numpy's and scipy's."""
import json

import numpy as np
import pytest
from scipy import stats

from vs2.batch import groups, results
from vs2.batch.groups import OVERALL, bootstrap, columns, grouped
from vs2.batch.table import Row
from vs2.errors import BadInput
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS


def spike(value):
    """A score of exactly that; None for one that was not read, a text for one that was not judged."""
    if isinstance(value, str):
        return Score(reason=value)
    return Score() if value is None else Score(value, float(value), tuple(float(s == value) for s in range(1, 6)))


def record(number, group, prompt, values, error=None, model="mini", more=None):
    """A row's record; values: three scores, or None where there is no evaluation. more: further columns."""
    row = Row(number, f"{number}.mp4", prompt, {"generator": group, **(more or {})})
    if values is None:
        return results.record(row, None, error)
    scores = {key: spike(value) for key, value in zip(KEYS, values, strict=True)}
    return results.record(row, Evaluation(row.video, prompt, model, "fp32", "", scores, 8, Seconds(), 1))


# By hand: a has 5, 3 and 4 overall (4.0), one clip that was not judged in all, one failed; b has 2 and 3 (2.5).
TABLE = [record(1, "a", "p", (5, 5, 5)), record(2, "b", "p", (2, 2, 2)), record(3, "a", "q", (3, 3, 3)),
         record(4, "a", "r", (5, 4, 3)), record(5, "b", "q", (5, 3, 1)), record(6, "a", "s", (4, "No scene.", None)),
         record(7, "a", "t", None, "It is damaged.")]


def test_means_counts_and_the_lowest_by_hand():
    board = grouped(TABLE, "generator")
    a, b = board.groups
    assert (a.name, a.place, a.rows, a.failed, a.left, a.complete) == ("a", 1, 5, 1, 0, 3)
    assert a.cells[OVERALL].mean == pytest.approx(4.0) and b.cells[OVERALL].mean == pytest.approx(2.5)
    visual, text, physical = (a.cells[key] for key in KEYS)
    assert (visual.mean, visual.judged, visual.withheld, visual.unread) == (pytest.approx(17 / 4), 4, 0, 0)
    assert (text.mean, text.judged, text.withheld, text.unread) == (pytest.approx(4.0), 3, 1, 0)
    assert (physical.mean, physical.judged, physical.withheld, physical.unread) == (pytest.approx(11 / 3), 3, 0, 1)
    assert (a.cells[OVERALL].judged, a.cells[OVERALL].withheld) == (3, 1), "in no mean, and counted"
    assert a.worst == (3, 4, 1) and b.worst == (2, 5)
    assert board.lacking == 2 and board.judges == ("mini",)
    assert json.loads(groups.told(board))["groups"][0]["cells"]["overall"]["judged"] == 3


def test_a_group_of_which_nothing_was_judged_has_no_mean_and_no_place():
    board = grouped([*TABLE, record(8, "c", "p", ("No.",) * 3), record(9, "", "p", (1, 1, 1))], "generator")
    last = board.groups[-1]
    assert (last.name, last.place, last.cells[OVERALL].mean, last.cells[OVERALL].withheld) == ("c", None, None, 1)
    assert [one.name for one in board.profiled] == [one.name for one in board.groups[:-1]], "nothing to draw of it"
    assert board.groups[-2].name == "" and board.groups[-2].place == 3, "rows without a value are a group"


def test_the_same_displayed_mean_shares_a_place():
    rows = [record(1, "a", "p", (3, 3, 3)), record(2, "b", "p", (2, 3, 4)), record(3, "c", "p", (1, 1, 1))]
    assert [group.place for group in grouped(rows, "generator").groups] == [1, 1, 3]


def test_two_draws_by_hand():
    # Of two draws a resample has the first twice, one of each, or the second twice: 1/4, 1/2, 1/4.
    assert bootstrap([2.0, 4.0], [1, 1]) == (2.0, 4.0)
    # Clips of one prompt are drawn together: the prompt of 1 and 1 has mean 1, the other of 4 has mean 4.
    assert bootstrap([2.0, 4.0], [2, 1]) == (1.0, 4.0)
    assert bootstrap([3.0], [1]) is None and bootstrap([9.0], [3]) is None


@pytest.mark.parametrize("count", [8, 40])
def test_over_clips_it_is_scipys(count):
    values = np.random.default_rng(3).integers(1, 6, count).astype(float)
    ours = bootstrap(values, np.ones(count))
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=1).confidence_interval
    assert ours == pytest.approx(tuple(theirs), abs=0.06)


def test_over_prompts_it_is_numpys_and_wider_than_over_clips():
    chance = np.random.default_rng(5)
    prompts = chance.normal(3, 1, 12)
    clips = [np.clip(mean + chance.normal(0, 0.1, 4), 1, 5) for mean in prompts]
    ours = bootstrap([one.sum() for one in clips], [4] * 12)
    drawn = [np.concatenate([clips[n] for n in np.random.default_rng(seed).integers(0, 12, 12)]).mean()
             for seed in range(4000)]
    assert ours == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.05)
    alone = bootstrap(np.concatenate(clips), np.ones(48))
    assert ours[1] - ours[0] > 1.5 * (alone[1] - alone[0])


def test_many_draws_have_the_normal_interval(monkeypatch):
    values, counts = np.random.default_rng(2).uniform(1, 5, 3000), np.random.default_rng(4).integers(1, 4, 3000)
    sampled = bootstrap(values * counts, counts)
    monkeypatch.setattr(groups, "MANY", 100)
    assert bootstrap(values * counts, counts) == pytest.approx(sampled, abs=0.01)


def test_a_groups_interval_is_over_its_prompts_where_they_repeat():
    rows = [record(n, "a", f"prompt {n % 2}", (1 + 4 * (n % 2),) * 3) for n in range(1, 9)]
    group, = grouped(rows, "generator").groups
    cell = group.cells[OVERALL]
    assert group.repeats and cell.draws == 2 and (cell.low, cell.high) == (1.0, 5.0)
    alone, = grouped([row | {"prompt": str(n)} for n, row in enumerate(rows)], "generator").groups
    assert not alone.repeats and alone.cells[OVERALL].draws == 8 and alone.cells[OVERALL].low > 1
    # By the prompt itself all clips of a group are of one: then each clip is a draw.
    rows[0] = record(1, "a", "prompt 1", (1, 1, 1))
    assert grouped(rows, "prompt").groups[0].cells[OVERALL].draws == 4


def test_it_says_the_same_each_time_whatever_the_other_groups():
    alone = grouped([row for row in TABLE if row["generator"] == "a"], "generator").groups[0]
    assert grouped(TABLE, "generator").groups[0].cells == alone.cells


def test_the_columns_that_a_table_can_be_grouped_by():
    rows = [record(n, "g", "p" if n < 3 else "q", (3, 3, 3),
                   more={"model": "sora", "set": n % 2, "empty": ""}) for n in range(1, 5)]
    assert columns(rows) == ["generator", "input model", "set", "prompt"]
    assert [group.name for group in grouped(rows, "set").groups] == ["0", "1"]
    # A table's own column whose name is taken is the one that is meant.
    assert grouped(rows, "model").groups[0].name == "sora"


@pytest.mark.parametrize(("rows", "column", "said"), [
    ([], "generator", "no rows"), (TABLE, "generatr", "no column generatr to group by: it has generator"),
    (TABLE, "rationale", "no column rationale"), (TABLE, "scores", "no column scores"),
    ([record(n, str(n), "p", (3, 3, 3)) for n in range(300)], "generator", "300 values, more than 200")])
def test_what_cannot_be_grouped_is_said_in_one_sentence(rows, column, said):
    with pytest.raises(BadInput) as problem:
        grouped(rows, column)
    assert said in str(problem.value) and "\n" not in str(problem.value)


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_what_a_run_wrote_is_read_back(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    results.write(TABLE, path)
    assert grouped(groups.read(path), "generator") == grouped(TABLE, "generator")


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '[{"video": "a.mp4"}]', "video,prompt\na,b"])
def test_a_file_that_is_no_result_is_refused(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(BadInput):
        groups.read(path)
    with pytest.raises(BadInput):
        groups.read(tmp_path / "none.json")
