"""Clips that are no scenes, drawn by chance: noise, colours, strokes, slides, screens, cartoons, games, altered scenes.

A detector of scenes (train/scope.py) learns from them, beside footage, what may look like a scene and is none. Nothing
in them is a scene's ground, light or object but by accident; in ALTERED ones all of it is, in colours or places that no
scene has. Every picture comes from a numpy generator.
"""
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from train.data import photos
from vs2.scenes import draw, natural, textures, world

FRAMES = 8
SIDES = (96, 320)       # of a clip, in pixels
WORDS = ("the", "of", "light", "price", "step", "one", "total", "next", "data", "green", "plan", "you", "we", "open",
         "result", "2024", "37 %", "a", "is", "new", "chapter", "in", "brush", "red", "ball", "and", "menu", "file")


def clip(kind: str, seed: int) -> np.ndarray:
    """uint8 [8, h, w, 3]: the clip of this kind and seed."""
    rng = np.random.default_rng([seed, 40, list(KINDS).index(kind)])
    height, width = (int(side) // 2 * 2 for side in rng.integers(*SIDES, 2))
    if rng.random() < 0.6:      # the common shapes
        height, width = ((224, 224), (180, 320), (240, 320), (320, 180), (256, 256))[int(rng.integers(5))]
    return np.clip(KINDS[kind](rng, height, width), 0, 255).astype(np.uint8)


def _colour(rng) -> tuple[int, int, int]:
    """Any colour, one of a scene's objects, or a grey."""
    which = rng.integers(4)
    if which == 0:
        return tuple(int(part) for part in np.repeat(rng.integers(0, 256), 3))
    if which == 1:
        return list(world.COLOURS.values())[int(rng.integers(len(world.COLOURS)))]
    return tuple(int(part) for part in rng.integers(0, 256, 3))


def _times():
    return np.linspace(0, 1, FRAMES)


def _plain(rng, height: int, width: int) -> np.ndarray:
    """A colour, two that meet in a line, or a slope between them: float32 [h, w, 3]."""
    first, second = (np.array(_colour(rng), np.float32) for _ in range(2))
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    x = np.linspace(0, 1, width, dtype=np.float32)[:, None]
    which = rng.integers(4)
    if which == 0:
        return np.broadcast_to(first, (height, width, 3)).copy()
    share = y + 0 * x if which < 3 else np.cos(angle := rng.uniform(0, 2 * np.pi)) * x + np.sin(angle) * y
    if which == 1:      # as a horizon lies
        share = (share > rng.uniform(0.3, 0.85)).astype(np.float32)
    return first * (1 - np.clip(share, 0, 1)) + second * np.clip(share, 0, 1)


def _noise(rng, height, width):
    grain = int(rng.choice((1, 1, 2, 4, 8, 16)))
    colours = 3 if rng.random() < 0.6 else 1
    shape = (FRAMES if rng.random() < 0.6 else 1, -(-height // grain), -(-width // grain), colours)
    which = rng.integers(3)
    if which == 2:
        rough = rng.uniform(0.3, 2.0)
        made = np.stack([np.stack([textures.field(rng, *shape[1:3], rough) for _ in range(shape[3])], -1)
                         for _ in range(shape[0])])
        made = np.array(_colour(rng)) + rng.uniform(10, 90) * made
    else:
        made = rng.uniform(0, 255, shape) if which else np.array(_colour(rng)) + rng.uniform(10, 120) * rng.normal(
            size=shape)
    made = np.broadcast_to(made, (FRAMES, *made.shape[1:3], 3))
    return made.repeat(grain, 1).repeat(grain, 2)[:, :height, :width]


def _flat(rng, height, width):
    first, last = (_plain(rng, height, width) for _ in range(2))
    last = first if rng.random() < 0.6 else last
    gain = rng.uniform(0, 1.2, 2) if rng.random() < 0.3 else (1, 1)
    return np.stack([(first * (1 - t) + last * t) * (gain[0] + (gain[1] - gain[0]) * t) for t in _times()])


def _pattern(rng, height, width):
    """Waves, rings, checks or bars that move."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / min(height, width)
    first, second = (np.array(_colour(rng), np.float32) for _ in range(2))
    often, angle, speed, kind = rng.uniform(2, 24), rng.uniform(0, np.pi), rng.uniform(-3, 3), rng.integers(4)
    hard, found = rng.random() < 0.5, []
    for t in _times():
        along = np.cos(angle) * x + np.sin(angle) * y
        if kind == 0:
            share = np.sin(often * along * 2 + speed * t)
        elif kind == 1:
            share = np.sin(often * np.hypot(x - 0.5, y - 0.5) * 2 + speed * t)
        elif kind == 2:
            share = np.sin(often * x + speed * t) * np.sin(often * y)
        else:
            share = np.sin(often * x + speed * t) + np.sin(often * y * 0.7 - speed * t) + np.sin(often * along)
        share = (np.sign(share) if hard else np.clip(share, -1, 1))[..., None] / 2 + 0.5
        found.append(first * share + second * (1 - share))
    return np.stack(found)


def _strokes(rng, height, width):
    """Lines that a brush leaves, more of them from frame to frame, or the same ones that drift."""
    grey, grows, scale = rng.random() < 0.5, rng.random() < 0.6, min(height, width)
    count, ground = int(rng.integers(3, 60)), _plain(rng, height, width)
    if grey and rng.random() < 0.7:
        ground = np.broadcast_to(ground.mean(-1, keepdims=True), ground.shape)
    straight, way, lines = rng.random() < 0.5, rng.uniform(0, 2 * np.pi), []
    for _ in range(count):
        at = rng.uniform(0, 1, 2) * (width, height)
        turn = way + rng.normal(0, 0.15) if straight else rng.uniform(0, 2 * np.pi)
        steps = np.cumsum(np.concatenate([[turn], rng.normal(0, 0.02 if straight else 0.5, 12)]))
        points = at + np.cumsum(np.stack([np.cos(steps), np.sin(steps)], -1), 0) * scale * rng.uniform(0.01, 0.08)
        colour = tuple(int(part) for part in np.repeat(rng.integers(0, 256), 3)) if grey else _colour(rng)
        lines.append((points, colour, max(1, int(scale * rng.uniform(0.004, 0.08)))))
    drift, found = rng.uniform(-0.2, 0.2, 2) * scale * (not grows), []
    for t in _times():
        picture = Image.fromarray(ground.astype(np.uint8))
        pen = ImageDraw.Draw(picture)
        for points, colour, wide in lines[:max(1, int(count * (t if grows else 1)))]:
            pen.line([tuple(point) for point in points + drift * t], fill=colour, width=wide, joint="curve")
        found.append(np.asarray(picture))
    return np.stack(found)


def _thing(rng, pen, kind: int, x, y, r, colour, line) -> None:
    """A shape of radius r about x, y."""
    if kind == 0:
        pen.ellipse((x - r, y - r, x + r, y + r), fill=colour, outline=line)
    elif kind == 1:
        pen.rectangle((x - r, y - 0.8 * r, x + r, y + 0.8 * r), fill=colour, outline=line)
    else:
        pen.regular_polygon((x, y, max(2, r)), 3 + kind % 4, rotation=17 * kind, fill=colour, outline=line)


def _shapes(rng, height, width):
    """Shapes that move over a plain ground: what a scene is without its ground, light and shadow."""
    scale, count = min(height, width), int(rng.choice((1, 1, 2, 3, 6)))
    ground, found = _plain(rng, height, width).astype(np.uint8), []
    things = [(int(rng.integers(7)), rng.uniform(0.1, 0.9, (2, 2)) * (width, height), scale * rng.uniform(0.03, 0.25),
               _colour(rng), _colour(rng) if rng.random() < 0.3 else None) for _ in range(count)]
    hop = rng.random() < 0.3
    for t in _times():
        picture = Image.fromarray(ground)
        pen = ImageDraw.Draw(picture)
        for kind, (start, end), r, colour, line in things:
            x, y = start + (end - start) * t
            _thing(rng, pen, kind, x, y - hop * abs(np.sin(7 * t)) * 0.3 * height, r, colour, line)
        found.append(np.asarray(picture))
    return np.stack(found)


def _lines_of_text(rng, pen, box, colour, size) -> None:
    x0, y0, x1, y1 = box
    font, y = ImageFont.load_default(size), y0
    while y + size < y1:
        words = " ".join(rng.choice(WORDS, int(rng.integers(1, 9))))
        pen.text((x0, y), words[:max(1, int((x1 - x0) / (0.5 * size)))], fill=colour, font=font)
        y += size * float(rng.choice((1.3, 1.3, 2.0)))


def _slides(rng, height, width):
    """Text on a plain ground that changes now and then, scrolls, or is written word by word."""
    found, picture, scroll = [], None, rng.random() < 0.25
    ground, size = _plain(rng, height, width), int(rng.uniform(0.05, 0.3) * height) + 4
    dark = (0, 0, 0) if ground.mean() > 128 else (255, 255, 255)
    colour = dark if rng.random() < 0.6 else _colour(rng)
    for n in range(FRAMES):
        if picture is None or rng.random() < 0.35 and not scroll:
            ground = ground if rng.random() < 0.6 else _plain(rng, height, width)
            tall = height * (3 if scroll else 1)
            picture = Image.fromarray(ground.astype(np.uint8)).resize((width, tall))
            left, top = rng.uniform(0, 0.4) * width, rng.uniform(0, 0.7) * height
            _lines_of_text(rng, ImageDraw.Draw(picture), (left, top, width, tall), colour, size)
        shift = int(n / FRAMES * 2 * height) if scroll else 0
        found.append(np.asarray(picture.crop((0, shift, width, shift + height))))
    return np.stack(found)


def _screen(rng, height, width):
    """Windows with text, bars and curves, and a pointer that moves."""
    picture = Image.fromarray(_plain(rng, height, width).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(1, 6))):
        x0, x1 = np.sort(rng.uniform(-0.1, 1.1, 2)) * width
        y0, y1 = np.sort(rng.uniform(-0.1, 1.1, 2)) * height
        face = (255, 255, 255) if rng.random() < 0.5 else (30, 30, 34) if rng.random() < 0.4 else _colour(rng)
        pen.rectangle((x0, y0, x1, y1), fill=face, outline=_colour(rng))
        pen.rectangle((x0, y0, x1, y0 + height * 0.05), fill=_colour(rng))
        which = rng.integers(3)
        if which < 2:
            _lines_of_text(rng, pen, (x0 + 3, y0 + height * 0.07, x1, y1), _colour(rng), int(rng.integers(6, 14)))
        else:
            for n in range(8):
                x = x0 + (x1 - x0) * n / 8
                pen.rectangle((x, y1 - abs(y1 - y0) * rng.random(), x + (x1 - x0) / 10, y1), fill=_colour(rng))
    way, found, rows = rng.uniform(0, 1, (2, 2)) * (width, height), [], int(rng.integers(0, 3)) * height // 40
    for n, t in enumerate(_times()):
        shown = Image.fromarray(np.roll(np.asarray(picture), -rows * n, 0))
        x, y = way[0] + (way[1] - way[0]) * t
        ImageDraw.Draw(shown).polygon(((x, y), (x + 6, y + 7), (x, y + 10)), fill=(0, 0, 0), outline=(255, 255, 255))
        found.append(np.asarray(shown))
    return np.stack(found)


def _cartoon(rng, height, width):
    """Flat sky and ground, flat hills, a sun, and a figure of ovals that walks."""
    sky, low = (np.array(_colour(rng)) for _ in range(2))
    if rng.random() < 0.6:
        sky = np.array((int(rng.integers(90, 200)), int(rng.integers(150, 230)), int(rng.integers(220, 256))))
        low = np.array((int(rng.integers(40, 140)), int(rng.integers(120, 210)), int(rng.integers(30, 120))))
    ground = Image.new("RGB", (width, height), tuple(int(part) for part in sky))
    pen, edge = ImageDraw.Draw(ground), int(height * rng.uniform(0.5, 0.85))
    line = (0, 0, 0) if rng.random() < 0.6 else None
    for _ in range(int(rng.integers(0, 5))):
        x, r = rng.uniform(0, 1) * width, rng.uniform(0.1, 0.5) * width
        pen.ellipse((x - r, edge - r * 0.6, x + r, edge + r), fill=_colour(rng), outline=line)
    pen.rectangle((0, edge, width, height), fill=tuple(int(part) for part in low), outline=line)
    for _ in range(int(rng.integers(0, 5))):
        x, y, r = rng.uniform(0, width), rng.uniform(0, edge), rng.uniform(0.02, 0.12) * width
        pen.ellipse((x - r, y - r, x + r, y + r), fill=_colour(rng), outline=line)
    body, skin, tall = _colour(rng), _colour(rng), rng.uniform(0.15, 0.45) * height
    start, end = rng.uniform(0, 1, 2) * width
    foot, found, pan = edge + rng.uniform(0, 0.15) * height, [], rng.uniform(-0.3, 0.3) * width * (rng.random() < 0.3)
    for n, t in enumerate(_times()):
        shown = Image.fromarray(np.roll(np.asarray(ground), int(pan * t), 1))
        pen, x = ImageDraw.Draw(shown), start + (end - start) * t
        for side in (-1, 1):
            stride = x + side * (n % 3) * tall * 0.12
            pen.line((x, foot - 0.4 * tall, stride, foot), fill=body, width=max(2, int(tall / 9)))
        pen.ellipse((x - 0.2 * tall, foot - 0.8 * tall, x + 0.2 * tall, foot - 0.25 * tall), fill=body, outline=line)
        pen.ellipse((x - 0.17 * tall, foot - 1.1 * tall, x + 0.17 * tall, foot - 0.75 * tall), fill=skin, outline=line)
        pen.ellipse((x - 0.07 * tall, foot - tall, x - 0.01 * tall, foot - 0.92 * tall), fill=(0, 0, 0))
        found.append(np.asarray(shown))
    return np.stack(found)


def _game(rng, height, width):
    """Tiles of a few kinds in a grid, things between them that step, and a line of figures above."""
    side = int(rng.choice((6, 8, 12, 16, 24)))
    rows, columns = -(-height // side), -(-width // side) + 8
    tiles = np.stack([np.clip(np.array(_colour(rng)) + rng.uniform(0, 40) * rng.normal(size=(side, side, 1)), 0, 255)
                      for _ in range(int(rng.integers(2, 7)))])
    board = rng.integers(0, len(tiles), (rows, columns))
    if rng.random() < 0.5:      # seen from the side: air above, ground below, some platforms
        board[:int(rows * rng.uniform(0.5, 0.8))] = 0
        for _ in range(int(rng.integers(0, 6))):
            row, column = int(rng.integers(rows)), int(rng.integers(columns))
            board[row, column:column + int(rng.integers(2, 6))] = 1
    paper = np.concatenate([np.concatenate(list(tiles[row]), 1) for row in board], 0).astype(np.uint8)
    things = [(int(rng.integers(7)), rng.uniform(0, 1, (2, 2)) * (width, height), _colour(rng))
              for _ in range(int(rng.integers(1, 6)))]
    step, found = int(rng.integers(0, 2)) * side // 2, []
    for n, t in enumerate(_times()):
        picture = Image.fromarray(paper[:height, n * step:n * step + width].copy())
        pen = ImageDraw.Draw(picture)
        for kind, (start, end), colour in things:
            x, y = (start + (end - start) * t) // side * side
            _thing(rng, pen, kind, x, y, side * 0.7, colour, None)
        if rng.random() < 0.5:
            pen.text((3, 2), f"SCORE {n * 100}", fill=(255, 255, 255))
        found.append(np.asarray(picture))
    return np.stack(found)


def _photograph(rng, height, width):
    """A photograph, or a picture like one, that is slowly zoomed into or passed over."""
    big = natural.picture(rng, int(height * 1.4), int(width * 1.4), photos.photographs())
    picture = Image.fromarray(np.asarray(big).clip(0, 255).astype(np.uint8))
    start, end = (np.array((*rng.uniform(0, 0.15, 2), rng.uniform(1.0, 1.35))) for _ in range(2))
    found = []
    for t in _times():
        x, y, zoom = start + (end - start) * t
        box = (x * width, y * height, x * width + width / zoom, y * height + height / zoom)
        found.append(np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR, box=box)))
    return np.stack(found)


def _altered(rng, height, width):
    """A scene in colours that no scene has, on its head, cut and put together, or two beside each other."""
    def scene():
        made = world.sample(int(rng.integers(world.HELD_OUT // 2, world.HELD_OUT)))
        made = replace(made, staging=replace(made.staging, height=height, width=width, fps=8, seconds=2.0))
        return draw.frames(made, np.linspace(0, made.staging.frames - 1, FRAMES).round().astype(int))

    frames, which = scene(), int(rng.integers(6))
    if which == 0:
        return 255 - frames
    if which == 1:
        return frames[..., [(1, 2, 0), (2, 0, 1), (2, 1, 0), (1, 0, 2)][int(rng.integers(4))]]
    if which == 2:
        return frames[:, ::-1]
    if which == 3:      # its blocks in another order
        cut = int(rng.choice((3, 4, 6)))
        h, w = height // cut * cut, width // cut * cut
        blocks = frames[:, :h, :w].reshape(FRAMES, cut, h // cut, cut, w // cut, 3).transpose(1, 3, 0, 2, 4, 5)
        mixed = blocks.reshape(cut * cut, *blocks.shape[2:])[rng.permutation(cut * cut)].reshape(blocks.shape)
        return mixed.transpose(2, 0, 3, 1, 4, 5).reshape(FRAMES, h, w, 3)
    if which == 4:
        other = scene()
        return np.concatenate([frames[:, :, ::2], other[:, :, ::2]], 2) if rng.random() < 0.5 else np.concatenate(
            [frames[:, ::2], other[:, ::2]], 1)
    other = KINDS[str(rng.choice(("slides", "screen", "photograph", "flat", "cartoon")))](rng, height, width)
    top, left = int(height * rng.uniform(0, 0.5)), int(width * rng.uniform(0, 0.5))
    other[:, top:top + height // 2, left:left + width // 2] = frames[:, ::2, ::2][:, :height // 2, :width // 2]
    return other


KINDS: dict[str, Callable] = {
    "noise": _noise, "flat": _flat, "pattern": _pattern, "strokes": _strokes, "shapes": _shapes, "slides": _slides,
    "screen": _screen, "cartoon": _cartoon, "game": _game, "photograph": _photograph, "altered": _altered}
