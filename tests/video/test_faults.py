"""Files that cannot be read as they are: one sentence each, within the deadline, and the next file is read."""
import os
import random
import shutil
import time

import pytest

from tests.support.clips import moving_square, promise_more, sound_only
from vs2.errors import BadInput
from vs2.video import Limits, display_name, pool, process, read


def cut(path, keep):
    path.write_bytes(path.read_bytes()[:keep(path.read_bytes())])
    return path


def index_missing(folder):
    return cut(moving_square(folder / "cut.mp4"), lambda data: data.index(b"moov") - 4)


def data_missing(folder):
    path = moving_square(folder / "hollow.mp4", muxer={"movflags": "+faststart"})
    return cut(path, lambda data: data.index(b"mdat") + 8)


def noise(folder):
    path = moving_square(folder / "noise.mp4", frames=48, muxer={"movflags": "+faststart"})
    data, dice = bytearray(path.read_bytes()), random.Random(1)
    for place in range(data.index(b"mdat") + 4, len(data)):
        data[place] = dice.randrange(256)
    path.write_bytes(data)
    return path


def written(name, data):
    def make(folder):
        (folder / name).write_bytes(data)
        return folder / name
    return make


def a_folder(folder):
    (folder / "clips.mp4").mkdir()
    return folder / "clips.mp4"


def a_pipe(folder):
    os.mkfifo(folder / "pipe.mp4")
    return folder / "pipe.mp4"


def playlist(folder):
    target = moving_square(folder / "secret.mp4")
    (folder / "list.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n")
    return folder / "list.mp4"


def concat(folder):
    moving_square(folder / "secret.mp4")
    (folder / "concat.mp4").write_text("ffconcat version 1.0\nfile secret.mp4\n")
    return folder / "concat.mp4"


