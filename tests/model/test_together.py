"""Several clips in one batch: the same scores as one by one, for clips and prompts of different lengths."""
from types import SimpleNamespace

import pytest
import torch

from tests.support.clips import moving_square
from tests.support.tiny import write_tiny
from tests.support.waits import Waits
from vs2 import generate, judge
from vs2.errors import BadInput
from vs2.evaluation import Evaluation
from vs2.model import generation, together
from vs2.model.inputs import cache_name
from vs2.rubric import KEYS

PROMPTS = ("a", "a red square moves to the right", "The video is blurry. " * 12, "a b <|im_end|> </think>")
SIZES = (((224, 160), 16), ((96, 64), 8), ((160, 224), 40), ((128, 128), 24))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    torch.set_num_threads(1)
    return judge.load(str(write_tiny(tmp_path_factory.mktemp("tiny"))), "fp32")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return [moving_square(folder / f"{n}.mp4", frames=frames, size=size) for n, (size, frames) in enumerate(SIZES)]


def same(one: Evaluation, other: Evaluation) -> None:
    """The same values, and `expected` within 1e-3, in everything that is read."""
    for key in KEYS:
        assert one.scores[key].value == other.scores[key].value
        assert one.scores[key].expected == pytest.approx(other.scores[key].expected, abs=1e-3)
        assert one.scores[key].distribution == pytest.approx(other.scores[key].distribution, abs=1e-3)
        assert one.scores[key].confidence == pytest.approx(other.scores[key].confidence, abs=1e-3)
    for name in ("video", "prompt", "model", "precision", "reply", "rationale", "frames", "tokens", "frame_times",
                 "warnings", "samples", "truncated"):
        assert getattr(one, name) == getattr(other, name)


@pytest.mark.slow
def test_a_batch_equals_single_judgements(tiny, clips):
    alone = [tiny.score(clip, prompt, think=False) for clip, prompt in zip(clips, PROMPTS, strict=True)]
    together_ = tiny.score_many(clips, PROMPTS)
    for one, other in zip(together_, alone, strict=True):
        same(one, other)
    assert len({one.scores[KEYS[0]].expected for one in together_}) == len(clips), "the clips do make a difference"
    for one, other in zip(tiny.score_many(clips[::-1], PROMPTS[::-1]), alone[::-1], strict=True):
        same(one, other)
    same(tiny.score_many(clips[:1], PROMPTS[:1])[0], alone[0])


@pytest.mark.slow
def test_a_batch_equals_single_judgements_with_mini(tmp_path):
    torch.set_num_threads(1)
    mini, sketch = judge.load("mini", "fp32"), generate.load("sketch")
    prompts = ("a red ball bounces on grass", "Two blue stars roll beside a yellow box on sand today.", "a box")
    sizes = ((384, 288), (160, 96), (128, 224))
    made = [sketch.generate(prompt, seed=n, seconds=1.0 + n, size=size, folder=tmp_path).path
            for n, (prompt, size) in enumerate(zip(prompts, sizes, strict=True))]
    alone = [mini.score(path, prompt, think=False) for path, prompt in zip(made, prompts, strict=True)]
    for one, other in zip(mini.score_many(made, prompts), alone, strict=True):
        same(one, other)


def test_padding_is_on_the_left_and_masked(tiny, clips):
    inputs = [tiny._inputs(judge.Task(judge.video.read(clip, tiny.card.sampling), "", prompt,
                                       judge.Options(think=False), lambda: False, 0.0))
              for clip, prompt in zip(clips, PROMPTS, strict=True)]
    given = together.padded(inputs, 7)
    length = max(one.length for one in inputs)
    assert given["input_ids"].shape == given["attention_mask"].shape == (4, length)
    for n, one in enumerate(inputs):
        assert torch.equal(given["input_ids"][n, -one.length:], one.input_ids[0])
        assert torch.equal(given["position_ids"][:, n, -one.length:], one.position_ids[:, 0])
        assert given["attention_mask"][n].tolist() == [0] * (length - one.length) + [1] * one.length
        assert set(given["input_ids"][n, :length - one.length].tolist()) <= {7}


def test_three_passes_are_three_waits(tiny, clips, monkeypatch):
    inputs = [tiny._inputs(judge.Task(judge.video.read(clip, tiny.card.sampling), "", "a", judge.Options(think=False),
                                       lambda: False, 0.0)) for clip in clips[:2]]
    calls = []

    class Model:
        device = torch.device("cpu")

        def __call__(self, **given):
            calls.append(given)
            assert given.get(cache_name()) == ("kept" if calls[1:] else None)
            return SimpleNamespace(logits=torch.zeros(2, 1, 999), past_key_values="kept")

    monkeypatch.setattr(generation.Row, "reply", lambda row: row)
    with Waits() as waits:
        rows = together.answers(Model(), tiny.processor.tokenizer, inputs, tiny._wire)
    assert waits.reads == ["tolist"] * len(calls) == ["tolist"] * 3 and all(row.done for row in rows)
    assert len(waits.sends) == 4, "the digits' ids, the next places, and what follows each of two digits"


def test_a_file_that_cannot_be_read_leaves_the_others(tiny, clips, tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    found = tiny.score_many([clips[1], tmp_path / "bad.mp4", tmp_path / "none.mp4"], ["a", "b", "c"])
    assert isinstance(found[0], Evaluation) and all(isinstance(one, BadInput) for one in found[1:])
    assert isinstance(tiny.score_many([clips[1]], [" "])[0], BadInput)
    assert tiny.score_many([], []) == []


def test_where_memory_runs_out_they_are_judged_one_by_one(tiny, clips, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(together, "answers", full)
    found = tiny.score_many(clips[1:3], PROMPTS[1:3])
    same(found[0], tiny.score(clips[1], PROMPTS[1], think=False))
    assert isinstance(found[1], Evaluation)
    monkeypatch.setattr(together, "answers", lambda *_: (_ for _ in ()).throw(RuntimeError("a defect")))
    with pytest.raises(RuntimeError, match="a defect"):
        tiny.score_many(clips[1:2], PROMPTS[1:2])
