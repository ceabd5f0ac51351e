"""Deleting that can be undone: what is deleted is out of sight at once, and gone for good when its time is over.

Who deletes, and when, stands in the row itself, so that it can be undone after a restart, and ends after one as well.
"""
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from vs2.errors import Failure
from vs2.history.clips import Clips
from vs2.history.database import Database
from vs2.history.keys import hashed, plain

UNDO = 600.0    # seconds for which a deletion can be undone
EVALUATIONS, DUELS = TABLES = ("evaluations", "duels")     # what can be deleted; each row may have a clip or several
_CLIPS = {EVALUATIONS: "SELECT clip FROM evaluations WHERE deleted <= ?",
          DUELS: "SELECT c.clip FROM duel_clips c JOIN duels d ON d.number = c.duel WHERE d.deleted <= ?"}


class Undo:
    """The deletions of one history. Owners are the hashes by which the database knows visitors.

    purging: called with the time, in seconds since 1970, up to which deletions cannot be undone any more.
    """

    def __init__(self, database: Database, clips: Clips, seconds: float = UNDO):
        self._database, self._clips, self.seconds = database, clips, seconds
        self._timer: threading.Timer | None = None
        self._changing = threading.Lock()
        self._closed = False
        self.purging: list[Callable[[float], object]] = []
        self.purge()

    def discard(self, owner: str | None, ids: Iterable[str | None] | None, tables: Sequence[str] = TABLES) -> int:
        """Puts what is in these tables out of sight, all of the owner's or what has one of `ids`; how many that was."""
        now, count = time.time(), 0
        chosen = [("", ())] if ids is None else [(" AND id = ?", (id,)) for id in ids]
        with self._database.writing() as db:
            for table in tables:
                for which, values in chosen:
                    count += db.execute(f"UPDATE {table} SET deleted = ? WHERE visitor = ? AND deleted IS NULL{which}",
                                        (now, owner, *values)).rowcount
        self._wait(self.seconds)
        return count

    def last(self, owner: str | None, tables: Sequence[str] = TABLES) -> tuple[int, float]:
        """How much the owner's last deletion in these tables took, and when it was; (0, 0.0) where its time is over."""
        with self._database.reading() as db:
            return self._last(db, owner, tables)

    def undo(self, owner: str | None, tables: Sequence[str] = TABLES) -> int:
        """Takes back the owner's last deletion in these tables; how much that brings back, 0 where its time is over."""
        with self._database.writing() as db:
            _, when = self._last(db, owner, tables)
            return sum(db.execute(f"UPDATE {table} SET deleted = NULL WHERE visitor = ? AND deleted = ?",
                                  (owner, when)).rowcount for table in tables) if when else 0

    def left(self, when: float) -> float:
        """For how many seconds a deletion at that time can still be undone."""
        return max(0.0, when + self.seconds - time.time()) if when else 0.0

    def _last(self, db: sqlite3.Connection, owner: str | None, tables: Sequence[str]) -> tuple[int, float]:
        rows = " UNION ALL ".join(f"SELECT deleted FROM {table} WHERE visitor = ? AND deleted > ?" for table in tables)
        found = db.execute(f"SELECT COUNT(*), deleted FROM ({rows}) GROUP BY deleted ORDER BY deleted DESC LIMIT 1",
                           (owner, time.time() - self.seconds) * len(tables)).fetchone()
        return found or (0, 0.0)

    def purge(self) -> None:
        """Deletes for good what nobody can bring back any more, with the clips that nothing else needs."""
        until = time.time() - self.seconds
        with self._database.writing() as db:
            digests = {digest for query in _CLIPS.values() for digest, in db.execute(query, (until,)) if digest}
            gone = sum(db.execute(f"DELETE FROM {table} WHERE deleted <= ?", (until,)).rowcount for table in TABLES)
            self._clips.drop(db, digests)
            next_ = [when for table in TABLES for when, in db.execute(f"SELECT MIN(deleted) FROM {table}") if when]
        if gone:
            self._database.flush()
        if next_:
            self._wait(min(next_) + self.seconds - time.time())
        for also in self.purging:
            also(until)

    def close(self) -> None:
        """Ends the waiting; what is left is purged where the history is opened next."""
        with self._changing:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()

    def _wait(self, seconds: float) -> None:
        """Purges after so many seconds, unless that is to be done sooner anyway."""
        with self._changing:
            if self._closed or (self._timer is not None and self._timer.is_alive()):
                return
            # A little later than that, or the clock may say that it is not time yet.
            self._timer = threading.Timer(max(0.0, seconds) + 0.1, _quietly(self._again))
            self._timer.daemon = True
            self._timer.start()

    def _again(self) -> None:
        with self._changing:
            self._timer = None
        self.purge()


def _quietly(work: Callable[[], None]) -> Callable[[], None]:
    """A disk that refuses now is asked again with the next deletion, and where the history is opened next."""
    def quiet() -> None:
        with suppress(Failure):
            work()

    return quiet


class Undoable:
    """The part of a store in which deletions are undone."""

    _undo: Undo

    def discard(self, visitor: str, ids: Iterable[str] | None = None) -> int:
        """As `delete`, but `undo` brings it back, with reviews and clips, for `undo_seconds`; then it is deleted.

        Until then nothing finds it, its id and its link included.
        """
        return self._undo.discard(hashed(visitor), None if ids is None else map(plain, ids), (EVALUATIONS,))

    def wipe(self, visitor: str) -> float:
        """`discard` of all that the visitor has, duels included; when that was, 0.0 where there was nothing."""
        return self.deleted(visitor) if self._undo.discard(hashed(visitor), None) else 0.0

    def undo(self, visitor: str) -> int:
        """Takes back the visitor's last deletion; how much that brings back, evaluations and duels."""
        return self._undo.undo(hashed(visitor))

    def deleted(self, visitor: str) -> float:
        """When the visitor's last deletion was that can still be undone, in seconds since 1970; 0.0 for none."""
        return self._undo.last(hashed(visitor))[1]

    def discarded(self, visitor: str) -> tuple[int, float]:
        """How much `undo` would bring back, evaluations and duels, and for how many seconds it still can."""
        count, when = self._undo.last(hashed(visitor))
        return count, self._undo.left(when)

    @property
    def undo_seconds(self) -> float:
        """For how long a `discard` can be taken back."""
        return self._undo.seconds

    @property
    def purging(self) -> list[Callable[[float], object]]:
        """What is called with the time up to which deletions cannot be undone any more."""
        return self._undo.purging
