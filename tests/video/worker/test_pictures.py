"""Numbered pictures in a folder or a zip: read as a video, in the order of their numbers, at the rate given."""
import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.clips import write
from tests.support.numbered import picture, shown
from vs2.errors import BadInput
from vs2.video import Limits, read
from vs2.video.playable import playable
from vs2.video.sampling import Sampling

ALL = Sampling(fps=1000)
WORDS = "as --fps 24 or fps=24"


def encoded(image: np.ndarray | Image.Image, kind: str = "png", **options) -> bytes:
    out = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(out, kind, **options)
    return out.getvalue()


def folder(path: Path, files: dict[str, bytes]) -> Path:
    path.mkdir(exist_ok=True)
    for name, data in files.items():
        (path / name).write_bytes(data)
    return path


def packed(path: Path, files, method=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as out:
        for name, data in files.items() if isinstance(files, dict) else files:
            out.writestr(name, data)
    return path


def frames(count: int = 12, name: str = "frame_{:04d}.png", **options) -> dict[str, bytes]:
    return {name.format(number + 1): encoded(picture(number, count), **options) for number in range(count)}


@pytest.mark.parametrize("name", ["frame_{:04d}.png", "frame_{}.png", "{}.png", "ComfyUI_{:05d}_.png", "v2 t 3-{}.PNG"])
@pytest.mark.parametrize("kind", ["folder", "zip", "inside"])
def test_pictures_are_shown_in_the_order_of_their_numbers(tmp_path, name, kind):
    files = frames(12, name)
    beside = {"workflow.json": b"{}", ".DS_Store": b"x", "Thumbs.db": b"x", "._" + name.format(1): b"no picture"}
    if kind == "folder":
        path = folder(tmp_path / "frames", files | beside)
        (path / "masks").mkdir()
        (path / "masks" / name.format(1)).write_bytes(b"not looked at")
    elif kind == "zip":
        path = packed(tmp_path / "frames.zip", files | beside)
    else:
        path = packed(tmp_path / "frames.zip", {f"a/b/{one}": data for one, data in (files | beside).items()} |
                      {f"__MACOSX/a/b/._{name.format(1)}": b"no picture"})
    clip = read(path, ALL, fps=16)
    assert shown(clip) == list(range(12)) and clip.times == tuple(number / 16 for number in range(12))
    facts = clip.metadata
    assert (facts.container, facts.codec, facts.fps, facts.total_frames, facts.backend) == (
        "pictures", "png", 16, 12, "pillow")
    assert facts.duration == 12 / 16 and clip.warnings == () and facts.name == path.name
    assert facts.bytes == (sum(map(len, files.values())) if kind == "folder" else path.stat().st_size)


def test_they_are_the_very_frames_of_a_lossless_video(tmp_path):
    images = [picture(number, 40) for number in range(40)]
    video = write(tmp_path / "a.mkv", images, "ffv1", 8, "bgr0")
    lossless = write(tmp_path / "b.mp4", images, "libx264rgb", 8, "rgb24", options={"crf": "0", "qp": "0"})
    clip = read(packed(tmp_path / "a.zip", frames(40)), fps=8)
    for other in (read(video), read(lossless)):
        assert np.array_equal(clip.frames, other.frames) and clip.metadata.indices == other.metadata.indices
        assert np.allclose(clip.times, other.times, atol=0.001)
    assert len(clip.frames) == 10, "2 a second of 5 s"


@pytest.mark.parametrize(("kind", "suffix", "options"), [
    ("png", "png", {}), ("webp", "webp", {"lossless": True}), ("bmp", "bmp", {}), ("tiff", "tif", {}),
    ("tiff", "tiff", {"compression": "tiff_lzw"}), ("jpeg", "jpg", {"quality": 95}), ("jpeg", "JPEG", {"quality": 95})])
@pytest.mark.parametrize("zipped", [False, True])
def test_every_format(tmp_path, kind, suffix, options, zipped):
    files = frames(6, "f{}." + suffix, kind=kind, **options)
    clip = read(packed(tmp_path / "f.zip", files) if zipped else folder(tmp_path / "f", files), ALL, fps=24)
    assert shown(clip) == list(range(6)) and clip.metadata.codec == kind
    exact = read(packed(tmp_path / "right.zip", frames(6)), ALL, fps=24).frames
    assert np.abs(clip.frames.astype(int) - exact).mean() < (3 if kind == "jpeg" else 1e-9)


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of any depth; rows: filtered ones (a zero byte before each). `chunks` stand before the pixels."""
    parts = [(b"IHDR", struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)), *chunks,
             (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(data)) + name + data +
                                          struct.pack(">I", zlib.crc32(name + data)) for name, data in parts)


SIDE = 112      # pixels; the judge sees frames of it enlarged, whose middle has the colour of the whole


def solid(colour, mode="RGB", kind="png", **options) -> bytes:
    return encoded(Image.new(mode, (SIDE, SIDE), colour), kind, **options)


def deep(values: tuple[int, ...], colour: int, *chunks) -> bytes:
    row = b"\0" + struct.pack(f">{len(values)}H", *values) * SIDE
    return png(SIDE, SIDE, 16, colour, row * SIDE, *chunks)


def tiff16(value: int) -> bytes:
    return encoded(Image.fromarray(np.full((SIDE, SIDE), value, np.uint16)), "tiff")


PALETTE = Image.new("P", (SIDE, SIDE), 1)
PALETTE.putpalette([0, 0, 0, 10, 200, 30])


@pytest.mark.parametrize(("data", "ending", "right"), [
    (solid((200, 30, 90)), "png", (200, 30, 90)),
    (solid(77, "L"), "png", (77, 77, 77)), (solid(1, "1"), "png", (255, 255, 255)),
    (encoded(PALETTE), "png", (10, 200, 30)), (encoded(PALETTE, transparency=1), "png", (255, 255, 255)),
    (solid((200, 0, 0, 0), "RGBA"), "png", (255, 255, 255)), (solid((200, 0, 0, 102), "RGBA"), "png", (233, 153, 153)),
    (solid((0, 0), "LA"), "png", (255, 255, 255)), (solid((1, 2, 3), transparency=(1, 2, 3)), "png", (255, 255, 255)),
    (solid((200, 0, 0, 0), "RGBA", "webp", lossless=True), "webp", (255, 255, 255)),
    (deep((40000,), 0), "png", (156, 156, 156)), (deep((65535,), 0), "png", (255, 255, 255)),
    (deep((257,), 0), "png", (1, 1, 1)), (deep((40000,), 0, (b"tRNS", struct.pack(">H", 40000))), "png", (255,) * 3),
    (deep((40000, 0, 65535), 2), "png", (156, 0, 255)), (deep((40000, 0, 65535, 65535), 6), "png", (156, 0, 255)),
    (deep((40000, 0, 65535, 0), 6), "png", (255, 255, 255)), (deep((40000, 65535), 4), "png", (156, 156, 156)),
    (tiff16(40000), "tif", (156, 156, 156)), (solid((255, 0, 0, 0), "CMYK", "tiff"), "tif", (0, 255, 255)),
])
def test_colours_are_those_of_8_bit_rgb_on_white(tmp_path, data, ending, right):
    clip = read(packed(tmp_path / "a.zip", {f"{number}.{ending}": data for number in range(4)}), fps=2)
    middle = clip.frames[:, clip.frames.shape[1] // 2, clip.frames.shape[2] // 2]
    assert np.abs(middle.astype(int) - right).max() <= 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("kind", "options"), [("jpeg", {"quality": 95}), ("png", {}), ("tiff", {}), ("webp", {}),
                                               ("late", {})])
def test_they_are_shown_as_their_orientation_says(tmp_path, orientation, kind, options):
    stored = picture(5, 12)
    turn = {1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
            5: lambda a: a.swapaxes(0, 1), 6: lambda a: a.swapaxes(0, 1)[:, ::-1],
            7: lambda a: a.swapaxes(0, 1)[::-1, ::-1], 8: lambda a: a.swapaxes(0, 1)[::-1]}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "late":      # behind the pixels, where some programs write it
        body, said = exif.tobytes()[6:], encoded(stored)
        chunk = struct.pack(">I", len(body)) + b"eXIf" + body + struct.pack(">I", zlib.crc32(b"eXIf" + body))
        data, ending = said[:-12] + chunk + said[-12:], "png"
    else:
        data, ending = encoded(stored, kind, exif=exif, **options), kind
    clip = read(packed(tmp_path / "a.zip", {f"{number}.{ending}": data for number in range(4)}), fps=2)
    upright = encoded(np.ascontiguousarray(turn(stored)))
    right = read(packed(tmp_path / "b.zip", {f"{number}.png": upright for number in range(4)}), fps=2)
    assert (clip.metadata.width, clip.metadata.height) == (right.metadata.width, right.metadata.height)
    assert np.abs(clip.frames.astype(int) - right.frames).mean() < 4


def test_numbers_that_lack_and_pictures_without_one_are_said(tmp_path):
    files = frames(12)
    for number in (4, 5, 9, 11):
        del files[f"frame_{number:04d}.png"]
    clip = read(folder(tmp_path / "frames", files | {"cover.png": encoded(picture(0, 2, (64, 64)))}), ALL, fps=8)
    assert shown(clip) == [0, 1, 2, 5, 6, 7, 9, 11] and clip.metadata.total_frames == 8
    assert "frames lacks 4 of the numbers from 1 to 12 (the first is 4)" in clip.warnings[0]
    assert "1 pictures without a number (cover.png, say)" in clip.warnings[1]
    assert clip.times[3] == pytest.approx(3 / 8), "one after another, without a gap"


def symlink(path: Path) -> Path:
    os.symlink("/etc/hostname", path / "frame_0003.png")
    return path


def fifo(path: Path) -> Path:
    (path / "frame_0002.png").unlink()
    os.mkfifo(path / "frame_0002.png")
    return path


def special(path: Path, files: dict, change) -> Path:
    """A zip whose second file's entry is changed."""
    with zipfile.ZipFile(path, "w") as out:
        for place, (name, data) in enumerate(files.items()):
            member = zipfile.ZipInfo(name)
            if place == 1:
                change(member)
            out.writestr(member, data)
    return path


def as_link(member):
    member.external_attr = 0o120777 << 16


def as_lzma(member):
    member.compress_type = zipfile.ZIP_LZMA


def encrypted(path: Path) -> Path:
    data = bytearray(packed(path, frames(4)).read_bytes())
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(magic, at + 1)) >= 0:
            data[at + place] |= 1
    path.write_bytes(data)
    return path


