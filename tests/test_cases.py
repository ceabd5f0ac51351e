"""The small files of ../shared/cases, each of which stands for its kind: read right.

    python -m tests.test_cases        # prints the table of docs/files.md

Every frame of them has its number in it (tests/support/numbered.py), so what is shown is checked frame by frame.
"""
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import SHARED
from tests.support.numbered import number
from vs2.video import Clip, read
from vs2.video.sampling import Sampling

ALL = Sampling(fps=60.0)
OTHERS = "would have seen others"
# File -> (numbers of the frames shown, frames a second, size as displayed, words of a warning)
FRAMES = {
    "plain.mp4": (range(48), 24, (320, 240), ""),
    "trimmed.mp4": (range(34, 72), 24, (320, 240), OTHERS),
    "no_first_keyframe.mp4": (range(48, 72), 24, (320, 240), OTHERS),
    "hevc_open.mp4": (range(200), 24, (320, 240), OTHERS),
    "h264_open.mp4": (range(200), 24, (320, 240), OTHERS),
    "recorder.webm": (range(150), 30, (320, 240), OTHERS),
    "cyrillic_metadata.mov": (range(48), 24, (320, 240), ""),
    "hdr10_pq.mp4": (range(24), 24, (320, 240), "tone-mapped"),
    "mirror_h.mp4": (range(48), 24, (320, 240), "mirrored"),
    "sar.mp4": (range(24), 25, (1024, 576), "not square"),
    "sar_square.mp4": (range(24), 25, (1024, 576), ""),
    "animated.webp": (range(32), 1000 / 62, (320, 240), ""),
    "transport_stream.ts": (range(48), 24, (320, 240), ""),
}


@pytest.fixture(scope="module")
def cases(shared) -> Path:
    folder = shared / "cases"
    if not folder.exists():
        pytest.skip("needs ../shared/cases, which is not part of the project")
    return folder


def numbers(clip: Clip, name: str) -> list[int]:
    images = clip.frames[:, :, ::-1] if name == "mirror_h.mp4" else clip.frames
    return [number(image, FRAMES[name][2]) for image in images]


def disc(image: np.ndarray) -> tuple[float, float, float]:
    """Width, height and middle (0 left to 1 right) of the red disc."""
    red = (image[..., 0].astype(int) - image[..., 1] > 80)
    return float(red.any(0).sum()), float(red.any(1).sum()), float(np.nonzero(red)[1].mean() / image.shape[1])


@pytest.mark.parametrize("name", FRAMES)
def test_case(cases, name):
    expected, fps, size, words = FRAMES[name]
    clip = read(cases / name, ALL)
    assert numbers(clip, name) == list(expected)
    assert clip.metadata.total_frames == len(expected)
    assert clip.metadata.fps == pytest.approx(fps, rel=0.02)
    assert (clip.metadata.width, clip.metadata.height) == size
    assert clip.metadata.duration == pytest.approx(len(expected) / fps, abs=0.06)
    assert any(words in warning for warning in clip.warnings) if words else len(clip.warnings) <= 1


def test_ten_frames_of_the_recorder_at_two_a_second(cases):
    assert len(read(cases / "recorder.webm").frames) == 10


def test_hdr_is_near_to_the_scene_in_standard_range(cases):
    made, plain = (read(cases / name, ALL).frames.astype(int) for name in ("hdr10_pq.mp4", "hdr10_pq_as_sdr.mp4"))
    assert np.abs(made - plain).mean() < 5


def test_the_mirrored_disc_moves_to_the_left_and_stays_upright(cases):
    plain, mirrored = (read(cases / name, ALL).frames for name in ("plain.mp4", "mirror_h.mp4"))
    assert disc(mirrored[0])[2] > 0.6 > 0.4 > disc(mirrored[-1])[2]
    assert np.abs(mirrored[:, :, ::-1].astype(int) - plain).mean() < 3


def test_the_disc_of_other_pixels_is_round(cases):
    across, down, _ = disc(read(cases / "sar.mp4").frames[0])
    assert across / down == pytest.approx(1, rel=0.06)


def facts(folder: Path, name: str) -> tuple[str, str]:
    """What is right, and what is read, in words."""
    expected, fps, (width, height), words = FRAMES[name]
    clip = read(folder / name, ALL)
    seen, data = numbers(clip, name), clip.metadata
    same = "the same" if seen == list(expected) else f"{len(seen)} others"
    return (f"{len(expected)} frames, {expected[0]} to {expected[-1]}, {fps:.4g} a second, {width} x {height}"
            + (f"; said: {words}" if words else ""),
            f"{data.total_frames} frames, {same}, {data.fps:.4g} a second, {data.width} x {data.height}"
            + (f"; said: {words}" if words and any(words in line for line in clip.warnings) else ""))


def table(shared: Path = SHARED) -> str:
    rows = ["| file | right | as read |", "|---|---|---|"]
    return "\n".join(rows + [f"| {name} | {right} | {read} |" for name in FRAMES
                             for right, read in [facts(shared / "cases", name)]])


if __name__ == "__main__":
    print(table())
