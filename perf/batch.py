"""A long table: `python -m perf.batch [--rows 1000] [--engine local|ray|both] [--think] [--workers 1]`.

`vs2 batch` with mini over a table of scenes, a few files many times. In the middle it is killed, with all its
processes, and goes on with --resume. What is measured: clips a minute, and the resident memory of the processes that
judge, early and late. What must hold, or it says so and fails: each row is there once; rows of one clip and prompt have
one score, before and after the kill; both engines say the same.
"""
import argparse
import contextlib
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from vs2.rubric import KEYS
from vs2.scenes import film, words, world

FILES = 20      # of which the table is made
MARK = "VS2_PERF_BATCH"    # in the environment of all processes of a run
LOOK = 2.0      # seconds between two looks at memory
APART = 1e-3    # by which expected scores of one clip may differ, where it is not always in the same batch


@dataclass
class Watched:
    """A run's memory: (rows done, resident bytes of its largest process, of all of them), and its seconds."""

    looks: list[tuple[int, int, int]] = field(default_factory=list)
    seconds: float = 0.0
    rows: int = 0

    def around(self, low: float, high: float, whole: int) -> tuple[float, float]:
        """The medians of both, in GB, between two shares of the rows."""
        found = [look[1:] for look in self.looks if low * whole <= look[0] <= high * whole]
        return tuple(statistics.median(values) / 1e9 for values in zip(*found, strict=True)) if found else (0.0, 0.0)


def table(folder: Path, rows: int) -> Path:
    """The table, and the clips beside it."""
    made = []
    for number in range(min(FILES, rows)):
        scene = world.sample(number, *(1 + (number + step) % 5 for step in (0, 2, 3)))
        path = film.write(scene, folder / f"{number}.mp4")
        made.append((path.name, words.caption(scene.asked)))
    path = folder / "clips.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["video", "prompt"])
        writer.writerows(made[number % len(made)] for number in range(rows))
    return path


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def run(clips: Path, out: Path, arguments, engine: str, until: int | None) -> Watched:
    """The command, killed after `until` rows, with all that it started."""
    command = [sys.executable, "-m", "vs2", "batch", str(clips), "--out", str(out), "--resume", "--model", "mini",
               "--engine", engine, "--workers", str(arguments.workers), *([] if arguments.think else ["--no-think"])]
    before, found = lines(out), Watched()
    mark = uuid.uuid4().hex
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env=os.environ | {MARK: mark})
    started = None
    while process.poll() is None:
        time.sleep(LOOK)
        done = lines(out)
        if done > before and started is None:       # the start is not the rate
            started = time.monotonic(), done
        if sizes := resident(mark):
            found.looks.append((done, max(sizes), sum(sizes)))
        if started is not None:
            found.seconds, found.rows = time.monotonic() - started[0], done - started[1]
        if until is not None and done >= until:
            for one in everyone(mark):
                with contextlib.suppress(psutil.Error):
                    one.kill()
            break
    said = process.communicate()[1].decode(errors="replace")
    if until is None and process.returncode:
        raise SystemExit(f"vs2 batch failed: {said[-500:]}")
    return found


def everyone(mark: str) -> list[psutil.Process]:
    """What it is and what it started: Ray's processes are no children of it, but have its environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):     # it has ended, or is another user's
            if process.environ().get(MARK) == mark:
                found.append(process)
    return found


def resident(mark: str) -> list[int]:
    """Bytes of each."""
    sizes = []
    for process in everyone(mark):
        with contextlib.suppress(psutil.Error):
            sizes.append(process.memory_info().rss)
    return sizes


def scores(out: Path, rows: int) -> list[tuple]:
    """(video, prompt, values, expected scores) of each row. SystemExit where a row is twice, lost or failed."""
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    if [record["row"] for record in found] != list(range(1, rows + 1)):
        raise SystemExit(f"rows are lost or there twice: {len(found)} records of {rows} rows")
    if failed := [record["error"] for record in found if record["error"]]:
        raise SystemExit(f"{len(failed)} rows failed: {failed[0]}")
    return [(record["video"], record["prompt"], tuple(record["scores"][key]["value"] for key in KEYS),
             tuple(record["scores"][key]["expected"] or 0.0 for key in KEYS)) for record in found]


def check(found: list[tuple]) -> None:
    """SystemExit where one clip and prompt has several scores."""
    first: dict[tuple, tuple] = {}
    for video, prompt, values, expected in found:
        same = first.setdefault((video, prompt), (values, expected))
        if same[0] != values or max(abs(a - b) for a, b in zip(same[1], expected, strict=True)) > APART:
            raise SystemExit(f"{video} has {values} {expected} and {same}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--engine", choices=("local", "ray", "both"), default="both")
    parser.add_argument("--think", action="store_true")
    arguments = parser.parse_args()
    every = []
    with tempfile.TemporaryDirectory() as name:
        clips = table(Path(name), arguments.rows)
        for engine in ("local", "ray") if arguments.engine == "both" else (arguments.engine,):
            out = Path(name) / f"{engine}.jsonl"
            first = run(clips, out, arguments, engine, arguments.rows // 2)
            kept = lines(out)
            second = run(clips, out, arguments, engine, None)
            every += scores(out, arguments.rows)
            check(every)
            rows, seconds = first.rows + second.rows, first.seconds + second.seconds
            early, late = second.around(0.55, 0.65, arguments.rows), second.around(0.9, 1.0, arguments.rows)
            print(f"{engine}: {arguments.rows} rows, killed at {kept} and resumed: {60 * rows / seconds:.0f} a minute "
                  f"({seconds:.0f} s for {rows}); resident, the largest process {early[0]:.2f} GB soon after the "
                  f"restart, {late[0]:.2f} GB at the end; all processes {early[1]:.2f} and {late[1]:.2f} GB",
                  flush=True)
    print(f"{len(every)} scores: one clip and prompt has one score, whenever and wherever it was judged")


if __name__ == "__main__":
    main()
