"""Read in pieces: the same logits as at once, in steps that can be watched and stopped, one prefill for all replies."""
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.support.tiny import write_tiny
from vs2.estimate import PREFILL, TOWER
from vs2.model import chunks, generation, memory
from vs2.model import inputs as qwen
from vs2.model.card import Card
from vs2.model.reply import Step
from vs2.options import Options
from vs2.rubric import DIRECT


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    from transformers import AutoModelForImageTextToText

    torch.set_num_threads(1)
    folder = write_tiny(tmp_path_factory.mktemp("tiny"))
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    return model, qwen.load_processor(folder)


def inputs(tiny, frames=10, height=84, width=140, opening=""):
    model, processor = tiny
    made = np.random.default_rng(frames).integers(0, 255, (frames, height, width, 3), np.uint8)
    clip = SimpleNamespace(frames=made, times=tuple(np.arange(frames) / 2))
    return qwen.prepare(processor, clip, "a red ball bounces", Card(), model.config, opening)


@pytest.fixture
def small(monkeypatch):
    """Pieces of a size that a small clip has several of, looked at all the time."""
    monkeypatch.setattr(chunks, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(chunks, "CHUNK", 48)
    monkeypatch.setattr(chunks, "PATCHES", 130)
    monkeypatch.setattr(chunks, "BEAT", 0.001)


def drained(generator):
    """What it yields, and its value."""
    found = []
    while True:
        try:
            found.append(next(generator))
        except StopIteration as end:
            return found, end.value


@pytest.mark.parametrize("frames, height, width", [(10, 84, 140), (3, 56, 84), (14, 28, 28)])
def test_pieces_give_the_logits_that_the_whole_gives(tiny, small, frames, height, width):
    model, _ = tiny
    given = inputs(tiny, frames, height, width)
    with torch.inference_mode():
        whole, wanted = memory.begin(model, [given], 3, 8)
        steps, (pieces, found) = drained(chunks.begin(model, given, 3))
        assert torch.allclose(found, wanted, rtol=0, atol=2e-5) and found.shape == wanted.shape
        tokens = torch.tensor([[5, 7], [9, 7], [1, 2]])
        assert torch.allclose(pieces.write(tokens), whole.write(tokens), rtol=0, atol=2e-5)
    tower, prefill = ([step for step in steps if step.stage == stage] for stage in (TOWER, PREFILL))
    assert tower[-1] == Step(TOWER, len(given.pixel_values_videos), len(given.pixel_values_videos))
    assert prefill[-1] == Step(PREFILL, given.length, given.length)
    for some in (tower, prefill):
        assert [step.done for step in some] == sorted(step.done for step in some)
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in model.modules()), "hooks are taken off"


def test_the_tower_never_holds_more_than_a_few_pairs_and_the_prefill_one_piece(tiny, small, monkeypatch):
    model, _ = tiny
    most = {"tower": 0, "prefill": 0}

    def rows(name):
        def look(module, given, more):
            most[name] = max(most[name], chunks._rows(given, more))
        return look

    hooks = [model.model.visual.blocks[0].register_forward_pre_hook(rows("tower"), with_kwargs=True),
             model.model.language_model.layers[0].register_forward_pre_hook(rows("prefill"), with_kwargs=True)]
    for frames in (4, 12, 24):
        drained(chunks.begin(model, inputs(tiny, frames), 1))
        assert most == {"tower": 2 * 60, "prefill": 48}, "whatever the clip's length"
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("stage", [TOWER, PREFILL])
def test_a_stop_ends_the_work_before_the_next_layer(tiny, small, stage):
    model, _ = tiny
    reached, seen = [], []

    def slowly(*_):     # a layer's call, on the thread that reads: it waits until the stop has been looked at
        seen.append(len(seen))
        reached.append(True)
        time.sleep(0.05)

    layers = model.model.visual.blocks if stage == TOWER else model.model.language_model.layers
    hooks = [layer.register_forward_pre_hook(slowly) for layer in layers]
    with pytest.raises(chunks.Stopped):
        drained(chunks.begin(model, inputs(tiny, 12), 1, lambda: bool(reached)))
    for hook in hooks:
        hook.remove()
    assert len(seen) < 6, "twelve layers would have been called"


def test_leaving_a_judgement_ends_the_thread(tiny, small):
    import threading

    model, _ = tiny
    told = chunks.begin(model, inputs(tiny, 12), 1)
    next(told)
    told.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "prefill"]


def test_what_goes_wrong_is_raised_as_it_is(tiny, small, monkeypatch):
    model, _ = tiny

    def full(*_, **__):
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(model.model.visual, "forward", full)
    with pytest.raises(torch.OutOfMemoryError):
        drained(chunks.begin(model, inputs(tiny), 1))


@pytest.mark.parametrize("options", [Options(budget=6), Options(budget=6, samples=3), Options(think=False)])
def test_replies_are_the_same_and_share_one_prefill(tiny, small, monkeypatch, options):
    model, processor = tiny
    given = inputs(tiny, opening="" if options.think else DIRECT.leads[0])
    counted = []
    hook = model.model.visual.blocks[0].register_forward_pre_hook(
        lambda module, given, more: counted.append(chunks._rows(given, more)), with_kwargs=True)
    pieces = drained(generation.generate(model, processor.tokenizer, given, options))
    assert sum(counted) == len(given.pixel_values_videos), "the frames are looked at once for all replies"
    hook.remove()
    assert any(isinstance(piece, Step) for piece in pieces[0])
    monkeypatch.setattr(chunks, "MOST_AT_ONCE", float("inf"))
    whole = drained(generation.generate(model, processor.tokenizer, given, options))
    assert [reply.ids for reply in pieces[1]] == [reply.ids for reply in whole[1]] and len(whole[1]) == options.samples
    assert not any(isinstance(piece, Step) for piece in whole[0])


def test_only_much_work_on_a_cpu_is_cut_into_pieces(tiny):
    model, _ = tiny
    assert not chunks.slow(model, 100_000, 30_000)
    published = SimpleNamespace(
        text_config=SimpleNamespace(hidden_size=3584, num_key_value_heads=4, num_attention_heads=28,
                                    num_hidden_layers=28, intermediate_size=18944),
        vision_config=SimpleNamespace(hidden_size=1280, intermediate_size=3420, depth=32))
    assert chunks.slow(SimpleNamespace(device=torch.device("cpu"), config=published), 512, 128)
    assert not chunks.slow(SimpleNamespace(device=torch.device("cuda"), config=published), 10_000, 3000)
    # Of the published sizes: 6.5 thousand million weights in the language model's layers.
    assert chunks.products(published, 0, 1) == pytest.approx(6.5e9, rel=0.02)
