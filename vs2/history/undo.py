"""Deleting that can be undone: what is deleted is out of sight at once, and gone for good when its time is over.

Who deletes, and when, stands in the row itself, so that it can be undone after a restart, and ends after one as well.
"""
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from vs2.errors import Failure
from vs2.history.clips import Clips
from vs2.history.database import Database
from vs2.history.keys import hashed, plain

UNDO = 600.0    # seconds for which a deletion can be undone


class Undo:
    """The deletions of one history. Owners are the hashes by which the database knows visitors."""

    def __init__(self, database: Database, clips: Clips, seconds: float = UNDO):
        self._database, self._clips, self.seconds = database, clips, seconds
        self._timer: threading.Timer | None = None
        self._changing = threading.Lock()
        self._closed = False
        self.purge()

    def discard(self, owner: str | None, ids: Iterable[str | None] | None) -> int:
        """Puts evaluations out of sight, all of the owner's or those of `ids`; how many that were."""
        now, count = time.time(), 0
        chosen = [("", ())] if ids is None else [(" AND id = ?", (id,)) for id in ids]
        with self._database.writing() as db:
            for which, values in chosen:
                count += db.execute(f"UPDATE evaluations SET deleted = ? WHERE visitor = ? AND deleted IS NULL{which}",
                                    (now, owner, *values)).rowcount
        self._wait(self.seconds)
        return count

    def last(self, owner: str | None) -> tuple[int, float]:
        """How many evaluations the owner's last deletion took, and for how many seconds it can still be undone."""
        with self._database.reading() as db:
            when, count = db.execute("SELECT deleted, COUNT(*) FROM evaluations WHERE visitor = ? AND deleted > ? "
                                     "GROUP BY deleted ORDER BY deleted DESC LIMIT 1",
                                     (owner, time.time() - self.seconds)).fetchone() or (0.0, 0)
        return count, max(0.0, when + self.seconds - time.time()) if count else 0.0

    def undo(self, owner: str | None) -> int:
        """Takes back the owner's last deletion; how many evaluations that brings back, 0 where its time is over."""
        with self._database.writing() as db:
            return db.execute("UPDATE evaluations SET deleted = NULL WHERE visitor = ? AND deleted = (SELECT "
                              "MAX(deleted) FROM evaluations WHERE visitor = ? AND deleted > ?)",
                              (owner, owner, time.time() - self.seconds)).rowcount

    def purge(self) -> None:
        """Deletes for good what nobody can bring back any more, with the clips that nothing else needs."""
        until = time.time() - self.seconds
        with self._database.writing() as db:
            where = "FROM evaluations WHERE deleted <= ?"
            digests = {digest for digest, in db.execute(f"SELECT clip {where}", (until,))}
            gone = db.execute(f"DELETE {where}", (until,)).rowcount
            self._clips.drop(db, digests)
            next_, = db.execute("SELECT MIN(deleted) FROM evaluations WHERE deleted IS NOT NULL").fetchone()
        if gone:
            self._database.flush()
        if next_ is not None:
            self._wait(next_ + self.seconds - time.time())

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
        return self._undo.discard(hashed(visitor), None if ids is None else map(plain, ids))

    def undo(self, visitor: str) -> int:
        """Takes back the visitor's last `discard`; how many evaluations that brings back."""
        return self._undo.undo(hashed(visitor))

    def discarded(self, visitor: str) -> tuple[int, float]:
        """How many evaluations `undo` would bring back, and for how many seconds it still can."""
        return self._undo.last(hashed(visitor))

    @property
    def undo_seconds(self) -> float:
        """For how long a `discard` can be taken back."""
        return self._undo.seconds
