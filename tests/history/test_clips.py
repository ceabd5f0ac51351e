"""The clips of the history: each kept once, up to a size, never one that a review needs, whole or not at all."""
import errno
import hashlib
import os
import signal
import sqlite3
import stat
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.history.test_store import ANN, BEN, evaluation, query, review_of
from vs2.errors import BadInput, Failure
from vs2.history import clips, database
from vs2.history.store import Store

SIZE = 1000  # bytes of a clip here


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(database, "SETTINGS", (*database.SETTINGS, "synchronous = OFF"))


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def small(home):
    """A store with room for three clips."""
    made = Store(home, clip_bytes=3 * SIZE)
    yield made
    made.close()


@pytest.fixture
def clip(tmp_path):
    """clip(name) -> a file of `SIZE` bytes that no other name gives."""
    def make(name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(name.encode().ljust(SIZE, b"."))
        return path
    return make


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(home: Path) -> list[Path]:
    return sorted(path for path in (home / "clips").rglob("*") if path.is_file())


def age(home: Path, path: Path, seconds: float) -> None:
    """Makes the clip of a file one that was last used so long ago."""
    query(home, f"UPDATE clips SET used = used - {seconds} WHERE digest = '{digest(path)}'")


def test_a_clip_is_kept_as_it_was_and_after_a_restart_too(home, clip):
    video, store = clip("a.mp4"), Store(home)
    id = store.add(evaluation(video="/elsewhere/../name.webm"), ANN, video)
    expected = home / "clips" / digest(video)[:2] / f"{digest(video)}.mp4"
    content = video.read_bytes()
    video.unlink()
    for _ in range(2):
        assert store.get(id).clip == expected.stem and store.clip(expected.stem) == expected
        assert expected.read_bytes() == content and files(home) == [expected]
        store.close()
        store = Store(home)
    judged = store.get(id).evaluation
    store.put_review(id, review_of(judged))
    assert store.review(id, "ann").video == expected
    expected.unlink()  # by a person, say
    assert store.get(id).clip is None and store.clip(expected.stem) is None
    assert store.review(id, "ann").video == Path("/elsewhere/../name.webm")
    video.write_bytes(content)
    again = store.add(evaluation(), ANN, video)
    assert store.get(again).clip == store.get(id).clip == expected.stem, "it came back, for both"
    store.close()


def test_the_same_clip_is_kept_once(small, home, clip, tmp_path):
    video = clip("a.mp4")
    (tmp_path / "b.webm").write_bytes(video.read_bytes())
    ids = [small.add(evaluation(), visitor, path)
           for visitor, path in ((ANN, video), (BEN, tmp_path / "b.webm"), (ANN, video))]
    assert {small.get(id).clip for id in ids} == {digest(video)}
    assert [path.name for path in files(home)] == [f"{digest(video)}.mp4"]


@pytest.mark.parametrize(("name", "suffix"), [
    ("a.MP4", ".mp4"), ("a.webm", ".webm"), ("a.b.Mov", ".mov"), ("a.mkv", ".mkv"), ("a.avi", ".avi"),
    ("a.gif", ".gif"), ("a.m4v", ".m4v"), ("a.html", ".bin"), ("a.svg", ".bin"), ("a", ".bin"), (".mp4", ".bin"),
    ("a.mp4\n", ".bin"),
])
def test_a_suffix_is_a_videos_or_none(small, home, clip, name, suffix):
    small.add(evaluation(), ANN, clip(name))
    assert [path.suffix for path in files(home)] == [suffix]


def test_the_least_recently_used_go_first(small, home, clip):
    videos = [clip(f"{name}.mp4") for name in "abcd"]
    ids = []
    for seconds, video in zip((400, 300, 200), videos, strict=False):
        ids.append(small.add(evaluation(), ANN, video))
        age(home, video, seconds)
    small.clip(digest(videos[0]))  # is used by looking at it
    ids.append(small.add(evaluation(), ANN, videos[3]))
    kept = [small.get(id).clip for id in ids]
    assert kept == [digest(videos[0]), None, digest(videos[2]), digest(videos[3])]
    assert small.clip(digest(videos[1])) is None and small.count(ANN) == 4, "evaluations stay"
    assert {path.stem for path in files(home)} == set(kept) - {None}
    small.add(evaluation(), BEN, videos[2])  # and by judging it again
    small.add(evaluation(), ANN, clip("e.mp4"))
    assert small.clip(digest(videos[0])) is None and small.clip(digest(videos[2]))


def test_what_a_review_needs_stays(small, home, clip):
    videos = [clip(f"{name}.mp4") for name in "abcdef"]
    ids = [small.add(evaluation(), ANN, video) for video in videos[:3]]
    again = small.add(evaluation(), BEN, videos[0])
    for id in (again, ids[1]):  # of a clip with two evaluations one is reviewed
        small.put_review(id, review_of(evaluation()))
    for video in videos[:3]:
        age(home, video, 9999)
    small.add(evaluation(), ANN, videos[3])
    assert [small.get(id).clip is not None for id in ids] == [True, True, False]
    small.put_review(small.find(ANN)[0].id, review_of(evaluation()))
    last = [small.add(evaluation(), ANN, video) for video in videos[4:]]
    assert [small.get(id).clip is not None for id in last] == [False, True], "the newest is kept beside reviewed ones"
    assert len(files(home)) == 4
    small.close()
    store = Store(home, clip_bytes=0)  # the limit was lowered
    assert {path.stem for path in files(home)} == {digest(videos[place]) for place in (0, 1, 3)}
    assert all(review.video.is_file() for _, review in store.reviews()) and len(store.reviews()) == 3
    store.delete_review(again, "ann")
    store.close()
    Store(home, clip_bytes=0).close()
    assert {path.stem for path in files(home)} == {digest(videos[place]) for place in (1, 3)}


def test_a_clip_that_is_too_large_is_left_out(small, home, tmp_path):
    (tmp_path / "large.mp4").write_bytes(bytes(3 * SIZE + 1))
    id = small.add(evaluation(), ANN, tmp_path / "large.mp4")
    assert small.get(id).clip is None and files(home) == []


def test_deleting_takes_the_clips_that_nobody_needs_now(small, home, clip):
    shared, own = clip("shared.mp4"), clip("own.mp4")
    mine = [small.add(evaluation(), ANN, video) for video in (shared, own, own)]
    small.add(evaluation(), BEN, shared)
    assert small.delete(ANN, mine[:2]) == 2 and len(files(home)) == 2
    assert small.delete(ANN) == 1 and [path.stem for path in files(home)] == [digest(shared)]
    assert small.clip(digest(own)) is None and query(home, "SELECT COUNT(*) FROM clips") == [(1,)]
    assert small.delete(BEN) == 1 and files(home) == []


@pytest.mark.parametrize("before", [False, True])
def test_another_process_may_add_or_delete_the_same_clip_meanwhile(small, home, clip, monkeypatch, before):
    video, other, stage = clip("a.mp4"), Store(home, clip_bytes=3 * SIZE), clips.Clips.stage
    if before:
        other.add(evaluation(), BEN, video)

    def meanwhile(*args):
        monkeypatch.setattr(clips.Clips, "stage", stage)
        part = stage(*args)
        assert (part is None) == before
        if before:
            assert other.delete(BEN) == 1 and files(home) == []
        else:
            other.add(evaluation(), BEN, video)
            assert len(files(home)) == 2, "the other's clip and this one's part"
        return part

    monkeypatch.setattr(clips.Clips, "stage", meanwhile)
    id = small.add(evaluation(), ANN, video)
    assert small.clip(small.get(id).clip).read_bytes() == video.read_bytes()
    assert [path.name for path in files(home)] == [f"{digest(video)}.mp4"]
    other.close()


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "zero"])
def test_what_cannot_be_read_is_refused(small, home, tmp_path, kind):
    path = tmp_path / "it.mp4"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("needs pipes with names")
        os.mkfifo(path)
    elif kind == "zero":
        path = Path("a\0b.mp4")
    with pytest.raises(BadInput, match=r"can no longer be read[^.]*: upload it again\.$"):
        small.add(evaluation(), ANN, path)
    assert small.count(None) == 0 and files(home) == []


