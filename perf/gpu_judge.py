"""The judge at the size of the 7B on one GPU, random weights: `python -m perf.gpu_judge [--minutes 9] [--out FILE]`.

A checkpoint of the published shape is made on the spot, in the folder for temporary files (17 GB; TMPDIR moves it),
and loaded at bf16, then 4-bit, by vs2/model/weights.py. Each precision has a process of its own, and each measurement
goes through `vs2.judge.Judge`, as a user's clips do. One that fails has its sentence in the table and the others go on,
in a new process where it took the old one with it. What is not begun when the minutes are over is said to be left out.
--tiny: a tiny shape on the CPU, which shows that the script works and nothing else. --out appends the run as a line of
JSON.
"""
import argparse
import json
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from perf import gpu_judge_rows as rows  # noqa: E402

PRECISIONS = ("bf16", "4bit")
ROOM = 20 * 10**9       # bytes of disk that the checkpoint takes, and some
LONGEST, MAKING = 150, 300      # seconds after which a measurement, and the making of the checkpoint, is given up
PYTHON = (sys.executable, "-m", "perf.gpu_judge")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=9.0, help="what is not begun by then is left out (default: 9)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="append the run to FILE, as one line of JSON")
    parser.add_argument("--tiny", action="store_true", help="a tiny shape, on the CPU")
    parser.add_argument("--do", choices=("make", *PRECISIONS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rows", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.do == "make":
        tell(rows.make(given.folder, given.tiny))
        return 0
    if given.do:
        rows.measure(given.folder, given.do, given.rows.split(","), given.tiny, tell)
        return 0
    if not given.tiny and not rows.has_gpu():
        print("perf/gpu_judge.py needs a GPU: nothing was measured (--tiny tries the script without one).")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder), given)


def run(folder: Path, given) -> int:
    """Makes the checkpoint, prints the table as its rows come; 1 where there is no checkpoint to measure."""
    ends = time.monotonic() + 60 * given.minutes
    free = shutil.disk_usage(folder).free
    if not given.tiny and free < ROOM:
        print(f"{folder.parent} has {free / 1e9:.0f} GB free, and a checkpoint of this size needs {ROOM / 1e9:.0f}: "
              "set TMPDIR to a larger disk.")
        return 1
    made, = told("make", ["make"], folder, given, ends)
    if made.get("failed"):
        print(f"No checkpoint was made, so nothing was measured: {made['failed']}")
        return 1
    print(f"{made['said']}\n\n| precision | measurement | result | peak memory |\n|---|---|---|---|", flush=True)
    found = []
    for precision in PRECISIONS:
        for row in told(precision, list(rows.ROWS), folder, given, ends):
            found.append({"precision": precision} | row)
            print(line(found[-1]), flush=True)
    if given.out:
        with given.out.open("a", encoding="utf-8") as out:
            out.write(json.dumps(made["numbers"] | {"at": time.strftime("%Y-%m-%dT%H:%M:%S"), "rows": found}) + "\n")
    return 0


def line(row: dict) -> str:
    """A row of the table."""
    peak = "-" if row.get("peak") is None else f"{row['peak'] / 1e9:.1f} GB"
    said = " ".join((row.get("failed") or row["said"]).split()).replace("|", "/")
    return f"| {row['precision']} | {rows.ROWS[row['row']]} | {said} | {peak} |"


def tell(row: dict) -> None:
    """Gives a row to the process that asked for it."""
    print(f"\nrow {json.dumps(row, allow_nan=False)}", flush=True)


def told(do: str, pending: list[str], folder: Path, given, ends: float):
    """Yields a dict a row, in order, of processes that do them: what each said, or `failed`, why there is nothing.

    ends: by time.monotonic(), when what is left is left out.
    """
    while pending:
        if time.monotonic() >= ends:
            yield {"row": pending.pop(0), "failed": "left out: the minutes were over"}
            continue
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            command = [*PYTHON, "--do", do, "--folder", str(folder), "--rows", ",".join(pending)]
            command += ["--tiny"] if given.tiny else []
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
                try:
                    yield from _one_process(process, pending, errors, ends)
                finally:
                    process.kill()


def _one_process(process, pending: list[str], errors, ends: float):
    """The rows that one process gives; where it does not end by itself, the one that it was at is lost too."""
    lines: queue.Queue = queue.Queue()

    def hear() -> None:
        for text in process.stdout:
            lines.put(text)
        lines.put(None)

    threading.Thread(target=hear, daemon=True).start()
    heard, gave = time.monotonic(), False
    while pending:
        longest = MAKING if pending == ["make"] else LONGEST
        until = min(heard + longest, ends)
        try:
            text = lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            why = "cut off: the minutes were over while it ran" if until == ends else f"given up after {longest} s"
            yield {"row": pending.pop(0), "failed": why}
            return
        if text is None:
            if process.wait() or not gave:
                yield {"row": pending.pop(0), "failed": _why(process.returncode, errors)}
            return
        if text.startswith("row "):
            row, heard, gave = json.loads(text[4:]), time.monotonic(), True
            pending.remove(row["row"])
            yield row
            if row.get("fatal"):        # a judge that could not be loaded has nothing else to say
                yield from ({"row": name, "failed": "not measured, for it was not loaded"} for name in pending)
                pending.clear()


def _why(status: int, errors) -> str:
    errors.seek(0)
    said = [text.strip() for text in errors if text.strip()]
    return f"its process ended with status {status}{': ' + said[-1][:200] if said else ''}"


if __name__ == "__main__":
    sys.exit(main())
