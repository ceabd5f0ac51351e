"""The history's SQLite file: its versions, who waits for whom, who may read it, and what is said when it fails."""
import os
import sqlite3
import stat
import threading

import pytest

from tests.history.test_store import ANN, evaluation, query
from vs2.errors import Failure
from vs2.history import database
from vs2.history.store import Filter, Store


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(database, "SETTINGS", (*database.SETTINGS, "synchronous = OFF"))


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "home")
    yield made
    made.close()


def test_who_comes_while_another_writes_waits_and_then_writes(store, tmp_path):
    other, added = Store(tmp_path / "home"), []
    waiting = threading.Thread(target=lambda: added.append(store.add(evaluation(), ANN)))
    with other._database.writing() as db:
        db.execute("INSERT INTO clips VALUES ('digest', '.mp4', 1, 1)")
        waiting.start()
        waiting.join(0.3)
        assert not added and store.count(ANN) == 0
    waiting.join(60)
    assert [found.id for found in store.find(ANN)] == added and len(added) == 1
    other.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_is_refused(store):
    store.add(evaluation(), ANN)
    child = os.fork()
    if child == 0:
        try:
            store.count(ANN)
        except Failure as failure:
            os._exit(0 if "spawn" in str(failure) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 and store.count(ANN) == 1


def test_an_older_database_is_brought_up_to_date(store, tmp_path, monkeypatch):
    id = store.add(evaluation(), ANN)
    store.close()
    new = ("ALTER TABLE evaluations ADD COLUMN star INTEGER NOT NULL DEFAULT 7", "CREATE TABLE news (text TEXT)")
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, new[:1], new[1:]))
    store = Store(tmp_path / "home")
    assert store.get(id).evaluation == evaluation() and store.add(evaluation(), ANN)
    store.close()
    assert query(tmp_path / "home", "SELECT star FROM evaluations") == [(7,), (7,)]
    assert query(tmp_path / "home", "PRAGMA user_version") == [(len(database.MIGRATIONS),)]


def test_a_migration_that_breaks_off_leaves_the_old_state(store, tmp_path, monkeypatch):
    id = store.add(evaluation(), ANN)
    store.close()
    before = query(tmp_path / "home", "SELECT sql FROM sqlite_master ORDER BY name")
    broken = ("ALTER TABLE evaluations ADD COLUMN star INTEGER", "DELETE FROM evaluations", "NO SQL")
    with monkeypatch.context() as patch, pytest.raises(Failure, match="cannot be used"):
        patch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, broken))
        Store(tmp_path / "home")
    assert query(tmp_path / "home", "SELECT sql FROM sqlite_master ORDER BY name") == before
    store = Store(tmp_path / "home")
    assert store.get(id).evaluation == evaluation()
    store.close()


def test_a_newer_database_is_refused_and_left_alone(store, tmp_path):
    store.add(evaluation(), ANN)
    query(tmp_path / "home", f"PRAGMA user_version = {len(database.MIGRATIONS) + 1}")
    with pytest.raises(Failure, match="made by a newer version"):
        store.add(evaluation(), ANN)  # the newer program came while this one ran
    store.close()
    before = (tmp_path / "home" / "vs2.db").read_bytes()
    with pytest.raises(Failure, match=r"made by a newer version of this program: update.*\.$"):
        Store(tmp_path / "home")
    assert (tmp_path / "home" / "vs2.db").read_bytes() == before


def test_a_damaged_database_is_one_sentence(store, tmp_path):
    path = tmp_path / "home" / "vs2.db"
    for _ in range(50):
        store.add(evaluation(), ANN)
    store.close()
    whole = path.read_bytes()
    path.write_bytes(b"this was a database" * 1000)
    with pytest.raises(Failure, match=r"^The database of evaluations is damaged: [^.]*vs2\.db[^.]*\.$") as caught:
        Store(tmp_path / "home")
    assert str(tmp_path) not in str(caught.value), "visitors see the sentence, too"
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(Failure, match="is damaged"):
        store = Store(tmp_path / "home")
        store.find(None, Filter(text="x"))
    path.write_bytes(whole)
    query(tmp_path / "home", "UPDATE evaluations SET record = '{}'")
    store = Store(tmp_path / "home")
    with pytest.raises(Failure, match="is damaged"):
        store.find(ANN)
    store.close()


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "vs2.db").mkdir(parents=True)
    for home in (tmp_path / "file", tmp_path / "file" / "home", tmp_path / "taken"):
        with pytest.raises(Failure, match=r"^The folder for what is kept cannot be written: [^.]*VS2_HOME[^.]*\.$"):
            Store(home)


def test_a_full_disk_is_one_sentence_and_what_was_there_stays(store):
    id = store.add(evaluation(), ANN)
    with store._database.reading() as db:  # the connection that the next call takes
        pages, = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Failure, match=r"^The disk is full, [^.]*\.$"):
        store.add(evaluation("long " * 10_000), ANN)
    assert [stored.id for stored in store.find(ANN)] == [id]


def test_another_program_that_keeps_writing_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    monkeypatch.setattr(database.Database._connect, "__defaults__", (0.1,))
    store = Store(tmp_path)
    other = sqlite3.connect(tmp_path / "vs2.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Failure, match="for too long: try again"):
        store.add(evaluation(), ANN)
    assert store.find(ANN) == [], "who only reads does not wait"
    other.execute("ROLLBACK")
    other.close()
    assert store.add(evaluation(), ANN)
    store.close()


def test_opening_waits_for_another_program_that_is_making_the_database(tmp_path):
    other = sqlite3.connect(tmp_path / "vs2.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE something (text TEXT)")
    done = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    done.start()
    store = Store(tmp_path)
    done.join()
    other.close()
    assert store.add(evaluation(), ANN)
    store.close()


@pytest.mark.skipif(os.name != "posix", reason="rights of the owner, the group and others")
def test_only_the_owner_may_read(tmp_path):
    before = os.umask(0)
    try:
        (tmp_path / "clip.mp4").write_bytes(b"video")
        store = Store(tmp_path / "home")
        store.add(evaluation(), ANN, tmp_path / "clip.mp4")
        files = list((tmp_path / "home").rglob("*"))
        rights = {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "home", *files)}
        assert {"home", "vs2.db", "vs2.db-wal", "vs2.db-shm", "clips"} < rights.keys() and not any(rights.values())
        store.close()
        (tmp_path / "home" / "vs2.db").chmod(0o644)
        Store(tmp_path / "home").close()
        assert stat.S_IMODE((tmp_path / "home" / "vs2.db").stat().st_mode) == 0o600
    finally:
        os.umask(before)
