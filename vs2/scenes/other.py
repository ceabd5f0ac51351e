"""Clips of other things than scenes show: patches of natural-looking texture that drift, as a camera moves over them.

A judge that has only seen scenes takes any other picture for a spoilt one. These clips have the statistics of natural
pictures (dead leaves: Lee, Mumford and Huang, 2001; noise with a 1/f spectrum), a known visual fault, and nothing in
them that a prompt about scenes could mean. What every film has is no fault: some softness, an encoder's traces, light
that changes slowly, a hand that sways. `pictures`, photographs say, may take the textures' place.
"""
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from vs2.scenes import staging as filming
from vs2.scenes import textures, words
from vs2.scenes.damage import SHORT, damage
from vs2.scenes.staging import Staging
from vs2.scenes.world import ELEMENTS, VISUAL_FAULTS, Content, Fault

MARGIN = 0.3        # of the picture, on each side, for the camera to move over
CLEAN = 0.5         # share without a fault: most films have none, and a judge that meets few takes them for spoilt
MOVERS = (0, 1, 1, 3)       # how many things move before it: one of these
LEAVES = (0, 12, 40)        # how many patches lie on the ground texture: one of these
SLOPES = (0, 0, 2, 4)       # how many smooth slopes the ground is made of, one behind the other; 0: of noise
SOFT, ENCODED, RAMP, SWAY = (0.3, 1.1), (40, 90), 0.35, 0.05     # of an ordinary film; see `_film`
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
    paper = Image.fromarray(textures.lit(_texture(rng, *big, pictures).astype(np.float32), staging.light))
    movers = []
    for _ in range(MOVERS[int(rng.integers(len(MOVERS)))]):
        side = int(min(height, width) * rng.uniform(0.2, 0.5))
        shown = Image.fromarray(_texture(rng, side, side, pictures).astype(np.uint8))
        movers.append((shown, _outline(rng, side), rng.uniform(-0.5, 0.5, (2, 2)) * (height, width)))
    start, end = (np.array((*rng.uniform(0.1, 0.9, 2) * MARGIN, rng.uniform(1.0, 1.2))) for _ in range(2))
    drawn, film = [], _film(scene.seed, staging)
    for n in range(staging.frames) if indices is None else indices:
        t = n / max(1, staging.frames - 1)
        x, y, zoom = start + (end - start) * t + film.sway(t)
        x, y = np.clip((x, y), 0, 2 * MARGIN)
        box = (x * width, y * height, x * width + width / zoom, y * height + height / zoom)
        picture = paper.resize((width, height), Image.Resampling.BILINEAR, box=box)
        for shown, mask, way in movers:
            dy, dx = way[0] + (way[1] - way[0]) * t
            picture.paste(shown, (int(width / 2 + dx - shown.width / 2), int(height / 2 + dy - shown.height / 2)), mask)
        drawn.append(damage(film.shown(picture, t), scene.visual, scene.seed, n))
    return np.stack(drawn)


@dataclass(frozen=True)
class _Film:
    """How an ordinary film differs from its pictures, without any fault. soft: a deviation in pixels. quality: of JPEG,
    or None. ramp: the light's change from the first frame to the last. hand: of the sway, how far in x and y, in widths
    and heights, its turns in a clip, and its phase."""

    soft: float
    quality: int | None
    ramp: float
    hand: tuple[float, float, float, float]

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
    """Each of these in about half of the clips."""
    rng = np.random.default_rng([seed, 16])
    scale = min(staging.height, staging.width) / SHORT
    some = rng.random(4) < 0.5
    turns = rng.uniform(0.2, 0.8) * staging.frames / staging.fps        # a turn takes 1.3 to 5 s
    return _Film(float(rng.uniform(*SOFT) * scale) if some[0] else 0.0,
                 int(rng.integers(*ENCODED)) if some[1] else None,
                 float(rng.uniform(-RAMP, RAMP)) if some[2] else 0.0,
                 (*(rng.uniform(-SWAY, SWAY, 2) * some[3]), turns, rng.random()))