FAULTS = {
    "missing": (lambda folder: folder / "nowhere.mp4", "nowhere.mp4 does not exist"),
    "no path": (lambda folder: "", "No path was given"),
    "nul": (lambda folder: "a\0b.mp4", "a?b.mp4 is no path"),
    "folder": (a_folder, "clips.mp4 is a folder"),
    "address": (lambda folder: "https://host.example/v/clip.mp4?key=abc", "clip.mp4 is an address (https:)"),
    "file address": (lambda folder: "file:///tmp/clip.mp4", "clip.mp4 is an address (file:)"),
    "protocol": (lambda folder: "concat:/etc/passwd|/etc/hosts", "hosts is an address (concat:)"),
    "device": (lambda folder: "/dev/zero", "zero is a device"),
    "pipe": (a_pipe, "pipe.mp4 is a device or a pipe"),
    "empty": (written("empty.mp4", b""), "empty.mp4 is empty"),
    "text": (written("notes.mp4", b"dear diary,\nnothing moved today.\n"), "notes.mp4 holds text"),
    "other": (written("song.mp4", bytes(range(256)) * 8), "song.mp4 is not a video of a known kind"),
    "playlist": (playlist, "list.mp4 is a playlist"),
    "concat": (concat, "concat.mp4 is a playlist"),
    "index missing": (index_missing, "cut.mp4 is damaged or cut short"),
    "only a first box": (written("stub.mp4", b"\0\0\0\x18ftypisom\0\0\2\0isommp42"), "stub.mp4"),
    "ebml and nothing": (written("stub.mkv", b"\x1aE\xdf\xa3" + b"\xff" * 200), "stub.mkv is damaged"),
    "gif and nothing": (written("stub.gif", b"GIF89a"), "stub.gif"),
    "data missing": (data_missing, "hollow.mp4 has no frame that can be decoded"),
    "noise": (noise, "noise.mp4 has no frame that can be decoded"),
    "sound": (lambda folder: sound_only(folder / "song.mp4"), "song.mp4 has sound but no picture"),
    "strip": (lambda folder: moving_square(folder / "strip.mp4", size=(640, 2)), "640 x 2 pixels, too narrow"),
    "side": (lambda folder: moving_square(folder / "wide.mp4", size=(8400, 16), frames=2), "8400 x 16 pixels, more"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_sentence_that_names_the_file(tmp_path, fault):
    make, words = FAULTS[fault]
    path = make(tmp_path)
    start = time.monotonic()
    with pytest.raises(BadInput) as caught:
        read(path)
    sentence = str(caught.value)
    assert words in sentence
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 220
    assert str(tmp_path) not in sentence and "key=abc" not in sentence
    assert time.monotonic() - start < Limits().deadline


def test_every_sentence_is_its_own(tmp_path):
    sentences = set()
    for fault in ("missing", "folder", "empty", "text", "index missing", "data missing", "sound", "side", "playlist"):
        with pytest.raises(BadInput) as caught:
            read(FAULTS[fault][0](tmp_path))
        sentences.add(str(caught.value).split(" ", 1)[1])
    assert len(sentences) == 9


@pytest.mark.parametrize("limits, words", [
    (Limits(max_bytes=1000), "more than the limit of 1.0 kB"),
    (Limits(max_seconds=1.0), "runs for more than the limit of 1 s"),
    (Limits(max_side=80), "96 x 64 pixels, more than the limit of 80 a side"),
])
def test_each_limit_has_its_error_and_admits_what_is_within(tmp_path, limits, words):
    with pytest.raises(BadInput, match=words):
        read(moving_square(tmp_path / "a.mp4", frames=16, fps=8), limits=limits)
    within = Limits(max_bytes=(tmp_path / "a.mp4").stat().st_size, max_seconds=2.0, max_side=96)
    assert len(read(tmp_path / "a.mp4", limits=within).frames) == 4


def test_a_bad_file_leaves_the_worker_fit(tmp_path):
    good = moving_square(tmp_path / "good.mp4")
    pool.close()        # one that is at its hundredth job would be replaced
    read(good)
    before = [worker.pid for worker in pool.workers()]
    with pytest.raises(BadInput):
        read(data_missing(tmp_path))
    assert len(read(good).frames) == 4
    assert [worker.pid for worker in pool.workers()] == before


def test_a_file_that_is_replaced_while_it_is_read_is_read(tmp_path, monkeypatch):
    """By the same again, as an upload of what is there already; confined to one file, a worker cannot open another."""
    path, other = moving_square(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    wanted, begin, begun = read(path), process.Worker.send, []

    def sent(self, message):
        begin(self, message)
        if "path" in message and len(begun) < 3:
            begun.append(message)
            shutil.copy(path, other)
            os.replace(other, path)

    monkeypatch.setattr(process.Worker, "send", sent)
    assert (read(path).frames == wanted.frames).all() and 1 <= len(begun) <= 3

    def spoilt(self, message):
        begin(self, message)
        other.write_bytes(b"no video at all")
        os.replace(other, path)

    monkeypatch.setattr(process.Worker, "send", spoilt)
    with pytest.raises(BadInput):
        read(path)


def test_more_frames_promised_than_there_are(tmp_path):
    path = promise_more(moving_square(tmp_path / "more.mp4", frames=12, options={"bf": "0"}), extra=400)
    start = time.monotonic()
    clip = read(path)
    assert time.monotonic() - start < Limits().deadline / 2
    assert clip.metadata.total_frames == 12 and clip.metadata.indices == (0, 4, 7, 11)
    assert clip.times == pytest.approx([0, 0.5, 0.875, 1.375])
    assert "promises 412 frames and holds 12" in clip.warnings[0]


@pytest.mark.parametrize("name, codec", [("cut.mp4", "libx264"), ("cut.mkv", "libx264"), ("cut.webm", "libvpx-vp9")])
def test_a_clip_cut_off_behind_its_index_is_read_as_far_as_it_goes(tmp_path, name, codec):
    muxer = {"movflags": "+faststart"} if name.endswith("mp4") else None
    path = moving_square(tmp_path / name, codec=codec, frames=48, fps=24, muxer=muxer, options={"bf": "0"})
    cut(path, lambda data: int(len(data) * 0.8))
    clip = read(path)
    assert 2 <= clip.metadata.total_frames < 48
    assert clip.times[-1] == pytest.approx((clip.metadata.total_frames - 1) / 24, abs=0.002)
    assert clip.metadata.duration < 1.9
    assert "promises" in clip.warnings[0]


def test_names_are_fit_for_a_sentence():
    assert display_name("/a/b\x1b[31m\n\u202e.mp4") == "b?[31m??.mp4"
    assert len(display_name("x" * 300 + ".mp4")) == 80 and display_name("x" * 300 + ".mp4").endswith(".mp4")
