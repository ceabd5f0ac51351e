"""Measures a judge on the held-out scenes: `python -m train.measure runs/mini/model [--clips 500] [--write]`.

Prints the table of metrics beside two baselines that look at nothing; --write puts the numbers into the
checkpoint's vs2.json, where the app and the model card find them.
"""
import argparse
import json
import sys
from pathlib import Path

import vs2
from vs2.bench import metrics, scenes
from vs2.card import NAME
from vs2.rubric import KEYS


def baselines(rows) -> dict[str, dict]:
    """What always saying 3, and drawing a score at random, would reach on the same clips."""
    import numpy as np

    true = [score for row in rows for score in row["true"]]
    drawn = np.random.default_rng(0).integers(1, 6, len(true)).tolist()
    return {"always 3": metrics.agreement(true, [3] * len(true)), "a random score": metrics.agreement(true, drawn)}


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--clips", type=int, default=500)
    parser.add_argument("--no-think", action="store_true", help="score at once, without a rationale")
    parser.add_argument("--write", action="store_true", help="put the numbers into the checkpoint's vs2.json")
    parser.add_argument("--rows", type=Path, help="write every clip's true and predicted scores here, as JSON")
    options = parser.parse_args(argv)
    judge = vs2.load(options.model)

    def progress(done, count):
        print(f"\r{done}/{count}", end="" if done < count else "\n", file=sys.stderr, flush=True)

    result = scenes.run(judge, options.clips, progress, think=not options.no_think)
    print(metrics.table(result["metrics"] | baselines(result["rows"])))
    print(f"{result['clips']} clips, {result['unread']} scores unread")
    if options.rows:
        options.rows.write_text(json.dumps(result, indent=1))
    if options.write:
        path = Path(options.model) / NAME
        card = json.loads(path.read_text(encoding="utf-8"))
        card["metrics"] = {"suite": "scenes", "clips": result["clips"]} | {
            key: {k: v if v is None else round(v, 4) for k, v in result["metrics"][key].items()} for key in KEYS}
        path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
