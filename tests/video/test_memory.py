"""Frames in memory are the clip that a lossless file of them is."""
import numpy as np
import pytest
from PIL import Image

from tests.support.clips import picture
from vs2 import video
from vs2.errors import BadInput
from vs2.video.memory import clip_of
from vs2.video.sampling import Sampling


@pytest.mark.parametrize("count, fps, size", [(1, 8.0, (96, 64)), (2, 8.0, (96, 64)), (9, 4.0, (61, 133)),
                                              (48, 16.0, (320, 180))])
def test_frames_are_read_as_a_folder_of_them(tmp_path, count, fps, size):
    frames = np.stack([picture(index, count, size) for index in range(count)])
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / f"frame_{index:03}.png")
    read, made = video.read(tmp_path, fps=fps), clip_of(frames, fps, name=tmp_path.name)
    np.testing.assert_array_equal(made.frames, read.frames)
    assert made.times == pytest.approx(read.times) and made.warnings == read.warnings
    for name in ("name", "width", "height", "fps", "total_frames", "duration", "indices", "container", "rotation"):
        assert getattr(made.metadata, name) == getattr(read.metadata, name), name


def test_what_is_read_is_not_changed_by_what_is_sampled():
    frames = np.stack([picture(index, 48) for index in range(48)])
    assert len(clip_of(frames, 16.0, Sampling(fps=1.0)).frames) == 4
    assert clip_of(frames, 16.0, Sampling(fps=1.0)).metadata.indices == tuple(Sampling(fps=1.0).indices(48, 16.0))


@pytest.mark.parametrize("frames, fps, why", [
    (np.zeros((4, 8, 8, 3)), 8, "uint8"), (np.zeros((4, 8, 8), np.uint8), 8, "uint8"),
    (np.zeros((4, 3, 8, 8), np.uint8), 8, "uint8"), (np.zeros((0, 8, 8, 3), np.uint8), 8, "uint8"),
    (np.zeros((4, 8, 8, 3), np.uint8), 0, "fps is 0"),
    (np.zeros((4, 8, 8, 3), np.uint8), float("nan"), "fps is nan"),
    (np.zeros((1, 8200, 1, 3), np.uint8), 8, "more than the limit of 8192"),
    (np.zeros((4, 1, 900, 3), np.uint8), 8, "too narrow"),
    (np.zeros((700, 1, 1, 3), np.uint8), 1, "700 frames, 700 s")])
def test_what_is_no_clip_is_refused(frames, fps, why):
    with pytest.raises(BadInput, match=why):
        clip_of(frames, fps)
