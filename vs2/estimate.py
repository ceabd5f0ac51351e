"""How long a judgement will take, said before it begins. No torch here.

`vs2.model.pace` measures what this machine needs for the pieces; `vs2.countdown` says what is left of it.
"""
from dataclasses import dataclass

TOWER, PREFILL = "tower", "prefill"     # the stages before the first word: frames to features, features and prompt
WORTH_SAYING = 10.0     # seconds: a shorter judgement is over before one has read how long it takes
TYPICAL = 400           # tokens of a rationale, until this judge has written some: assumed


@dataclass(frozen=True)
class Estimate:
    """Seconds that the parts of one judgement take.

    read: the file. tower: frames to features. prefill: features and prompt through the language model, once for all
    replies. token: one more token of each of the `rows` replies. tokens: how many a reply has, as far as can be known:
    what replies had before, at most `most`, the budget.
    """

    read: float = 0.0
    tower: float = 0.0
    prefill: float = 0.0
    token: float = 0.0
    tokens: int = 0
    most: int = 0
    rows: int = 1

    @property
    def writing(self) -> float:
        """Seconds for the reply."""
        return self.token * self.tokens

    @property
    def total(self) -> float:
        """Seconds for all of it."""
        return self.read + self.tower + self.prefill + self.writing

    @property
    def longest(self) -> float:
        """Seconds for all of it, if the budget is spent."""
        return self.read + self.tower + self.prefill + self.token * max(self.tokens, self.most)

    @property
    def slow(self) -> bool:
        """Whether it is worth saying."""
        return self.total >= WORTH_SAYING


def rounded(seconds: float) -> tuple[int, bool]:
    """Seconds as people say them: (5 s steps below a minute, False), or (minutes, True)."""
    if seconds < 55:
        return max(5, 5 * round(seconds / 5)), False
    return max(1, round(seconds / 60)), True
