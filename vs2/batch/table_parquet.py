"""Parquet of any origin -> rows. The file is opened in a process of its own (vs2.batch.parquet_worker), within limits.

Its reader is a large native library, and a few kilobytes of it can stand for any number of gigabytes.
"""
import json
import os
import subprocess
import sys
import tempfile

from vs2.batch.parquet_worker import LIMITS_ERROR
from vs2.batch.table_csv import check_columns, check_size, fit, named
from vs2.errors import BadInput, Failure
from vs2.resources import NOWHERE, for_python

SECONDS = 60.0          # for the reading, and of processor time
MEMORY = 2 * 2**30      # bytes of address space
KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


def rows(data: bytes, shown: str, limits) -> list[tuple[dict, str]]:
    """(columns, problem) of each row; values are JSON's. shown: the table's name for people.

    limits: a `vs2.batch.table.Limits`; the rows may take four times `table_bytes` as text. Raises BadInput for a table
    that cannot be used, Failure where its reader cannot be started.
    """
    found = _read(data, shown, limits)
    error, said = found.get("error"), found.get("said", 0)
    if error == "package":
        raise BadInput("Parquet needs the package pyarrow: install it with `pip install pyarrow`, or give a .csv.")
    if error == "rows":
        check_size(int(said), 0, shown, limits)
    if error == "columns":
        check_columns(int(said), shown, limits)
    if error in LIMITS_ERROR:
        raise _too_large(shown)
    names, cells = found.get("names"), found.get("rows")
    if error or not isinstance(names, list) or not isinstance(cells, list):
        raise _unreadable(shown)
    check_columns(len(names), shown, limits)
    check_size(len(cells), len(cells) * len(names), shown, limits)
    names = named([str(name).strip() for name in names], shown)
    return [fit(dict(zip(names, row, strict=True)), "") for row in cells]


def _read(data: bytes, shown: str, limits) -> dict:
    """What the worker says. Its answer goes to a file whose size the system bounds."""
    job = {"rows": limits.rows, "columns": limits.columns, "seconds": SECONDS, "cpu": SECONDS, "memory": MEMORY,
           "writes": 4 * limits.table_bytes}
    environment = {name: os.environ[name] for name in KEPT if name in os.environ} | for_python() | {
        "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        with tempfile.TemporaryFile(prefix="vs2-parquet-") as answer:
            done = subprocess.run([sys.executable, "-m", "vs2.batch.parquet_worker", json.dumps(job)],
                                  input=data, cwd=NOWHERE, stdout=answer, stderr=subprocess.DEVNULL, env=environment,
                                  timeout=SECONDS + 30, start_new_session=True)
            answer.seek(0)
            said = answer.read(job["writes"] + 1)
    except subprocess.TimeoutExpired as error:
        raise _too_large(shown) from error
    except OSError as error:
        raise Failure(f"The process that reads Parquet could not be started ({error.strerror}): close other programs "
                      "and try again.") from error
    try:
        found = json.loads(said)
        return found if isinstance(found, dict) else {}
    except (ValueError, RecursionError) as error:
        raise (_too_large(shown) if done.returncode in (-9, -14, -24, -25) else _unreadable(shown)) from error


def _too_large(shown: str) -> BadInput:
    return BadInput(f"The table {shown} takes too much time or memory to read: split it, or save it as CSV.")


def _unreadable(shown: str) -> BadInput:
    return BadInput(f"The table {shown} is no Parquet file that can be read: save it again, or as CSV.")
