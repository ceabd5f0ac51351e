"""Which of our dimensions answers which question of a suite: the one table, read by everything that measures.

A `Scored` question compares a score with people's, a `Preferred` one the order of two clips with their preference.
Where a suite has fewer levels than our five, `levels` says what the digits 1 to 5 become; a question without a level
for a digit has no exact accuracy (`exact=False`): its scale is another one, and only the order can be compared.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vs2.rubric import KEYS

VISUAL, TEXT, PHYSICAL = KEYS
OVERALL = "overall"
GOOD = 4        # VideoPhy-2: a clip is right in a question when it has this or more


@dataclass(frozen=True)
class Scored:
    """name: in results. of: our dimensions, whose mean it is. against: the suite's columns, whose mean people gave.

    levels: what the digits 1 to 5 become. rounded: whether the mean of several columns becomes a whole score. zero: 0
    in a column says "does not apply", so that ours leaves it out of the mean; the authors average it in.
    """

    name: str
    of: tuple[str, ...]
    against: tuple[str, ...]
    levels: tuple[int, ...] | None = None
    exact: bool = True
    rounded: bool = False
    zero: bool = False

    def truth(self, human: Mapping[str, float], published: bool = False) -> float | None:
        """What people say of a clip; None where they say nothing."""
        if not all(name in human for name in self.against):
            return None
        given = [human[name] for name in self.against]
        if self.zero and not published:
            given = [score for score in given if score != 0]
        if not given:
            return None
        mean = sum(given) / len(given)
        return round(mean) if self.rounded else mean

    def digit(self, digits: Sequence[int | None]) -> int | None:
        """Our digits, one a dimension, as the suite's level: the whole part of their mean, as its authors take it."""
        known = [digit for digit in digits if digit is not None]
        if len(known) < len(self.of):
            return None
        whole = int(sum(known) / len(known))
        return self.levels[whole - 1] if self.levels else whole

    @property
    def scale(self) -> tuple[int, ...]:
        """The suite's levels, lowest first."""
        return tuple(dict.fromkeys(self.levels)) if self.levels else (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Preferred:
    """name: in results. of: our dimensions. against: the suite's question. summed: their sum, else their mean, is
    compared: it decides what a margin means."""

    name: str
    of: tuple[str, ...]
    against: str
    summed: bool = False


Question = Scored | Preferred
_MJ_FINE, _MJ = (0, 0, 1, 1, 2), (0, 1, 1, 2, 2)        # 0 bad, 1 average, 2 good
_COARSE = (1, 1, 3, 3, 5)                               # AIGVE-Bench's physics knows 1, 3 and 5

MAPPING: dict[str, tuple[Question, ...]] = {
    "videoscore-bench-v2": (
        Scored(VISUAL, (VISUAL,), ("visual_score",)),
        Scored(TEXT, (TEXT,), ("t2v_score",)),
        Scored(PHYSICAL, (PHYSICAL,), ("phy_score",))),
    "videogen-rewardbench": (                           # MQ, motion quality, is not asked
        Preferred(VISUAL, (VISUAL,), "VQ"),
        Preferred(TEXT, (TEXT,), "TA"),
        Preferred(OVERALL, KEYS, "Overall", summed=True)),
    "genai-bench": (
        Preferred(OVERALL, KEYS, "vote_type", summed=True),),
    "mj-bench-video": (
        Scored(VISUAL, (VISUAL,), ("fineness",), _MJ_FINE),
        Scored(TEXT, (TEXT,), ("alignment",), _MJ),
        Scored(PHYSICAL, (PHYSICAL,), ("consistency",), _MJ),
        Scored(OVERALL, KEYS, ("total_score",), _MJ),
        Preferred(VISUAL, (VISUAL,), "Fineness"),
        Preferred(TEXT, (TEXT,), "Alignment"),
        Preferred(PHYSICAL, (PHYSICAL,), "Coherence & Consistency"),
        Preferred(OVERALL, KEYS, "overall_preference")),
    "videophy2": (                                      # visual quality is not asked
        Scored(TEXT, (TEXT,), ("semantic",)),
        Scored(PHYSICAL, (PHYSICAL,), ("physical",))),
    "t2vqa-db": (
        Scored(OVERALL, KEYS, ("quality_score",), exact=False),     # 0 to 100
        Preferred(OVERALL, KEYS, "preference")),
    "aigve-bench": (
        Scored(VISUAL, (VISUAL,), ("technical_quality", "element_quality", "action_quality"), rounded=True, zero=True),
        Scored(TEXT, (TEXT,), ("element_presence", "action_presence"), rounded=True, zero=True),
        Scored(PHYSICAL, (PHYSICAL,), ("physics",), _COARSE, zero=True)),
    "fetv": (                                           # what goes wrong in time is the nearest to our physics
        Scored(VISUAL, (VISUAL,), ("static_quality",)),
        Scored(PHYSICAL, (PHYSICAL,), ("temporal_quality",)),
        Scored(TEXT, (TEXT,), ("alignment",))),
    "table": (
        *(Scored(key, (key,), (key,)) for key in KEYS),
        Scored(OVERALL, KEYS, (OVERALL,)),
        *(Preferred(key, (key,), key) for key in KEYS),
        Preferred(OVERALL, KEYS, OVERALL)),
}
BOTH = {"videophy2": (TEXT, PHYSICAL)}      # VideoPhy-2's own: the share of clips with both at GOOD or more


def scored(suite: str) -> list[Scored]:
    """The suite's questions of scores."""
    return [one for one in MAPPING[suite] if isinstance(one, Scored)]


def preferred(suite: str) -> list[Preferred]:
    """The suite's questions of preference."""
    return [one for one in MAPPING[suite] if isinstance(one, Preferred)]


def table() -> str:
    """The mapping as a Markdown table."""
    lines = ["| suite | ours | theirs | levels |", "|---|---|---|---|"]
    for suite, questions in MAPPING.items():
        for one in questions:
            joined = "all three" if one.of == KEYS else ", ".join(one.of)
            if isinstance(one, Scored):
                theirs = f"mean of {', '.join(one.against)}" if len(one.against) > 1 else one.against[0]
                theirs += ", 0 left out" if one.zero else ""
                levels = " ".join(map(str, one.levels)) if one.levels else "1 to 5" if one.exact else "order only"
            else:
                theirs, levels = one.against, f"preference, {'sum' if one.summed else 'mean'}"
            lines.append(f"| {suite} | {joined} | {theirs} | {levels} |")
    return "\n".join(lines)
