"""Clips of other things than scenes show: patches of natural-looking texture that drift, as a camera moves over them.

A judge that has only seen scenes takes any other picture for a spoilt one. These clips are of natural-looking pictures
(vs2/scenes/natural.py), with a known visual fault, and nothing in them that a prompt about scenes could mean. What
every film has is no fault: some softness, an encoder's traces, light that changes slowly, a hand that sways, a
background out of focus, a shot in which hardly anything moves. `pictures`, photographs say, may take the textures'
place.
"""
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from vs2.scenes import film as file
from vs2.scenes import natural, textures, words
from vs2.scenes import staging as filming
from vs2.scenes.damage import SHORT, damage
from vs2.scenes.staging import Staging
from vs2.scenes.world import ELEMENTS, VISUAL_FAULTS, Content, Fault

MARGIN = 0.3        # of the picture, on each side, for the camera to move over
CLEAN = 0.5         # share without a fault: most films have none, and a judge that meets few takes them for spoilt
MOVERS = (0, 1, 1, 3)       # how many things move before it: one of these
SOLID = 0.35                # share of them that are smooth
SOFT, ENCODED, CODED, RAMP, SWAY = (0.3, 1.1), (40, 90), (22, 36), 0.35, 0.05     # of an ordinary film; see `_film`
SHALLOW, UNSHARP = 0.25, (2.0, 8.0)     # share whose background is out of focus, and by what deviation at 224 pixels
STILL = 0.3                 # share in which neither the camera nor a thing travels
UNKNOWN = 3                 # the alignment score where neither what is asked nor what is shown can be named


@dataclass(frozen=True)
class Other:
    """asked: what a prompt about scenes asks for, or None where the prompt, too, is about other things."""

    seed: int
    asked: Content | None
    visual: Fault | None
    staging: Staging

    @property
    def scores(self) -> tuple[int, int, int]:
        return 5 - (self.visual.strength if self.visual else 0), UNKNOWN if self.asked is None else 1, 5


def sample(seed: int, asked: Content | None = None) -> Other:
    """A clip from its seed; its visual score is 5 in half of all, else uniform over 1 to 4."""
    rng = np.random.default_rng([seed, 12])
    level = 5 if rng.random() < CLEAN else int(rng.integers(1, 5))
    kind = VISUAL_FAULTS[int(rng.integers(len(VISUAL_FAULTS)))]
    return Other(seed, asked, Fault(kind, 5 - level) if level < 5 else None, filming.sample(seed))


def frames(scene: Other, indices=None, pictures=None) -> np.ndarray:
    """uint8 [n, height, width, 3]. pictures: uint8 [h, w, 3] photographs to cut the textures from, or None."""
    staging = scene.staging
    height, width = staging.height, staging.width
    rng = np.random.default_rng([scene.seed, 13])
    big = int(height * (1 + 2 * MARGIN)), int(width * (1 + 2 * MARGIN))
    film = _film(scene.seed, staging)
    paper = Image.fromarray(textures.lit(natural.picture(rng, *big, pictures).astype(np.float32), staging.light))
    if film.unsharp:
        paper = paper.filter(ImageFilter.GaussianBlur(film.unsharp))
    movers = []
    for _ in range(max(int(film.unsharp > 0), MOVERS[int(rng.integers(len(MOVERS)))])):
        # what is in focus is large, and in the picture
        side = int(min(height, width) * (rng.uniform(0.4, 0.8) if film.unsharp else rng.uniform(0.2, 0.5)))
        what = natural.solid(rng, side, side) if rng.random() < SOLID else natural.picture(rng, side, side, pictures)
        ways = rng.uniform(-0.5, 0.5, (2, 2)) * (0.5 if film.unsharp else 1.0) * (height, width)
        movers.append((Image.fromarray(what.astype(np.uint8)), natural.outline(rng, side),
                       ways[[0, 0]] if film.still else ways))
    start, end = (np.array((*rng.uniform(0.1, 0.9, 2) * MARGIN, rng.uniform(1.0, 1.2))) for _ in range(2))
    end = start if film.still else end
    drawn, shown_at = [], range(staging.frames) if indices is None else indices
    for n in shown_at:
        t = n / max(1, staging.frames - 1)
        x, y, zoom = start + (end - start) * t + film.sway(t)
        x, y = np.clip((x, y), 0, 2 * MARGIN)
        box = (x * width, y * height, x * width + width / zoom, y * height + height / zoom)
        picture = paper.resize((width, height), Image.Resampling.BILINEAR, box=box)
        for shown, mask, way in movers:
            dy, dx = way[0] + (way[1] - way[0]) * t
            picture.paste(shown, (int(width / 2 + dx - shown.width / 2), int(height / 2 + dy - shown.height / 2)), mask)
        drawn.append(film.shown(picture, t))
    frames = file.coded(np.stack(drawn), film.quantiser) if film.quantiser else drawn
    return np.stack([damage(picture, scene.visual, scene.seed, n) for picture, n in zip(frames, shown_at, strict=True)])


