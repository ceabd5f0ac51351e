"""The suite `prompts`: its pairs, and its arithmetic with ties and unread scores."""
import pytest

from tests.support.fake_judge import FakeJudge
from vs2.bench import prompts
from vs2.scenes import words, world


def row(expected, value=None):
    return {"expected": expected, "value": value or [score and round(score) for score in expected]}


def test_a_tie_and_an_unread_score_are_no_success():
    rows = [row([4.2, 1.1]), row([3.4, 2.6]), row([3.0, 3.0]), row([2.0, 4.0]), row([None, 1.0]), row([5.0, None])]
    got = prompts.summary(rows)
    assert got["higher"] == pytest.approx(2 / 6) and got["ties"] == pytest.approx(1 / 6) and got["unread"] == 2
    assert got["higher_by_value"] == pytest.approx(1 / 6), "3 and 3 is a tie of digits"
    assert got["pairs"] == 6 and "| 6 | 0 | 0.333 | 0.167 | 0.167 | 2 |" in prompts.table(got)


def test_rounding_is_no_difference():
    assert prompts.summary([row([3.0 + 1e-9, 3.0])])["higher"] == 0


def test_pairs_are_held_out_differ_and_are_the_same_again():
    made = prompts.pairs(60)
    assert made == prompts.pairs(60)
    assert all(first.shown != other.shown for first, other in made)
    assert all(scene.seed >= world.HELD_OUT for pair in made for scene in pair)
    assert len({scene.seed for pair in made for scene in pair}) == 120


def test_a_judge_that_compares_prompts_is_right_and_one_that_says_the_same_is_not():
    pairs = prompts.pairs(3)
    true = {words.caption(first.shown, n): first.seed for n, (first, _) in enumerate(pairs)}

    def compares(path, prompt):
        return 3, 5 if f"scene{true.get(prompt)}" == path.stem else 1.5, 3

    got = prompts.run(FakeJudge(compares), 3, think=False)
    assert got["metrics"]["higher"] == 1 and got["rows"][0]["expected"] == [5.0, 1.5] and got["clips"] == 3
    same = prompts.run(FakeJudge(lambda path, prompt: (3, 4, 3)), 3)["metrics"]
    assert same["higher"] == 0 and same["ties"] == 1
