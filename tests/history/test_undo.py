"""Deleting from the history can be undone for a while: clips and reviews come back; after that it is gone for good."""
import time

import pytest

from tests.history.test_clips import digest
from tests.history.test_store import ANN, BEN, evaluation, review_of
from tests.support.patience import eventually
from vs2.duels.clips import Given
from vs2.errors import BadInput
from vs2.history import database, undo
from vs2.history.store import Store


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "ball.mp4"
    path.write_bytes(b"secret clip" * 100)
    return path


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "SETTINGS", (*database.SETTINGS, "synchronous = OFF"))
    made = Store(tmp_path / "home")
    yield made
    made.close()


def given(path) -> list[Given]:
    """The clips of a duel: the file, and another one beside it."""
    other = path.with_name("other.mp4")
    other.write_bytes(b"another clip")
    return [Given("a ball", "one", "one/a ball.mp4", path), Given("a ball", "two", "two/a ball.mp4", other)]


def held(home) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_one_and_all_come_back_with_clips_and_reviews(store, video):
    ids = [store.add(evaluation(f"prompt {n}"), ANN, video) for n in range(3)]
    others = store.add(evaluation("other"), BEN, video)
    store.put_review(ids[0], review_of(store.get(ids[0]).evaluation, note="mine"))
    assert store.discarded(ANN) == (0, 0.0) and store.undo(ANN) == 0
    assert store.discard(ANN, [ids[0], others, "x" * 22]) == 1, "another's stays"
    assert store.get(ids[0]) is None and store.review(ids[0], "ann") is None and store.reviews() == []
    assert store.count(ANN) == 2 == len(list(store.export(ANN))) and store.count(None) == 3
    assert not store.delete_review(ids[0], "ann"), "what is out of sight is out of reach"
    count, seconds = store.discarded(ANN)
    assert count == 1 and 0 < seconds <= store.undo_seconds
    assert store.discard(ANN) == 2 and store.count(ANN) == 0 and store.discarded(ANN)[0] == 2
    assert store.undo(BEN) == 0 and store.get(others)
    assert store.undo(ANN) == 2 and store.count(ANN) == 2, "the last deletion first"
    assert store.undo(ANN) == 1 and store.undo(ANN) == 0 and store.count(ANN) == 3
    assert store.review(ids[0], "ann").note == "mine" and store.get(ids[0]).reviews == 1
    assert store.clip(store.get(ids[0]).clip).read_bytes() == video.read_bytes()


def test_a_restart_does_not_end_it_and_its_time_does(store, video, tmp_path, monkeypatch):
    id = store.add(evaluation("a secret prompt"), ANN, video)
    store.put_review(id, review_of(store.get(id).evaluation))
    store.discard(ANN)
    store.close()
    again = Store(tmp_path / "home")
    assert again.discarded(ANN)[0] == 1 and again.undo(ANN) == 1 and again.get(id).reviews == 1
    again.discard(ANN)
    again.close()
    monkeypatch.setattr(undo.Undo.__init__, "__defaults__", (0.5,))
    short = Store(tmp_path / "home")
    assert eventually(lambda: short.clip(digest(video)) is None), "gone by itself when its time is over"
    assert short.undo(ANN) == 0 and short.discarded(ANN) == (0, 0.0)
    # The file goes first, the database's own pages a moment later.
    assert eventually(lambda: b"secret" not in held(tmp_path / "home")), "and gone from the disk"
    short.close()


def test_what_is_deleted_for_good_goes_with_what_was_discarded(store, video, tmp_path):
    store.add(evaluation("a secret prompt"), ANN, video)
    store.discard(ANN)
    assert store.delete(ANN) == 1 and store.undo(ANN) == 0
    assert b"secret" not in held(tmp_path / "home")


def test_a_clip_stays_for_the_evaluation_that_may_come_back(store, video):
    one, other = store.add(evaluation(), ANN, video), store.add(evaluation(), BEN, video)
    store.discard(ANN)
    assert store.delete(BEN, [other]) == 1 and store.clip(digest(video)) is not None
    assert store.undo(ANN) == 1 and store.get(one).clip == digest(video)
    before = time.time()
    assert before - store.get(one).created < store.undo_seconds


def test_duels_come_back_with_what_was_deleted_with_them(store, video):
    first, second = (store.duels.start(ANN, name, given(video)) for name in ("one", "two"))
    store.duels.vote(ANN, first, {"overall": "left"}, 0)
    id = store.add(evaluation("a"), ANN, video)
    assert store.duels.discard(BEN, first) == 0 and store.duels.discard(ANN, first) == 1
    assert [one[0] for one in store.duels.all(ANN)] == [second] and store.duels.count(ANN) == 1
    with pytest.raises(BadInput):
        store.duels.get(ANN, first)
    assert store.duels.discarded(ANN)[0] == 1 and store.duels.discarded(BEN) == (0, 0.0)
    when = store.wipe(ANN)
    assert when and store.deleted(ANN) == when and store.discarded(ANN)[0] == 2 and store.duels.all(ANN) == []
    assert store.undo(ANN) == 2 and store.get(id) and [one[0] for one in store.duels.all(ANN)] == [second]
    assert store.duels.restore(BEN) == 0 and store.duels.restore(ANN) == 1 and store.duels.restore(ANN) == 0
    assert len(store.duels.get(ANN, first).ballots) == 1
    assert store.wipe("nobody") == 0.0 and store.deleted("nobody") == 0.0


def test_the_time_of_a_duel_is_over_and_its_clips_go(store, video):
    id = store.duels.start(ANN, "one", given(video))
    digests = {clip.digest for clip in store.duels.get(ANN, id).clips}
    ended = []
    store.purging.append(ended.append)
    store.duels.discard(ANN, id)
    assert all(map(store.clip, digests)), "it can still be undone"
    store._undo.seconds = -1.0
    store._undo.purge()
    assert store.duels.restore(ANN) == 0 and not any(map(store.clip, digests)) and len(ended) == 1
    assert store.duels._read("SELECT COUNT(*) FROM duels") == [(0,)]


def test_evaluations_that_were_deleted_say_nothing_in_a_duel(store, video):
    duel = store.duels.get(ANN, store.duels.start(ANN, "one", given(video)))
    id = store.add(evaluation(duel.clips[0].prompt), ANN, video)
    assert len(store.duels.evaluations(ANN, duel)) == 1
    store.discard(ANN, [id])
    assert store.duels.evaluations(ANN, duel) == []