TALL = picture(0, 2, (240, 320))
TWO, SMALL = frames(2), {"frame_0003.png": encoded(picture(2, 4, (320, 200)))}
FAULTS = {
    "empty": (lambda at: folder(at / "f", {}), "f holds no numbered pictures: give a folder or a zip of png, jpg"),
    "empty zip": (lambda at: packed(at / "f.zip", {}), "f.zip holds no numbered pictures"),
    "exr": (lambda at: folder(at / "f", {"a_01.exr": b"x", "a_02.exr": b"x"}), "f holds no numbered pictures"),
    "no number": (lambda at: folder(at / "f", {"a.png": TWO["frame_0001.png"]}), "f holds no numbered pictures"),
    "two series": (lambda at: folder(at / "f", TWO | {"mask_0001.png": b"x"}), "more than one series (frame_0001.png "
                   "and mask_0001.png, say)"),
    "two folders": (lambda at: packed(at / "f.zip", {f"{name}/{one}": data for name in "ab" for one, data in
                                                     TWO.items()}), "more than one series"),
    "twice": (lambda at: folder(at / "f", TWO | {"frame_1.png": TWO["frame_0001.png"]}), "same number: keep one"),
    "two endings": (lambda at: folder(at / "f", TWO | {"frame_0001.jpg": b"x"}), "same number: keep one"),
    "twice in a zip": (lambda at: packed(at / "f.zip", [*TWO.items(), *TWO.items()]), "same number: keep one"),
    "sizes": (lambda at: folder(at / "f", TWO | SMALL), "frame_0003.png in f is 320 x 200 pixels and those before it "
              "are 320 x 240: give pictures of one size."),
    "turned": (lambda at: packed(at / "f.zip", frames(1) | {"frame_0002.jpg": encoded(TALL, "jpeg")}),
               "frame_0002.jpg in f.zip is 240 x 320 pixels"),
    "turned late": (lambda at: packed(at / "f.zip", frames(1) | {"frame_0002.png": encoded(TALL)}),
                    "frame_0002.png in f.zip is 240 x 320 pixels"),
    "no picture": (lambda at: folder(at / "f", TWO | {"frame_0003.png": b"\x89PNG\r\n\x1a\n nothing"}),
                   "frame_0003.png in f cannot be read as a picture"),
    "text": (lambda at: packed(at / "f.zip", TWO | {"frame_0003.png": b"hello"}), "cannot be read as a picture"),
    "cut short": (lambda at: folder(at / "f", {name: data[:len(data) // 2] for name, data in TWO.items()}),
                  "frame_0001.png in f cannot be read as a picture"),
    "floats": (lambda at: folder(at / "f", {"1.tif": encoded(Image.new("F", (64, 64), 0.5), "tiff")}),
               "cannot be read"),
    "link": (lambda at: symlink(folder(at / "f", TWO)), "frame_0003.png in f is a link that leads out of it"),
    "pipe": (lambda at: fifo(folder(at / "f", TWO)), "frame_0002.png in f is a link that leads out of it, or no"),
    "folder": (lambda at: ((folder(at / "f", TWO) / "frame_0003.png").mkdir(), at / "f")[1], "or no regular file"),
    "link in a zip": (lambda at: special(at / "f.zip", TWO, as_link), "frame_0002.png in f.zip is a link"),
    "method": (lambda at: special(at / "f.zip", TWO, as_lzma), "packed by an uncommon method"),
    "encrypted": (lambda at: encrypted(at / "f.zip"), "is encrypted: pack it without"),
    "outside": (lambda at: packed(at / "f.zip", {f"../{one}": data for one, data in TWO.items()}), "leads out of the"),
    "inner outside": (lambda at: packed(at / "f.zip", {f"a/../../{one}": data for one, data in TWO.items()}),
                      "leads out of the zip"),
    "absolute": (lambda at: packed(at / "f.zip", {f"/etc/{one}": data for one, data in TWO.items()}), "leads out"),
    "drive": (lambda at: packed(at / "f.zip", {f"C:\\{one}": data for one, data in TWO.items()}), "leads out"),
    "broken zip": (lambda at: _cut(packed(at / "f.zip", frames(4))), "f.zip is damaged, so it cannot be opened"),
    "wide": (lambda at: folder(at / "f", {"1.png": encoded(Image.new("1", (8400, 16)))}), "8400 x 16 pixels, more"),
    "strip": (lambda at: folder(at / "f", {"1.png": encoded(Image.new("1", (640, 2)))}), "too narrow a strip"),
}


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-30])
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_one_sentence(tmp_path, name):
    make, says = FAULTS[name]
    path = make(tmp_path)
    with pytest.raises(BadInput) as problem:
        read(path, ALL, fps=8)
    said = str(problem.value)
    assert says in said and said.endswith(".") and str(tmp_path) not in said and len(said) < 300


def test_a_link_that_stays_inside_is_followed(tmp_path):
    path = folder(tmp_path / "f", frames(5))
    os.symlink("frame_0002.png", path / "frame_0006.png")
    os.symlink(path, tmp_path / "g")
    assert shown(read(tmp_path / "g", ALL, fps=8)) == [0, 1, 2, 3, 4, 1]


def test_the_rate_is_asked_for_and_refused_where_a_video_has_its_own(tmp_path):
    path, video = folder(tmp_path / "f", TWO), write(tmp_path / "a.mp4", [picture(0, 2), picture(1, 2)])
    for one in (path, packed(tmp_path / "f.zip", TWO)):
        with pytest.raises(BadInput, match=WORDS):
            read(one)
    with pytest.raises(BadInput, match="a.mp4 is a video, which has its own frame rate"):
        read(video, fps=24)
    for fps in (0, -1, 0.09, 241, float("nan"), float("inf"), "24", True, 1j):
        with pytest.raises(BadInput, match="fps is .*: it must be a number from 0.1 to 240"):
            read(path, fps=fps)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("limits", "fps", "says"), [
    ({"max_pictures": 3}, 8, "holds 4 pictures, more than the limit of 3"),
    ({"max_seconds": 1.9}, 2, "runs for more than the limit of 1.9 s"),
    ({"max_folder": 2000}, 8, "together: take out the part"), ({"max_side": 300}, 8, "the limit of 300 a side"),
])
def test_each_limit_is_kept(tmp_path, zipped, limits, fps, says):
    path = packed(tmp_path / "f.zip", frames(4)) if zipped else folder(tmp_path / "f", frames(4))
    assert len(read(path, fps=fps).frames) == 4
    with pytest.raises(BadInput, match=says):
        read(path, limits=Limits(**limits), fps=fps)


