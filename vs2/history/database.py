"""The SQLite file of the history: its tables by version, its connections, its one writer, and what it refuses.

Many read while one writes (WAL), in any number of threads and processes on one machine.
"""
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from vs2.errors import Failure
from vs2.history.clips import FULL, UNWRITABLE, disk

PATIENCE = 30.0  # seconds to wait while another process writes
IDLE = 4         # connections that stay open for the next call
# Of each connection: what was answered for survives a loss of power, and what is deleted is overwritten.
SETTINGS = ("foreign_keys = ON", "synchronous = FULL", "secure_delete = ON")
DAMAGED = ("The database of evaluations is damaged: restore vs2.db in the folder of VS2_HOME from a backup, or move "
           "what is in that folder away to begin anew.")
NEWER = ("The database of evaluations was made by a newer version of this program: update the program, or set "
         "VS2_HOME to another folder.")

# The statements that lead from each version of the database to the next; PRAGMA user_version says how many are done.
# What was released is never changed: a new version is a new entry.
MIGRATIONS = (
    ("""CREATE TABLE clips (
            digest TEXT PRIMARY KEY, suffix TEXT NOT NULL, bytes INTEGER NOT NULL, used REAL NOT NULL)""",
     """CREATE TABLE evaluations (
            number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, visitor TEXT, created REAL NOT NULL,
            clip TEXT REFERENCES clips (digest) ON DELETE SET NULL, model TEXT NOT NULL,
            visual_quality INTEGER, text_alignment INTEGER, physical_consistency INTEGER, overall REAL,
            words TEXT NOT NULL, record TEXT NOT NULL)""",
     "CREATE INDEX evaluations_of_visitor ON evaluations (visitor, number)",
     "CREATE INDEX evaluations_of_clip ON evaluations (clip)",
     """CREATE TABLE reviews (
            evaluation INTEGER NOT NULL REFERENCES evaluations (number) ON DELETE CASCADE, reviewer TEXT NOT NULL,
            updated REAL NOT NULL, record TEXT NOT NULL, PRIMARY KEY (evaluation, reviewer)) WITHOUT ROWID"""),
    ("""CREATE TABLE duels (
            number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, visitor TEXT NOT NULL,
            created REAL NOT NULL, name TEXT NOT NULL, seed TEXT NOT NULL, aspects TEXT NOT NULL,
            rounds INTEGER NOT NULL, scores TEXT NOT NULL)""",
     "CREATE INDEX duels_of_visitor ON duels (visitor, number)",
     """CREATE TABLE duel_clips (
            number INTEGER PRIMARY KEY AUTOINCREMENT, duel INTEGER NOT NULL REFERENCES duels (number) ON DELETE CASCADE,
            id TEXT NOT NULL UNIQUE, prompt TEXT NOT NULL, generator TEXT NOT NULL, name TEXT NOT NULL, fps REAL,
            clip TEXT REFERENCES clips (digest) ON DELETE SET NULL, problem TEXT NOT NULL)""",
     "CREATE INDEX duel_clips_of_duel ON duel_clips (duel, number)",
     "CREATE INDEX duel_clips_of_clip ON duel_clips (clip)",
     """CREATE TABLE duel_ballots (
            number INTEGER PRIMARY KEY AUTOINCREMENT, duel INTEGER NOT NULL REFERENCES duels (number) ON DELETE CASCADE,
            id TEXT NOT NULL UNIQUE, a INTEGER NOT NULL, b INTEGER NOT NULL, shown_left TEXT NOT NULL,
            created REAL NOT NULL, choices TEXT NOT NULL)""",
     "CREATE INDEX duel_ballots_of_duel ON duel_ballots (duel, number)"),
    # When it was deleted, as long as that can be undone.
    ("ALTER TABLE evaluations ADD COLUMN deleted REAL",
     "CREATE INDEX evaluations_deleted ON evaluations (deleted) WHERE deleted IS NOT NULL"),
    ("ALTER TABLE duels ADD COLUMN deleted REAL",
     "CREATE INDEX duels_deleted ON duels (deleted) WHERE deleted IS NOT NULL"),
)


class Database:
    """The file at `path`, made where missing, readable by its owner only, and brought to the newest version.

    Raises Failure, one sentence, where it cannot be written, is damaged, or was made by a newer version.
    """

    def __init__(self, path: Path):
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()  # over the list
        self._turn = threading.Lock()  # threads wait here in line; SQLite's own waiting is for other processes
        self._owner, self._closed = os.getpid(), False
        with disk():
            _make(path)
        with self.reading() as db:
            _write_ahead(db)
        with self.writing() as db:
            for version, statements in list(enumerate(MIGRATIONS, 1))[_version(db):]:
                for statement in (*statements, f"PRAGMA user_version = {version}"):
                    db.execute(statement)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for this thread alone. What SQLite refuses is raised as Failure."""
        with self._lock:
            if self._owner != os.getpid():  # SQLite would believe that it holds its parent's locks
                raise Failure("A forked process cannot use the history that its parent has opened: start it with the "
                              "method spawn.")
            if self._closed:
                raise Failure("The history is closed: start the program again.")
            db = self._idle.pop() if self._idle else None
        try:
            db = db or self._connect()
            yield db
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):  # defects of ours
            raise
        except sqlite3.DatabaseError as error:
            raise _failure(error) from error
        finally:
            with self._lock:
                if db is not None and not self._closed and len(self._idle) < IDLE:
                    self._idle.append(db)
                    db = None
            if db is not None:
                db.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection inside a transaction that no other thread or process writes beside; all of it or nothing."""
        with self._turn, self.reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                if _version(db) > len(MIGRATIONS):  # a newer program may have come beside this one
                    raise Failure(NEWER)
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def flush(self) -> None:
        """Moves what was written to the main file, if nobody reads the old state, so that deleted text is gone."""
        with suppress(sqlite3.OperationalError), closing(self._connect(patience=0)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes the connections; those in use close when they come back."""
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()

    def _connect(self, patience: float = PATIENCE) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=patience, isolation_level=None, check_same_thread=False)
        for setting in SETTINGS:
            db.execute(f"PRAGMA {setting}")
        return db


def _version(db: sqlite3.Connection) -> int:
    return db.execute("PRAGMA user_version").fetchone()[0]


def _make(path: Path) -> None:
    """Makes the file, or takes others' rights from it."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        # Never opened here: closing it would end the locks that this process holds on it elsewhere.
        with suppress(PermissionError):  # some file systems have no rights to take
            path.chmod(0o600)


def _write_ahead(db: sqlite3.Connection) -> None:
    """Switches to WAL, where the file system has it. SQLite does not wait there while another process switches."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _failure(error: sqlite3.DatabaseError) -> Failure:
    """The sentence for what the disk or another process did."""
    said = str(error)
    if "is full" in said:
        return Failure(FULL)
    if "readonly" in said or "unable to open" in said:
        return Failure(UNWRITABLE)
    if "locked" in said:
        return Failure("Another program has been writing the database of evaluations for too long: try again.")
    if "malformed" in said or "not a database" in said:
        return Failure(DAMAGED)
    return Failure(f"The database of evaluations cannot be used ({said}): check the disk of the folder VS2_HOME.")
