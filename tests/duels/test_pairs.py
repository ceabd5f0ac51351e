"""Which pair comes next: balanced, by chance that can be drawn again, and the sides by chance, too."""
from collections import Counter
from itertools import combinations

from vs2.duels.pairs import Clip, following, pairs


def clips(prompts=4, generators=4, each=1) -> list[Clip]:
    names = [(f"prompt {p}", f"g{g}", n) for p in range(prompts) for g in range(generators) for n in range(each)]
    return [Clip(key, prompt, generator, f"{generator}/{prompt}-{n}.mp4")
            for key, (prompt, generator, n) in enumerate(names)]


def played(asked, count, seed=1, rounds=1):
    seen, shown = [], []
    for _ in range(count):
        one = following(asked, seen, seed, rounds)
        if one is None:
            break
        shown.append(one)
        seen.append(one.pair.keys)
    return shown


def test_pairs_stay_within_a_prompt_and_between_generators():
    found = pairs(clips(prompts=2, generators=3))
    assert len(found) == 2 * 3
    assert all(one.a.prompt == one.b.prompt and one.a.generator < one.b.generator for one in found)


def test_several_clips_of_a_prompt_meet_one_by_one_and_each_takes_part():
    some = clips(1, 2, 3)[:5]       # three of the one, two of the other
    found = pairs(some)
    assert len(found) == 3 and {clip.key for one in found for clip in (one.a, one.b)} == {0, 1, 2, 3, 4}


def test_every_pair_comes_once_and_then_the_queue_ends():
    asked = pairs(clips())
    shown = played(asked, 1000)
    assert len(shown) == len(asked) == len({one.pair.keys for one in shown}) == 24
    assert following(asked, [one.pair.keys for one in shown], 1) is None
    assert len(played(asked, 1000, rounds=2)) == 48


def test_at_any_time_generators_and_their_meetings_are_balanced():
    asked = pairs(clips(prompts=6, generators=5))
    for count in range(1, len(asked)):
        shown = played(asked, count)
        met = Counter(frozenset((one.pair.a.generator, one.pair.b.generator)) for one in shown)
        counts = [met[frozenset(two)] for two in combinations(("g0", "g1", "g2", "g3", "g4"), 2)]
        assert max(counts) - min(counts) <= 1
    prompts = Counter(one.pair.a.prompt for one in played(asked, 30))
    assert len(prompts) == 6, "no prompt is left for the end"


def test_chance_is_seeded_and_the_sides_are_even():
    asked = pairs(clips(20, 4))
    once, again, other = (played(asked, 200, seed) for seed in (7, 7, 8))
    assert once == again and once != other
    left = sum(one.left == "a" for one in once)
    assert 40 <= left <= 80, f"of 120 pairs {left} have the alphabet's first on the left"
    assert all(one.sides[0] is (one.pair.a if one.left == "a" else one.pair.b) for one in once)


def test_a_pair_that_was_taken_back_comes_again_with_the_same_sides():
    asked = pairs(clips())
    shown = played(asked, 5)
    assert following(asked, [one.pair.keys for one in shown[:4]], 1) == shown[4]
