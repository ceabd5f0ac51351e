"""Pictures with the statistics of natural ones: parts of photographs, or dead leaves of noise with a 1/f spectrum.

Dead leaves: Lee, Mumford and Huang, 2001. Each picture comes from a numpy generator and is float32 in 0..255.
"""
import numpy as np
from PIL import Image, ImageDraw

from vs2.scenes import textures

PHOTOGRAPHS = 0.65          # share of the pictures that are parts of photographs, where there are any
PART = (0.35, 1.0)          # how much of a photograph's height or width a part is
LEAVES = (0, 12, 40)        # how many patches lie on the ground texture: one of these
SLOPES = (0, 0, 2, 4)       # how many smooth slopes the ground is made of, one behind the other; 0: of noise
EXPOSURE = (0.6, 2.4)       # the exponent of a photograph's brightness: above 1 it is darker, with large dark areas
CONTRAST, COLOURFUL = (0.25, 1.15), (0.0, 1.7)      # factors of a photograph's contrast and of its colours
LIGHTS = 100                # the least brightness of a photograph's lightest hundredth: a black picture shows no fault
VIEW = 180                  # pixels of the short side at which a picture's focus is judged; 112 of them are in view
CRISP, FAINT, TRIES = 0.75, 15, 6       # the least crispness, below which second difference it is none, attempts
GLINTS = (0, 1, 4)          # small bright lights on a solid thing: one of these


def picture(rng, height: int, width: int, pictures) -> np.ndarray:
    """A picture [height, width, 3]. pictures: uint8 [h, w, 3] photographs to cut it from, or None.

    It is in focus somewhere, unless it is small: what is nowhere sharp cannot be told from what was blurred.
    """
    for _ in range(TRIES):
        made = _drawn(rng, height, width, pictures)
        if min(height, width) < VIEW or crispness(made) > CRISP:
            break
    return made


def crispness(made) -> float:
    """How sudden the sharpest edges are, from 0, whatever their contrast: the second difference over the first.

    In a clear film it is above 0.7, in one with the slightest blur of `damage` nearly always below 0.6, at the size
    that mini sees.
    """
    scale = VIEW / min(made.shape[:2])
    size = round(made.shape[1] * scale), round(made.shape[0] * scale)
    small = Image.fromarray(made.astype(np.uint8)).convert("L").resize(size, Image.Resampling.BOX)
    grey = np.asarray(small, np.float32)
    inner = grey[1:-1, 1:-1]
    second = np.abs(4 * inner - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:])
    first = np.maximum(np.abs(grey[1:-1, 2:] - grey[1:-1, :-2]), np.abs(grey[2:, 1:-1] - grey[:-2, 1:-1]))
    edge = np.percentile(second, 99.5)
    return float(edge / np.percentile(first, 99.5)) if edge > FAINT else 0.0


