"""Paints a scene's frames: shapes as signed-distance fields, so their edges are antialiased, on textured ground."""
import numpy as np
from PIL import Image

from vs2.scenes import textures
from vs2.scenes.damage import damage
from vs2.scenes.physics import GROUND, Pose, simulate
from vs2.scenes.staging import Staging, project, scale
from vs2.scenes.world import COLOURS, Scene

RIM = 2.0       # pixels of dark outline at 224, so that a white ball is seen on snow
MARGIN = 0.12   # of the picture, painted around it for the camera to move over
SHADOW = 0.4    # how much of the light is kept from the ground under an object that touches it
POST = 0.06     # width of the pole, in units of the world


def frames(scene: Scene, indices=None) -> np.ndarray:
    """uint8 [n, height, width, 3] RGB: the clip's frames, all or those at `indices`, with its visual fault."""
    staging = scene.staging
    height, width = staging.height, staging.width
    indices = range(staging.frames) if indices is None else indices
    rng = np.random.default_rng([scene.seed, 3])
    paper = _paper(rng, scene.shown.background, staging)
    drawn = []
    for n, poses in zip(indices, simulate(scene, indices), strict=True):
        picture = _seen(paper, staging, n)
        placed = [project(pose, staging, n, height, width) for pose in poses]
        for pose in placed:
            _shadow(picture, pose)
        for pose in reversed(placed):       # the companion stands behind
            if pose.visible:
                _object(picture, pose)
        if staging.post is not None:
            _post(picture, staging, staging.post, n)
        drawn.append(damage(picture, scene.visual, scene.seed, n))
    return np.stack(drawn)


def _paper(rng, kind: str, staging: Staging) -> np.ndarray:
    """The background with its margins, lit."""
    height, width = (int(side * (1 + 2 * MARGIN)) for side in (staging.height, staging.width))
    unit = min(staging.height, staging.width)
    horizon = int(height / 2 + (GROUND - 0.1 - 0.5) * unit)
    return textures.lit(textures.ground(rng, kind, height, width, horizon, staging.rough), staging.light)


def _seen(paper: np.ndarray, staging: Staging, n: int) -> np.ndarray:
    """What the camera sees of the background in frame n: a writable picture."""
    height, width = staging.height, staging.width
    x, y, zoom = staging.camera(n)
    unit = min(height, width)
    middle_y, middle_x = paper.shape[0] / 2 + y * unit, paper.shape[1] / 2 + x * unit
    if staging.start == staging.end == (0.0, 0.0, 1.0):
        top, left = (paper.shape[0] - height) // 2, (paper.shape[1] - width) // 2
        return paper[top:top + height, left:left + width].copy()
    half_h, half_w = height / zoom / 2, width / zoom / 2
    box = (max(0.0, middle_x - half_w), max(0.0, middle_y - half_h), min(float(paper.shape[1]), middle_x + half_w),
           min(float(paper.shape[0]), middle_y + half_h))
    return np.array(Image.fromarray(paper).resize((width, height), Image.Resampling.BILINEAR, box=box))


def _shadow(picture: np.ndarray, pose: Pose) -> None:
    """A soft dark ellipse on the ground below an object, fainter the higher it is."""
    height, width = picture.shape[:2]
    above = (pose.floor - pose.y - pose.radius) / (6 * pose.radius)
    if not pose.visible or above > 1 or pose.y - pose.radius > pose.floor:
        return
    wide, tall = pose.radius * 1.15, pose.radius * 0.3
    left, right = max(0, int(pose.x - wide)), min(width, int(pose.x + wide) + 1)
    top, low = max(0, int(pose.floor - tall)), min(height, int(pose.floor + tall) + 1)
    if left >= right or top >= low:
        return
    dy = (np.arange(top, low, dtype=np.float32)[:, None] - pose.floor) / tall
    dx = (np.arange(left, right, dtype=np.float32) - pose.x) / wide
    dark = SHADOW * (1 - max(above, 0)) * np.clip(1.3 * (1 - dx * dx - dy * dy), 0, 1)
    patch = picture[top:low, left:right]
    picture[top:low, left:right] = patch * (1 - dark[..., None])


