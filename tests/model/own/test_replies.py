"""The built-in judge says and scores what it does through transformers: scenes, footage, batches, samples, 16 bits."""
import csv

import pytest
import torch

from vs2 import judge
from vs2.resources import ASSETS
from vs2.rubric import KEYS

EXAMPLES = [(str(ASSETS / "examples" / row["file"]), row["prompt"])
            for table in ("scenes.csv", "examples.csv")
            for row in csv.DictReader((ASSETS / "examples" / table).open(encoding="utf-8"))]


@pytest.fixture(scope="module")
def pair():
    torch.set_num_threads(1)
    return judge.load("mini", "fp32"), judge.load("mini", "fp32", plain=False)


def same(made, wanted, within: float = 1e-5) -> None:
    """All that is said, and the scores."""
    for name in ("rationale", "reply", "tokens", "truncated", "warnings", "samples", "shown", "frames", "looped"):
        assert getattr(made, name) == getattr(wanted, name), name
    for key in KEYS:
        one, other = made.scores[key], wanted.scores[key]
        assert (one.value, one.reason) == (other.value, other.reason)
        for name in ("expected", "distribution", "confidence"):
            value, right = getattr(one, name), getattr(other, name)
            assert value == (right if right is None else pytest.approx(right, abs=within)), (key, name)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"think": False}, {"samples": 3, "seed": 5}, {"budget": 30},
                                     {"frames": 4}, {"published": True}], ids=str)
def test_examples(pair, options):
    for path, prompt in EXAMPLES:
        same(*(one.score(path, prompt, **options) for one in pair))


@pytest.mark.parametrize("think", [False, True])
def test_batches(pair, think):
    paths, prompts = zip(*EXAMPLES, strict=True)
    prompts = [prompt if number else f"{prompt} and then it is night" for number, prompt in enumerate(prompts)]
    for made, wanted in zip(*(one.score_many(paths, prompts, think=think) for one in pair), strict=True):
        same(made, wanted)


@pytest.mark.slow
def test_footage(pair, shared):
    """Real clips, most of which the part for footage judges (needs ../shared)."""
    clips = sorted((shared / "data" / "videos").glob("*.mp4"))[::3]
    for made, wanted in zip(*(one.score_many(clips, ["a dog"] * len(clips), think=True) for one in pair), strict=True):
        same(made, wanted)
    for path in clips[:2]:
        same(*(one.score(path, "a cat plays the piano", think=False) for one in pair))


def test_sixteen_bits():
    short = [judge.load("mini", "bf16", plain=plain) for plain in (True, False)]
    for path, prompt in EXAMPLES:
        made, wanted = (one.score(path, prompt, think=False) for one in short)
        for key in KEYS:
            assert made.scores[key].expected == pytest.approx(wanted.scores[key].expected, abs=0.05)
