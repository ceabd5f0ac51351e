"""Turned, mirrored and stretched as players show it: every display matrix, every shape of a pixel."""
import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from tests.support.clips import write
from tests.support.numbered import picture
from vs2.video import read
from vs2.video.playable import playable
from vs2.video.sampling import Sampling
from vs2.video.worker.display import Display

SIZE = (96, 64)
# What the eight matrices (a, b, c, d) make of a picture; x goes right, y down (ISO 14496-12).
SHOWN = {
    (1, 0, 0, 1): lambda image: image,
    (0, 1, -1, 0): lambda image: np.rot90(image, -1),
    (-1, 0, 0, -1): lambda image: np.rot90(image, 2),
    (0, -1, 1, 0): lambda image: np.rot90(image, 1),
    (-1, 0, 0, 1): lambda image: image[:, ::-1],
    (1, 0, 0, -1): lambda image: image[::-1],
    (0, 1, 1, 0): lambda image: np.swapaxes(image, 0, 1),
    (0, -1, -1, 0): lambda image: np.swapaxes(image, 0, 1)[::-1, ::-1],
}


def corners() -> np.ndarray:
    """A picture whose corners differ."""
    image = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    for place, colour in (((0, 0), (220, 30, 30)), ((0, 1), (30, 200, 40)), ((1, 0), (20, 40, 225)),
                          ((1, 1), (230, 230, 230))):
        image[place[0] * 32:place[0] * 32 + 32, place[1] * 48:place[1] * 48 + 48] = colour
    return image


def matrix(path, a, b, c, d):
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 44
    data[start:start + 36] = struct.pack(">9i", round(a * 65536), round(b * 65536), 0, round(c * 65536),
                                         round(d * 65536), 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def pixels(path, size, shape):
    """A clip of a round disc, its pixels of the shape `shape`, as stored."""
    image = picture(12, 24, size, stretch=float(shape))
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.sample_aspect_ratio = shape
        for index in range(8):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def disc(image) -> tuple[float, float]:
    """Width and height of the red disc."""
    red = (image[..., 0] > 150) & (image[..., 1] < 90)
    return float(red.any(0).sum()), float(red.any(1).sum())


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4"])
@pytest.mark.parametrize("way", SHOWN, ids=str)
def test_every_matrix(tmp_path, way, codec):
    path = matrix(write(tmp_path / "turned.mp4", [corners()] * 8, codec), *way)
    clip = read(path, Sampling(min_pixels=28 * 28, max_pixels=28 * 28 * 12))
    expected = SHOWN[way](corners())
    assert (clip.metadata.height, clip.metadata.width) == expected.shape[:2]
    for row in (0.25, 0.75):
        for column in (0.25, 0.75):
            seen, made = (image[int(row * image.shape[0]), int(column * image.shape[1])].astype(int)
                          for image in (clip.frames[0], expected))
            assert np.abs(seen - made).max() < 40
    mirrored = way[0] * way[3] - way[1] * way[2] < 0
    assert clip.metadata.mirrored == mirrored
    assert any("mirrored" in warning for warning in clip.warnings) == mirrored


def test_the_player_shows_what_the_judge_sees(tmp_path):
    path = matrix(write(tmp_path / "mirror.mp4", [corners()] * 8), -1, 0, 0, 1)
    copy = playable(path, tmp_path / "copies")
    assert copy != path
    assert np.abs(read(copy).frames.astype(int) - read(path).frames).mean() < 3


@pytest.mark.parametrize("degrees, way", [(3, (1, 0, 0, 1)), (88, (0, 1, -1, 0)), (200, (-1, 0, 0, -1)),
                                          (-80, (0, -1, 1, 0))])
def test_odd_angles_and_scales_go_to_the_nearest(degrees, way):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    for scale in (0.5, 1, 3):
        for flip in (1, -1):
            a, b, c, d = flip * cos, flip * sin, -sin, cos
            packed = struct.pack("=9i", *(round(65536 * scale * value) for value in (a, b, 0, c, d, 0, 0, 0, 0)))
            display = Display.of(packed, None)
            image = corners()
            expected = SHOWN[way](image[:, ::-1] if flip < 0 else image)
            assert (display.upright(image) == expected).all()


@pytest.mark.parametrize("bad", [b"", bytes(36), b"\0" * 20])
def test_a_matrix_that_says_nothing_turns_nothing(bad):
    assert Display.of(bad, None).plain


@pytest.mark.parametrize("name, size, shape, displayed", [
    ("pal.mp4", (720, 576), Fraction(64, 45), (1024, 576)), ("pal.mkv", (720, 576), Fraction(64, 45), (1024, 576)),
    ("pal.ts", (720, 576), Fraction(64, 45), (1024, 576)), ("tall.mp4", (720, 480), Fraction(8, 9), (720, 540)),
    ("hdv.mov", (288, 216), Fraction(4, 3), (384, 216)), ("square.mp4", (320, 240), Fraction(1), (320, 240)),
    ("absurd.mp4", (320, 240), Fraction(1, 100), (320, 240)),
])
def test_pixels_that_are_not_square(tmp_path, name, size, shape, displayed):
    made = shape if displayed != size else Fraction(1)
    path = pixels(tmp_path / name, size, made)
    if made != shape:
        path = pixels(tmp_path / name, size, shape)
    clip = read(path)
    assert (clip.metadata.width, clip.metadata.height) == displayed
    assert clip.frames.shape[1:3] == Sampling().size(4, displayed[1], displayed[0])
    if name != "absurd.mp4":
        across, down = disc(clip.frames[0])
        exact = clip.frames.shape[2] / displayed[0] / (clip.frames.shape[1] / displayed[1])  # multiples of 28
        assert across / down == pytest.approx(exact, rel=0.04)
    odd = size != displayed
    assert any("not square" in warning for warning in clip.warnings) == odd
    assert clip.metadata.pixel == pytest.approx(float(shape) if odd else 1)


def test_the_player_gets_square_pixels(tmp_path):
    copy = playable(pixels(tmp_path / "pal.mp4", (720, 576), Fraction(64, 45)), tmp_path / "copies")
    with av.open(str(copy)) as file:
        frame = next(file.decode(video=0))
        assert (frame.width, frame.height) == (1024, 576)
        across, down = disc(frame.to_ndarray(format="rgb24"))
    assert across / down == pytest.approx(1, rel=0.04)


def test_stretched_and_turned(tmp_path):
    path = matrix(pixels(tmp_path / "phone.mp4", (720, 576), Fraction(64, 45)), 0, 1, -1, 0)
    clip = read(path)
    # A matrix and a shape both: the matrix turns what was stretched.
    assert (clip.metadata.width, clip.metadata.height, clip.metadata.rotation) == (576, 1024, 90)
    across, down = disc(clip.frames[0])
    assert across / down == pytest.approx(1, rel=0.06)
