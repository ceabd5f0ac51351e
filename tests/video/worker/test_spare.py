"""What is not decoded changes nothing: the frames that are asked for are those of the whole file, to the last bit."""
import av
import numpy as np
import pytest

from tests.support.numbered import numbered
from tests.video.worker.test_frames import COUNT, STREAMS
from vs2.video.worker import decode, spare
from vs2.video.worker.open import open_file, packets, picture_stream
from vs2.video.worker.probe import probe

ASKED = ({0, COUNT - 1}, {0, 5, 6, 30, COUNT - 1}, {3, 25}, set(range(0, COUNT, 2)))
# Of which streams nothing may be left out: a keyframe does not make those after it independent of those before.
LEANING = ("h264 open", "h264 refresh", "hevc open", "mpeg4 B", "mpeg2 B")


def whole(path, found) -> list[np.ndarray]:
    return [picture() for _, picture in decode.pictures(str(path), found, 8192)]


def sparing(path, found, asked) -> tuple[bool, dict[int, np.ndarray], dict[int, float]]:
    """What is sent of the frames asked for, and whether it is what was promised."""
    frames, times = {}, {}

    def send(message, payload):
        frames[message["index"]], times[message["index"]] = payload, message["time"]

    said = decode.read_sparing(str(path), found, 8192, {"indices": sorted(asked), "pulse": [], "size": [0, 0]}, send)
    return said, frames, times


def left_out(path, found, asked) -> int:
    with open_file(str(path)) as container:
        stream = picture_stream(container)
        one = spare.Spare(found, asked, bytes(stream.codec_context.extradata or b""))
        return sum(one.out(packet) for packet in packets(container, stream) if packet.size)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("name", STREAMS)
def test_what_is_asked_for_is_as_in_the_whole_file(tmp_path, name, suffix):
    path = numbered(tmp_path / f"clip.{suffix}", frames=COUNT, **STREAMS[name])
    found = probe(str(path), 600, 8192)
    if name in LEANING:
        assert not spare.sound(found)
        return
    assert spare.sound(found)
    every = whole(path, found)
    for asked in ASKED:
        said, frames, times = sparing(path, found, asked)
        assert said and set(frames) == asked
        assert all(np.array_equal(frames[number], every[number]) for number in asked)
        assert all(times[number] == pytest.approx(number / 24, abs=0.002) for number in asked)
        # All that lies between the last one asked for and the next keyframe; with B-frames half of the others, too.
        assert left_out(path, found, asked) >= (20 if max(asked) < 26 else 0)
    if name == "h264":
        assert left_out(path, found, {0, COUNT - 1}) > COUNT / 2


def test_what_is_not_as_promised_is_decoded_whole(tmp_path):
    path = numbered(tmp_path / "clip.mp4", frames=COUNT, **STREAMS["h264"])
    data, asked = bytearray(path.read_bytes()), {0, 30, COUNT - 1}
    with av.open(str(path)) as container:
        spoilt = [packet for packet in container.demux(video=0) if packet.size][30]
        place, size = spoilt.pos, spoilt.size
    data[place + 4:place + size] = b"\xff" * (size - 4)
    path.write_bytes(data)
    found = probe(str(path), 600, 8192)
    said, _, _ = sparing(path, found, asked)
    sent: list[tuple] = []
    wanted = {"indices": sorted(asked), "pulse": [], "size": [0, 0]}
    decode.read_pyav(str(path), found, 8192, lambda *one: sent.append(one), lambda: wanted)
    headers = [at for at, (message, *_) in enumerate(sent) if message["kind"] == "header"]
    assert not said and len(headers) > 1, "it begins anew where a frame does not come"
    total = sent[headers[-1]][0]["total"]
    assert [message["index"] for message, *_ in sent[headers[-1] + 1:]] == sorted(one for one in asked if one < total)


@pytest.mark.parametrize(("units", "out"), [
    ([0x01], True), ([0x06, 0x01, 0x01], True), ([0x09, 0x01], True),   # slices of a picture that nothing refers to
    ([0x41], False), ([0x01, 0x61], False), ([0x65], False),            # some, or a picture of its own, are referred to
    ([0x67, 0x01], False), ([0x68, 0x01], False), ([0x02], False),      # parameters that others need; parts of slices
    ([0x06], False), ([], False)])
def test_a_packet_is_known_by_its_units(units, out):
    data = b"".join(b"\0\0\0\x03" + bytes([unit, 0, 0]) for unit in units)
    assert spare.unreferred(data, 4) == out
    assert not spare.unreferred(data + b"\0\0\xff\xff\x41", 4), "a length beyond its end hides nothing"
