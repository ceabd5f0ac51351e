"""What happens from frame to frame: which neighbours are looked at, and that a file and its frames in memory agree."""
import numpy as np
import pytest

from vs2 import video
from vs2.scenes import film
from vs2.video import pulse
from vs2.video.memory import clip_of
from vs2.video.sampling import Sampling


def moving(count: int = 20, height: int = 112, width: int = 168) -> np.ndarray:
    """A picture of waves that drifts evenly to the right."""
    y, x = np.mgrid[0:height, 0:width] / 12
    return np.stack([np.repeat((127 + 90 * np.sin(x - 0.3 * n) * np.cos(y))[..., None], 3, -1)
                     for n in range(count)]).astype(np.uint8)


@pytest.mark.parametrize("total", [1, 2, 7, 64, 65, 100, 1000])
def test_all_neighbours_are_looked_at_or_as_many_as_asked_for_in_runs(total):
    indices = Sampling(min_frames=8, max_frames=8).indices(total, 24.0)
    found = pulse.chosen(total, indices, 64)
    assert found == sorted(set(found)) and found[0] >= 0 and found[-1] < total and len(found) <= 64
    if total <= 64:
        assert found == list(range(total))
    else:
        felt = pulse.Pulse(tuple(found), np.zeros((len(found), 5, 32, 32), np.uint8))
        assert felt.follows.mean() > 0.8 and set(indices[:-1]) <= set(found)
        assert found[-1] == total - 1, "the end of the clip too"


def test_a_thumbnail_is_the_mean_of_what_it_stands_for_and_pieces_are_of_the_judges_size():
    picture = np.random.default_rng(0).integers(0, 256, (128, 192)).astype(np.uint8)
    found = pulse.small(picture)
    assert found.shape == (1 + pulse.PIECES, pulse.SIDE, pulse.SIDE) and found.nbytes == pulse.BYTES
    assert abs(int(found[0, 0, 0]) - picture[:4, :6].mean()) <= 1
    assert (found[1] == picture[16:48, 32:64]).all() and (found[4] == picture[80:112, 128:160]).all()
    assert pulse.small(picture[:30, :20]).shape == found.shape, "what is too small for pieces is stretched"


def test_nobody_looks_at_neighbours_who_was_not_asked_to(tmp_path):
    path = film.write_frames(moving(), tmp_path / "clip.mp4", 10.0)
    assert video.read(path).pulse is None
    assert clip_of(moving(), 10.0).pulse is None


def test_a_file_says_what_its_frames_say(tmp_path):
    frames, sampling = moving(), Sampling(min_frames=8, max_frames=8, min_pixels=784, max_pixels=112 * 168, pulse=64)
    path = film.write_frames(frames, tmp_path / "clip.mp4", 10.0)
    read, held = video.read(path, sampling), clip_of(frames, 10.0, sampling)
    assert read.pulse.numbers == held.pulse.numbers == tuple(range(20))
    far = np.abs(read.pulse.small.astype(int) - held.pulse.small)
    assert far[:, 0].mean() < 3 and far.mean() < 4, "the same pictures, by way of a file"
    assert read.frames.shape == held.frames.shape == (8, 112, 168, 3)


def test_numbered_pictures_have_a_pulse_too(tmp_path):
    from PIL import Image

    for number, frame in enumerate(moving(10)):
        Image.fromarray(frame).save(tmp_path / f"{number:03d}.png")
    sampling = Sampling(min_frames=4, max_frames=4, min_pixels=784, max_pixels=112 * 168, pulse=16)
    read, held = video.read(tmp_path, sampling, fps=5.0), clip_of(moving(10), 5.0, sampling)
    assert (read.pulse.small == held.pulse.small).all() and len(read.pulse.small) == 10
