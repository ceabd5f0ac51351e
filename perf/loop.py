"""`vs2 batch` beside the loop that a user would write: `python -m perf.loop TABLE [--limit 60] [--model mini]`

TABLE has columns video and prompt, as `vs2 batch` takes it. The plain way is one process that loads the judge and calls
`judge.score` for one row after the other; beside it `vs2 batch` with one worker and with two. Each with its start, with
thinking and without. The scores must be the same, or it says so and fails.
"""
import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

APART = 2e-3        # of expected scores: rows that share a batch are rounded otherwise
LOOP = """
import csv, json, sys
import vs2
rows = list(csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8")))
judge = vs2.load(sys.argv[2])
for row in rows:
    print(json.dumps(judge.score(row["video"], row["prompt"], think=sys.argv[3] == "True").to_dict()), flush=True)
"""


def table(path: Path, limit: int, folder: Path) -> tuple[Path, int]:
    """The first rows, with whole paths, and how many they are."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [(str((path.parent / row["video"]).resolve()), row["prompt"]) for row in csv.DictReader(file)][:limit]
    made = folder / "rows.csv"
    with made.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("video", "prompt"), *rows])
    return made, len(rows)


def timed(command: list[str]) -> tuple[float, str]:
    """Seconds, and what it printed. SystemExit where it fails."""
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} failed: {done.stderr[-500:]}")
    return time.perf_counter() - begun, done.stdout


def scores(lines: list[str]) -> list[dict]:
    """Of each record: value and expected score of each dimension."""
    return [{key: (score["value"], score["expected"]) for key, score in json.loads(line)["scores"].items()}
            for line in lines if line.strip()]


def same(plain: list[dict], ours: list[dict]) -> bool:
    """Whether the digits are the same and expected scores lie together."""
    pairs = [(one[key], other[key]) for one, other in zip(plain, ours, strict=True) for key in one]
    return all(a[0] == b[0] and abs((a[1] or 0) - (b[1] or 0)) <= APART for a, b in pairs)


def main(argv: list[str] | None = None) -> int:
    """The command; its exit status: 1 where scores differ."""
    parser = argparse.ArgumentParser(prog="python -m perf.loop", description=__doc__)
    parser.add_argument("table", type=Path, nargs="?")
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--model", default="mini")
    given = parser.parse_args(argv)
    if given.table is None:
        print("perf.loop: no table given (python -m perf.loop TABLE)")
        return 0
    wrong = False
    with tempfile.TemporaryDirectory() as name:
        rows, count = table(given.table, given.limit, Path(name))
        for think in (True, False):
            plain, said = timed([sys.executable, "-c", LOOP, str(rows), given.model, str(think)])
            wanted = scores(said.splitlines())
            told = [f"{count} clips, {'thinking' if think else 'without thinking'}: loop {plain:.1f} s"]
            for workers in (1, 2):
                out = Path(name) / f"{workers}{think}.jsonl"
                seconds, _ = timed([sys.executable, "-m", "vs2", "batch", str(rows), "--out", str(out), "--model",
                                    given.model, "--workers", str(workers), *([] if think else ["--no-think"])])
                equal = same(wanted, scores(out.read_text(encoding="utf-8").splitlines()))
                wrong = wrong or not equal
                told.append(f"{workers} of ours {seconds:.1f} s ({plain / seconds:.2f} times as quick"
                            f"{'' if equal else ', OTHER SCORES'})")
            print(", ".join(told), flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
