"""How to judge: what a caller may choose, checked before any model is touched."""
from dataclasses import dataclass
from typing import TypedDict

from vs2.errors import BadInput

MOST_SAMPLES, MOST_BUDGET = 32, 8192
LEAST_FRAMES, MOST_FRAMES = 2, 768          # a temporal patch holds two; what the published reader takes at most
LEAST_PIXELS, MOST_PIXELS = 28 * 28, 16384 * 28 * 28    # of one frame: one token; what Qwen2.5-VL takes of an image
PUBLISHED_BUDGET = 1024     # new tokens of the authors' script
# Clips that share a batch: the pixels of all their frames, at most, unless one alone has more; and by which factor at
# most those differ whose rationales grow together, for shorter ones are padded.
PIXELS, LIKE = 64 * 2**20, 2.0


@dataclass(frozen=True)
class Options:
    """How to think. budget: most thinking tokens. samples: replies drawn (1: greedy, deterministic).

    temperature, top_p and seed matter only with several samples, and with `published`.
    published: one reply, drawn and read as the authors' script does (`vs2.model.as_published`), whose temperature and
        most tokens are the defaults here; it always thinks, and the checkpoint has its say in all other settings.
    frames, pixels: at most so many frames, and pixels of each, where the checkpoint's own limits are higher; None
        leaves it at them. Fewer are quicker, and not what the checkpoint was trained on and measured with.
    """

    think: bool = True
    budget: int = 1024
    samples: int = 1
    temperature: float = 0.7
    top_p: float = 1.0
    seed: int = 0
    published: bool = False
    frames: int | None = None
    pixels: int | None = None

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
        for name, least, most in (("frames", LEAST_FRAMES, MOST_FRAMES), ("pixels", LEAST_PIXELS, MOST_PIXELS)):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)
                                      or not least <= value <= most):
                raise BadInput(f"{name} is {value!r:.60}: it must be a whole number from {least} to {most}, or left "
                               "out.")
        plain = self.think and self.samples == 1 and self.top_p == 1 and self.budget <= PUBLISHED_BUDGET \
            and self.frames is None and self.pixels is None
        if self.published and not plain:
            raise BadInput("published asks for one reply as the authors' script does: leave think, samples, top_p, "
                           f"frames and pixels as they are, and budget at {PUBLISHED_BUDGET} or below.")

    @property
    def capped(self) -> bool:
        """Whether less is looked at than the checkpoint would."""
        return self.frames is not None or self.pixels is not None

    @property
    def shares(self) -> bool:
        """Whether clips that are judged so can share a batch: one reply each, not drawn as the authors' script does."""
        return self.samples == 1 and not self.published


class Given(TypedDict, total=False):
    """The fields of `Options` as keywords, for functions that take them: `judge.score(..., **options)`."""

    think: bool
    budget: int
    samples: int
    temperature: float
    top_p: float
    seed: int
    published: bool
    frames: int | None
    pixels: int | None
