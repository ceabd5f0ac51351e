"""What happens to a clip on its way to a judge: another size, h264, a palette, JPEG; and faults put in on purpose.

Nothing of it makes a scene another thing, or footage a scene. Everything is drawn from a numpy generator.
"""
import io

import numpy as np
from PIL import Image

from vs2.scenes import film, world
from vs2.scenes.damage import damage
from vs2.video.sampling import Sampling

QUANTISERS, QUALITIES, PALETTES, SCALES = (18, 41), (15, 90), (32, 64, 128, 256), (0.5, 2.0)


def seen(frames: np.ndarray, sampling: Sampling) -> np.ndarray:
    """uint8 frames [n, h, w, 3] at the size that a judge is fed, as `vs2.video` makes it."""
    import torch
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.functional import resize

    size = sampling.size(len(frames), *frames.shape[1:3])
    if size == frames.shape[1:3]:
        return frames
    pictures = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
    return resize(pictures, list(size), InterpolationMode.BICUBIC, antialias=True).permute(0, 2, 3, 1).numpy()


def reencoded(frames: np.ndarray, rng) -> np.ndarray:
    """The frames as they are (one in six), or through h264 (half), a palette or JPEG, often in another size."""
    way = int(rng.integers(6))
    if way == 0:
        return frames
    if rng.random() < 0.5:
        low, high = np.log(SCALES)
        frames = scaled(frames, float(np.exp(rng.uniform(low, high))))
    if way < 4:
        return film.coded(frames[:, :frames.shape[1] // 2 * 2, :frames.shape[2] // 2 * 2],
                          int(rng.integers(*QUANTISERS)))
    if way == 4:
        dither = Image.Dither.FLOYDSTEINBERG if rng.random() < 0.6 else Image.Dither.NONE
        palette = Image.fromarray(frames[len(frames) // 2]).quantize(int(rng.choice(PALETTES)))
        return np.stack([np.asarray(Image.fromarray(frame).quantize(palette=palette, dither=dither).convert("RGB"))
                         for frame in frames])
    quality, found = int(rng.integers(*QUALITIES)), []
    for frame in frames:
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=quality)
        found.append(np.asarray(Image.open(file)))
    return np.stack(found)


def scaled(frames: np.ndarray, factor: float) -> np.ndarray:
    """The frames at another size, its sides even and at least 16."""
    height, width = (max(16, int(side * factor) // 2 * 2) for side in frames.shape[1:3])
    return np.stack([np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BICUBIC))
                     for frame in frames])


def damaged(frames: np.ndarray, rng) -> np.ndarray:
    """The frames with one visual fault of any strength, as scenes have them."""
    fault = world.Fault(str(rng.choice(world.VISUAL_FAULTS)), int(rng.integers(1, 5)))
    seed = int(rng.integers(2**31))
    return np.stack([damage(np.ascontiguousarray(frame), fault, seed, n) for n, frame in enumerate(frames)])
