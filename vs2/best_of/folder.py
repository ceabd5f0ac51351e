"""The folder of a Best-of-N run: the clips, and one JSON file of what is finished, so that a killed run goes on.

`best-of.json` is replaced whole each time something is finished. The clips lie beside it with their generator's
records; a clip whose bytes are no longer those that were judged is made and judged anew.
"""
import contextlib
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from vs2.best_of.outcome import Entry
from vs2.best_of.plan import AGAIN, FAST, FULL, Plan
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation
from vs2.generate.protocol import Generated
from vs2.generate.record import Record
from vs2.texts import told
from vs2.video import display_name

STATE, LOCK = "best-of.json", ".best-of.lock"
FORM = 1
DRAFT = re.compile(r"\.[0-9a-f]{32}\.(mp4|json)")
# What the sentence of a refusal calls the parts of `asked`.
CALLED = {"prompt": "the prompt", "generator": "the generator", "options": "the generator's options",
          "seconds": "the clips' length", "size": "the clips' size", "model": "the judge", "precision": "the precision",
          "judging": "the judge's options"}


class RunFolder:
    """The folder `path` for one run at a time; `close` lets the next one in. Safe to use from several threads.

    asked: what clips and judgements depend on, plain JSON values under the names of `CALLED`. Raises BadInput where
    the folder holds a run of something else or cannot be read, or another run is at work in it; Failure where it
    cannot be written.
    """

    def __init__(self, path: str | Path, asked: dict):
        self.path, self.asked = Path(path), json.loads(json.dumps(asked))
        self._entries: dict[str, dict] = {}
        self._held = threading.Lock()
        with _disk(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = (self.path / LOCK).open("a")
        try:
            self._take_lock()
            self._read()
            self._tidy()
        except BaseException:
            self._lock.close()
            raise

    def entry(self, seed: int) -> dict:
        """What is known of the candidate with this seed: a copy; empty where there is nothing."""
        with self._held:
            return dict(self._entries.get(str(seed), {}))

    def put(self, seed: int, **values: object) -> None:
        """Adds to what is known of a candidate, plain JSON values; it is on the disk when this returns."""
        with self._held:
            before = self._entries
            self._entries = before | {str(seed): before.get(str(seed), {}) | values}
            try:
                self._write()
            except ValueError:      # no JSON: what is kept of the others stays writable
                self._entries = before
                raise

    def made(self, seed: int, clip: Generated) -> None:
        """A clip is finished; what was judged of another clip with this seed is dropped.

        Of its record all is kept but what gives the true scores away: that stays in the file beside the clip.
        """
        record = replace(clip.record, truth=None, details={})
        sha256 = record.sha256
        with self._held:
            before = self._entries.get(str(seed), {})
            kept = before if before.get("sha256") == sha256 else {}
            self._entries[str(seed)] = kept | {"file": clip.path.name, "sha256": sha256,
                                               "record": record.to_dict(), "error": None}
            self._write()

    def clip(self, seed: int) -> Path | None:
        """The finished clip, if it is there as it was made."""
        entry = self.entry(seed)
        name = entry.get("file")
        if not isinstance(name, str) or Path(name).name != name:    # a folder from elsewhere must not point out of it
            return None
        try:
            with (self.path / name).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256") if hasattr(hashlib, "file_digest") else _digest(file)
        except OSError:     # gone, or not to be read: to be made again
            return None
        return self.path / name if digest.hexdigest() == entry.get("sha256") else None

    def restored(self, entry: Entry, path: Path, plan: Plan) -> Entry:
        """The candidate whose clip is at `path`, with the judgements that are there and that `plan` asks for."""
        found = self.entry(entry.seed)
        passes = {name: replace(Evaluation.from_dict(found[name]), video=told(str(path)))
                  for name in (FAST, FULL, AGAIN) if found.get(name)}
        if not plan.keep:
            passes.pop(FAST, None)
        if AGAIN in passes and len(passes[AGAIN].samples) != plan.replies:
            del passes[AGAIN]
        entry = replace(entry, path=path, record=Record.from_dict(found["record"]), error=None)
        for name, judged in passes.items():
            entry = entry.judged(name, judged)
        return entry

    def close(self) -> None:
        """Lets another run work here. What was put is on the disk already."""
        self._lock.close()

    def _take_lock(self) -> None:
        try:
            import fcntl
        except ImportError:     # Windows: two runs at once are the user's to avoid
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(f"Another run is at work in {display_name(self.path)}: wait for its end, or give another "
                           "folder.") from error
        except OSError:         # a file system without locks
            return

    def _read(self) -> None:
        try:
            text = (self.path / STATE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise self._foreign() from error
        try:
            found = json.loads(text)
            form, asked, entries = found["form"], found["asked"], found["candidates"]
            for entry in entries.values():
                _check(entry)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._foreign() from error
        if form != FORM or not isinstance(asked, dict):
            raise self._foreign()
        other = [CALLED.get(name, name) for name in self.asked if asked.get(name) != self.asked[name]]
        if other:
            raise BadInput(f"{display_name(self.path)} holds a run in which {_list(other)} "
                           f"{'was' if len(other) == 1 else 'were'} different: give another folder, or ask for the "
                           "same again to go on with it.")
        self._entries = entries

    def _tidy(self) -> None:
        """Takes away what a killed run left half made: drafts have no other name (`vs2.generate.files`)."""
        for path in self.path.glob(".*"):
            if DRAFT.fullmatch(path.name):
                with _disk(self.path):
                    path.unlink(missing_ok=True)

    def _foreign(self) -> BadInput:
        return BadInput(f"{display_name(self.path)} has a {STATE} that no run here wrote: give another folder.")

    def _write(self) -> None:
        part = self.path / f".{STATE}.part"
        with _disk(self.path):
            with part.open("w", encoding="ascii") as file:
                json.dump({"form": FORM, "asked": self.asked, "candidates": self._entries}, file, allow_nan=False)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path / STATE)


def _check(entry: dict) -> None:
    """Raises one of Python's errors for an entry that was not written here."""
    if "sha256" in entry:
        Record.from_dict(entry["record"])
    for name in (FAST, FULL, AGAIN):
        if entry.get(name):
            Evaluation.from_dict(entry[name])


def _digest(file: BinaryIO) -> "hashlib._Hash":
    """hashlib.file_digest, which Python 3.10 lacks."""
    digest = hashlib.sha256()
    while chunk := file.read(2**20):
        digest.update(chunk)
    return digest


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failure(f"{display_name(folder)} cannot be written ({error.strerror or error}): free some disk space, "
                      "or give another folder.") from error


def _list(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
