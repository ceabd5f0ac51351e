"""The generation loop and its device: how often it is waited for, what is sent there, and what is kept on it."""
import gc
import weakref

import pytest
import torch

from tests.support.clips import moving_square
from tests.support.tiny import write_tiny
from tests.support.waits import Waits
from vs2 import judge as judging
from vs2 import video
from vs2.errors import Failure
from vs2.model import generation, inputs
from vs2.options import Options


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "a.mp4", size=(112, 84))


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """Of transformers' class: on a GPU there is no other."""
    torch.set_num_threads(1)
    return judging.load(str(write_tiny(tmp_path_factory.mktemp("tiny"))), "fp32", plain=False)


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch):
    """A captured step on a GPU calls none of the hooks here."""
    monkeypatch.setenv("VS2_GRAPHS", "0")


@pytest.fixture
def given(judge, path):
    return inputs.prepare(judge.processor, video.read(path, judge.card.sampling), "a red square", judge.card,
                        judge.model.config).to(judge.device)


@pytest.mark.parametrize("options", [Options(budget=40), Options(budget=40, samples=3, temperature=2.0)],
                         ids=str)
def test_a_token_waits_for_the_device_once_and_sends_nothing(judge, given, options, monkeypatch):
    monkeypatch.setattr(judge.model.generation_config, "repetition_penalty", 1.3)
    monkeypatch.setattr(judge.model.generation_config, "eos_token_id", [-1])
    batch = generation.Batch(judge.model, judge.processor.tokenizer, [given], options, judge._wire)
    batch.step()
    for _ in range(10):
        with Waits() as waits:
            batch.step()
        assert (waits.reads, waits.sends) == (["tolist"], [])
    for row in batch.active:
        row.feed.append(7)      # a token that the device did not choose
    with Waits() as waits:
        batch._forward()
    assert (waits.reads, waits.sends) == ([], ["aten::lift_fresh"])


def test_a_draw_is_multinomials(judge, given):
    batch = generation.Batch(judge.model, judge.processor.tokenizer, [given], Options(samples=2, seed=7), judge._wire)
    dice, scores = torch.Generator().manual_seed(7), torch.randn(2, 500) * 3
    scores[:, 100:] = -torch.inf
    for _ in range(50):
        wanted = torch.multinomial((scores / 0.7).softmax(-1), 1, generator=dice)[:, 0]
        assert torch.equal(batch._pick(scores, 0.7), wanted)


def test_arithmetic_that_overflowed_is_said(judge, path):
    calls = []

    def overflow(module, _, logits):
        calls.append(module)
        return logits * torch.nan if len(calls) > 3 else logits

    hook = judge.model.lm_head.register_forward_hook(overflow)
    try:
        for options in ({}, {"samples": 2}, {"think": False}):
            with pytest.raises(Failure, match="overflowed on this clip.*--precision fp32"):
                judge.score(path, "a red square", **options)
            calls += [None] * 3
        found, = judge.score_many([path], ["a"])
        assert isinstance(found, Failure) and str(found) == generation.OVERFLOWED
    finally:
        hook.remove()


def test_the_pixels_are_let_go_once_they_were_seen(judge, path, monkeypatch):
    seen, held, prepare = [], [], inputs.prepare

    def prepared(*arguments):
        made = prepare(*arguments)
        seen.append(weakref.ref(made.pixel_values_videos))
        return made

    monkeypatch.setattr(inputs, "prepare", prepared)
    hook = judge.model.register_forward_pre_hook(
        lambda module, args, kwargs: held.append("pixel_values_videos" not in kwargs and seen[-1]() is not None),
        with_kwargs=True)
    gc.disable()
    try:
        judge.score(path, "a red square", budget=6)
    finally:
        gc.enable()
        hook.remove()
    assert len(held) > 6 and not any(held)
