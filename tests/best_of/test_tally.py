"""What a run learns of time: from a slow judge's own word, then from what was measured."""
from vs2.best_of.cost import Rates
from vs2.best_of.plan import FAST, FULL, Plan
from vs2.best_of.tally import Tally
from vs2.estimate import Estimate

SAID = Estimate(read=1.0, tower=30.0, prefill=60.0, token=0.5, tokens=3)


def test_a_slow_judges_word_is_the_rate_until_a_judgement_is_done():
    plan, tally = Plan("a ball", 4, "sketch", keep=0), Tally(Rates(clip=1.0), False, False, False)
    coming = [{"sha256": "made"}] * 4
    assert tally.estimate(plan, [], coming, False).seconds is None
    tally.expect(FULL, SAID, 400)
    found = tally.estimate(plan, [], coming, False)
    assert found.seconds == 4 * SAID.total and found.measured
    tally.count(FULL, 100.0)
    tally.expect(FULL, SAID, 400)       # of the second one: what the first took is known by now
    assert tally.estimate(plan, [], coming, False).seconds == 4 * 100.0


def test_a_first_pass_without_words_says_what_the_second_one_will_take():
    plan, tally = Plan("a ball", 4, "sketch", keep=2), Tally(Rates(clip=1.0), False, False, False)
    tally.expect(FAST, SAID, 400)
    found = tally.estimate(plan, [], [{"sha256": "made"}] * 4, False)
    assert found.seconds == 4 * SAID.total + 2 * (SAID.total + 400 * 0.5)
