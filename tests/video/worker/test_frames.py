"""Frame i is frame i: whatever hides, leads or is leant on, the judge sees what players show, and is told of it."""
import shutil

import av
import numpy as np
import pytest

from tests.support.numbered import avi, edit, elementary, numbered, picture, remux, shown
from vs2.video import read
from vs2.video.sampling import Sampling

ALL = Sampling(fps=30.0)  # every frame of a clip of 24 frames a second
OTHERS = "the published reader would have seen others"
COUNT = 72
X265 = "log-level=none:pools=1:keyint=24:min-keyint=24:scenecut=0:bframes=3:open-gop="
# Name -> how it is made. Groups of 24 (MPEG-2: 12) frames.
STREAMS = {
    "h264": {"options": {"g": "24", "bf": "2"}},
    "h264 without B": {"options": {"g": "24", "bf": "0"}},
    "h264 open": {"options": {"g": "24", "bf": "3", "x264-params": "open-gop=1:scenecut=0"}},
    "h264 refresh": {"options": {"bf": "0", "x264-params": "intra-refresh=1:keyint=24"}},
    "hevc": {"codec": "libx265", "options": {"x265-params": X265 + "0"}},
    "hevc open": {"codec": "libx265", "options": {"x265-params": X265 + "1"}},
    "mpeg4": {"codec": "mpeg4", "options": {"g": "24", "b": "2000000"}},
    "mpeg4 B": {"codec": "mpeg4", "options": {"g": "24", "bf": "2", "b": "2000000"}},
    "mpeg2 B": {"codec": "mpeg2video", "options": {"g": "12", "bf": "2", "b": "4000000"}},
    "av1": {"codec": "libsvtav1", "options": {"g": "24"}},
}
# Seconds from the first packet's decoding to the first frame's showing, which an edit list counts in.
DELAY = {"h264": 2 / 24, "h264 open": 2 / 24, "hevc": 2 / 24, "hevc open": 2 / 24, "mpeg4 B": 1 / 24, "mpeg2 B": 1 / 24}


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    """make(name, suffix) -> a numbered clip of that stream, made once."""
    folder, made = tmp_path_factory.mktemp("streams"), {}

    def make(name, suffix="mp4"):
        if (name, suffix) not in made:
            path = folder / f"{name.replace(' ', '_')}.{suffix}"
            made[name, suffix] = numbered(path, frames=COUNT, **STREAMS[name])
        return made[name, suffix]

    return make


def check(path, numbers, others, fps=24.0):
    """The judge sees exactly these frames, 24 a second, and `others` says whether a warning tells of the published
    reader."""
    clip = read(path, ALL)
    assert shown(clip) == list(numbers)
    assert clip.metadata.total_frames == len(numbers)
    assert clip.metadata.fps == pytest.approx(fps, rel=0.01)
    assert clip.times == pytest.approx([index / fps for index in range(len(numbers))], abs=0.002)
    assert any(OTHERS in warning for warning in clip.warnings) == others, clip.warnings
    assert all(warning.endswith(".") and "\n" not in warning for warning in clip.warnings)
    assert len(clip.warnings) == others
    return clip


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_from_its_start(streams, name):
    check(streams(name), range(COUNT), others=name in ("h264 open", "h264 refresh", "hevc open", "mpeg4 B", "mpeg2 B"))


