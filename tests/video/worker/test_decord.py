"""decord, an FFmpeg of 2018, opens only what it is needed for; no other file reaches its decoders."""
import random

import av
import pytest

from tests.support.numbered import numbered, remux
from vs2.errors import BadInput
from vs2.video import pool, read
from vs2.video.worker.decode import look, needs_decord

ODD = (97, 65)
TEN = {"codec": "libx265", "pixels": "yuv420p10le"}
NEEDED = {"odd.webm": {"codec": "libvpx-vp9", "size": ODD}, "ten.mp4": TEN, "ten.mkv": TEN, "ten.mov": TEN,
          "h264.mp4": {"pixels": "yuv420p10le"}}
NOT = {
    "plain.mp4": {}, "hevc.mp4": {"codec": "libx265"}, "vp9.webm": {"codec": "libvpx-vp9"},
    "odd.mkv": {"codec": "ffv1", "size": ODD}, "magic.avi": {"codec": "magicyuv", "size": (97, 66)},
    "jpeg.avi": {"codec": "mjpeg", "pixels": "yuvj420p", "size": ODD}, "vp8.webm": {"codec": "libvpx", "size": ODD},
    "prores.mov": {"codec": "prores_ks", "pixels": "yuv422p10le"}, "av1.mp4": {"codec": "libsvtav1", "size": (98, 66),
                                                                               "pixels": "yuv420p10le"},
    "ten.ts": TEN, "deep.flv": {"pixels": "yuv420p10le", "options": {"bf": "0"}},
    "open.mp4": TEN | {"options": {"x265-params": "log-level=none:pools=1:keyint=4:min-keyint=4:scenecut=0:bframes=3"}},
}


def wanted(path):
    return needs_decord(str(path), look({"path": str(path), "max_seconds": 600.0, "max_side": 8192}))


@pytest.mark.parametrize("name", NEEDED)
def test_it_is_needed_where_its_colours_are_its_own(tmp_path, name):
    path = numbered(tmp_path / name, frames=8, **NEEDED[name])
    assert wanted(path) and read(path).metadata.backend == "decord"


@pytest.mark.parametrize("name", NOT)
def test_it_gets_no_other_codec_container_or_doubtful_file(tmp_path, name):
    path = numbered(tmp_path / name, frames=8, **NOT[name])
    assert not wanted(path) and read(path).metadata.backend == "pyav"


def test_it_gets_no_file_of_two_video_streams(tmp_path):
    one = numbered(tmp_path / "one.mkv", frames=8, **TEN)
    with av.open(str(one)) as first, av.open(str(tmp_path / "two.mkv"), "w") as both:
        streams = [both.add_stream_from_template(first.streams.video[0]) for _ in range(2)]
        packets = [packet for packet in first.demux(video=0) if packet.size]
        for stream in streams:
            for packet in packets:
                packet.stream = stream
                both.mux(packet)
    assert wanted(one) and not wanted(tmp_path / "two.mkv")


def test_it_gets_no_file_that_is_turned_or_begins_late(tmp_path):
    path = numbered(tmp_path / "a.mp4", frames=48, options={"g": "12"}, pixels="yuv420p10le")
    assert wanted(path)
    assert not wanted(remux(path, tmp_path / "late.mp4", keep=lambda index, packet: index > 3))
    turned = numbered(tmp_path / "b.mp4", frames=8, pixels="yuv420p10le", rotation=90)
    assert not wanted(turned)


@pytest.mark.parametrize("seed", range(6))
def test_a_codec_that_breaks_decord_leaves_the_worker_alive(tmp_path, seed):
    """MagicYUV with wrong slice heights and damage after a first good frame: the first try reads it, in one worker."""
    path = numbered(tmp_path / "a.avi", codec="magicyuv", frames=12, pixels="yuv420p")
    data, dice = bytearray(path.read_bytes()), random.Random(seed)
    starts = [at for at in range(len(data)) if data[at:at + 4] == b"MAGY"]
    assert len(starts) >= 12
    for start in starts[1:]:
        data[start + 24:start + 28] = dice.randrange(2**31).to_bytes(4, "little")
        for _ in range(3):
            data[start + dice.randrange(16, 400)] = dice.randrange(256)
    path.write_bytes(data)
    pool.close()        # one that is at its hundredth job would be replaced
    with pool.borrow() as worker:
        worker.finish()
        before = worker.pid
    try:
        assert read(path).metadata.backend == "pyav"
    except BadInput as problem:
        assert "crash" not in str(problem)
    assert before in [worker.pid for worker in pool.workers()]