def test_bombs_cost_little(tmp_path):
    """A picture that unpacks to more than a file may have; a folder of very many files."""
    bomb = packed(tmp_path / "a.zip", {"1.bmp": encoded(Image.new("L", (4000, 4000)), "bmp"), "2.bmp": b"x"})
    assert bomb.stat().st_size < 60_000
    with pytest.raises(BadInput, match="1.bmp in a.zip is more than the limit of 8 MB"):
        read(bomb, limits=Limits(max_bytes=8 * 2**20), fps=8)
    crowd = tmp_path / "crowd"
    crowd.mkdir()
    for number in range(100_001):
        os.close(os.open(crowd / f"{number}.txt", os.O_CREAT))
    with pytest.raises(BadInput, match="crowd holds more than 100000 files"):
        read(crowd, fps=8)


def test_only_the_pictures_asked_for_are_decoded(tmp_path):
    files = frames(40)
    damaged = dict(files)
    for number in range(2, 40):     # whole in its first bytes, cut short behind them
        damaged[f"frame_{number:04d}.png"] = files[f"frame_{number:04d}.png"][:200]
    clip = read(packed(tmp_path / "a.zip", files), Sampling(fps=0.01, min_frames=2), fps=8)
    other = read(packed(tmp_path / "b.zip", damaged), Sampling(fps=0.01, min_frames=2), fps=8)
    assert shown(clip) == shown(other) == [0, 39]


def test_a_browser_gets_a_copy_at_that_rate(tmp_path):
    path = packed(tmp_path / "f.zip", frames(12))
    copies = [playable(path, tmp_path / "copies", fps=fps) for fps in (6, 12, 6)]
    assert copies[0] == copies[2] != copies[1]
    for copy, fps in zip(copies, (6, 12), strict=False):
        clip = read(copy, ALL)
        assert shown(clip) == list(range(12)) and clip.metadata.fps == pytest.approx(fps)
