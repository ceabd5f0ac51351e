"""The files of judged clips: each kept once, named by its SHA-256, up to a size; the least recently used go first.

    home/clips/ab/abcd...ef.mp4

The table `clips` of the database (vs2/history/store.py) lists them. A file is put in its place and taken away only
inside a write transaction, which one process has at a time, and only after its row was committed: no process deletes
what another one is adding, and none deletes what it does not know.
"""
import errno
import hashlib
import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from vs2.errors import BadInput, Failure
from vs2.video.kind import SUFFIXES  # any other becomes ".bin"

FULL = "The disk is full, so nothing more can be kept: make room, or set VS2_HOME to a folder on another disk."
UNWRITABLE = ("The folder for what is kept cannot be written: allow it to the user who runs this program, or set "
              "VS2_HOME to another folder.")
_CHUNK = 2**20  # bytes read at a time
_HOUR = 3600.0  # seconds; what is older and unfinished was left by a process that died
_NEEDLESS = ("NOT EXISTS (SELECT 1 FROM evaluations e WHERE e.clip = clips.digest) "
             "AND NOT EXISTS (SELECT 1 FROM duel_clips d WHERE d.clip = clips.digest)")
_UNREVIEWED = ("NOT EXISTS (SELECT 1 FROM evaluations e JOIN reviews r ON r.evaluation = e.number "
               "WHERE e.clip = clips.digest)")


@dataclass(frozen=True)
class Given:
    """A file to be kept. digest: its SHA-256, hex. bytes: its size. suffix: the one it is kept under."""

    path: Path
    digest: str
    bytes: int
    suffix: str


class Clips:
    """The files below `folder`, `most` bytes in all. A `db` is a connection inside a write transaction."""

    def __init__(self, folder: Path, most: int):
        self.folder, self.most = folder, most
        with disk():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, digest: str, suffix: str) -> Path:
        """Where the clip lies, or would lie."""
        return self.folder / digest[:2] / (digest + suffix)

    def find(self, digest: str | None, suffix: str | None) -> Path | None:
        """The clip's file, None where it is not there."""
        path = None if digest is None or suffix is None else self.path(digest, suffix)
        return path if path is not None and path.is_file() else None

    def look(self, video: Path) -> Given | None:
        """What is to be kept of a file; None for one larger than all clips may be. Raises BadInput."""
        with _source(video) as file:
            if os.fstat(file.fileno()).st_size > self.most:
                return None
            digest, size = hashlib.sha256(), 0
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
        suffix = video.suffix.lower()
        return Given(video, digest.hexdigest(), size, suffix if suffix in SUFFIXES else ".bin")

    def reserve(self, db: sqlite3.Connection, given: Given) -> Path:
        """Lists the clip as used now, whether its file is there or is still to come; its path."""
        db.execute("INSERT INTO clips (digest, suffix, bytes, used) VALUES (?, ?, ?, ?) "
                   "ON CONFLICT (digest) DO UPDATE SET used = excluded.used",
                   (given.digest, given.suffix, given.bytes, time.time()))
        suffix, = db.execute("SELECT suffix FROM clips WHERE digest = ?", (given.digest,)).fetchone()
        return self.path(given.digest, suffix)

    def stage(self, given: Given, path: Path) -> Path | None:
        """A whole copy beside `path`, under a temporary name; None where the clip is there. Raises BadInput, Failure.
        """
        if _size(path) == given.bytes:
            return None
        part = path.with_name(f".{secrets.token_hex(8)}.part")
        with disk():
            part.parent.mkdir(mode=0o700, exist_ok=True)
            try:
                _copy(given, part)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        return part

    def place(self, db: sqlite3.Connection, given: Given, part: Path | None) -> None:
        """Keeps the clip of which `stage` made `part`."""
        path = self.reserve(db, given)
        if _size(path) == given.bytes:
            return
        # Where it was there when `stage` looked and has been deleted since, it is copied now.
        part = part or self.stage(given, path)
        if part is None:    # and now it is there again
            return
        with disk():
            os.replace(part, path)

    def clean(self, db: sqlite3.Connection, spare: str = "") -> None:
        """Deletes clips, the least recently used first, until the rest is small enough.

        What an evaluation with a review needs stays, and so does the clip `spare`, even where the rest is then too
        large.
        """
        total, = db.execute("SELECT COALESCE(SUM(bytes), 0) FROM clips").fetchone()
        if total <= self.most:
            return
        found = db.execute(f"SELECT digest, suffix, bytes FROM clips WHERE digest != ? AND {_UNREVIEWED} "
                           "ORDER BY used, digest", (spare,)).fetchall()
        for digest, suffix, size in found:
            if total <= self.most:
                break
            total -= size if self._delete(db, digest, suffix) else 0

    def drop(self, db: sqlite3.Connection, digests: set[str]) -> None:
        """Deletes those of the clips that no evaluation and no duel needs."""
        for digest in digests:
            row = db.execute(f"SELECT suffix FROM clips WHERE digest = ? AND {_NEEDLESS}", (digest,)).fetchone()
            if row is not None:
                self._delete(db, digest, row[0])

    def sweep(self, db: sqlite3.Connection) -> None:
        """Deletes what processes that were killed have left, and what is more than `most` allows."""
        due = time.time() - _HOUR
        left = db.execute(f"SELECT digest FROM clips WHERE used < ? AND {_NEEDLESS}", (due,)).fetchall()
        self.drop(db, {digest for digest, in left})
        self.clean(db)
        with disk():
            for part in self.folder.glob("??/.*.part"):
                with suppress(FileNotFoundError):  # its process has just put it in its place
                    if part.stat().st_mtime < due:
                        part.unlink()

    def _delete(self, db: sqlite3.Connection, digest: str, suffix: str) -> bool:
        try:
            self.path(digest, suffix).unlink(missing_ok=True)
        except OSError:  # Windows keeps a file that someone is reading: it stays, and stays listed
            return False
        db.execute("DELETE FROM clips WHERE digest = ?", (digest,))
        return True


@contextmanager
def disk() -> Iterator[None]:
    """Turns what the disk refuses into a Failure."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Failure(FULL) from error
        raise Failure(UNWRITABLE) from error


@contextmanager
def _source(video: Path) -> Iterator:
    """The file, open for reading; BadInput where it is none or cannot be read."""
    try:
        if not stat.S_ISREG(video.stat().st_mode):  # opening a pipe would wait for ever
            raise OSError("not a regular file")
        with video.open("rb") as file:
            yield file
    except (OSError, ValueError) as error:
        raise BadInput("The judged file can no longer be read, so it cannot be kept: upload it again.") from error


def _copy(given: Given, part: Path) -> None:
    digest = hashlib.sha256()
    opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(opened, "wb") as file, _source(given.path) as source, disk():
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != given.digest:
        raise BadInput("The judged file was changed while it was stored: judge it again.")


def _size(path: Path) -> int | None:
    """The file's size in bytes, None where there is no file."""
    try:
        return path.stat().st_size
    except OSError:
        return None
