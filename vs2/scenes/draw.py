"""Paints a scene's frames: shapes as signed-distance fields, so their edges are antialiased, on textured ground."""
import numpy as np

from vs2.scenes.damage import damage
from vs2.scenes.physics import GROUND, Pose, simulate
from vs2.scenes.world import COLOURS, FRAMES, SIDE, Scene

RIM = 2.0       # pixels of dark outline, so that a white ball is seen on snow


def frames(scene: Scene, indices=None, side: int = SIDE) -> np.ndarray:
    """uint8 [n, side, side, 3] RGB: the clip's frames, all or those at `indices`, with its visual fault."""
    poses = simulate(scene)
    rng = np.random.default_rng([scene.seed, 3])
    paper = _background(rng, scene.shown.background, side)
    drawn = []
    for n in range(FRAMES) if indices is None else indices:
        picture = paper.copy()
        for pose in reversed(poses[n]):     # the companion stands behind
            if pose.visible:
                _object(picture, pose)
        drawn.append(damage(picture, scene.visual, scene.seed, n))
    return np.stack(drawn)


def _background(rng, kind: str, side: int) -> np.ndarray:
    """uint8 [side, side, 3]: a backdrop above the horizon and textured ground below it."""
    top, low, grain = {
        "grass": ((150, 200, 240), (88, 150, 60), 20), "sand": ((190, 215, 235), (222, 190, 130), 12),
        "snow": ((170, 180, 195), (232, 238, 245), 6), "bricks": ((165, 85, 65), (120, 118, 115), 8),
        "night": ((16, 20, 52), (44, 50, 58), 7)}[kind]
    horizon = int((GROUND - 0.1) * side)
    light = float(rng.uniform(0.9, 1.08))
    y = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    cloud = 10 * _cloud(rng, side)[..., None]
    picture = np.array(top, np.float32) * (0.86 + 0.14 * y / GROUND)
    picture = picture + cloud
    if kind == "bricks":
        rows, columns = np.ogrid[0:side, 0:side]
        brick, tall = side // 7, side // 14
        picture[(rows % tall < 2) | ((columns + (rows // tall % 2) * brick // 2) % brick < 2)] = (205, 195, 180)
    if kind == "night":
        for _ in range(40):
            r, c = rng.integers(0, int(side * 0.7)), rng.integers(0, side - 1)
            picture[r, c:c + 2] = 200 + 55 * rng.random()
    speck = rng.standard_normal((side - horizon, side), dtype=np.float32)
    if kind == "grass":     # blades: noise drawn out upwards
        speck = (speck + np.roll(speck, 1, 0) + np.roll(speck, 2, 0) + np.roll(speck, 3, 0)) / 2
    ground = np.array(low, np.float32) * (0.8 + 0.25 * y[horizon:])
    picture[horizon:] = ground + grain * speck[..., None] + cloud[horizon:]
    return np.clip(picture * light, 0, 255).astype(np.uint8)


def _cloud(rng, side: int) -> np.ndarray:
    """Smooth noise of about unit strength [side, side]."""
    coarse = rng.standard_normal((8, 8)).astype(np.float32)
    at = np.linspace(0, 7, side, dtype=np.float32)
    i = np.minimum(at.astype(int), 6)
    f = at - i
    rows = coarse[i] * (1 - f)[:, None] + coarse[i + 1] * f[:, None]
    return rows[:, i] * (1 - f) + rows[:, i + 1] * f


def _object(picture: np.ndarray, pose: Pose) -> None:
    side = picture.shape[0]
    x, y, r = pose.x * side, pose.y * side, pose.radius * side
    if pose.anchor:
        _rope(picture, pose.anchor[0] * side, pose.anchor[1] * side, x, y)
    left, right = max(0, int(x - r - 3)), min(side, int(x + r + 4))
    top, low = max(0, int(y - r - 3)), min(side, int(y + r + 4))
    if left >= right or top >= low:
        return
    dy, dx = np.mgrid[top:low, left:right].astype(np.float32)
    dx, dy = dx + 0.5 - x, dy + 0.5 - y
    distance = _distance(pose.shape, dx, dy, r)
    cover = np.clip(0.5 - distance, 0, 1)[..., None]
    if pose.cut < 1:
        cover[max(0, int(pose.cut * side) - top):] = 0
    shade = 1.0 - 0.22 * (dx + dy) / (1.4 * r)
    colour = np.array(COLOURS[pose.colour], np.float32) * np.clip(shade, 0.6, 1.15)[..., None]
    rim = np.clip(0.5 + distance + RIM, 0, 1)[..., None]
    colour = colour * (1 - 0.75 * rim)
    patch = picture[top:low, left:right]
    picture[top:low, left:right] = patch * (1 - cover) + np.clip(colour, 0, 255) * cover


def _rope(picture, x0, y0, x1, y1) -> None:
    steps = int(abs(y1 - y0) + abs(x1 - x0)) + 1
    for t in np.linspace(0, 1, steps):
        r, c = int(y0 + (y1 - y0) * t), int(x0 + (x1 - x0) * t)
        if 0 <= r < picture.shape[0] and 0 <= c < picture.shape[1] - 1:
            picture[r, c:c + 2] = (60, 45, 35)


def _distance(shape: str, x, y, r: float):
    """Signed distance in pixels to the shape's edge, negative inside (Quilez, 2-D distance functions)."""
    if shape == "ball":
        return np.hypot(x, y) - 0.95 * r
    if shape == "box":
        return np.maximum(np.abs(x), np.abs(y)) - 0.82 * r
    if shape == "triangle":     # point up
        return np.maximum(np.abs(x) * 0.866 - y * 0.5, y) * 1.0 - np.where(y > np.abs(x) * 0.577, 0.62, 0.55) * r
    k1, k2 = np.array((0.809016994, -0.587785252)), np.array((-0.809016994, -0.587785252))
    x, y = np.abs(x), -y
    for k in (k1, k2):
        inside = 2 * np.maximum(k[0] * x + k[1] * y, 0)
        x, y = x - inside * k[0], y - inside * k[1]
    x, y = np.abs(x), y - r * 1.08
    ba = 0.45 * np.array((-k1[1], k1[0])) - np.array((0.0, 1.0))
    h = np.clip((x * ba[0] + y * ba[1]) / (ba @ ba), 0, 1.08 * r)
    return np.hypot(x - ba[0] * h, y - ba[1] * h) * np.sign(y * ba[0] - x * ba[1])
