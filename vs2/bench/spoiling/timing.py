"""What goes wrong from picture to picture, everywhere in them: ghosts, lost and repeated frames, a rolling light."""
import numpy as np

GHOST = (0.25, 0.4, 0.5)            # weight of the earlier picture
BEHIND = 12                         # a ghost is a twelfth of the clip behind, one frame at least
LOST = (0.25, 0.45, 0.65)           # share of the frames
HOLD = (2, 4, 7)                    # frames that one picture is shown for
ROLL = (0.1, 0.22, 0.45)            # largest change of the light
BANDS, TURNS = 1.5, 0.23            # waves over the height; of a wave that the light rolls on from frame to frame


def ghosted(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Over each picture lies an earlier one, with the weight `GHOST`; the first pictures have none before them."""
    earlier = np.maximum(0, np.arange(len(frames)) - max(1, round(len(frames) / BEHIND)))
    return np.stack([np.round((1 - GHOST[k]) * picture + GHOST[k] * frames[before]).astype(np.uint8)
                     for picture, before in zip(frames, earlier, strict=True)])


def dropped(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """The share `LOST` of the frames, at places drawn by chance, shows the last picture that was not lost. A stronger
    fault has lost the frames of a weaker one, too; never the first."""
    lost = 1 + rng.permutation(len(frames) - 1)[:max(k + 1, round(LOST[k] * len(frames)))]
    kept = np.arange(len(frames))
    kept[lost] = 0
    return frames[np.maximum.accumulate(kept)]


def repeated(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Each picture stays for `HOLD` frames, in even steps, as in a clip of a lower rate."""
    return frames[np.arange(len(frames)) // HOLD[k] * HOLD[k]]


def rolling(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Bands of more and less light, by up to `ROLL` of it, roll down over the picture, as under a lamp on mains."""
    height, phase = frames.shape[1], rng.random()
    spoiled = []
    for n, picture in enumerate(frames):
        wave = np.sin(2 * np.pi * (BANDS * np.arange(height) / height - TURNS * n + phase))
        light = (1 + ROLL[k] * wave).astype(np.float32)[:, None, None]
        spoiled.append(np.clip(np.round(picture * light), 0, 255).astype(np.uint8))
    return np.stack(spoiled)
