"""`python -m train.export SOURCE --to llamafactory|ms-swift|verl --out FOLDER`: rows and what trains on them elsewhere.

SOURCE is a folder that holds VideoFeedback2, or a JSON Lines file of reviews. Videos are named by absolute path and not
copied.
"""
import argparse
import sys
from pathlib import Path

from train.data import feedback, reviews
from train.data.files import SKIPPED, Skipped, summary
from train.export import FORMS, export
from vs2.errors import BadInput, Problem
from vs2.model.card import Card


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m train.export", description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="a folder that holds VideoFeedback2, or a .jsonl file of reviews")
    parser.add_argument("--to", choices=list(FORMS), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=list(feedback.FILES), default="sft", help="of VideoFeedback2")
    parser.add_argument("--file", help="another JSON or JSON Lines file of that folder, in a published form")
    parser.add_argument("--name", default="vs2", help="the dataset's name there")
    parser.add_argument("--card", type=Path, help="a checkpoint's folder: ask and sample as its vs2.json says, not as "
                        "published")
    parser.add_argument("--wrapper", action="store_true", help="put the text of the authors' RL script, which asks for "
                        "<answer> tags, after the questions of reinforcement learning")
    options = parser.parse_args(argv)
    try:
        card = Card.read(options.card) if options.card else None
        if options.source.is_dir():
            rows, bad = feedback.read(options.source, options.split, options.file)
        elif options.file:
            raise BadInput("--file names a file of a folder that holds VideoFeedback2: give that folder as SOURCE.")
        else:
            rows, bad = reviews.read(options.source)
        paths, kept, left = export(rows, options.to, options.out, options.name, card, options.wrapper)
        names = Skipped(options.out / SKIPPED, str(options.source))
        names.start(bad + left)
        print(f"{summary(len(kept), bad + left)}; written: {', '.join(map(str, paths))}")
        if bad or left:
            print(f"The names of the rows left out are in {names.path}.")
        if options.wrapper:
            print("The questions of reinforcement learning end in the text of the authors' script.")
        print(f"To train there: {', '.join(str(path) for path in paths if path.suffix == '.sh')}")
    except Problem as problem:
        print(problem, file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
