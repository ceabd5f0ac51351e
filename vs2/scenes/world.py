"""What a scene is made of: its words, its elements, its faults, and how one is drawn from a seed.

A scene has 1 to 3 equal objects that do one thing before one background, perhaps beside a second object that
stands still. A `Scene` is only a description: physics.py moves it, draw.py paints it, damage.py spoils the
picture, words.py writes its caption, rationale and scores.
"""
from dataclasses import dataclass, replace

import numpy as np

from vs2.scenes import staging as filming
from vs2.scenes.staging import Staging

COLOURS = {"red": (214, 40, 40), "yellow": (240, 200, 30), "green": (30, 150, 60), "blue": (40, 90, 220),
           "purple": (140, 50, 170), "white": (245, 245, 240)}
SHAPES = ("ball", "box", "triangle", "star")
MOTIONS = ("bounces", "slides", "flies", "swings", "rests")
BACKGROUNDS = ("grass", "sand", "snow", "bricks", "night")
COUNTS = ("one", "two", "three")
ELEMENTS = ("count", "colour", "shape", "motion", "background", "beside")

HELD_OUT = 10_000_000               # seeds from here on are for measuring and never trained on

VISUAL_FAULTS = ("blur", "noise", "blocking", "flicker", "pixelation", "jitter")
PHYSICAL_FAULTS = {                 # fault -> motions in which it can be seen
    "vanishes": MOTIONS, "teleports": ("bounces", "slides", "flies", "rests"),
    "sinks": ("bounces", "slides", "flies", "rests"),
    "speeds up": ("bounces", "slides"), "morphs": MOTIONS, "hangs": ("bounces", "flies", "swings")}
STRENGTHS = (1, 2, 3, 4)            # a fault of strength k costs k points: 4, 3, 2, 1


@dataclass(frozen=True)
class Content:
    """What can be seen, and so what a prompt can ask for. `beside` is (colour, shape) or None."""

    count: int
    colour: str
    shape: str
    motion: str
    background: str
    beside: tuple[str, str] | None

    def element(self, name: str) -> str:
        """One element as the word that a rationale uses for it."""
        if name == "count":
            return COUNTS[self.count - 1]
        if name == "beside":
            return " ".join(self.beside) if self.beside else "nothing"
        return getattr(self, name)


@dataclass(frozen=True)
class Fault:
    """A fault put in on purpose. `start`: when a physical one begins, of physics.LENGTH. `to`: what a morph ends in."""

    kind: str
    strength: int
    start: float = 0.0
    to: tuple[str, str] | None = None


@dataclass(frozen=True)
class Scene:
    """One clip's description. The prompt is what was asked; `shown` is what is drawn; the faults decide the scores."""

    seed: int
    shown: Content
    asked: Content
    visual: Fault | None
    physical: Fault | None
    staging: Staging = Staging()

    @property
    def differing(self) -> tuple[str, ...]:
        """The elements in which the clip is not what was asked."""
        return tuple(e for e in ELEMENTS if self.asked.element(e) != self.shown.element(e))

    @property
    def scores(self) -> tuple[int, int, int]:
        """Visual quality, alignment, physical consistency: 5 less the fault's strength, or one point an element."""
        return (5 - (self.visual.strength if self.visual else 0), max(1, 5 - len(self.differing)),
                5 - (self.physical.strength if self.physical else 0))


def sample(seed: int, visual: int | None = None, alignment: int | None = None, physical: int | None = None) -> Scene:
    """A scene from its seed; the three scores are uniform over 1 to 5 unless given. The same seed, the same scene."""
    rng = np.random.default_rng([seed, 1])
    levels = [int(rng.integers(1, 6)) for _ in range(3)]
    wanted = (visual, alignment, physical)
    levels = [level if given is None else given for level, given in zip(levels, wanted, strict=True)]
    shown = Content(int(rng.choice((1, 1, 2, 3))), _one(rng, COLOURS), _one(rng, SHAPES), _one(rng, MOTIONS),
                    _one(rng, BACKGROUNDS), None)
    if rng.random() < 0.5:
        shown = replace(shown, beside=_companion(rng, shown))
    seen = Fault(_one(rng, VISUAL_FAULTS), 5 - levels[0]) if levels[0] < 5 else None
    asked = ask(np.random.default_rng([seed, 5]), shown, levels[1])
    return Scene(seed, shown, asked, seen, physical_fault(rng, shown, 5 - levels[2]), filming.sample(seed))


def ask_again(scene: Scene, turn: int) -> Scene:
    """The same clip with another prompt, of another alignment score; turn 0 is not the scene's own prompt either."""
    rng = np.random.default_rng([scene.seed, 6, turn])
    return replace(scene, asked=ask(rng, scene.shown, int(rng.integers(1, 6))))


def ask(rng, shown: Content, score: int) -> Content:
    """What a prompt of this alignment score asks for: one element changed a point lost."""
    asked = shown
    for name in rng.permutation(ELEMENTS)[:5 - score]:
        asked = _changed(rng, asked, str(name))
    return asked


def _one(rng, options):
    options = tuple(options)
    return options[int(rng.integers(len(options)))]


def _companion(rng, content: Content) -> tuple[str, str]:
    """A second object that cannot be mistaken for one of the first."""
    colour = _one(rng, [c for c in COLOURS if c != content.colour])
    return colour, _one(rng, [s for s in SHAPES if s != content.shape])


def _changed(rng, content: Content, name: str) -> Content:
    """The same content with one element another than it was."""
    if name == "count":
        return replace(content, count=_one(rng, [n for n in (1, 2, 3) if n != content.count]))
    if name == "beside":
        if content.beside and rng.random() < 0.5:
            return replace(content, beside=None)
        other = content.beside
        while other == content.beside:
            other = _companion(rng, content)
        return replace(content, beside=other)
    options = {"colour": COLOURS, "shape": SHAPES, "motion": MOTIONS, "background": BACKGROUNDS}[name]
    return replace(content, **{name: _one(rng, [o for o in options if o != getattr(content, name)])})


def physical_fault(rng, shown: Content, strength: int) -> Fault | None:
    """A physical fault of this strength (0: none) that what is shown can have."""
    if strength == 0:
        return None
    kind = _one(rng, [k for k, motions in PHYSICAL_FAULTS.items() if shown.motion in motions])
    # what bounces is in the air until about 0.65: it can hang only before; what is gone for long must be seen to return
    start = float(rng.uniform(0.25, 0.5) if (kind, shown.motion) == ("hangs", "bounces") else
                  rng.uniform(0.3, 0.55 if strength == 3 or kind == "speeds up" else 0.9))
    to = None
    if kind == "morphs":
        shape = _one(rng, [s for s in SHAPES if s != shown.shape])
        to = (_one(rng, [c for c in COLOURS if c != shown.colour]) if strength == 4 else shown.colour, shape)
    return Fault(kind, strength, start, to)