def _post(picture: np.ndarray, staging: Staging, place: float, n: int) -> None:
    """A round pole from top to ground, before everything. place: its middle, 0 to 1."""
    height, width = picture.shape[:2]
    unit, left, top = scale(staging, n, height, width)
    x, half, foot = left + place * unit, POST * unit / 2, int(top + (GROUND + 0.06) * unit)
    first, last = max(0, int(x - half)), min(width, int(x + half) + 1)
    if first >= last:
        return
    across = (np.arange(first, last, dtype=np.float32) - x) / half
    shade = np.clip(1.05 - 0.5 * np.abs(across + 0.3), 0.2, 1)[:, None]
    picture[:max(0, min(foot, height)), first:last] = np.array((104, 84, 66), np.float32) * shade


def _object(picture: np.ndarray, pose: Pose) -> None:
    height, width = picture.shape[:2]
    x, y, r = pose.x, pose.y, pose.radius
    if pose.anchor:
        _rope(picture, *pose.anchor, x, y)
    left, right = max(0, int(x - r - 3)), min(width, int(x + r + 4))
    top, low = max(0, int(y - r - 3)), min(height, int(y + r + 4))
    if left >= right or top >= low:
        return
    dy = np.arange(top, low, dtype=np.float32)[:, None] + np.float32(0.5 - y)
    dx = np.arange(left, right, dtype=np.float32)[None] + np.float32(0.5 - x)
    distance = _distance(pose.shape, dx, dy, np.float32(r))
    cover = np.clip(0.5 - distance, 0, 1)[..., None]
    if pose.cut < height:
        cover[max(0, int(pose.cut) - top):] = 0
    shade = 1.0 - 0.22 * (dx + dy) / (1.4 * r)
    colour = np.array(COLOURS[pose.colour], np.float32) * np.clip(shade, 0.6, 1.15)[..., None]
    rim = np.clip(0.5 + distance + RIM * min(height, width) / 224, 0, 1)[..., None]
    colour = colour * (1 - 0.75 * rim)
    patch = picture[top:low, left:right]
    picture[top:low, left:right] = patch * (1 - cover) + np.clip(colour, 0, 255) * cover


def _rope(picture, x0, y0, x1, y1) -> None:
    steps = int(abs(y1 - y0) + abs(x1 - x0)) + 1
    t = np.linspace(0, 1, steps)
    rows, columns = (y0 + (y1 - y0) * t).astype(int), (x0 + (x1 - x0) * t).astype(int)
    inside = (rows >= 0) & (rows < picture.shape[0]) & (columns >= 0) & (columns < picture.shape[1] - 1)
    picture[rows[inside], columns[inside]] = picture[rows[inside], columns[inside] + 1] = (60, 45, 35)


def _distance(shape: str, x: np.ndarray, y: np.ndarray, r: np.float32) -> np.ndarray:
    """Signed distance in pixels to the shape's edge, negative inside (Quilez, 2-D distance functions)."""
    if shape == "ball":
        return np.hypot(x, y) - 0.95 * r
    if shape == "box":
        return np.maximum(np.abs(x), np.abs(y)) - 0.82 * r
    if shape == "triangle":     # point up
        return np.maximum(np.abs(x) * 0.866 - y * 0.5, y) * 1.0 - np.where(y > np.abs(x) * 0.577, 0.62, 0.55) * r
    k1, k2 = (np.array((side, -0.587785252), np.float32) for side in (0.809016994, -0.809016994))
    x, y = np.abs(x), -y
    for k in (k1, k2):
        inside = 2 * np.maximum(k[0] * x + k[1] * y, 0)
        x, y = x - inside * k[0], y - inside * k[1]
    x, y = np.abs(x), y - r * 1.08
    ba = np.float32(0.45) * np.array((-k1[1], k1[0]), np.float32) - np.array((0.0, 1.0), np.float32)
    h = np.clip((x * ba[0] + y * ba[1]) / (ba @ ba), 0, 1.08 * r)
    return np.hypot(x - ba[0] * h, y - ba[1] * h) * np.sign(y * ba[0] - x * ba[1])
