"""Copies that a browser plays."""
import os
import signal

import av
import numpy as np
import pytest

from tests.support.clips import RED, centre_x, moving_square, promise_more, sound_only, write
from vs2.errors import BadInput, Failure
from vs2.video import Limits, pool
from vs2.video.playable import playable

PLAYS = {"h264.mp4": {}, "sound.mp4": {"audio": True}, "turned.mp4": {"rotation": 90},
         "av1.mp4": {"codec": "libsvtav1"}, "vp9.webm": {"codec": "libvpx-vp9", "audio": True},
         "vp8.webm": {"codec": "libvpx"}}
COPIED = {"mpeg4.mp4": {"codec": "mpeg4"}, "hevc.mp4": {"codec": "libx265"}, "a.mov": {}, "a.mkv": {},
          "a.gif": {"codec": "gif", "fps": 10}, "a.avi": {"codec": "mpeg4"},
          "odd.mp4": {"size": (97, 65), "pixels": "yuv444p"},
          "ten.mp4": {"pixels": "yuv420p10le"}, "misnamed.webm": {"container": "mp4"}}


def frames(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        shown = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(stream)]
        return stream.codec_context.name, stream.codec_context.pix_fmt, shown


@pytest.mark.parametrize("name", PLAYS)
def test_what_plays_is_left_alone(tmp_path, name):
    path = moving_square(tmp_path / name, **PLAYS[name])
    assert playable(path, tmp_path / "copies") == path
    assert list((tmp_path / "copies").iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="scheduling classes are Linux's")
def test_writing_av1_leaves_this_process_its_scheduling(tmp_path):
    before = os.sched_getscheduler(0)
    moving_square(tmp_path / "a.mp4", codec="libsvtav1")
    assert os.sched_getscheduler(0) == before == os.SCHED_OTHER


@pytest.mark.parametrize("name", COPIED)
def test_what_does_not_play_becomes_an_h264_mp4_with_the_same_pictures(tmp_path, name):
    options = {"frames": 12, "fps": 8} | COPIED[name]
    copy = playable(moving_square(tmp_path / name, **options), tmp_path / "copies")
    assert copy.parent == tmp_path / "copies" and copy.suffix == ".mp4"
    assert copy.read_bytes()[4:8] == b"ftyp" and copy.read_bytes().index(b"moov") < copy.read_bytes().index(b"mdat")
    codec, pixels, shown = frames(copy)
    assert (codec, pixels, len(shown)) == ("h264", "yuv420p", 12)
    assert [time for time, _ in shown] == pytest.approx([index / options["fps"] for index in range(12)], abs=0.012)
    across = [centre_x(image) for _, image in shown]
    assert across == sorted(across) and across[0] < 0.3 < 0.7 < across[-1]
    image = shown[0][1]
    assert np.abs(image[image.max(-1).astype(int) - image.min(-1) > 100].mean(0) - RED).max() < 40
    assert [entry.name for entry in copy.parent.iterdir()] == [copy.name]


def test_a_turned_clip_is_copied_upright_and_a_huge_one_smaller(tmp_path):
    turned = playable(moving_square(tmp_path / "turned.mov", rotation=90), tmp_path)
    assert frames(turned)[2][0][1].shape == (96, 64, 3)
    large = playable(moving_square(tmp_path / "large.mkv", frames=2, size=(1920, 960),
                                   options={"preset": "ultrafast"}), tmp_path)
    assert frames(large)[2][0][1].shape == (640, 1280, 3)


def test_times_of_a_variable_frame_rate_are_kept(tmp_path):
    times = [0, 0.1, 0.5, 0.6, 2.0, 2.04]
    copy = playable(moving_square(tmp_path / "vfr.mkv", frames=6, times=times), tmp_path)
    assert [time for time, _ in frames(copy)[2]] == pytest.approx(times, abs=0.002)


def test_a_copy_is_made_once_and_anew_for_a_new_file(tmp_path):
    path = moving_square(tmp_path / "a.mkv")
    first = playable(path, tmp_path / "copies")
    stamp = first.stat().st_mtime_ns
    assert playable(path, tmp_path / "copies") == first and first.stat().st_mtime_ns == stamp
    moving_square(path, frames=20)
    assert playable(path, tmp_path / "copies") != first


def test_a_file_that_promises_too_much_is_copied_as_far_as_it_goes(tmp_path):
    path = promise_more(moving_square(tmp_path / "more.mp4", frames=12, options={"bf": "0"}))
    assert len(frames(playable(path, tmp_path / "copies"))[2]) == 12


@pytest.mark.parametrize("make, words", [
    (lambda folder: folder / "none.mp4", "none.mp4 does not exist"),
    (lambda folder: sound_only(folder / "song.mp4"), "sound but no picture"),
    (lambda folder: moving_square(folder / "long.mkv", frames=40, fps=4), "runs for more than the limit of 5 s"),
])
def test_what_cannot_be_read_is_one_sentence_and_leaves_nothing(tmp_path, make, words):
    with pytest.raises(BadInput, match=words):
        playable(make(tmp_path), tmp_path / "copies", Limits(max_seconds=5.0))
    assert not (tmp_path / "copies").exists() or list((tmp_path / "copies").iterdir()) == []


def test_a_copy_that_grows_too_large_is_given_up(tmp_path):
    dice = np.random.default_rng(0)
    images = [dice.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(30)]
    path = write(tmp_path / "noise.mkv", images, options={"crf": "45"}, fps=10)
    limit = path.stat().st_size + 100
    with pytest.raises(BadInput, match="would grow above"):
        playable(path, tmp_path / "copies", Limits(max_bytes=limit))
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Failure, match="folder for playable copies"):
        playable(moving_square(tmp_path / "a.mkv"), tmp_path / "file" / "copies")


def test_an_encoder_that_overruns_is_killed_and_leaves_nothing(tmp_path, monkeypatch):
    path, plain = moving_square(tmp_path / "a.mkv"), pool.Worker.send

    def stopped(worker, message):
        plain(worker, message)
        os.killpg(worker.pid, signal.SIGSTOP)  # and the child that may have begun

    monkeypatch.setattr(pool.Worker, "send", stopped)
    with pytest.raises(BadInput, match="took longer than 0.3 s"):
        playable(path, tmp_path / "copies", Limits(deadline=0.3))
    monkeypatch.undo()
    assert playable(path, tmp_path / "copies").exists()
    assert len(list((tmp_path / "copies").iterdir())) == 1
