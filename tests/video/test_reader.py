"""Reading good clips: every format, the right frames at the right times, as the published system reads them."""
import json
import subprocess
import sys

import numpy as np
import pytest

from tests.support.clips import RED, centre_x, moving_square
from vs2.video import Limits, read
from vs2.video.sampling import Sampling

FORMATS = {
    "h264.mp4": {}, "hevc.mp4": {"codec": "libx265"}, "av1.mp4": {"codec": "libsvtav1"},
    "mpeg4.mp4": {"codec": "mpeg4"},
    "vp9.webm": {"codec": "libvpx-vp9"}, "vp8.webm": {"codec": "libvpx"}, "h264.mov": {}, "h264.mkv": {},
    "mpeg4.avi": {"codec": "mpeg4"}, "any.gif": {"codec": "gif", "fps": 10},
    "sound.mp4": {"audio": True}, "sound.webm": {"codec": "libvpx-vp9", "audio": True},
    "odd.mp4": {"size": (97, 65), "pixels": "yuv444p"}, "portrait.mp4": {"size": (64, 96)},
    "odd.webm": {"codec": "libvpx-vp9", "size": (97, 65)}, "ten.mkv": {"codec": "libx265", "pixels": "yuv420p10le"},
}
# Formats whose colours PyAV makes otherwise than decord: there decord is needed.
BY_DECORD = ("odd.webm", "ten.mkv")


def square_colour(frame):
    """The mean colour of the coloured square in a frame."""
    return frame[frame.max(-1).astype(int) - frame.min(-1) > 100].mean(0)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_upright_frames_in_order_and_colour(tmp_path, name):
    options = FORMATS[name]
    path = moving_square(tmp_path / name, **{"frames": 12, "fps": 8} | options)
    clip = read(path)
    fps = options.get("fps", 8)
    width, height = options.get("size", (96, 64))
    assert clip.metadata.backend == ("decord" if name in BY_DECORD else "pyav")
    assert (clip.metadata.width, clip.metadata.height, clip.metadata.total_frames) == (width, height, 12)
    assert clip.metadata.fps == pytest.approx(fps, rel=0.001)
    assert clip.metadata.duration == pytest.approx(12 / fps, abs=1 / fps)
    assert clip.metadata.indices == (0, 4, 7, 11)
    assert clip.times == pytest.approx([index / fps for index in clip.metadata.indices], abs=0.011)
    assert clip.frames.dtype == np.uint8 and clip.frames.flags.c_contiguous
    assert clip.frames.shape == (4, *Sampling().size(4, height, width), 3)
    across = [centre_x(frame) for frame in clip.frames]
    assert across == sorted(across) and across[0] < 0.3 < 0.7 < across[-1]
    assert np.abs(square_colour(clip.frames[0]) - RED).max() < 40
    assert clip.warnings == ()


@pytest.mark.parametrize("colour", [(20, 40, 225), (30, 200, 40)])
def test_another_clip_gives_its_own_colour(tmp_path, colour):
    assert np.abs(square_colour(read(moving_square(tmp_path / "a.mp4", colour=colour)).frames[0]) - colour).max() < 40


