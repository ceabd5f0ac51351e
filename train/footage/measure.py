"""How a part for footage judges what it never saw: `python -m train.footage.measure CHECKPOINT TABLE ... --parts PART`

Each PART was taught without a share of the rated prompts and of the sources (`train.footage.teach --without K/N`). It
is put into a copy of CHECKPOINT, which then judges these clips from their files, greedy. What is printed is over the
clips of all parts together: rank correlation of scores and ratings with its interval over prompts, and how clips of
cameras fare.
"""
import argparse
import csv
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from train.footage.ship import ship
from train.footage.table import Film, listed
from vs2 import judge
from vs2.bench.work import each
from vs2.errors import Problem
from vs2.metrics import bootstrap
from vs2.metrics.agreement import spearman
from vs2.model.footage import UNREAD
from vs2.rubric import KEYS

NAMED = {"static": KEYS[0], "temporal": KEYS[2]}


def judged(judge_, film: Film, **options) -> dict:
    """The row of one clip."""
    found = judge_.score(film.path, film.prompt or UNREAD, **options)
    row: dict[str, object] = {"clip": film.key, "group": film.group, "filmed": int(film.filmed)}
    for n, (name, key) in enumerate(NAMED.items()):
        score = found.scores[key]
        row |= {f"{name}_rated": film.ratings[n] if film.ratings else None, f"{name}_score": score.value,
                f"{name}_expected": score.expected, f"{name}_judged": int(score.judged)}
    return row | {"rationale": found.rationale}


def rows_of(checkpoint: Path, part: Path, films: list[Film], **options) -> list[dict]:
    """Of the rated clips and those of cameras that the part was taught without."""
    held = set(json.loads((part / "held-out.json").read_text(encoding="utf-8")))
    chosen = [film for film in films if film.key in held and (film.ratings is not None or film.filmed)]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "checkpoint"
        shutil.copytree(checkpoint, whole)
        ship(part, whole)
        return each(judge.load(str(whole), "fp32"), judged, chosen,
                    lambda done, count: print(f"\r{part.name} {done}/{count}", end="", file=sys.stderr, flush=True),
                    **options)


def report(rows: list[dict]) -> str:
    """What is said of all rows."""
    lines = ["| | clips | score | expected score |", "|---|---|---|---|"]
    for name in NAMED:
        some = [row for row in rows if row[f"{name}_rated"] is not None and row[f"{name}_judged"]]
        rated, groups = np.array([row[f"{name}_rated"] for row in some]), [row["group"] for row in some]
        said = {kind: np.array([row[f"{name}_{kind}"] for row in some], float) for kind in ("score", "expected")}

        def told(places: np.ndarray, rated=rated, said=said) -> dict[str, float | None]:
            return {kind: spearman(values[places], rated[places]) for kind, values in said.items()}

        found, around = told(np.arange(len(some))), bootstrap.intervals(told, groups)
        cells = [f"{found[kind]:.2f} ({around[kind][0]:.2f} to {around[kind][1]:.2f})" for kind in said]
        lines.append(f"| Spearman with {name} quality | {len(some)} | {' | '.join(cells)} |")
        filmed = [row for row in rows if row["filmed"] and row[f"{name}_judged"]]
        high = sum(row[f"{name}_score"] >= 4 for row in filmed)
        lines.append(f"| clips of cameras with 4 or 5 ({name}) | {len(filmed)} | {high} | |")
    return "\n".join(lines)


def main(argv=None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.footage.measure", description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--parts", type=Path, nargs="+", required=True)
    parser.add_argument("--rows", type=Path, help="a CSV of every judgement")
    parser.add_argument("--no-think", dest="think", action="store_false")
    given = parser.parse_args(argv)
    try:
        films = listed(given.tables)
        rows = [row for part in given.parts for row in rows_of(given.checkpoint, part, films, think=given.think)]
        if given.rows:
            with given.rows.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        print("\n" + report(rows))
    except Problem as problem:
        print(f"train.footage.measure: {problem}", file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