EDITS = {
    "start": ([(1.25, 34 / 24)], range(34, 64)),
    "end": ([(1.5, 0.0)], range(36)),
    "both": ([(1.0, 10 / 24)], range(10, 34)),
    "delayed": ([(1.0, None), (1.0, 10 / 24)], range(10, 34)),
    "twice": ([(0.5, 26 / 24), (0.5, 26 / 24)], [*range(26, 38), *range(26, 38)]),
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("cut", EDITS)
def test_edit_lists(tmp_path, streams, name, cut):
    edits, numbers = EDITS[cut]
    path = edit(shutil.copy(streams(name), tmp_path / "cut.mp4"),
                [(length, None if start is None else start + DELAY.get(name, 0)) for length, start in edits])
    check(path, numbers, others=True)


def test_an_edit_list_that_begins_at_a_keyframe_is_what_the_published_reader_shows_too(tmp_path, streams):
    path = edit(shutil.copy(streams("h264"), tmp_path / "cut.mp4"), [(2.0, 26 / 24)])
    check(path, range(24, 72), others=False)


def test_several_edits_skip_what_is_between_them(tmp_path, streams):
    path = edit(shutil.copy(streams("h264 without B"), tmp_path / "cut.mp4"), [(0.5, 6 / 24), (0.5, 40 / 24)])
    check(path, [*range(6, 18), *range(40, 52)], others=True)


# Where the stream begins -> the first frame that can be shown.
HEADLESS = {"h264": 24, "h264 without B": 24, "h264 open": 24, "hevc": 24, "hevc open": 24, "mpeg4": 24, "mpeg4 B": 24,
            "mpeg2 B": 12}


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("name", HEADLESS)
def test_a_clip_that_begins_between_keyframes(tmp_path, streams, name, suffix):
    path = remux(streams(name), tmp_path / f"late.{suffix}", keep=lambda index, packet: index >= 8)
    check(path, range(HEADLESS[name], COUNT), others=True)


@pytest.mark.parametrize("suffix", ["ts", "avi"])
@pytest.mark.parametrize("name", ["h264", "mpeg4", "mpeg2 B"])
def test_a_stream_that_begins_between_keyframes(tmp_path, streams, name, suffix):
    whole = streams(name, suffix)
    if suffix == "avi":
        fourcc = {"h264": b"H264", "mpeg4": b"XVID", "mpeg2 B": b"MPG2"}[name]
        path = avi(tmp_path / "late.avi", elementary(whole)[8:], fourcc)
    else:
        path = remux(whole, tmp_path / "late.ts", keep=lambda index, packet: index >= 8)
    check(path, range(HEADLESS[name], COUNT), others=True)


def test_intra_refresh_from_the_middle_begins_where_the_picture_is_whole(tmp_path, streams):
    path = remux(streams("h264 refresh"), tmp_path / "late.mkv", keep=lambda index, packet: index >= 8)
    clip = read(path, ALL)
    numbers = shown(clip)
    assert numbers == list(range(numbers[0], COUNT)) and 24 <= numbers[0] <= 48
    assert np.abs(clip.frames[-1].astype(int) - read(streams("h264 refresh"), ALL).frames[-1]).mean() < 1


@pytest.mark.parametrize("suffix", ["ts", "mkv", "avi", "mov"])
@pytest.mark.parametrize("name", ["h264", "h264 without B", "mpeg4", "mpeg4 B", "mpeg2 B"])
def test_containers(streams, name, suffix):
    astray = (suffix == "ts" and name == "h264") or (suffix == "avi" and "h264" in name)
    check(streams(name, suffix), range(COUNT), others=astray or name in ("mpeg4 B", "mpeg2 B"))


@pytest.mark.parametrize("shift", [2**33 / 90000 - 2.2, 40000.0])
def test_the_clock_of_a_transport_stream_may_start_anywhere_and_overflow(tmp_path, streams, shift):
    path = remux(streams("h264"), tmp_path / "late.ts", shift=shift, mpegts_copyts="1")
    assert read(path).metadata.duration == pytest.approx(3.0)
    check(path, range(COUNT), others=True)


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "frag_every_frame+empty_moov+default_base_moof"])
def test_fragments(tmp_path, streams, flags):
    check(remux(streams("h264"), tmp_path / "live.mp4", movflags=flags), range(COUNT), others=False)


def test_an_avi_holds_frames_with_empty_packets(tmp_path, streams):
    packets = elementary(streams("mpeg4", "avi"))
    path = avi(tmp_path / "held.avi", packets[:10] + [(b"", False)] * 3 + packets[10:], b"XVID")
    clip = read(path, ALL)
    assert shown(clip) == list(range(COUNT))
    assert clip.times[9:12] == pytest.approx([9 / 24, 13 / 24, 14 / 24], abs=0.002)
    assert not any("promises" in warning for warning in clip.warnings)


