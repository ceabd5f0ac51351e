"""The journal of a table's run: each record on the disk before the next comes, so that a killed run goes on."""
import contextlib
import json
import os
from pathlib import Path

from vs2.batch import results
from vs2.errors import BadInput, Failure
from vs2.video import display_name


class Journal:
    """The records of the rows that were judged, each on the disk before the next comes; it outlives a kill.

    Opened with the key of each row: `records` has those that an earlier run left with scores, by row number. For JSON
    Lines the journal is the result's file itself, for any other format a file beside it. A context manager.
    """

    def __init__(self, out: Path, keys: dict[int, str], resume: bool):
        """Raises BadInput where there is something already and it is not to be resumed, or is of another run."""
        self.out, self.keys = out, keys
        self.path = out if out.suffix.lower() == ".jsonl" else out.with_name(f"{out.name}.journal")
        self.records: dict[int, dict] = {}
        name = display_name(out)
        there = [path for path in {out, self.path} if path.exists() and path.stat().st_size]
        if there and not resume:
            raise BadInput(f"{display_name(there[0])} is there already: go on with it with --resume, or give another "
                           "--out.")
        if there and self.path not in there:
            raise BadInput(f"{name} has no journal beside it, so it cannot be resumed: give another --out.")
        try:
            self._file = self.path.open("a+b")
        except OSError as error:
            raise BadInput(f"{name} cannot be written ({error.strerror}): give another --out.") from error
        try:
            self._lock(name)
            self._take(name)
        except BaseException:
            self._file.close()
            raise

    def _lock(self, name: str) -> None:
        try:
            import fcntl
        except ImportError:     # Windows: two runs at once are the user's to avoid
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(f"Another run is writing {name}: wait for its end, or give another --out.") from error
        except OSError:         # a file system without locks
            return

    def _take(self, name: str) -> None:
        """Reads what is there. A last line that a kill cut short goes."""
        whole = 0
        self._file.seek(0)
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            try:
                found = json.loads(line)
                row, key = found["row"], found["key"]
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise BadInput(f"{name} holds what no run of `vs2 batch` wrote, so it cannot be resumed: give another "
                               "--out.") from error
            if self.keys.get(row) != key:
                raise BadInput(f"{name} comes from another table or other options, so it cannot be resumed: give "
                               "another --out.")
            if found["error"] is None:
                self.records[row] = found
        self._file.truncate(whole)

    def add(self, record: dict) -> None:
        """Appends a record; it is on the disk when this returns. Raises Failure where it cannot be."""
        try:
            self._file.write(results.line(record).encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise Failure(f"{display_name(self.path)} cannot be written ({error.strerror}): free the disk, then go on "
                          "with --resume.") from error
        self.records[record["row"]] = record

    def finish(self) -> None:
        """Writes the result's file: all records, in the table's order."""
        results.write([self.records[row] for row in sorted(self.records)], self.out)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(OSError):      # what was to be kept was flushed when it came
            self._file.close()
            if self.path.stat().st_size == 0:
                self.path.unlink()