def _drawn(rng, height, width, pictures) -> np.ndarray:
    if pictures and rng.random() < PHOTOGRAPHS:
        return developed(rng, _part(rng, height, width, pictures[int(rng.integers(len(pictures)))]))
    total = ground(rng, height, width)
    for _ in range(LEAVES[int(rng.integers(len(LEAVES)))]):
        side = int(min(height, width) * min(0.6, 0.06 / rng.uniform(0.08, 1.0)))
        if side < 4:
            continue
        top, left = int(rng.integers(-side // 2, height - side // 2)), int(rng.integers(-side // 2, width - side // 2))
        mask = np.asarray(outline(rng, side), np.float32)[..., None] / 255
        leaf = _noise_colour(rng, side, side)
        rows, columns = slice(max(0, top), top + side), slice(max(0, left), left + side)
        patch = total[rows, columns]
        cut = slice(max(0, -top), max(0, -top) + patch.shape[0]), slice(max(0, -left), max(0, -left) + patch.shape[1])
        total[rows, columns] = patch * (1 - mask[cut]) + leaf[cut] * mask[cut]
    return np.clip(total, 0, 255)


def _part(rng, height, width, photo) -> np.ndarray:
    share = rng.uniform(*PART) * min(photo.shape[0] / height, photo.shape[1] / width)
    h, w = int(height * share), int(width * share)
    top, left = int(rng.integers(photo.shape[0] - h + 1)), int(rng.integers(photo.shape[1] - w + 1))
    part = Image.fromarray(photo[top:top + h, left:left + w]).resize((width, height), Image.Resampling.BICUBIC)
    pixels = np.asarray(part, np.float32)
    return pixels[:, ::-1] if rng.random() < 0.5 else pixels


def developed(rng, part) -> np.ndarray:
    """A photograph as another camera, hour or taste would have it: brightness, contrast, colours, a tint.

    A handful of photographs, always shown alike, would be known by heart, and a darker or flatter film be taken for
    a spoilt one.
    """
    some = rng.random(4)
    low, high = np.log(EXPOSURE)
    if some[0] < 0.6:
        part = 255 * (part / 255) ** np.exp(rng.uniform(low, high), dtype=np.float32)
    if some[1] < 0.5:
        grey = part.mean(-1, keepdims=True)
        part = grey + (part - grey) * rng.uniform(*COLOURFUL)
    middle = part.mean()
    part = (part - middle) * rng.uniform(*((0.7, 1.1) if some[2] < 0.6 else CONTRAST)) + middle + rng.uniform(-25, 25)
    if some[3] < 0.3:
        part = part * rng.uniform(0.4, 1.15, 3)
    part = np.clip(part, 0, 255)
    lights = np.percentile(part, 99)
    return (part * max(1.0, LIGHTS / max(lights, 1))).clip(0, 255).astype(np.float32)


def ground(rng, height, width) -> np.ndarray:
    """Noise, or smooth slopes one behind the other: sharp at their edges, with little else to see on them.

    Smooth pictures are clean too, but a judge that has seen only rough ones takes them for blocks of a poor encoding.
    """
    count = SLOPES[int(rng.integers(len(SLOPES)))]
    if not count:
        return _noise_colour(rng, height, width)
    across, down = np.arange(width) / width, np.arange(height)[:, None] / height
    base, apart = rng.uniform(20, 235, 3), rng.uniform(0.2, 1.0)
    total = _smooth(rng, base, height, width)
    for n in range(count):
        edge = 0.25 + 0.6 * n / count + sum(
            rng.uniform(-0.1, 0.1) / turns * np.sin(2 * np.pi * (turns * across + rng.random())) for turns in (1, 2, 5))
        share = np.clip((down - edge) * height + 0.5, 0, 1)[..., None].astype(np.float32)   # antialiased
        shade = (rng.uniform(-60, 60) * (down - edge) + rng.uniform(-40, 40) * across)[..., None].astype(np.float32)
        colour = base * (1 - apart) + rng.uniform(20, 235, 3) * apart
        total = total * (1 - share) + (_smooth(rng, colour, height, width) + shade) * share
    return total


def solid(rng, height: int, width: int) -> np.ndarray:
    """A smooth thing's surface, often a dark one: a colour that fades from the light's side, and a few glints."""
    base = rng.uniform(5, 60) + rng.uniform(0, 30, 3) if rng.random() < 0.5 else rng.uniform(20, 235, 3)
    angle = rng.uniform(0, 2 * np.pi)
    across, down = np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height)[:, None]
    fade = (np.cos(angle) * across + np.sin(angle) * down) * rng.uniform(0, 1.6)
    total = _smooth(rng, base, height, width) * (1 + fade[..., None])
    for _ in range(GLINTS[int(rng.integers(len(GLINTS)))]):
        (x, y), (long, short), turn = rng.uniform(-0.35, 0.35, 2), rng.uniform(0.01, 0.12, 2), rng.uniform(0, np.pi)
        along = np.cos(turn) * (across - x) + np.sin(turn) * (down - y)
        off = np.cos(turn) * (down - y) - np.sin(turn) * (across - x)
        inside = np.hypot(along / long, off / short)
        share = np.clip((1.2 - inside) * 4, 0, 1)[..., None]
        total = total * (1 - share) + rng.uniform(140, 255) * share
    return np.clip(total, 0, 255).astype(np.float32)


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


def outline(rng, side: int) -> Image.Image:
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