def test_two_frames_in_one_packet_of_an_avi(tmp_path):
    """As DivX and XviD packed B-frames: the next frame that is stored with one, then a packet that says nothing."""
    path = numbered(tmp_path / "b.avi", codec="mpeg4", frames=48, options={"g": "24", "bf": "1", "b": "2000000"})
    packets, packed = elementary(path), []
    (first, key), rest = packets[0], packets[1:]
    start = first.index(b"\0\0\1\xb6")
    packed.append((first[:start] + b"\0\0\1\xb2DivX503b1393p" + first[start:], key))
    while rest:
        data, key = rest.pop(0)
        if rest and rest[0][0][4] >> 6 == 2:  # a B-frame (ISO 14496-2, vop_coding_type)
            packed += [(data + rest.pop(0)[0], key), (b"\0\0\1\xb6\x50\x07", False)]
        else:
            packed.append((data, key))
    check(avi(tmp_path / "packed.avi", packed, b"DX50"), range(48), others=True)


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_frames_that_are_never_shown(tmp_path, codec):
    """VP8 and VP9 keep frames that others are made from; they have packets of their own, or share them."""
    path = numbered(tmp_path / "alt.webm", codec=codec, frames=COUNT, options={
        "g": "72", "auto-alt-ref": "1", "lag-in-frames": "16", "deadline": "good", "cpu-used": "5", "b": "1000000"})
    check(path, range(COUNT), others=False)


def test_frames_with_the_same_time_are_all_shown(tmp_path):
    path = numbered(tmp_path / "pairs.mkv", frames=48, times=[index // 2 * 2 / 24 for index in range(48)],
                    options={"bf": "0"})
    clip = read(path, ALL)
    assert shown(clip) == list(range(48)) and any(OTHERS in warning for warning in clip.warnings)
    assert clip.times[:4] == pytest.approx([0, 0, 2 / 24, 2 / 24], abs=0.002)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_variable_rate_that_the_container_knows_or_contradicts(tmp_path, suffix):
    times = [(index + index // 10 * 7) / 24 for index in range(COUNT)]
    clip = read(numbered(tmp_path / f"vfr.{suffix}", frames=COUNT, times=times), Sampling(fps=2.0))
    rate = COUNT / (times[-1] + 1 / 24)
    assert clip.metadata.fps == pytest.approx(rate, rel=0.1)  # the container's own, where it is near
    assert len(clip.frames) == int(COUNT / clip.metadata.fps * 2) // 2 * 2
    assert shown(clip) == list(clip.metadata.indices)
    assert clip.times == pytest.approx([times[index] for index in clip.metadata.indices], abs=0.002)
    assert any("frame rate" in warning for warning in clip.warnings)


def test_a_claimed_rate_of_1000_that_the_times_contradict(tmp_path):
    """A browser's MediaRecorder writes no default duration, and milliseconds; FFmpeg then guesses 1000 a second."""
    dice = np.random.default_rng(3)
    times = np.cumsum([0, *dice.integers(18, 50, 149)]) / 1000
    path = numbered(tmp_path / "whole.webm", codec="libvpx-vp9", frames=150, times=list(times),
                    options={"deadline": "realtime", "cpu-used": "8"})
    data = path.read_bytes()
    place = data.index(b"\x23\xe3\x83")  # DefaultDuration: made a Void of the same length (RFC 9559)
    length = data[place + 3] & 0x7f
    void = b"\xec" + bytes([0x80 | length + 2]) + bytes(length + 2)
    path.write_bytes(data[:place] + void + data[place + 4 + length:])
    with av.open(str(path)) as file:
        assert file.streams.video[0].guessed_rate == 1000
    clip = read(path)
    assert clip.metadata.fps == pytest.approx(149 / times[-1], rel=0.02)
    assert len(clip.frames) == 10 and clip.metadata.total_frames == 150
    assert any("says 1000 frames a second" in warning and "would have seen others" in warning
               for warning in clip.warnings)


def test_the_pictures_are_those_that_were_made(tmp_path):
    clip = read(numbered(tmp_path / "a.mp4", frames=24, options={"crf": "10"}), ALL)
    made = np.stack([picture(index, 24) for index in range(24)])
    assert clip.frames.shape[0] == 24
    assert np.abs(clip.frames.mean((1, 2)) - made.mean((1, 2))).max() < 3
