"""All kinds of faults by name, those of training too: which group they are of, and which score they should lower."""
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vs2.bench.spoiling import coding, events, grain, optics, timing
from vs2.bench.spoiling.events import Spoiled
from vs2.errors import BadInput
from vs2.rubric import KEYS
from vs2.scenes.damage import damage
from vs2.scenes.world import STRENGTHS, VISUAL_FAULTS, Fault

VISUAL, _, PHYSICAL = KEYS
TRAINED, HELD_OUT, EVENTS = "trained", "held-out", "events"
GROUPS = {TRAINED: "kinds that training uses", HELD_OUT: "kinds held out", EVENTS: "held out, in what happens"}
ALL = "all"
LEVELS = (1, 2, 3)                  # of the kinds that are held out
LEAST = 8                           # frames that what happens needs


@dataclass(frozen=True)
class Kind:
    """A kind of fault. lowers: the dimension whose score should fall. levels: its strengths, the strongest last.
    least: frames that a clip needs. what(frames, place of the level, rng): the frames, `Spoiled`, or None; the kinds of
    training have none, for scenes have their own way to draw them (vs2/scenes/damage.py)."""

    name: str
    group: str
    lowers: str
    levels: tuple[int, ...]
    least: int
    what: Callable | None = None


_PICTURE: dict[str, Callable] = {
    "motion blur": optics.motion, "defocus": optics.defocus, "box blur": optics.box,
    "gaussian noise": grain.gaussian, "salt and pepper": grain.salt_and_pepper, "film grain": grain.film,
    "chroma noise": grain.chroma, "starved h264": coding.starved, "jpeg": coding.jpeg, "rescaled": coding.rescaled,
    "banding": coding.banded}
_TIME: dict[str, Callable] = {
    "ghosting": timing.ghosted, "dropped frames": timing.dropped, "repeated frames": timing.repeated,
    "rolling flicker": timing.rolling}
_HAPPENS: dict[str, Callable] = {
    "vanished": events.vanished, "displaced": events.displaced, "warped": events.warped, "faded": events.faded,
    "reversed": events.reversed_, "frozen": events.frozen, "jumping": events.jumping}
KINDS: dict[str, Kind] = {
    **{name: Kind(name, TRAINED, VISUAL, STRENGTHS[1:], 1) for name in VISUAL_FAULTS},
    **{name: Kind(name, HELD_OUT, VISUAL, LEVELS, 1, what) for name, what in _PICTURE.items()},
    **{name: Kind(name, HELD_OUT, VISUAL, LEVELS, 4, what) for name, what in _TIME.items()},
    **{name: Kind(name, EVENTS, PHYSICAL, LEVELS, LEAST, what) for name, what in _HAPPENS.items()}}


def chosen(names: Sequence[str] = (ALL,)) -> tuple[Fault, ...]:
    """The faults of these kinds and groups, each at all its strengths. Raises BadInput for a name that is none."""
    known = (ALL, *GROUPS, *KINDS)
    if lost := [name for name in names if name not in known]:
        raise BadInput(f"There is no kind of fault {lost[0]!r:.60}: give some of {', '.join(known)}.")
    return tuple(Fault(kind.name, level) for kind in KINDS.values() for level in kind.levels
                 if {ALL, kind.group, kind.name} & set(names))


def spoil(frames: np.ndarray, fault: Fault, seed: int) -> Spoiled | None:
    """uint8 frames [T, h, w, 3] with the fault; None where this clip has nothing that it could be put into.

    The same seed gives the same fault, and at another strength less or more of it. Raises BadInput for a kind or a
    strength that there is none of.
    """
    kind = KINDS.get(fault.kind)
    levels = STRENGTHS if kind is not None and kind.group == TRAINED else LEVELS
    if kind is None or fault.strength not in levels:
        raise BadInput(f"There is no fault {fault.kind!r:.60} of strength {fault.strength}: see vs2.bench.spoiling.")
    if len(frames) < kind.least:
        return None
    if kind.what is None:
        found = np.stack([damage(picture, fault, seed, n) for n, picture in enumerate(frames)])
    else:
        found = kind.what(frames, levels.index(fault.strength),
                          np.random.default_rng([seed, zlib.crc32(kind.name.encode())]))
    if found is None or isinstance(found, Spoiled):
        return found
    return None if np.array_equal(found, frames) else Spoiled(found, 0, len(frames))
