"""Every container and animated picture that people have, text in any encoding; still pictures are told from them."""
import numpy as np
import pytest
from PIL import Image

from tests.support.clips import moving_square
from tests.support.numbered import elementary, numbered, picture, remux, shown
from vs2.errors import BadInput
from vs2.video import Limits, check_file, kind, read
from vs2.video.playable import playable
from vs2.video.sampling import Sampling

ALL = Sampling(fps=30.0)  # every frame of a clip of 24 frames a second
COUNT = 24
CONTAINERS = {
    "a.ts": {}, "a.m2ts": {"container": "mpegts", "muxer": {"mpegts_m2ts_mode": "1"}},
    "a.mpg": {"codec": "mpeg2video", "container": "vob", "options": {"b": "4000000"}},
    "b.mpg": {"codec": "mpeg1video", "container": "mpeg", "options": {"b": "4000000"}},
    "a.flv": {"options": {"bf": "0"}}, "b.flv": {"codec": "flv", "options": {"b": "2000000"}},
    "a.wmv": {"codec": "wmv2", "options": {"b": "2000000"}}, "b.wmv": {"codec": "msmpeg4", "options": {"b": "2000000"}},
    "a.3gp": {}, "b.3gp": {"codec": "h263", "size": (352, 288), "options": {"b": "2000000"}}, "a.3g2": {},
    "a.ogv": {"codec": "libvpx", "options": {"b": "1000000"}},
    "mjpeg.avi": {"codec": "mjpeg", "pixels": "yuvj420p", "options": {"qmin": "2", "qmax": "4"}},
    "prores.mov": {"codec": "prores_ks", "pixels": "yuv422p10le"}, "ffv1.mkv": {"codec": "ffv1"},
    "qtrle.mov": {"codec": "qtrle", "pixels": "rgb24"},
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers(tmp_path, name):
    options = CONTAINERS[name]
    path = numbered(tmp_path / name, frames=COUNT, **options)
    clip = read(path, ALL)
    assert shown(clip, options.get("size", (320, 240))) == list(range(COUNT))
    assert clip.times == pytest.approx([index / 24 for index in range(COUNT)], abs=0.003)
    assert clip.metadata.fps == pytest.approx(24, rel=0.01)


@pytest.mark.parametrize("name", ["a.ts", "a.mpg", "a.flv", "a.wmv", "a.ogv", "b.3gp"])
def test_the_player_shows_them(tmp_path, name):
    options = CONTAINERS[name]
    copy = playable(numbered(tmp_path / name, frames=COUNT, **options), tmp_path / "copies")
    assert copy.suffix == ".mp4"
    assert shown(read(copy, ALL), options.get("size", (320, 240))) == list(range(COUNT))


@pytest.mark.parametrize("cut", [1, 100, 187])
def test_a_transport_stream_may_begin_inside_a_packet(tmp_path, cut):
    data = numbered(tmp_path / "a.ts", frames=COUNT).read_bytes()
    (tmp_path / "cut.ts").write_bytes(data[188 * 3 - cut:])
    assert check_file(tmp_path / "cut.ts", Limits())[1] == "cut.ts"
    packets = [data[at:at + 188] for at in range(0, len(data), 188)]
    (tmp_path / "checked.ts").write_bytes(b"".join(packet + bytes(16) for packet in packets))  # 204 bytes each
    assert shown(read(tmp_path / "checked.ts", ALL)) == list(range(COUNT))


def animated(path, delays=62, alpha=False, frames=32, **options):
    images = [Image.fromarray(picture(index, frames)) for index in range(frames)]
    if alpha:  # the lower part can be seen through
        hole = np.where(np.arange(240)[:, None] >= 180, 0, 255) + np.zeros((1, 320))
        images = [image.convert("RGBA") for image in images]
        for image in images:
            image.putalpha(Image.fromarray(hole.astype(np.uint8)))
    images[0].save(path, save_all=True, append_images=images[1:], duration=delays, **options)
    return path


PICTURES = {"a.webp": {"quality": 90}, "b.webp": {"lossless": True}, "a.png": {}, "a.apng": {"format": "PNG"},
            "a.avif": {"quality": 90}, "a.gif": {}}


@pytest.mark.parametrize("name", PICTURES)
def test_animated_pictures(tmp_path, name):
    delay = 60 if name == "a.gif" else 62  # a GIF counts in hundredths
    clip = read(animated(tmp_path / name, delay, **PICTURES[name]), ALL)
    assert clip.metadata.total_frames == 32 and shown(clip) == list(range(32))
    assert clip.times == pytest.approx([delay / 1000 * index for index in range(32)], abs=0.002)
    assert clip.metadata.fps == pytest.approx(1000 / delay, rel=0.01)
    assert clip.metadata.duration == pytest.approx(32 * delay / 1000, abs=0.02) and clip.warnings == ()


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.avif", "a.gif"])
def test_each_frame_has_its_own_delay(tmp_path, name):
    delays = [40, 120, 200, 80] * 8
    clip = read(animated(tmp_path / name, delays, **PICTURES[name]), ALL)
    assert clip.times == pytest.approx(np.cumsum([0, *delays[:-1]]) / 1000, abs=0.003)
    assert shown(clip) == list(range(32)) and "frame rate" in clip.warnings[0]


@pytest.mark.parametrize("name", ["a.webp", "a.png"])
def test_what_can_be_seen_through_lies_on_white(tmp_path, name):
    clip = read(animated(tmp_path / name, alpha=True))
    assert clip.frames[:, -40:].min() > 250 and clip.frames[:, 40:180].min() < 120


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.avif"])
def test_the_player_shows_animated_pictures(tmp_path, name):
    copy = playable(animated(tmp_path / name, **PICTURES[name]), tmp_path / "copies")
    assert copy.suffix == ".mp4" and shown(read(copy, ALL)) == list(range(32))


def test_a_webp_that_hurries_is_shown_as_browsers_do(tmp_path):
    clip = read(animated(tmp_path / "a.webp", 5, frames=6))
    assert clip.metadata.fps == pytest.approx(10)


def test_a_webp_cut_short_is_read_as_far_as_it_goes(tmp_path):
    data = animated(tmp_path / "a.webp", quality=90).read_bytes()
    (tmp_path / "cut.webp").write_bytes(data[:len(data) * 6 // 10])
    try:
        clip = read(tmp_path / "cut.webp", ALL)
    except BadInput as problem:
        assert "cut.webp" in str(problem) and str(problem).endswith(".")
    else:
        assert shown(clip) == list(range(len(clip.frames))) and len(clip.frames) < 32


@pytest.mark.parametrize("limits, words", [(Limits(max_seconds=1.0), "runs for more than"),
                                           (Limits(max_side=300), "320 x 240 pixels, more")])
def test_a_webp_is_held_to_the_limits(tmp_path, limits, words):
    with pytest.raises(BadInput, match=words):
        read(animated(tmp_path / "a.webp"), limits=limits)


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.jpg", "a.bmp", "a.tif"])
def test_a_still_picture_is_no_video(tmp_path, name):
    Image.fromarray(picture(1, 2)).save(tmp_path / name)
    with pytest.raises(BadInput, match=f"{name} is a still picture, not a video: give an mp4"):
        read(tmp_path / name)


def test_text_that_looks_like_a_stream_is_text(tmp_path):
    (tmp_path / "g.ts").write_text("G" * 4000)
    assert kind.kind(b"G" + b"a" * 187) == "text"
    with pytest.raises(BadInput):
        read(tmp_path / "g.ts")


TEXT = "\u041a\u0443\u0440\u0441 \u0438 \u0412\u0438\u0434\u0435\u043e"


@pytest.mark.parametrize("encoding", ["cp1251", "shift_jis", "latin-1"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm", "a.avi", "a.flv", "a.ts", "a.ogv"])
def test_text_that_is_not_utf_8_stops_no_film(tmp_path, name, encoding):
    """Titles are written as text that stands for itself, then their bytes are replaced by as many of the encoding."""
    import av

    text = {"latin-1": "Caf\u00e9 \u00fc\u00df\u00f1"}.get(encoding, TEXT).encode(encoding)
    mark = b"Q" * len(text)
    codec = {"webm": "libvpx-vp9", "ogv": "libvpx", "avi": "mpeg4"}.get(name[2:], "libx264")
    source = moving_square(tmp_path / f"source.{name[2:]}", codec=codec)
    with av.open(str(source)) as old, av.open(str(tmp_path / name), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for place in (new.metadata, stream.metadata):
            place.update(title=mark.decode(), handler_name=mark.decode(), service_name=mark.decode())
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    data = (tmp_path / name).read_bytes()
    assert mark in data
    (tmp_path / name).write_bytes(data.replace(mark, text) if name != "a.ogv" else _ogg(data, mark, text))
    clip = read(tmp_path / name)
    assert clip.metadata.total_frames == 12
    assert playable(tmp_path / name, tmp_path / "copies").exists()


def _ogg(data: bytes, mark: bytes, text: bytes) -> bytes:
    """An Ogg file with another text: each page's checksum is made anew (RFC 3533)."""
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x104c11db7 if value & 0x80000000 else 0)
        table.append(value & 0xffffffff)
    pages = [b"OggS" + page for page in data.replace(mark, text).split(b"OggS")[1:]]
    for number, page in enumerate(pages):
        page, value = page[:22] + bytes(4) + page[26:], 0
        for byte in page:
            value = (value << 8 & 0xffffffff) ^ table[value >> 24 ^ byte]
        pages[number] = page[:22] + value.to_bytes(4, "little") + page[26:]
    return b"".join(pages)


def test_the_endings_offered_are_those_that_are_read():
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in kind.SUFFIXES)
    assert {f".{name.split('.')[-1]}" for name in (*CONTAINERS, *PICTURES)} <= set(kind.SUFFIXES)


def test_packets_of_a_clip_are_what_was_muxed(tmp_path):
    path = numbered(tmp_path / "a.mp4", frames=COUNT)
    assert elementary(remux(path, tmp_path / "b.mkv")) == elementary(path)
