"""The process that opens a Parquet file which nobody vouches for: `python -m vs2.batch.parquet_worker LIMITS < file`.

It writes one JSON object: {names, rows}, or {error, said}. Rows are read a few at a time, columns by their names.
Before it looks at the file, which it has in memory by then, it gives up all that it does not need, as the process that
reads a video does (vs2.video.worker.sandbox).
"""
import contextlib
import io
import json
import math
import os
import sys

from vs2.video.worker import sandbox
from vs2.video.worker.limits import limit

BATCH = 64              # rows decoded at a time
TREE = 8 * 2**20        # bytes of the file's own description, in texts and lists
DEPTH = 8               # of a value
LIMITS_ERROR = ("memory", "large")


def main() -> None:
    """Takes its limits upon itself, then reads."""
    job = json.loads(sys.argv[1])
    limit(job, forever=True)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)        # what a native library prints is no answer
    try:
        data = sys.stdin.buffer.read()
        with contextlib.suppress(ImportError):          # `read` says so
            import pyarrow.parquet  # noqa: F401  its libraries are loaded before the door closes
        sandbox.confine([], [])
        answer = json.dumps(read(data, job))
    except MemoryError:
        answer = json.dumps({"error": "memory"})
    except Exception as error:      # whatever a hostile file makes a library raise, this process answers
        memory = type(error).__name__ == "ArrowMemoryError"
        answer = json.dumps({"error": "memory" if memory else "unreadable", "said": type(error).__name__})
    if len(answer) > job["writes"]:
        answer = json.dumps({"error": "large"})
    with contextlib.suppress(OSError), out:     # then there is no answer, which says enough
        out.write(answer)


def read(data: bytes, job: dict) -> dict:
    """{names, rows} of the file, or {error, said}."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        return {"error": "package"}
    pyarrow.set_cpu_count(1)
    file = parquet.ParquetFile(io.BytesIO(data), thrift_string_size_limit=TREE, thrift_container_size_limit=TREE)
    facts = file.metadata
    for name, count in (("rows", facts.num_rows), ("columns", facts.num_columns)):
        if count > job[name]:
            return {"error": name, "said": count}
    names = file.schema_arrow.names
    rows: list[list] = []
    spent = 0
    # A column whose name stands twice cannot be told from the other; whoever asked refuses them both.
    wanted = None if len(set(names)) < len(names) else names
    for batch in file.iter_batches(BATCH, columns=wanted, use_threads=False):
        # What one value of a dictionary costs in each row that repeats it, is only known as it is unpacked.
        spent += batch.nbytes
        if spent > job["writes"] or len(rows) + batch.num_rows > job["rows"]:
            return {"error": "large"}
        columns = [[plain(value, DEPTH) for value in column.to_pylist()] for column in batch.columns]
        rows += map(list, zip(*columns, strict=True))
    return {"names": names, "rows": rows}


def plain(value, depth: int):
    """The value as JSON has it: a number that is none is null, a moment or a decimal is text, bytes are their count."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        try:
            return value.decode()       # old writers mark no text as text
        except UnicodeDecodeError:
            return f"{len(value)} bytes"
    if isinstance(value, list | tuple | dict) and depth:
        if isinstance(value, dict):
            return {str(name): plain(inner, depth - 1) for name, inner in value.items()}
        return [plain(inner, depth - 1) for inner in value]
    return str(value)[:1000]


if __name__ == "__main__":
    main()
