"""Which candidate of a Best-of-N run wins: ties and the second judgement, the fast pass, the early stop, the cost."""
import csv
import time

import numpy as np
import pytest

from tests.support.best_of_parts import Plain, StreamJudge, ended, flat, of, plan, run, seed
from vs2 import best_of
from vs2.best_of import cost, outcome, stopping
from vs2.best_of.cost import Rates, Work
from vs2.errors import BadInput, Failure
from vs2.options import Options
from vs2.rubric import KEYS


def test_a_tie_is_broken_by_a_second_sampled_judgement_of_the_tied(tmp_path):
    def says(path, prompt, options):
        if options["samples"] == 1:
            return [4.0] * 3 if seed(path) in (1, 2, 4) else [2.0] * 3
        return [{1: 3.0, 2: 3.5, 4: 2.5}[seed(path)]] * 3

    one = run(tmp_path, 5, says)
    told, end = ended(one)
    again = [(number, options) for number, options in one.judge.asked if options["samples"] > 1]
    assert [number for number, _ in again] == [1, 2, 4]
    assert again[0][1] == {"think": True, "budget": 1024, "samples": 4, "seed": 0}
    assert end.decision.ranking == (2, 1, 4, 0, 3) and end.decision.winner == 2 and not end.decision.tie
    assert end.decision.reason.startswith(
        "Candidates 2, 3 and 5 tied; by a second judgement of 4 sampled replies each, candidate 3 wins over candidate "
        "2, the next best: better visual quality (3.5 against 3.0)")
    assert [event.stage for event in of(told, best_of.Judged)] == ["full"] * 5 + ["again"] * 3
    assert end.entries[2].again.overall == 3.5 and end.entries[2].evaluation.overall == 4.0
    assert end.to_dict()["candidates"][2]["again"]["overall"] == 3.5
    assert end.decision.place == {2: 1, 1: 1, 4: 1, 0: 4, 3: 4}, "what is displayed the same has the same place"
    end.write_table(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as lines:
        assert [(row["place"], row["candidate"]) for row in csv.DictReader(lines)] == [
            ("1", "3"), ("1", "2"), ("1", "5"), ("4", "1"), ("4", "4")]


def test_a_tie_that_stays_is_told_and_the_first_is_taken(tmp_path):
    _, end = ended(run(tmp_path, 3, lambda path, prompt, options: [4.0, 4.0, 4.0]))
    assert end.decision.tied == (0, 1, 2) and end.decision.winner == 0 and end.decision.tie
    assert end.decision.reason.startswith("Candidates 1, 2 and 3 tied; by a second judgement of 4")
    assert end.decision.reason.endswith("the same (4.00); candidate 1 is taken, the first of them.")


def test_few_of_a_large_tie_are_judged_again(tmp_path):
    one = run(tmp_path, 9, lambda path, prompt, options: [3.0 + (options["samples"] > 1 and seed(path) == 2)] * 3)
    _, end = ended(one)
    assert [number for number, options in one.judge.asked if options["samples"] > 1] == list(range(cost.TIED))
    assert end.decision.ranking == (2, 0, 1, 3, 4, 5, 6, 7, 8) and end.winner.number == 2
    assert "by a second judgement of the first 4 of 4 sampled replies each" in end.decision.reason


def test_a_tie_is_left_where_that_is_asked_for(tmp_path):
    one = run(tmp_path, 2, lambda *_: [4.0] * 3, replies=0)
    _, end = ended(one)
    assert len(one.judge.asked) == 2 and end.decision.tie and end.decision.winner == 0


def test_a_second_judgement_that_fails_leaves_the_others(tmp_path):
    def says(path, prompt, options):
        if options["samples"] > 1 and seed(path) == 0:
            raise Failure("Out of memory.")
        return [4.0] * 3

    told, end = ended(run(tmp_path, 2, says))
    assert end.decision.tie and end.decision.ranking == (0, 1), "nobody loses by an error of ours"
    assert not of(told, best_of.Lost) and end.entries[0].error is None
    said = [event.text for event in of(told, best_of.Noticed)]
    assert said == ["Candidate 1 could not be judged again: Out of memory."]


def test_a_resumed_run_does_not_break_a_tie_twice(tmp_path):
    says = lambda path, prompt, options: [3.0 + (options["samples"] > 1 and seed(path) == 1)] * 3   # noqa: E731
    ended(run(tmp_path, 2, says))
    again = run(tmp_path, 2, says)
    _, end = ended(again)
    assert not again.judge.asked and end.winner.number == 1
    other = run(tmp_path, 2, says, replies=8)
    ended(other)
    assert [options["samples"] for _, options in other.judge.asked] == [8, 8], "drawn anew with another number"


@pytest.mark.parametrize(("rule", "winner"), [
    ("mean", 0), ("worst", 1), ("physical_consistency", 2), ({"visual_quality": 1, "text_alignment": 3}, 3)])
def test_the_rule_decides(tmp_path, rule, winner):
    scores = [[5, 5, 2], [3.5, 3.5, 3.5], [1, 1, 5], [1, 5, 1]]
    scores[3][1] = 5.0
    scores[0][1] = 5.0 if rule != {"visual_quality": 1, "text_alignment": 3} else 3.0
    _, end = ended(run(tmp_path, 4, lambda path, *_: scores[seed(path)], rule=rule))
    assert end.decision.winner == winner and end.rule == rule


def test_the_fast_pass_chooses_whom_the_full_one_judges(tmp_path):
    def says(path, prompt, options):
        assert options["samples"] == 1
        if options["think"]:
            return {3: [2.0] * 3, 4: [4.5] * 3}[seed(path)]
        return [1 + seed(path)] * 3 if seed(path) < 5 else [1.0] * 3

    one = run(tmp_path, 6, says, keep=2)
    told, end = ended(one)
    assert [(number, options["think"]) for number, options in one.judge.asked] == [
        *((number, False) for number in range(6)), (4, True), (3, True)]
    assert end.finalists == (4, 3) and end.decision.ranking == (4, 3, 2, 1, 0, 5)
    assert end.decision.reason.startswith("Candidate 5 wins: better visual quality (4.5 against 2.0)")
    assert end.entries[4].fast.overall == 5.0 and end.entries[4].evaluation.overall == 4.5
    assert end.entries[0].full is None and end.entries[0].evaluation.overall == 1.0
    record = end.to_dict()
    assert record["finalists"] == [4, 3] and record["candidates"][4]["fast"]["overall"] == 5.0
    assert record["candidates"][0]["fast"] is None and record["candidates"][0]["evaluation"]["overall"] == 1.0


def test_a_full_judgement_that_fails_leaves_the_other_finalist_and_the_fast_scores(tmp_path):
    def says(path, prompt, options):
        if options["think"] and seed(path) == 3:
            raise Failure("Out of memory.")
        return flat(path, prompt, options)

    _, end = ended(run(tmp_path, 4, says, keep=2))
    assert end.decision.ranking == (2, 3, 1, 0) and "candidate 4 was not judged" in end.decision.reason
    _, end = ended(run(tmp_path / "all", 4, lambda path, prompt, options: (
        flat(path, prompt, options) if not options["think"] else (_ for _ in ()).throw(Failure("No."))), keep=2))
    assert end.decision.ranking == (3, 2, 1, 0) and end.winner.number == 3, "the fast pass decides then"


def test_a_stop_between_the_passes_leaves_the_order_of_the_fast_one(tmp_path):
    one = run(tmp_path, 4, lambda path, prompt, options: (
        [1.0] * 3 if options["think"] else flat(path, prompt, options)), keep=2)
    for event in one.events():
        if isinstance(event, best_of.Judged) and event.stage == best_of.FULL:
            one.stop()
    end = one.outcome()
    assert end.ended == best_of.STOPPED and end.decision.ranking == (3, 2, 1, 0) and end.finalists == ()
    assert end.entries[3].full is not None, "and keeps what was judged in full"


def test_unread_scores_rank_last(tmp_path):
    _, end = ended(run(tmp_path, 3, lambda path, *_: [None, 4.0, 4.0] if seed(path) == 0 else [2.0] * 3, replies=0))
    assert end.decision.ranking[-1] == 0 and end.decision.winner == 1


def test_the_table_is_best_first_with_failures_last(tmp_path):
    _, end = ended(run(tmp_path / "run", 3, generator=Plain({1: Failure("=Not now.")})))
    end.write_table(tmp_path / "table.csv")
    rows = list(csv.DictReader((tmp_path / "table.csv").open()))
    assert [row["candidate"] for row in rows] == ["3", "1", "2"] and [row["place"] for row in rows] == ["1", "2", ""]
    assert rows[0]["visual_quality_expected"] == "1.66667" and rows[0]["video"].endswith(".mp4")
    assert rows[2]["error"] == "'=Not now." and rows[2]["overall"] == ""


def test_the_expected_gain_by_hand():
    assert stopping.expected_gain([3.0], 0) == 0 and stopping.expected_gain([5.0, 1.0], 9) == 0
    few, many = (stopping.expected_gain([2.0, 3.0, 3.2, 2.5], left) for left in (1, 8))
    assert 0 < few < many < 1.8
    assert stopping.expected_gain([3.2, 3.2, 3.2], 4) > 0, "three of the same do not mean that all are"
    lone = stopping.expected_gain([2.0, 2.1, 4.9], 1)
    assert lone < 0.1 * stopping.expected_gain([2.0, 2.1, 2.2], 1) + 0.05


def test_the_expected_gain_is_what_a_simulation_of_its_own_model_gives():
    rng, scores = np.random.default_rng(0), np.array([2.0, 3.0, 3.4, 2.6, 3.1])
    freedom = stopping.PRIOR_COUNT + len(scores) - 1
    squares = stopping.PRIOR_COUNT * stopping.PRIOR_SPREAD**2 + ((scores - scores.mean()) ** 2).sum()
    spread = np.sqrt(squares / freedom * (1 + 1 / len(scores)))
    drawn = np.minimum(scores.mean() + spread * rng.standard_t(freedom, (200_000, 6)), 5.0).max(1)
    assert stopping.expected_gain(scores, 6) == pytest.approx(np.maximum(drawn - scores.max(), 0).mean(), abs=0.005)


def test_stopping_early_saves_candidates_and_costs_little_by_simulation():
    """Generators of several spreads: what is drawn, and what the best is worth, against drawing all 16."""
    rng, count = np.random.default_rng(1), 16
    used, lost = [], []
    for _ in range(400):
        scores = np.clip(rng.normal(rng.uniform(2, 4), rng.uniform(0.2, 0.8), count), 1, 5)
        seen = next(n for n in range(1, count + 1) if n == count or stopping.enough(scores[:n], count - n))
        assert seen >= stopping.LEAST
        used.append(seen)
        lost.append(scores.max() - scores[:seen].max())
    assert np.mean(used) < 14, "it saves something"
    assert np.mean(lost) < stopping.GAIN, "and costs no more than it says"
    ceiling = next(n for n in range(1, 17) if stopping.enough([5.0] * n, 16 - n))
    assert ceiling == stopping.LEAST, "nothing beats full marks"


def test_the_adaptive_stop_ends_the_run_and_says_so(tmp_path):
    one = run(tmp_path, 40, lambda path, *_: [5.0 if seed(path) == 2 else 2.0] * 3, gain=0.1)
    told, end = ended(one)
    assert end.ended == best_of.EARLY and end.winner.number == 2 and len(one.judge.asked) == 3
    assert end.note == ("Stopped after 3 of 40 candidates: more of them are expected to gain less than 0.1 points.")
    assert len(one.generator.made) <= 3 + best_of.run.AHEAD, "hardly more are made than are judged"
    _, whole = ended(run(tmp_path / "whole", 5, gain=0.0001))
    assert whole.ended == best_of.COMPLETE and whole.note == ""


def test_failures_do_not_use_up_what_may_be_made_ahead(tmp_path):
    fails = {number: Failure("No.") for number in range(5)}
    _, end = ended(run(tmp_path, 8, generator=Plain(fails), gain=0.0001))
    assert end.decision.ranking == (7, 6, 5)


def test_the_estimate_by_hand():
    work = Work(clips=5, first=5, full=2, fast=True, replies=4)
    found = cost.estimate(work, Rates(2.0, 1.0, 4.0, 6.0))
    assert found.seconds == pytest.approx(5 * 2 + 1 + 2 * 4) and found.gpu == 0 and not found.measured
    assert found.most == pytest.approx(19 + 4 * 6)
    assert cost.estimate(work, Rates(1.0, 3.0, 4.0)).seconds == pytest.approx(1 + 5 * 3 + 8)
    assert cost.estimate(work, Rates(2.0, 1.0, 4.0), True, True).gpu == pytest.approx(10 + 5 + 8)
    unknown = cost.estimate(work, Rates(None, 1.0, 4.0))
    assert unknown.seconds is None and "not known before the first is done" in unknown.sentence
    assert found.sentence == ("5 clips to make, 7 judgements: about 19 s, a rough guess, up to 43 s if a tie has to be "
                              "broken.")


def test_the_cost_is_told_before_the_start_and_counted_during_it(tmp_path):
    asked = plan(4, keep=2)
    before = best_of.forecast(asked, "mini")
    assert before.seconds > 0 and not before.measured and before.work == Work(4, 4, 2, True, 4)
    paid = best_of.forecast(plan(4, generator="provider:fal-ai/a/b"), "mini")
    assert paid.work.paid == 4 and paid.seconds is None and "charges for 4 clips" in paid.sentence
    assert best_of.forecast(asked, "owner/model", cuda=True).gpu > 0
    told, end = ended(run(tmp_path, 4, keep=2, generator=Plain(takes=0.05)))
    estimates = [event.estimate for event in of(told, best_of.Estimated)]
    assert (estimates[0].work.clips, estimates[0].work.first, estimates[0].work.full) == (4, 4, 2)
    last = estimates[-1]
    assert (last.work.clips, last.work.first, last.work.full) == (0, 0, 0) and last.measured
    spent = end.spent
    assert (spent.clips, spent.judgements, spent.tokens) == (4, 6, 6) and spent.gpu == 0 and spent.paid == 0
    assert 0.2 <= spent.generating <= spent.seconds + 0.05 and spent.judging >= 0


def test_settling_says_nothing_of_what_is_still_to_come():
    nothing = outcome.settle([outcome.Entry(0, 0), outcome.Entry(1, 1)])
    assert nothing.winner is None and nothing.ranking == ()


def test_options_of_the_judge_reach_it(tmp_path):
    one = run(tmp_path, 1, judging=Options(think=False, budget=7, samples=3, temperature=0.9, seed=5))
    ended(one)
    assert one.judge.asked[0][1] == {"think": False, "budget": 7, "samples": 3, "seed": 5, "temperature": 0.9}
    with pytest.raises(BadInput):
        plan(judging=Options(think=False), keep=2)
    assert set(KEYS) == set(one.outcome().entries[0].full.scores)


class Together(StreamJudge):
    """Judges several at once as well. batches: how many each time."""

    def __init__(self, says):
        super().__init__(says)
        self.batches = []

    def score_many(self, paths, prompts):
        self.batches.append([seed(path) for path in paths])
        found = []
        for path, text in zip(paths, prompts, strict=True):
            try:
                *_, last = self.stream(path, text, think=False, samples=1)
                found.append(last)
            except Failure as problem:
                found.append(problem)
        return found


def test_clips_that_wait_are_judged_in_one_batch_where_there_is_no_rationale(tmp_path):
    generator = Plain()

    def says(path, prompt, options):
        while len(generator.made) < 7:      # so that the others wait while the first is judged
            time.sleep(0.01)
        if seed(path) == 3 and not options["think"]:
            raise Failure("Damaged.")
        return flat(path, prompt, options)

    judge = Together(says)
    one = best_of.Run(plan(7, keep=2), judge, tmp_path, generator, batch=4)
    told, end = ended(one)
    assert all(len(batch) <= 4 for batch in judge.batches) and max(map(len, judge.batches)) > 1
    assert end.decision.ranking == (6, 5, 4, 2, 1, 0) and end.entries[3].error == "Damaged."
    assert [event.entry.number for event in of(told, best_of.Judged)] == [0, 1, 2, 4, 5, 6, 6, 5]
    assert end.spent.judgements == 8 and [event.number for event in of(told, best_of.Lost)] == [3]
    judge.batches.clear()
    ended(best_of.Run(plan(7, keep=2), judge, tmp_path, generator, batch=4))
    assert not judge.batches, "only one was left to judge"
    with_rationale = Together(flat)
    ended(best_of.Run(plan(4), with_rationale, tmp_path / "full", Plain(), batch=4))
    assert not with_rationale.batches


def test_a_batch_that_breaks_is_told_of_each(tmp_path):
    judge, generator = Together(flat), Plain()
    judge.score_many = lambda *_: (_ for _ in ()).throw(RuntimeError("a defect"))
    judge._wait = lambda: [time.sleep(0.01) for _ in iter(lambda: len(generator.made) < 3, False)]
    told, end = ended(best_of.Run(plan(3, keep=1), judge, tmp_path, generator, batch=8))
    lost = {event.number: str(event.problem) for event in of(told, best_of.Lost)}
    assert lost and all("an unexpected RuntimeError ended it" in text for text in lost.values())
    assert set(lost) | set(end.decision.ranking) == {0, 1, 2}
