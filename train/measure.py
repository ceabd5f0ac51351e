"""Measures a judge: `python -m train.measure runs/mini/model [--suite all] [--clips 500] [--write]`.

Suites (vs2/bench): `scenes`, the metrics on held-out scenes beside two baselines that look at nothing; `faults`, real
clips spoiled on purpose; `prompts`, the true prompt against another; `best-of`, what picking the best of 5 gains.
`lengths`, on its own, how long a prompt may grow: the card's `longest_prompt`.
--write puts the numbers into the checkpoint's vs2.json, where the app and the model card find them.
"""
import argparse
import hashlib
import json
import os
import sys
import time
from pathlib import Path

from vs2.bench import faults, suites
from vs2.bench.work import Processes
from vs2.errors import BadInput, Problem
from vs2.model import checkpoint
from vs2.model.card import NAME, Card

DATA = Path("../shared/data")


def write(folder: Path, results: dict[str, dict], think: bool = True) -> Path:
    """Puts the results into the folder's vs2.json (made if there is none); its path.

    Numbers of suites that were not measured now stay if they belong to these weights: a card is copied from a run's
    start to its end, and the start's numbers with it. Raises BadInput for a card that cannot be read.
    """
    folder = Path(folder)
    old = Card.read(folder).metrics
    weights = fingerprint(folder)
    mode = "think" if think else "no-think"
    kept = old if (old.get("weights"), old.get("mode")) == (weights, mode) else {}
    more = {}
    if found := results.get("lengths"):
        more["longest_prompt"] = found["metrics"]["longest"]
    elif old.get("weights") != weights:
        more["longest_prompt"] = None
    return put(folder, {"metrics": kept | suites.summaries(results) | {"weights": weights, "mode": mode}} | more)


def put(folder: Path, entries: dict) -> Path:
    """Puts the entries into the folder's vs2.json, made if there is none, in one step; its path. The others stay.

    None takes an entry out.
    """
    path = Path(folder) / NAME
    card = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    card = {name: entry for name, entry in (card | entries).items() if entry is not None}
    draft = path.with_name(f"{NAME}.part")
    draft.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, path)
    return path


def fingerprint(folder: Path) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the folder's weights."""
    found = hashlib.sha256()
    for path in sorted(Path(folder).glob("model*.safetensors")):     # and not what lies beside it
        with open(path, "rb") as file:
            while block := file.read(2**20):
                found.update(block)
    return found.hexdigest()[:16]


def processes() -> int:
    """One on an accelerator, which copies of a judge would fight over; else two."""
    import torch

    return 1 if torch.cuda.is_available() else min(2, os.cpu_count() or 1)


def run(options) -> None:
    """What the command line asked for. Raises BadInput and Failure."""
    if options.clips < 2:
        raise BadInput(f"--clips {options.clips} is too few to measure anything: give 2 or more.")
    folder = checkpoint.locate(options.model).folder
    chosen = list(suites.SUITES) if options.suite == "all" else [options.suite]
    if options.suite == "all" and not (options.data / faults.TABLE).is_file():
        chosen.remove("faults")
        print(f"No real clips in {options.data}: the suite faults is left out (name their folder with --data).\n")
    results, start = {}, time.perf_counter()
    with Processes(str(folder), options.processes or processes()) as judge:
        for suite in chosen:
            def progress(done, count, suite=suite):
                print(f"\r{suite} {done}/{count}", end="" if done < count else "\n", file=sys.stderr, flush=True)

            result = suites.run(judge, suite, options.clips, options.data, progress, think=not options.no_think)
            results[suite] = result | {"model": options.model}
            print(f"## {suite}\n\n{suites.table(result)}\n", flush=True)
    print(f"Measured in {time.perf_counter() - start:.0f} s.")
    if options.rows:
        options.rows.write_text(json.dumps(results, indent=1), encoding="utf-8")
    if options.write:
        print(f"Written into {write(folder, results, not options.no_think)}.")


def main(argv=None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.measure", description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a checkpoint folder, or mini")
    parser.add_argument("--suite", choices=(*suites.SUITES, "lengths", "all"), default="scenes")
    parser.add_argument("--clips", type=int, default=suites.CLIPS,
                        help="scenes of the suite scenes (500); prompts takes a fifth of it as pairs, best-of a tenth "
                             "as prompts")
    parser.add_argument("--data", type=Path, default=DATA, help=f"folder of real clips ({DATA}) for the suite faults")
    parser.add_argument("--no-think", action="store_true", help="score at once, without a rationale")
    parser.add_argument("--write", action="store_true", help="put the numbers into the checkpoint's vs2.json")
    parser.add_argument("--rows", type=Path, help="write every suite's rows, true and predicted scores, here, as JSON")
    parser.add_argument("--processes", type=int, help="judges at work at a time, of one thread each")
    try:
        run(parser.parse_args(argv))
    except Problem as problem:
        print(f"measure: {problem}", file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
