"""PQ and HLG are shown as an ordinary screen shows the scene; ordinary video keeps the colours that its tags say."""
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace

from tests.support.clips import write
from tests.support.numbered import picture, shown
from vs2.video import read
from vs2.video.playable import playable
from vs2.video.sampling import Sampling
from vs2.video.worker import colour as video_colour

ALL = Sampling(fps=30.0)  # every frame of a clip of 24 frames a second
WHITE = 203.0  # cd/m2
FROM_709 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])  # BT.2087


def pq(light):
    """Light in parts of white -> PQ code values (BT.2100, inverse EOTF)."""
    power = np.clip(light * WHITE / 10000, 0, 1) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def hlg(light):
    """Light on a screen of 1000 cd/m2 in parts of white -> HLG code values (BT.2100, inverse OOTF and OETF)."""
    screen = np.clip(light * WHITE / 1000, 0, 1)
    luma = (screen @ np.array([0.2627, 0.6780, 0.0593]))[..., None]
    scene = screen * np.maximum(luma, 1e-9) ** ((1 - 1.2) / 1.2)
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene),
                    0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073)


TRANSFERS = {"PQ": ("smpte2084", pq), "HLG": ("arib-std-b67", hlg)}


def deep(path, images, transfer, primaries="bt2020", matrix="bt2020nc", codec="libx265"):
    """float images in 0..1 (code values, [h, w, 3]) as a clip of 10 bits."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=24)
        height, width = images[0].shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p10le"
        tags = {"color_trc": transfer, "color_primaries": primaries, "colorspace": matrix, "color_range": "tv"}
        quiet = {"x265-params": "log-level=none:pools=1", "preset": "ultrafast"} if codec == "libx265" else {}
        stream.options = quiet | tags | {"crf": "12"}
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray((np.clip(image, 0, 1) * 65535).astype(np.uint16), format="rgb48le")
            frame = frame.reformat(format="yuv420p10le", dst_colorspace=Colorspace.BT2020)
            frame.pts, frame.time_base = index, Fraction(1, 24)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def light_2020(image, gamma=2.2):
    """An SDR picture's light, in BT.2020's primaries."""
    return (image / 255.0) ** gamma @ FROM_709.T


@pytest.mark.parametrize("gamma", [2.2, 2.4])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
@pytest.mark.parametrize("kind", TRANSFERS)
def test_hdr_is_near_to_the_same_scene_as_sdr(tmp_path, kind, name, gamma):
    images = [picture(index, 24) for index in range(8)]
    transfer, encode = TRANSFERS[kind]
    clip = read(deep(tmp_path / name, [encode(light_2020(image, gamma)) for image in images], transfer), ALL)
    plain = read(write(tmp_path / "sdr.mp4", images, fps=24), ALL)
    assert np.abs(clip.frames.astype(int) - plain.frames).mean() < (6 if gamma == 2.2 else 10)
    assert shown(clip) == list(range(8)) and clip.metadata.colour == kind
    assert len(clip.warnings) == 1 and f"HDR ({kind})" in clip.warnings[0] and "tone-mapped" in clip.warnings[0]


@pytest.mark.parametrize("kind", TRANSFERS)
def test_what_is_brighter_than_white_keeps_its_order_and_hue(tmp_path, kind):
    steps = np.zeros((64, 320, 3))
    for index, light in enumerate((0.5, 1.0, 2.0, 3.0, 4.5)):
        steps[:, 64 * index:64 * index + 64] = light
    steps[32:] *= (1, 0.25, 0.25)
    transfer, encode = TRANSFERS[kind]
    clip = read(deep(tmp_path / "a.mp4", [encode(steps)] * 8, transfer), ALL)
    columns = [int((64 * index + 32) / 320 * clip.frames.shape[2]) for index in range(5)]
    grey = [int(clip.frames[4, clip.frames.shape[1] // 4, column].mean()) for column in columns]
    assert grey == sorted(set(grey)) and 175 < grey[0] < 200 and 225 < grey[1] < 250 < grey[4] <= 255
    red = [clip.frames[4, clip.frames.shape[1] * 3 // 4, column].astype(int) for column in columns]
    assert all(colour[0] > colour[1] + 50 and abs(colour[1] - colour[2]) < 40 for colour in red)


def test_the_player_gets_the_tone_mapped_picture(tmp_path):
    images = [pq(light_2020(picture(index, 24))) for index in range(8)]
    path = deep(tmp_path / "a.mp4", images, "smpte2084")
    copy = playable(path, tmp_path / "copies")
    with av.open(str(copy)) as file:
        assert file.streams.video[0].codec_context.pix_fmt == "yuv420p"
    assert np.abs(read(copy, ALL).frames.astype(int) - read(path, ALL).frames).mean() < 4


def test_wide_colours_of_standard_range_become_those_of_bt709(tmp_path):
    images = [picture(index, 24) for index in range(8)]
    encoded = [light_2020(image) ** (1 / 2.2) for image in images]
    clip = read(deep(tmp_path / "a.mp4", encoded, "bt2020-10"), ALL)
    plain = read(write(tmp_path / "sdr.mp4", images, fps=24), ALL)
    assert np.abs(clip.frames.astype(int) - plain.frames).mean() < 4 and clip.metadata.colour == "BT.2020"


@pytest.mark.parametrize("tags, levels", [
    ({}, "tv"), ({"colorspace": "bt709"}, "tv"), ({"colorspace": "smpte170m"}, "tv"), ({"colorspace": "bt709"}, "pc"),
    ({"colorspace": "smpte170m"}, "pc"), ({"colorspace": "bt2020nc"}, "tv"), ({"colorspace": "smpte240m"}, "tv"),
])
def test_matrix_and_range_are_those_of_the_tags(tmp_path, tags, levels):
    colours = [(200, 60, 40), (40, 180, 60), (50, 60, 200), (255, 255, 255), (0, 0, 0), (128, 128, 128)]
    image = np.repeat(np.repeat(np.array([colours], np.uint8), 48, 0), 48, 1)
    spaces = {"bt709": "ITU709", "smpte170m": "ITU601", "bt2020nc": "BT2020", "smpte240m": "SMPTE240M"}
    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        stream = output.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 288, 48, "yuv420p"
        stream.options = {**tags, "color_range": levels, "crf": "8"}
        for index in range(8):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
                format="yuv420p", dst_colorspace=Colorspace[spaces[tags.get("colorspace", "smpte170m")]],
                dst_color_range="JPEG" if levels == "pc" else "MPEG")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    clip = read(tmp_path / "a.mp4", Sampling(min_pixels=28 * 28, max_pixels=28 * 28 * 40))
    seen = [clip.frames[0, clip.frames.shape[1] // 2, int((index + 0.5) / 6 * clip.frames.shape[2])]
            for index in range(6)]
    assert np.abs(np.array(seen, int) - colours).max() < 8
    assert clip.metadata.colour == "" and clip.warnings == ()


def test_a_large_picture_of_high_range_is_scaled_down_first(tmp_path):
    image = np.full((1440, 2560, 3), 0.5)
    clip = read(deep(tmp_path / "a.mp4", [image] * 4, "smpte2084", codec="libx264"))
    assert (clip.metadata.width, clip.metadata.height) == (2560, 1440)
    assert np.ptp(clip.frames) <= 2 and clip.frames.shape[1:3] == Sampling().size(4, 1440, 2560)


def test_the_curve_is_the_identity_below_the_knee_and_ends_at_white():
    light = np.linspace(0, video_colour.PEAK, 500, dtype=np.float32)
    bent = np.stack([light, light, light])
    video_colour.bend(bent)
    low = light <= video_colour.KNEE
    assert (bent[:, low] == light[low]).all()
    assert (np.diff(bent[0]) > 0).all() and bent[0, -1] == pytest.approx(1, abs=1e-5)
