"""What a small judge will probably say: `python -m train.drafts CHECKPOINT [--footage TABLE ...]`

It judges rendered scenes that it was not measured with and, with its part for footage, the clips of the tables
(train/footage/table.py), and writes what mostly follows what beside the weights that said it (`vs2.model.drafts`): with
that the judge says the same words sooner. How many of them come with each pass is measured on clips held back, every
fifth. The same arguments, the same files.
"""
import argparse
import json
import sys
import tempfile
from pathlib import Path

from train.footage import table as footage
from vs2 import judge as judges
from vs2 import video
from vs2.errors import BadInput, Problem
from vs2.model import drafts, generation, inputs
from vs2.options import Options
from vs2.scenes import film, words, world

FIRST = 6_000_000       # seed of the first scene
HELD_BACK = 5           # every so manieth clip


def of_scenes(judge: judges.Judge, count: int) -> list[list[int]]:
    """The tokens of its replies about so many scenes."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(FIRST, FIRST + count):
            scene = world.sample(seed)
            clip = video.read(film.write(scene, Path(folder) / "scene.mp4"), judge.card.sampling)
            given = inputs.prepare(judge.processor, clip, words.caption(scene.asked), judge.card, judge.model.config)
            found.append(_ids(judge.model, judge.processor.tokenizer, given))
    return found


def of_footage(judge: judges.Judge, clips: list[Path]) -> list[list[int]]:
    """Those of its part for footage about clips."""
    part, found = judge.footage, []
    if part is None:
        raise BadInput("The checkpoint has no part for footage: leave out the tables.")
    for path in clips:
        clip = video.read(path, judge.sampling)
        given = part.inputs(part.look(clip.frames), clip.pulse, "")
        found.append(_ids(part.model, part.processor.tokenizer, given))
    return found


def _ids(model, tokenizer, given: inputs.Inputs) -> list[int]:
    writing = generation.generate(model, tokenizer, given.to(model.device, model.model.visual.dtype), Options())
    while True:
        try:
            next(writing)
        except StopIteration as end:
            return list(end.value[0].ids)


def a_pass(guesses: drafts.Drafts, replies: list[list[int]]) -> float:
    """How many tokens a pass gives on average, with these guesses."""
    passes = 0
    for ids in replies:
        place = 0
        while place < len(ids):
            guessed, right = guesses.after(ids[:place + 1]), 0
            while right < len(guessed) and ids[place + 1:][right:right + 1] == [guessed[right]]:
                right += 1
            place, passes = place + 1 + right, passes + 1
    return sum(map(len, replies)) / passes


def write(replies: list[list[int]], folder: Path) -> str:
    """Puts the table beside the weights; what it is good for."""
    held = replies[::HELD_BACK]
    known = [ids for number, ids in enumerate(replies) if number % HELD_BACK]
    if not known:
        raise BadInput("There are too few clips to learn from: give more.")
    rows = drafts.table(known)
    text = json.dumps({"rows": rows}, separators=(",", ":"))
    (folder / drafts.NAME).write_text(text + "\n", encoding="utf-8")
    return (f"{folder / drafts.NAME}: {len(rows)} rows of {len(known)} replies; of {len(held)} held back, "
            f"{a_pass(drafts.Drafts(rows), held):.2f} tokens a pass")


def main(argv=None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.drafts", description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--scenes", type=int, default=500)
    parser.add_argument("--footage", type=Path, nargs="*", default=[])
    given = parser.parse_args(argv)
    try:
        judge = judges.load(str(given.checkpoint), "fp32")
        if given.scenes:
            print(write(of_scenes(judge, given.scenes), given.checkpoint), flush=True)
        if given.footage:
            paths = [found.path for found in footage.listed(given.footage)]
            print(write(of_footage(judge, paths), given.checkpoint / judge.card.footage.folder))
    except Problem as problem:
        print(f"train.drafts: {problem}", file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
