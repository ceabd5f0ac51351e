"""How a scene is filmed: the clip's form, the camera's way, the light, and what stands before the objects.

Nothing of it is asked for in a prompt or costs a point. The world is a unit square; a picture of another shape shows
more of it to the sides, or above and below. A longer clip shows the same motion more slowly, as a larger world would.
"""
from dataclasses import dataclass, replace

import numpy as np

SIZES = ((224, 224), (192, 192), (256, 256), (224, 224), (192, 256), (240, 320), (180, 320), (256, 192), (320, 180))
RATES = (8, 10, 12, 15, 16, 24, 25, 30)
LEAST_FRAMES = 16
SHOWN_FRAMES = 8            # of a clip, to the judge that is trained on scenes


@dataclass(frozen=True)
class Staging:
    """A clip's form and what is done with it.

    height, width: pixels. start, end: the camera's centre (x and y in units of the world, off its middle) and zoom
    there. post: where a pole stands before everything, or None. light: brightness, warmth (-1 to 1), slope from left
    to right, vignette. rough: how coarse the textures are (the exponent of their spectrum).
    """

    height: int = 224
    width: int = 224
    fps: int = 12
    seconds: float = 2.0
    start: tuple[float, float, float] = (0.0, 0.0, 1.0)
    end: tuple[float, float, float] = (0.0, 0.0, 1.0)
    post: float | None = None
    light: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    rough: float = 1.0

    @property
    def frames(self) -> int:
        return max(LEAST_FRAMES, round(self.seconds * self.fps))

    def camera(self, frame: int) -> tuple[float, float, float]:
        """Centre x and y, and zoom, at a frame: eased in and out, as a hand or a dolly moves."""
        t = frame / max(1, self.frames - 1)
        t = t * t * (3 - 2 * t)
        x, y, zoom = (a + (b - a) * t for a, b in zip(self.start, self.end, strict=True))
        return x, y, zoom


def shown_indices(frames: int, shown: int = SHOWN_FRAMES) -> list[int]:
    """The frames that the judge sees of a clip of `frames`, as `vs2.video.sampling` chooses them."""
    return np.linspace(0, frames - 1, shown, dtype=np.float32).round().astype(int).tolist()


def sample(seed: int) -> Staging:
    rng = np.random.default_rng([seed, 10])
    height, width = SIZES[int(rng.integers(len(SIZES)))]
    seconds = float(rng.choice((2.0, 2.0, 3.0, 4.0, 5.0, 6.0)))
    start = end = (0.0, 0.0, 1.0)
    if rng.random() < 0.4:
        start, end = (_view(rng) for _ in range(2))
    return Staging(height, width, int(rng.choice(RATES)), seconds, start, end,
                   float(rng.uniform(0.2, 0.8)) if rng.random() < 0.2 else None,
                   (float(rng.uniform(0.85, 1.1)), float(rng.uniform(-1, 1)), float(rng.uniform(-0.15, 0.15)),
                    float(rng.uniform(0, 0.25))), float(rng.uniform(0.7, 1.4)))


def _view(rng) -> tuple[float, float, float]:
    return float(rng.uniform(-0.05, 0.05)), float(rng.uniform(-0.04, 0.04)), float(rng.uniform(1.0, 1.12))


def scale(staging: Staging, frame: int, height: int, width: int) -> tuple[float, float, float]:
    """Pixels a unit, and the pixel column and row of the world's corner, in a picture of height x width."""
    x, y, zoom = staging.camera(frame)
    unit = min(height, width) * zoom
    return unit, width / 2 - (0.5 + x) * unit, height / 2 - (0.5 + y) * unit


def project(pose, staging: Staging, frame: int, height: int, width: int):
    """A `physics.Pose` in pixels of a picture of height x width."""
    unit, left, top = scale(staging, frame, height, width)
    anchor = pose.anchor and (left + pose.anchor[0] * unit, top + pose.anchor[1] * unit)
    return replace(pose, x=left + pose.x * unit, y=top + pose.y * unit, radius=pose.radius * unit, anchor=anchor,
                   cut=top + pose.cut * unit, floor=top + pose.floor * unit)