@pytest.mark.parametrize("name", ["turned.mp4", "turned.mov"])
@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_clip_turned_by_metadata_is_upright(tmp_path, name, rotation):
    plain = read(moving_square(tmp_path / "plain.mp4"))
    clip = read(moving_square(tmp_path / name, rotation=rotation))
    assert clip.metadata.rotation == rotation
    assert (clip.metadata.width, clip.metadata.height) == ((96, 64) if rotation == 180 else (64, 96))
    expected = np.rot90(plain.frames, -rotation // 90, axes=(1, 2))
    assert np.abs(clip.frames.astype(int) - expected).mean() < 1


def test_variable_frame_rate_gives_the_true_times(tmp_path):
    times = [0, .1, .2, .3, 1.0, 1.1, 2.0, 2.1, 2.2, 2.3, 2.4, 2.5]
    for name in ("vfr.mp4", "vfr.mkv"):
        clip = read(moving_square(tmp_path / name, times=times))
        assert clip.times == pytest.approx([times[index] for index in clip.metadata.indices], abs=0.002)
        assert "frame rate" in clip.warnings[0]


@pytest.mark.parametrize("frames, indices", [(1, (0, 0)), (2, (0, 1)), (3, (0, 2)), (4, (0, 1, 2, 3)),
                                             (5, (0, 1, 3, 4))])
def test_very_short_clips(tmp_path, frames, indices):
    for name in ("short.mp4", "short.webm", "short.gif"):
        codec = {"mp4": "mpeg4", "webm": "libvpx-vp9", "gif": "gif"}[name[6:]]
        clip = read(moving_square(tmp_path / name, codec=codec, frames=frames, fps=10))
        assert clip.metadata.indices == indices, name
        assert len(clip.frames) == len(clip.times) == len(indices)
        assert any("single frame" in warning for warning in clip.warnings) == (frames == 1)


def test_sampling_is_the_callers(tmp_path):
    path = moving_square(tmp_path / "a.mp4", frames=48, fps=24)
    assert read(path).metadata.indices == (0, 16, 31, 47)
    clip = read(path, Sampling(fps=8.0, max_frames=6, min_pixels=28 * 28, max_pixels=56 * 84))
    assert len(clip.frames) == 6 and clip.frames.shape[1:3] == (56, 84)


@pytest.mark.parametrize("options", [
    {}, {"codec": "mpeg4"}, {"options": {"bf": "3", "g": "9"}}, {"pixels": "yuvj420p"}, {"pixels": "yuv444p"},
    {"pixels": "yuv422p"}, {"pixels": "yuv444p", "size": (321, 243)}, {"pixels": "yuv420p10le"},
    {"codec": "libx265"}, {"codec": "libx265", "pixels": "yuv420p10le"},
    {"options": {"colorspace": "bt709", "color_range": "tv"}}, {"options": {"colorspace": "smpte170m"}},
    {"options": {"colorspace": "bt709", "color_range": "pc"}}, {"options": {"colorspace": "bt2020nc"}},
])
def test_frames_are_bit_for_bit_those_of_the_published_reader(tmp_path, options):
    """As qwen-vl-utils 0.0.14 does it: decord's whole batch, then one torchvision resize of uint8 TCHW."""
    import decord
    import torch
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.functional import resize

    path = moving_square(tmp_path / "a.mp4", **{"frames": 40, "fps": 12, "size": (322, 242)} | options)
    clip = read(path)
    reader = decord.VideoReader(str(path))
    batch = torch.tensor(reader.get_batch(list(clip.metadata.indices)).asnumpy()).permute(0, 3, 1, 2)
    expected = resize(batch, list(clip.frames.shape[1:3]), InterpolationMode.BICUBIC, antialias=True)
    assert (clip.metadata.total_frames, clip.metadata.fps) == (len(reader), reader.get_avg_fps())
    assert clip.metadata.backend == ("decord" if options.get("pixels") == "yuv420p10le" else "pyav")
    assert (torch.from_numpy(clip.frames).permute(0, 3, 1, 2) == expected).all()


def test_real_clips_have_the_published_count_and_size(shared):
    golden = json.loads((shared / "golden" / "golden.json").read_text())
    assert len(golden) > 10
    for name, facts in golden.items():
        clip = read(shared / "data" / "videos" / name)
        assert clip.frames.shape == (facts["frames"], facts["height"], facts["width"], 3), name
        assert clip.warnings == () and clip.times[0] == 0.0


def test_importing_the_reader_does_not_import_torch():
    code = "import sys, vs2.video; sys.exit(any(m in sys.modules for m in ('torch', 'av', 'decord')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_path_with_odd_characters_and_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    moving_square(tmp_path / "http: 100% \u00e9 #1.mp4")
    assert len(read("http: 100% \u00e9 #1.mp4", limits=Limits(deadline=60)).frames) == 4
