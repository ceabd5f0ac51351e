"""Which two clips come next, and which of them stands left: balanced, and by chance that can be drawn again.

The same clips, votes and seed give the same pair with the same sides: whoever reloads the page sees what was there.
"""
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from vs2.duels.votes import A, B


@dataclass(frozen=True)
class Clip:
    """A clip that takes part. key: what tells it from the others."""

    key: int
    prompt: str
    generator: str
    name: str


@dataclass(frozen=True)
class Pair:
    """Two clips of one prompt; the generator of `a` comes first in the alphabet."""

    a: Clip
    b: Clip

    @property
    def keys(self) -> frozenset[int]:
        """The two clips, in no order."""
        return frozenset((self.a.key, self.b.key))


@dataclass(frozen=True)
class Shown:
    """A pair as it is shown. left: "a" or "b"."""

    pair: Pair
    left: str

    @property
    def sides(self) -> tuple[Clip, Clip]:
        """The clips, left and right."""
        return (self.pair.a, self.pair.b) if self.left == A else (self.pair.b, self.pair.a)


def pairs(clips: Iterable[Clip]) -> list[Pair]:
    """All pairs that can be asked: within a prompt, every two generators.

    Where a generator has several clips of a prompt, its first meets the other's first, its second the second, and so
    on; where one has fewer, its clips come again. So each clip is asked about, without asking about every two.
    """
    found: dict[str, dict[str, list[Clip]]] = {}
    for clip in clips:
        found.setdefault(clip.prompt, {}).setdefault(clip.generator, []).append(clip)
    made = []
    for generators in found.values():
        for first, second in combinations(sorted(generators), 2):
            one, other = generators[first], generators[second]
            made += [Pair(one[at % len(one)], other[at % len(other)]) for at in range(max(len(one), len(other)))]
    return made


def following(asked: Iterable[Pair], seen: Sequence[frozenset[int]], seed: int, rounds: int = 1) -> Shown | None:
    """The pair to ask about next; None where each has been seen `rounds` times.

    asked: what `pairs` gives. seen: the two keys of each pair that was shown. The pair seen least comes first; then
    the two generators that met least, those that were seen least, the prompt that was seen least; then chance.
    """
    asked = list(asked)
    times = Counter(seen)
    met: Counter[frozenset[str]] = Counter()
    generators: Counter[str] = Counter()
    prompts: Counter[str] = Counter()
    for pair in {pair.keys: pair for pair in asked}.values():
        count = times[pair.keys]
        met[frozenset((pair.a.generator, pair.b.generator))] += count
        generators[pair.a.generator] += count
        generators[pair.b.generator] += count
        prompts[pair.a.prompt] += count
    left = [pair for pair in asked if times[pair.keys] < rounds]
    if not left:
        return None

    def rank(pair: Pair) -> tuple:
        names = (pair.a.generator, pair.b.generator)
        return (times[pair.keys], met[frozenset(names)], generators[names[0]] + generators[names[1]],
                prompts[pair.a.prompt])

    least = min(map(rank, left))
    pair = min((one for one in left if rank(one) == least), key=lambda one: _chance(seed, "pair", one, 0))
    return Shown(pair, A if _chance(seed, "side", pair, times[pair.keys]) % 2 else B)


def _chance(seed: int, what: str, pair: Pair, turn: int) -> int:
    said = f"{seed} {what} {pair.a.key} {pair.b.key} {turn}"
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "big")
