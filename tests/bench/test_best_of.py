"""The suite `best-of`: the contests, the pick, and what it is said to gain, against numbers made by hand."""
from pathlib import Path

import pytest

from tests.support.fake_judge import FakeJudge
from vs2.bench import best_of
from vs2.rubric import KEYS


def row(true, overall):
    return {"true": true, "overall": overall}


def test_the_pick_is_the_highest_and_a_tie_is_shared():
    assert best_of.picked([3.0, 4.5, 2.0]) == [1]
    assert best_of.picked([4.5, 1.0, 4.5 + 1e-9]) == [0, 2], "a difference that is only rounding"
    assert best_of.picked([4.5, 4.4, 4.501]) == [2]


def test_an_unread_candidate_never_beats_a_read_one():
    assert best_of.picked([None, 1.0, None]) == [1]
    assert best_of.picked([None, None]) == [0, 1], "nothing was read: any of them, at random"


def test_the_summary_by_hand():
    rows = [row([[5, 5, 5], [1, 1, 1]], [4.0, 2.0]),        # the good one: 5, a random one 3
            row([[4, 4, 1], [2, 2, 2]], [1.0, 1.0]),        # a tie: 2.5, as a random one
            row([[1, 1, 1], [3, 3, 3]], [None, 2.0])]       # the good one, the other unread: 3, a random one 2
    got = best_of.summary(rows)
    assert got["picked"] == pytest.approx((5 + 2.5 + 3) / 3) and got["random"] == pytest.approx((3 + 2.5 + 2) / 3)
    assert got["best"] == pytest.approx((5 + 3 + 3) / 3)
    assert got["uplift"] == pytest.approx(40.0) and got["possible"] == pytest.approx(100 * (11 / 7.5 - 1))
    assert got["hit"] == pytest.approx((1 + 0.5 + 1) / 3) and got["unread"] == 1
    assert got["dimensions"][KEYS[2]] == pytest.approx(100 * ((5 + 1.5 + 3) / (3 + 1.5 + 2) - 1))
    assert got["contests"] == 3 and got["size"] == 2
    assert "+40.0 %" in best_of.table(got)


def test_the_interval_holds_the_uplift_and_is_the_same_again():
    rows = [row([[k % 5 + 1] * 3, [3, 3, 3]], [k % 5 + 1 + 0.1 * (k % 3), 3.05]) for k in range(40)]
    got = best_of.summary(rows)
    low, high = got["interval"]
    assert low < got["uplift"] < high and got["interval"] == best_of.summary(rows)["interval"]
    few = best_of.summary(rows[:5])["interval"]
    assert few[1] - few[0] > high - low, "fewer contests, less certain"


def test_a_judge_that_always_errs_loses_and_one_that_sees_nothing_gains_nothing():
    true = [[[5, 5, 5], [3, 3, 3], [1, 1, 1]], [[2, 2, 2], [4, 4, 4], [3, 3, 3]]]
    wrong = best_of.summary([row(scores, [-sum(s) for s in scores]) for scores in true])
    blind = best_of.summary([row(scores, [3.0] * 3) for scores in true])
    assert wrong["uplift"] == pytest.approx(-50.0) and wrong["hit"] == 0
    assert blind["uplift"] == pytest.approx(0.0) and blind["interval"] == pytest.approx([0.0, 0.0])


def test_candidates_are_made_for_one_prompt_and_differ_in_their_true_scores():
    seen = [set(), set(), set()]
    for number in range(12):
        made = best_of.contest(number, 5)
        assert len({scene.seed for scene in made.candidates}) == 5
        assert len({scene.asked for scene in made.candidates}) == 1
        for scene in made.candidates:
            assert scene.shown.beside != (scene.shown.colour, scene.shown.shape)
            assert len(scene.differing) == 5 - scene.scores[1]
            for found, score in zip(seen, scene.scores, strict=True):
                found.add(score)
    assert seen == [{1, 2, 3, 4, 5}] * 3
    assert best_of.contest(3, 5) == best_of.contest(3, 5)
    assert best_of.contest(3, 8).candidates[:5] == best_of.contest(3, 5).candidates
    assert not {scene.seed for scene in best_of.contest(3, 5).candidates} & {
        scene.seed for scene in best_of.contest(4, 5).candidates}


@pytest.mark.parametrize("size", [1, 0, 1001])
def test_a_contest_of_a_wrong_size_is_refused(size):
    with pytest.raises(ValueError, match="2 to 1000"):
        best_of.contest(0, size)


def test_a_judge_that_knows_the_truth_picks_the_best():
    truth = {scene.seed: scene for number in range(3) for scene in best_of.contest(number, 3).candidates}
    prompts = {best_of.contest(number, 3).prompt for number in range(3)}

    def knows(path: Path, prompt: str):
        assert path.stat().st_size > 0 and prompt in prompts
        return truth[int(path.stem.removeprefix("scene"))].scores

    steps = []
    judge = FakeJudge(knows)
    result = best_of.run(judge, 3, 3, progress=lambda done, count: steps.append((done, count)), budget=7)
    assert result["metrics"]["picked"] == pytest.approx(result["metrics"]["best"]) and result["metrics"]["hit"] == 1
    assert (result["suite"], result["model"], result["clips"], steps[-1]) == ("best-of", "fake", 9, (3, 3))
    assert judge.options == [{"budget": 7}] * 9
