"""The built-in generator: reads the prompt's words, draws and simulates a scene of them, and errs by chance.

It is a sketch, not a film: four shapes, six colours, five motions, five grounds (`vs2.scenes`). Like any generator it
gets things wrong, by the seed: `faults` is the probability with which each of the four points that a dimension can lose
is lost. So its clips are worth choosing among, and the true scores are known; they are in the record, not in the clip.
"""
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from vs2.errors import BadInput
from vs2.generate.files import Draft, Film
from vs2.generate.protocol import Event, Generator, Limits, Notice, Progress, Request, rounded, rounding
from vs2.generate.words import Reading, read
from vs2.rubric import KEYS
from vs2.scenes import draw, world
from vs2.scenes import staging as filming
from vs2.scenes.words import FOREIGN
from vs2.scenes.world import Content, Fault, Scene

FPS, SECONDS, SIZE = 16, 3.0, (384, 288)
NAMES = {"count": "the number", "colour": "the colour", "shape": "the object", "motion": "the motion",
         "background": "the place", "beside": "what stands beside it"}
CHUNK = 8       # frames drawn between two looks at `stop`


@dataclass(frozen=True)
class Wanted(Content):
    """What a prompt asks for. foreign: the elements that it asks for in words that name nothing in a scene."""

    foreign: frozenset[str] = field(default=frozenset())

    def element(self, name: str) -> str:
        """One element as a word; "other" for what cannot be drawn, which nothing shown is equal to."""
        return FOREIGN if name in self.foreign else super().element(name)


class Sketch(Generator):
    """faults: 0 to 1; 0 draws what was understood, without a fault; 1 gets everything as wrong as it can be."""

    name = "sketch"
    limits = Limits(seconds=(1.0, 10.0), side=(64, 768))

    def __init__(self, faults: float = 0.3):
        if isinstance(faults, bool) or not isinstance(faults, int | float) or not 0 <= faults <= 1:
            raise BadInput(f"faults is {faults!r}: it must be a number from 0 to 1.")
        self.faults = float(faults)

    def _stream(self, request: Request, stop: Callable[[], bool]) -> Iterator[Event]:
        yield Progress(0.0, "Reading the prompt")
        reading = read(request.prompt)
        size = request.size or SIZE
        width, height = rounded(size, 2)
        notices = [*rounding(size, (width, height)), *(Notice(text) for text in remarks(reading))]
        yield from notices
        scene = plan(request.prompt, reading, request.seed, self.faults)
        # Filmed as the seed has it, in the form that was asked for.
        scene = replace(scene, staging=replace(filming.sample(scene.seed), height=height, width=width, fps=FPS,
                                               seconds=request.seconds or SECONDS))
        total = scene.staging.frames
        with Draft(request, self.name, {"faults": self.faults}) as draft:
            with Film(draft.path, width, height, FPS) as film:
                for start in range(0, total, CHUNK):
                    if stop():
                        return
                    film.add(draw.frames(scene, range(start, min(start + CHUNK, total))))
                    yield Progress(film.frames / total, f"Drawing: frame {film.frames} of {total}")
            if stop():
                return
            yield draft.keep(width=width, height=height, frames=total, fps=float(FPS), details=told(scene, reading),
                             notices=tuple(notice.text for notice in notices),
                             truth=dict(zip(KEYS, scene.scores, strict=True)))


def plan(prompt: str, reading: Reading, seed: int, faults: float) -> Scene:
    """The scene for a prompt: what it leaves open, and what goes wrong, is drawn from the prompt and the seed alone."""
    digest = hashlib.sha256(f"{seed}|{prompt}".encode("utf-8", "surrogatepass")).digest()
    # Above world.HELD_OUT, so that no judge was trained on the very same scene.
    number = world.HELD_OUT + int.from_bytes(digest[:6], "big")
    rng = np.random.default_rng([number, 20])
    asked = complete(reading, rng)
    lost = rng.binomial(4, faults, 3)
    shown = astray(rng, asked, reading, int(lost[1]))
    kind = world.VISUAL_FAULTS[int(rng.integers(len(world.VISUAL_FAULTS)))]
    visual = Fault(kind, int(lost[0])) if lost[0] else None
    return Scene(number, shown, asked, visual, world.physical_fault(rng, shown, int(lost[2])))


def complete(reading: Reading, rng) -> Wanted:
    """What was asked for, with what was left open, or could not be drawn, chosen by chance."""
    chosen = world.sample(int(rng.integers(2**31))).shown
    values = {name: reading.fixed.get(name, getattr(chosen, name))
              for name in ("count", "colour", "shape", "motion", "background")}
    if "count" not in reading.fixed and reading.many:
        values["count"] = int(rng.integers(2, 4))
    if "count" in reading.foreign:
        values["count"] = len(world.COUNTS)     # more than that many are asked for
    beside = reading.fixed.get("beside")
    if beside is not None and beside[0] is None:
        others = [colour for colour in world.COLOURS if colour != values["colour"]]
        beside = (others[int(rng.integers(len(others)))], beside[1])
    return Wanted(**values, beside=beside, foreign=reading.foreign)


def astray(rng, asked: Wanted, reading: Reading, points: int) -> Content:
    """What is shown in place of what was asked: `points` elements changed, of those that the prompt says something of.

    An element that the prompt leaves open cannot be wrong; a companion that nobody asked for can.
    """
    plain = Content(**{name: getattr(asked, name) for name in Content.__dataclass_fields__})
    free = {name for name in world.ELEMENTS if name not in reading.open and name not in reading.foreign}
    points = min(points, len(free))
    while True:     # `world.ask` changes any elements; on average at most 15 tries meet the right ones
        shown = world.ask(rng, plain, 5 - points)
        if {name for name in world.ELEMENTS if shown.element(name) != plain.element(name)} <= free:
            return shown


def remarks(reading: Reading) -> list[str]:
    """What was not understood, or only roughly, in sentences."""
    said = []
    if reading.near:
        said.append("Drawn as something like it: "
                    + ", ".join(f"\u201c{word}\u201d as {value}" for word, value in reading.near) + ".")
    if reading.unknown:
        said.append("Not understood, and not drawn: "
                    + ", ".join(f"\u201c{word}\u201d" for word in reading.unknown) + ".")
    if reading.open and len(reading.foreign) < len(world.ELEMENTS):
        said.append(f"Left open by the prompt, and chosen by the seed: "
                    f"{', '.join(NAMES[name] for name in reading.open)}.")
    cannot = [name for name in world.ELEMENTS if name in reading.foreign]
    if len(cannot) == len(world.ELEMENTS):
        said.append("The sketch knows none of the prompt's words, so it draws a scene of its own choice: it knows "
                    "balls, boxes, triangles and stars.")
    elif cannot:
        said.append(f"Asked for in words that cannot be drawn: {', '.join(NAMES[name] for name in cannot)}.")
    return said


def told(scene: Scene, reading: Reading) -> dict:
    """How the prompt was read and what was drawn, as plain values."""
    return {
        "asked": {name: scene.asked.element(name) for name in world.ELEMENTS},
        "shown": {name: scene.shown.element(name) for name in world.ELEMENTS},
        "left_open": list(reading.open), "near": [list(pair) for pair in reading.near],
        "not_understood": list(reading.unknown), "scene": scene.seed,
        "visual_fault": scene.visual and asdict(scene.visual),
        "physical_fault": scene.physical and asdict(scene.physical)}