def test_a_file_that_changes_while_it_is_stored_is_refused(small, home, clip, monkeypatch):
    video, reserve = clip("a.mp4"), clips.Clips.reserve

    def meanwhile(*args):
        video.write_bytes(b"!" * SIZE)
        return reserve(*args)

    monkeypatch.setattr(clips.Clips, "reserve", meanwhile)
    with pytest.raises(BadInput, match="changed while it was stored"):
        small.add(evaluation(), ANN, video)
    assert small.count(None) == 0 and files(home) == []


@pytest.mark.parametrize(("number", "says"), [(errno.ENOSPC, "disk is full"), (errno.EDQUOT, "disk is full"),
                                              (errno.EROFS, "cannot be written"), (errno.EIO, "cannot be written")])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_is_one_sentence_and_leaves_nothing(small, home, clip, monkeypatch, call, number, says):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch, pytest.raises(Failure, match=rf"{says}[^.]*VS2_HOME[^.]*\.$"):
        patch.setattr(os, call, refuse)
        small.add(evaluation(), ANN, clip("a.mp4"))
    assert small.count(None) == 0 and files(home) == []
    assert small.get(small.add(evaluation(), ANN, clip("a.mp4"))).clip


def test_a_clip_is_shown_though_nothing_can_be_written(small, home, clip, monkeypatch):
    video = clip("a.mp4")
    small.add(evaluation(), ANN, video)
    age(home, video, 9999)
    monkeypatch.setattr(database.Database._connect, "__defaults__", (0.1,))
    store = Store(home)
    other = sqlite3.connect(home / "vs2.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert store.clip(digest(video)).read_bytes() == video.read_bytes()
    other.close()
    store.close()


def die(*_, **__) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_the_copy(patch) -> None:
    """Has the process killed when it has copied 60 kB of a clip."""
    source, opened = clips._source, []

    @contextmanager
    def dying(video):
        opened.append(video)
        with source(video) as file:
            start = [] if len(opened) == 1 else [file.read(60_000)]  # the first time it is only looked at
            yield SimpleNamespace(read=lambda _: start.pop() if start else die()) if start else file

    patch.setattr(clips, "_source", dying)


def die_after_replacing(patch) -> None:
    replace = os.replace
    patch.setattr(os, "replace", lambda *both: (replace(*both), die()))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize(("arrange", "left"), [
    (die_in_the_copy, {".part": 60_000}),
    (lambda patch: patch.setattr(os, "replace", die), {".part": 100_000}),
    (die_after_replacing, {".mp4": 100_000}),
    (lambda patch: patch.setattr(clips.Clips, "clean", die), {".mp4": 100_000}),
], ids=["in the copy", "before it is in its place", "when it is in its place", "before the end"])
def test_a_kill_in_the_middle_leaves_all_or_nothing(home, clip, tmp_path, monkeypatch, arrange, left):
    first, video = clip("first.mp4"), tmp_path / "a.mp4"
    video.write_bytes(os.urandom(100_000))
    store = Store(home)
    store.add(evaluation("before"), ANN, first)
    store.close()  # before the fork
    child = os.fork()
    if child == 0:
        try:
            store = Store(home)
            arrange(monkeypatch)
            store.add(evaluation("killed"), ANN, video)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    for hours in (0, 2):  # at once a part may be another process's; in time it is deleted
        for path in files(home):
            if path.suffix == ".part":
                os.utime(path, (time.time() - hours * 3600,) * 2)
        query(home, f"UPDATE clips SET used = used - {hours * 3600}")
        store = Store(home)
        assert [found.evaluation.prompt for found in store.find(ANN)] == ["before"]
        assert store.clip(digest(first)).read_bytes() == first.read_bytes()
        others = {path.suffix: path.stat().st_size for path in files(home) if path.stem != digest(first)}
        assert others == ({} if hours else left)
        assert all(digest(path) == path.stem for path in files(home) if path.suffix == ".mp4"), "no half clip"
        store.close()
    assert query(home, "PRAGMA integrity_check") == [("ok",)]
    assert query(home, "SELECT digest FROM clips") == [(digest(first),)]
    store = Store(home)
    assert store.clip(store.get(store.add(evaluation(), ANN, video)).clip).read_bytes() == video.read_bytes()
    store.close()


def test_what_the_database_does_not_know_is_not_deleted(small, home, clip):
    video = clip("a.mp4")
    small.add(evaluation(), ANN, video)
    small.close()
    for file in home.glob("vs2.db*"):
        file.unlink()
    os.utime(files(home)[0], (0, 0))
    store = Store(home, clip_bytes=0)
    assert [path.stem for path in files(home)] == [digest(video)], "the database may come back from a backup"
    store.close()


@pytest.mark.skipif(os.name != "posix", reason="rights of the owner, the group and others")
def test_only_the_owner_may_read_a_clip(small, home, clip):
    small.add(evaluation(), ANN, clip("a.mp4"))
    kept = files(home)[0]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
