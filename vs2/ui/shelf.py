"""Folders of what runs leave behind, so that it outlives a stop, a reload of the page, and the server.

They lie below VS2_HOME, which is never served. A folder is known by a token that cannot be guessed and that the page in
the visitor's browser keeps: whoever has it may go on with the run. A day later, as uploads, it is deleted.
"""
import hashlib
import json
import re
import secrets
import shutil
import time
from pathlib import Path

from vs2.history.clips import disk

DAY = 24 * 3600.0   # seconds that a folder stays after it was last written
EACH, MOST = 3, 64  # folders of a visitor, and of all
NOTE = "page.json"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


class Shelf:
    """The folders of one kind of run, in `home / name`, made where missing."""

    def __init__(self, home: Path, name: str):
        self.root, self.away = Path(home) / name, Path(home) / f"{name}.deleted"

    def new(self, visitor: str) -> str:
        """Makes a folder for a visitor and gives its token; the oldest ones make room. Raises Failure."""
        self.sweep()
        owner, token = _owner(visitor), secrets.token_urlsafe(16)
        with disk():
            (self.root / f"{owner}.{token}").mkdir(mode=0o700, parents=True)
        for found, most in ((self._found(owner), EACH), (self._found(), MOST)):
            for old in found[most:]:
                shutil.rmtree(old, ignore_errors=True)
        return token

    def find(self, token: object) -> Path | None:
        """The folder with this token, whoever's it is; None where there is none."""
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return None
        return next((path for path in self.root.glob(f"*.{token}") if path.is_dir()), None)

    def note(self, token: str, values: dict) -> None:
        """Keeps plain JSON values in a folder, in place of those before. Raises Failure."""
        if path := self.find(token):
            part = path / f".{NOTE}.part"
            with disk():
                part.write_text(json.dumps(values), encoding="ascii")
                part.replace(path / NOTE)

    def noted(self, token: object) -> dict:
        """What was noted there last; empty where there is nothing, or nothing that can be read."""
        path = self.find(token)
        try:
            found = json.loads((path / NOTE).read_text(encoding="ascii")) if path else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def discard(self, visitor: str, when: float) -> None:
        """Puts a visitor's folders away, until `restore` with that time brings them back, or `purge` deletes them."""
        with disk():
            for path in self._found(_owner(visitor)):
                self.away.mkdir(mode=0o700, exist_ok=True)
                path.replace(self.away / f"{when!r}.{path.name}")

    def restore(self, visitor: str, when: float) -> None:
        """Brings back what `discard` put away for that visitor at that time."""
        with disk():
            for path in self.away.glob(f"{when!r}.{_owner(visitor)}.*"):
                path.replace(self.root / path.name.removeprefix(f"{when!r}."))

    def purge(self, until: float) -> None:
        """Deletes what was put away up to that time, in seconds since 1970."""
        for path in self.away.glob("*.*.*"):
            seconds, fraction, *_ = path.name.split(".")
            if float(f"{seconds}.{fraction}") <= until:
                shutil.rmtree(path, ignore_errors=True)

    def sweep(self) -> None:
        """Deletes what nobody has written for a day."""
        for path in self._found():
            if time.time() - _written(path) > DAY:
                shutil.rmtree(path, ignore_errors=True)

    def _found(self, owner: str = "*") -> list[Path]:
        """Folders, the one written last first."""
        return sorted((path for path in self.root.glob(f"{owner}.*") if path.is_dir()), key=_written, reverse=True)


def _owner(visitor: str) -> str:
    """What a folder's name has of the visitor, who is known by a secret."""
    return hashlib.sha256(visitor.encode("utf-8", "replace")).hexdigest()[:16]


def _written(path: Path) -> float:
    try:
        return max(path.stat().st_mtime, *(one.stat().st_mtime for one in path.iterdir()), 0.0)
    except OSError:     # another process has deleted it
        return 0.0
