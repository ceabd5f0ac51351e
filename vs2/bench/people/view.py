"""How scores are taken from what was said of a clip: ours, as the authors' scripts do, with what was withheld."""
from collections.abc import Sequence
from dataclasses import dataclass

from vs2.bench.people.said import Said
from vs2.evaluation import Score
from vs2.rubric import KEYS

WITHHELD, UNREAD, FAILED = "withheld", "unread", "failed"


@dataclass(frozen=True)
class View:
    """How scores are taken from what was said. published: as the authors' scripts; beyond: with what was withheld."""

    published: bool = False
    beyond: bool = False

    def numbers(self, said: Said, key: str) -> tuple[int | None, float | None, tuple[float, ...] | None]:
        """A dimension's digit, soft score and distribution."""
        if self.published and said.published is not None:
            soft = said.published[key]
            return None if soft is None else min(5, max(1, round(soft))), soft, None
        score = self.score(said, key)
        if score is None:
            return None, None, None
        return score.value, score.value if score.expected is None else score.expected, score.distribution

    def score(self, said: Said, key: str) -> Score | None:
        """A dimension's `Score`; None where the clip has none at all."""
        score = said.scores.get(key)
        if self.beyond and said.unscoped and (score is None or not score.judged):
            return said.unscoped.get(key)
        return score

    def whole(self, said: Said) -> bool:
        """Whether the authors' scripts count the clip: it has all three numbers."""
        return all(self.numbers(said, key)[1] is not None for key in KEYS)

    def lacking(self, said: Said, keys: Sequence[str]) -> str:
        """Why the clip has no score of these dimensions; "" where it has."""
        if all(self.numbers(said, key)[0] is not None for key in keys):
            return ""
        found = [self.score(said, key) for key in keys]
        if None in found:
            return FAILED
        return WITHHELD if any(score is not None and not score.judged for score in found) else UNREAD
