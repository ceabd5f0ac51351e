"""How to judge: what a caller may choose, checked before any model is touched."""
from dataclasses import dataclass
from typing import TypedDict

from vs2.errors import BadInput

MOST_SAMPLES, MOST_BUDGET = 32, 8192
PUBLISHED_BUDGET = 1024     # new tokens of the authors' script


@dataclass(frozen=True)
class Options:
    """How to think. budget: most thinking tokens. samples: replies drawn (1: greedy, deterministic).

    temperature, top_p and seed matter only with several samples, and with `published`.
    published: one reply, drawn and read as the authors' script does (`vs2.model.as_published`), whose temperature and
        most tokens are the defaults here; it always thinks, and the checkpoint has its say in all other settings.
    """

    think: bool = True
    budget: int = 1024
    samples: int = 1
    temperature: float = 0.7
    top_p: float = 1.0
    seed: int = 0
    published: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.think, bool):
            raise BadInput(f"think is {self.think!r:.60}: it must be true or false.")
        for name, least, most in (("budget", 1, MOST_BUDGET), ("samples", 1, MOST_SAMPLES), ("seed", 0, 2**63 - 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise BadInput(f"{name} is {value!r:.60}: it must be a whole number from {least} to {most}.")
        for name, highest in (("temperature", 5.0), ("top_p", 1.0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= highest:
                raise BadInput(f"{name} is {value!r:.60}: it must be a number above 0 and at most {highest:g}.")
        plain = self.think and self.samples == 1 and self.top_p == 1 and self.budget <= PUBLISHED_BUDGET
        if self.published and not plain:
            raise BadInput("published asks for one reply as the authors' script does: leave think, samples and top_p "
                           f"as they are, and budget at {PUBLISHED_BUDGET} or below.")


class Given(TypedDict, total=False):
    """The fields of `Options` as keywords, for functions that take them: `judge.score(..., **options)`."""

    think: bool
    budget: int
    samples: int
    temperature: float
    top_p: float
    seed: int
    published: bool