def _texture(rng, height: int, width: int, pictures) -> np.ndarray:
    """A picture [height, width, 3] in 0..255: a photograph's part, or leaves of noise on noise."""
    if pictures and rng.random() < 0.65:
        photo = pictures[int(rng.integers(len(pictures)))]
        share = rng.uniform(0.45, 1.0) * min(photo.shape[0] / height, photo.shape[1] / width)
        h, w = int(height * share), int(width * share)
        top, left = int(rng.integers(photo.shape[0] - h + 1)), int(rng.integers(photo.shape[1] - w + 1))
        part = Image.fromarray(photo[top:top + h, left:left + w]).resize((width, height), Image.Resampling.BICUBIC)
        part = np.asarray(part, np.float32)
        part = part[:, ::-1] if rng.random() < 0.5 else part
        return np.clip((part - 128) * rng.uniform(0.7, 1.1) + 128 + rng.uniform(-25, 25), 0, 255)
    total = _ground(rng, height, width)
    for _ in range(LEAVES[int(rng.integers(len(LEAVES)))]):
        side = int(min(height, width) * min(0.6, 0.06 / rng.uniform(0.08, 1.0)))
        if side < 4:
            continue
        top, left = int(rng.integers(-side // 2, height - side // 2)), int(rng.integers(-side // 2, width - side // 2))
        mask = np.asarray(_outline(rng, side), np.float32)[..., None] / 255
        leaf = _noise_colour(rng, side, side)
        rows, columns = slice(max(0, top), top + side), slice(max(0, left), left + side)
        patch = total[rows, columns]
        cut = slice(max(0, -top), max(0, -top) + patch.shape[0]), slice(max(0, -left), max(0, -left) + patch.shape[1])
        total[rows, columns] = patch * (1 - mask[cut]) + leaf[cut] * mask[cut]
    return np.clip(total, 0, 255)


def _ground(rng, height, width) -> np.ndarray:
    """Noise, or smooth slopes one behind the other: sharp at their edges, with little else to see on them.

    Smooth pictures are clean too, but a judge that has seen only rough ones takes them for blocks of a poor encoding.
    """
    count = SLOPES[int(rng.integers(len(SLOPES)))]
    if not count:
        return _noise_colour(rng, height, width)
    across, down = np.arange(width) / width, np.arange(height)[:, None] / height
    base, apart = rng.uniform(20, 235, 3), rng.uniform(0.2, 1.0)
    picture = _smooth(rng, base, height, width)
    for n in range(count):
        edge = 0.25 + 0.6 * n / count + sum(
            rng.uniform(-0.1, 0.1) / turns * np.sin(2 * np.pi * (turns * across + rng.random())) for turns in (1, 2, 5))
        share = np.clip((down - edge) * height + 0.5, 0, 1)[..., None].astype(np.float32)   # antialiased
        shade = (rng.uniform(-60, 60) * (down - edge) + rng.uniform(-40, 40) * across)[..., None].astype(np.float32)
        colour = base * (1 - apart) + rng.uniform(20, 235, 3) * apart
        picture = picture * (1 - share) + (_smooth(rng, colour, height, width) + shade) * share
    return picture


def _smooth(rng, colour, height, width) -> np.ndarray:
    """The colour with hardly any noise."""
    light = textures.field(rng, height, width, float(rng.uniform(1.0, 2.4)))[..., None]
    return colour.astype(np.float32) + rng.uniform(0, 12) * light


def _noise_colour(rng, height, width) -> np.ndarray:
    """A colour with 1/f noise on its brightness, and a little on its hue."""
    rough = float(rng.uniform(0.6, 1.4))
    light = textures.field(rng, height, width, rough)[..., None]
    colour = rng.uniform(20, 235, 3).astype(np.float32)
    return colour + rng.uniform(8, 45) * light * rng.uniform(0.8, 1.2, 3).astype(np.float32)


def _outline(rng, side: int) -> Image.Image:
    """A mask [side, side]: a disc, a box or a polygon, antialiased by drawing it twice as large."""
    big = Image.new("L", (2 * side, 2 * side))
    pen = ImageDraw.Draw(big)
    kind = int(rng.integers(3))
    if kind == 0:
        pen.ellipse((2, 2, 2 * side - 3, 2 * side - 3), fill=255)
    elif kind == 1:
        inset = int(rng.integers(0, side // 2 + 1))
        pen.rectangle((inset, 2, 2 * side - 3 - inset, 2 * side - 3), fill=255)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
        far = side * rng.uniform(0.6, 0.98, len(angles))
        pen.polygon([(float(side + r * np.cos(a)), float(side + r * np.sin(a)))
                     for a, r in zip(angles, far, strict=True)], fill=255)
    return big.resize((side, side), Image.Resampling.BOX)


def rationale(scene: Other) -> str:
    """True of the clip: the picture's fault, and that nothing else can be named."""
    shown = dict.fromkeys(ELEMENTS, words.FOREIGN)
    asked = {name: scene.asked.element(name) for name in ELEMENTS} if scene.asked else shown
    return words.sections("Scene: other. Nothing in it has a name that I know.", words.visual(scene),
                          words.compared(asked, shown), "no fault that I can tell.")
