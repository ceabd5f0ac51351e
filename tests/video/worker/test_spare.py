"""What is not decoded changes nothing: the frames that are asked for are those of the whole file, to the last bit."""
import subprocess
import sys

import av
import numpy as np
import pytest

from tests.support.numbered import numbered
from tests.video.worker.test_frames import COUNT, STREAMS
from vs2.video.worker import decode, spare
from vs2.video.worker.open import open_file, packets, picture_stream
from vs2.video.worker.probe import probe

ASKED = ({0, COUNT - 1}, {0, 5, 6, 30, COUNT - 1}, {3, 25}, set(range(0, COUNT, 2)))


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
    assert spare.sound(found) == (name in ("h264", "h264 without B"))
    if not spare.sound(found):
        return
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


@pytest.mark.parametrize(("kinds", "found"), [
    ([0x01], [(1, False)]), ([0x06, 0x41, 0x01], [(6, False), (1, True), (1, False)]), ([0x65], [(5, True)]),
    ([0x67, 0x68, 0x65], [(7, True), (8, True), (5, True)]), ([0x06], []), ([], [])])
def test_a_packet_is_known_by_its_units(kinds, found):
    data = b"".join(b"\0\0\0\x03" + bytes([kind, 0, 0]) for kind in kinds)
    assert spare.units(data, 4) == found
    assert spare.units(data + b"\0\0\xff\xff\x01", 4) == [], "a length beyond its end"
    assert spare.units(data + b"\0\0", 4) == [], "what is no unit"


def rewritten(path, change) -> None:
    """Each packet of an mp4 in its place, changed: change(number, bytes) -> as many bytes."""
    with av.open(str(path)) as container:
        found = [(packet.pos, bytes(packet)) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for number, (place, held) in enumerate(found):
        made = change(number, held)
        assert len(made) == len(held)
        data[place:place + len(held)] = made
    path.write_bytes(data)


def test_what_a_packet_brings_for_others_is_not_left_out(tmp_path):
    """Packets of pictures that nobody asks for, with parameters before the picture."""
    path = numbered(tmp_path / "clip.mp4", frames=COUNT, **STREAMS["h264"])
    found = probe(str(path), 600, 8192)
    asked = {0, COUNT - 1}
    before = left_out(path, found, asked)

    def as_parameters(number: int, held: bytes) -> bytes:
        """Its notes, or its picture, under the kind of parameters."""
        return held if number % 24 == 0 else held[:4] + bytes([held[4] & 0xE0 | 8]) + held[5:]

    rewritten(path, as_parameters)
    assert before > COUNT / 2 and left_out(path, found, asked) <= COUNT / 24


@pytest.mark.parametrize("options", [{"codec": "mpeg4", "options": {"g": "24"}}, STREAMS["h264"]],
                         ids=["mpeg4", "h264"])
def test_a_file_that_calls_all_its_packets_keyframes_is_not_believed(tmp_path, options):
    path = numbered(tmp_path / "clip.mp4", frames=COUNT, **options)
    path.write_bytes(path.read_bytes().replace(b"stss", b"free"))       # the list of keyframes
    found = probe(str(path), 600, 8192)
    every, asked = whole(path, found), {0, 10, 40}
    if "codec" in options:
        assert not spare.sound(found)
        return
    said, frames, _ = sparing(path, found, asked)
    assert said and all(np.array_equal(frames[number], every[number]) for number in asked)


def test_halves_of_pictures_are_decoded_whole(tmp_path):
    path = numbered(tmp_path / "clip.mp4", frames=COUNT, options={"x264-params": "interlaced=1:bframes=2"})
    found = probe(str(path), 600, 8192)
    asked = {0, 30, COUNT - 1}
    said, _, _ = sparing(path, found, asked)
    assert not said


LEFT = """
import sys
from vs2.video.worker import decode
for _ in range(150):
    frames = decode._frames(sys.argv[1], 0, 8192)
    next(frames)
    frames.close()
print("ended")
"""


def test_a_decoder_may_be_left_in_the_middle(tmp_path):
    """Its threads may want Python's lock then, which whoever closes it holds: without care it hangs within a few tries.
    """
    path = numbered(tmp_path / "clip.mp4", frames=COUNT, options={"x264-params": "interlaced=1:bframes=2"})
    done = subprocess.run([sys.executable, "-c", LEFT, str(path)], capture_output=True, text=True, timeout=240)
    assert done.stdout.strip() == "ended", done.stderr[-500:]
