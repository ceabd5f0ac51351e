"""What every generator does: prompt, seed, length and size -> a stream of events that ends in a clip and its record."""
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeGuard

from vs2.errors import BadInput, Failure
from vs2.generate.record import Record
from vs2.rubric import MAX_PROMPT_CHARACTERS

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from typing, it needs Python 3.11

MOST_SEED = 2**32 - 1       # what numpy, torch and the providers' models all take


@dataclass(frozen=True)
class Progress:
    """How far it is. fraction: 0 to 1 of the whole, None where that cannot be known. stage: for people."""

    fraction: float | None
    stage: str


@dataclass(frozen=True)
class Notice:
    """One sentence that the caller should see: a word not understood, a size rounded, memory that ran out."""

    text: str


@dataclass(frozen=True)
class Generated:
    """The end: the mp4, which any browser plays, and how it was made."""

    path: Path
    record: Record


Event = Progress | Notice | Generated


@dataclass(frozen=True)
class Limits:
    """What a generator takes: seconds of video, and pixels of a side."""

    seconds: tuple[float, float] = (0.5, 30.0)
    side: tuple[int, int] = (16, 2048)


@dataclass(frozen=True)
class Request:
    """One clip that is asked for. seconds, size (width, height): None leaves them to the generator."""

    prompt: str
    seed: int
    seconds: float | None
    size: tuple[int, int] | None
    folder: Path

    @classmethod
    def checked(cls, limits: Limits, prompt: object, seed: object, seconds: object, size: object,
                folder: str | Path) -> "Request":
        """Raises BadInput for anything of another type or out of range."""
        if not isinstance(prompt, str) or not prompt.strip():
            raise BadInput("The prompt is empty: say what the video should show.")
        if len(prompt) > MAX_PROMPT_CHARACTERS:
            raise BadInput(f"The prompt has {len(prompt)} characters: shorten it to {MAX_PROMPT_CHARACTERS} or fewer.")
        if not _whole(seed) or not 0 <= seed <= MOST_SEED:
            raise BadInput(f"seed is {seed!r}: it must be a whole number from 0 to {MOST_SEED}.")
        if not folder:
            raise BadInput("No folder was given: say where the clip should be kept.")
        return cls(prompt, seed, None if seconds is None else _seconds(seconds, *limits.seconds),
                   None if size is None else _size(size, *limits.side), Path(folder))


def _seconds(seconds: object, least: float, most: float) -> float:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not least <= seconds <= most:
        raise BadInput(f"seconds is {seconds!r}: it must be a number from {least:g} to {most:g}.")
    return float(seconds)


def _size(size: object, least: int, most: int) -> tuple[int, int]:
    sides = tuple(size) if isinstance(size, tuple | list) else ()
    if len(sides) != 2 or not all(_whole(side) and least <= side <= most for side in sides):
        raise BadInput(f"size is {size!r}: give width and height, whole numbers of pixels from {least} to {most}.")
    width, height = sides
    return width, height


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


class Given(TypedDict, total=False):
    """What `Generator.stream` may be told beside the prompt and the folder."""

    seed: int
    seconds: float | None
    size: tuple[int, int] | None
    stop: Callable[[], bool]


class Generator(ABC):
    """Makes clips. `name` is what `vs2.generate.load` takes."""

    name: str
    limits: Limits = Limits()

    def stream(self, prompt: str, *, seed: int = 0, seconds: float | None = None, size: tuple[int, int] | None = None,
               folder: str | Path, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Events while one clip is made into `folder`; the last one is `Generated`.

        size: (width, height) in pixels. Closing the stream, or `stop()` being true between two steps, ends the work and
        leaves no file; a stopped stream has no `Generated`. Raises BadInput at once for a value out of range.
        """
        return self._stream(Request.checked(self.limits, prompt, seed, seconds, size, folder), stop)

    def generate(self, prompt: str, *, folder: str | Path, **options: "Unpack[Given]") -> Generated:
        """What `stream`, with the same options, ends in. Raises Failure where it was stopped."""
        kept = deque(self.stream(prompt, folder=folder, **options), maxlen=1)
        last = kept.pop() if kept else None
        if not isinstance(last, Generated):
            raise Failure("The generation was stopped before there was a clip.")
        return last

    @abstractmethod
    def _stream(self, request: Request, stop: Callable[[], bool]) -> Iterator[Event]:
        """The events of a request that was checked."""


def rounded(size: tuple[int, int], multiple: int) -> tuple[int, int]:
    """The size with each side rounded to a multiple, at least one."""
    width, height = (max(multiple, round(side / multiple) * multiple) for side in size)
    return width, height


def rounding(asked: tuple[int, int], taken: tuple[int, int]) -> list[Notice]:
    """What to say of a size that was rounded: nothing where it was not."""
    if asked == taken:
        return []
    return [Notice(f"The size was rounded from {asked[0]} x {asked[1]} to {taken[0]} x {taken[1]} pixels.")]
