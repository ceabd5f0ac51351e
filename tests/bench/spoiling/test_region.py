"""What moves is found under a camera that moves too, and what is behind it comes from where the camera showed it."""
import numpy as np

from vs2.bench.spoiling import events
from vs2.bench.spoiling.kinds import spoil
from vs2.bench.spoiling.region import moving, shift
from vs2.scenes.world import Fault

FRAMES, HEIGHT, WIDTH, PAN, WAY = 20, 80, 120, 2, 5


def panned() -> tuple[np.ndarray, np.ndarray]:
    """A camera that goes right by `PAN` a frame over a rich ground, a square that overtakes it; the ground."""
    rng = np.random.default_rng(2)
    wide = np.kron(rng.integers(60, 190, (HEIGHT // 4, (WIDTH + PAN * FRAMES) // 4, 3), np.uint8),
                   np.ones((4, 4, 1), np.uint8))
    ground = np.stack([wide[:, PAN * n:PAN * n + WIDTH] for n in range(FRAMES)])
    frames = ground.copy()
    for n in range(FRAMES):
        frames[n, 32:48, WAY * n:WAY * n + 16] = 250
    return frames, ground


def test_the_way_of_the_camera_is_that_of_most_of_the_picture():
    frames, ground = panned()
    grey = frames.mean(-1)
    assert [shift(a, b).tolist() for a, b in zip(grey[2:6], grey[3:7], strict=True)] == [[0, -PAN]] * 4
    assert moving(ground) is None, "a camera alone moves nothing"
    found = moving(frames)
    assert found.camera[-1].tolist() == [0, -PAN * (FRAMES - 1)]
    for n in (4, 10, 15):
        assert np.abs(found.centre[n] - (40, WAY * n + 8)).max() <= 8, (n, found.centre[n])


def test_what_vanished_shows_the_ground_where_the_camera_saw_it():
    frames, ground = panned()
    found = spoil(frames, Fault("vanished", 3), 1)
    n = FRAMES // 2
    inner = np.s_[36:44, WAY * n + 4:WAY * n + 12]
    assert np.abs(found.frames[n][inner].astype(int) - ground[n][inner]).mean() < 12
    assert found.first <= n < found.last and found.box[0] <= WAY * n and found.box[2] >= WAY * n + 16


def test_a_thing_that_stays_where_it_is_is_filled_from_around_it():
    rng = np.random.default_rng(4)
    frames = np.full((16, 80, 80, 3), 90, np.uint8)
    for picture in frames:
        picture[34:46, 34:46] = rng.integers(150, 255, (12, 12, 3))
    found = events.vanished(frames, 2, np.random.default_rng(0))
    assert np.abs(found.frames[8, 38:42, 38:42].astype(int) - 90).max() < 25