@dataclass(frozen=True)
class _Film:
    """How an ordinary film differs from its pictures, without any fault. soft: a deviation in pixels. quality: of JPEG,
    or None. quantiser: of h264, or None. ramp: the light's change from the first frame to the last. hand: of the sway,
    how far in x and y, in widths and heights, its turns in a clip, and its phase. unsharp: of the background, a
    deviation in pixels. still: nothing travels."""

    soft: float
    quality: int | None
    ramp: float
    hand: tuple[float, float, float, float]
    unsharp: float = 0.0
    still: bool = False
    quantiser: int | None = None

    def sway(self, t: float) -> np.ndarray:
        """What is added to x, y and zoom at the time t, 0 to 1."""
        x, y, turns, phase = self.hand
        angle = 2 * np.pi * (turns * t + phase)
        return np.array((x * np.sin(angle), y * np.cos(1.3 * angle), 0.0))

    def shown(self, picture: Image.Image, t: float) -> np.ndarray:
        if self.soft:
            picture = picture.filter(ImageFilter.GaussianBlur(self.soft))
        if self.ramp:
            table = np.clip(np.arange(256) * (1 + self.ramp * (t - 0.5)), 0, 255).astype(np.uint8)
            picture = Image.fromarray(table[np.asarray(picture)])
        if self.quality:
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=self.quality)
            picture = Image.open(file).convert("RGB")
        return np.asarray(picture)


def _film(seed: int, staging: Staging) -> _Film:
    """Softness, an encoder (JPEG or h264), light and a hand, each in about half of the clips."""
    rng = np.random.default_rng([seed, 16])
    scale = min(staging.height, staging.width) / SHORT
    some = rng.random(4) < 0.5
    turns = rng.uniform(0.2, 0.8) * staging.frames / staging.fps        # a turn takes 1.3 to 5 s
    coded = rng.random() < 0.5
    return _Film(float(rng.uniform(*SOFT) * scale) if some[0] else 0.0,
                 int(rng.integers(*ENCODED)) if some[1] and not coded else None,
                 float(rng.uniform(-RAMP, RAMP)) if some[2] else 0.0,
                 (*(rng.uniform(-SWAY, SWAY, 2) * some[3]), turns, rng.random()),
                 float(rng.uniform(*UNSHARP) * scale) if rng.random() < SHALLOW else 0.0, bool(rng.random() < STILL),
                 int(rng.integers(*CODED)) if some[1] and coded else None)


def rationale(scene: Other) -> str:
    """True of the clip: the picture's fault, and that nothing else can be named."""
    shown = dict.fromkeys(ELEMENTS, words.FOREIGN)
    asked = {name: scene.asked.element(name) for name in ELEMENTS} if scene.asked else shown
    return words.sections("Scene: other. Nothing in it has a name that I know.", words.visual(scene),
                          words.compared(asked, shown), "no fault that I can tell.")
