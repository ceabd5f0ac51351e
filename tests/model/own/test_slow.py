"""Where even a small model is slow: its prompt read in pieces, its layers timed, stopped in between."""
import time

import pytest
import torch

from tests.model.own.test_parity import given, write_random
from vs2 import judge
from vs2.model import chunks, memory, pace
from vs2.model.own.model import Qwen


@pytest.fixture(scope="module")
def random(tmp_path_factory):
    torch.set_num_threads(1)
    made = judge.load(str(write_random(tmp_path_factory.mktemp("random"))), "fp32")
    assert isinstance(made.model, Qwen)
    return made


def drained(work) -> tuple[list, object]:
    said = []
    while True:
        try:
            said.append(next(work))
        except StopIteration as end:
            return said, end.value


def test_a_prompt_in_pieces_is_the_prompt_at_once(random, monkeypatch):
    asked = given(random, prompt=40)
    monkeypatch.setattr(chunks, "CHUNK", 17)
    monkeypatch.setattr(chunks, "PATCHES", 96)
    said, (pieces, logits) = drained(chunks.begin(random.model, asked, 2))
    with torch.inference_mode():
        whole, wanted = memory.begin(random.model, [asked], 2, 8)
        assert torch.allclose(logits, wanted, rtol=0, atol=1e-5)
        token = torch.tensor([[50], [60]])
        assert torch.allclose(pieces.write(token), whole.write(token), rtol=0, atol=1e-5)
    assert said[-1].done == said[-1].of == asked.length


def test_it_stops_between_layers(random, monkeypatch):
    monkeypatch.setattr(chunks, "BEAT", 0.01)
    reached = []
    hooks = [layer.register_forward_pre_hook(lambda *_: (reached.append(True), time.sleep(0.1))[2:] or None)
             for layer in random.model.model.visual.blocks]
    try:
        with pytest.raises(chunks.Stopped):
            drained(chunks.begin(random.model, given(random), 1, lambda: bool(reached)))
    finally:
        for hook in hooks:
            hook.remove()
    assert len(reached) < len(hooks)


def test_its_layers_are_timed(random):
    found = pace.calibrate(random.model)
    assert found.patch > 0 and found.row > 0 and found.step > 0 and found.far > 0
    assert len(random.model.model.language_model.layers) == 3
