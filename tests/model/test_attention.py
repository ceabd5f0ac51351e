"""Attention in float32 without groups is the attention of transformers, and asks for what a fused kernel does."""
from types import SimpleNamespace

import pytest
import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from tests.support.clips import moving_square
from tests.support.tiny import write_tiny
from vs2 import judge
from vs2.model import attention

MODULE = SimpleNamespace(num_key_value_groups=3, is_causal=True)


def mask(batch, count, length):
    """Causal, the first row of the batch padded by 4 on the left."""
    places = torch.arange(length)
    seen = places[None] <= (length - count + torch.arange(count))[:, None]
    padded = torch.stack([places >= (4 if row == 0 else 0) for row in range(batch)])
    return (seen[None] & padded[:, None])[:, None]


@pytest.mark.parametrize(("count", "length", "masked"), [
    (9, 9, False),      # a prompt
    (9, 9, True),       # prompts of a batch
    (1, 30, False),     # a token
    (1, 30, True),      # a token of each of a batch
    (5, 30, True),      # several tokens at once
])
def test_it_is_the_attention_of_transformers(count, length, masked, monkeypatch):
    dice = torch.Generator().manual_seed(count)
    shapes = (6, count), (2, length), (2, length)
    query, key, value = (torch.randn(2, heads, tokens, 8, generator=dice) for heads, tokens in shapes)
    given = mask(2, count, length) if masked else None
    wanted, _ = sdpa_attention_forward(MODULE, query, key, value, given, scaling=0.3)
    asked, attend = [], torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention",
                        lambda q, k, v, **more: asked.append((q, k, more)) or attend(q, k, v, **more))
    found, _ = attention.attend(MODULE, query, key, value, given, scaling=0.3)
    rows = slice(4, None) if masked and count == length else slice(None)     # what is padded sees nothing
    assert found.shape == wanted.shape and torch.allclose(found[:, rows], wanted[:, rows], atol=1e-6)
    if masked and count < length:       # two products, for which nothing is copied
        assert not asked
        return
    (q, k, more), = asked
    assert not more.get("enable_gqa") and q.shape[1] == k.shape[1] == (6 if count == length else 2)


@pytest.mark.parametrize(("count", "length", "masked"), [(9, 9, False), (1, 1, False), (1, 30, False), (1, 30, True)])
@pytest.mark.parametrize("numbers", [torch.float32, torch.bfloat16])
def test_a_tokens_queries_stand_below_each_other_on_a_cpu(count, length, masked, numbers, monkeypatch):
    dice = torch.Generator().manual_seed(count)
    shapes = (6, count), (2, length), (2, length)
    query, key, value = (torch.randn(2, heads, tokens, 8, generator=dice).to(numbers) for heads, tokens in shapes)
    given = mask(2, count, length) if masked else None
    wanted, _ = sdpa_attention_forward(MODULE, query, key, value, given, scaling=0.3)
    asked, attend = [], torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention",
                        lambda q, k, v, **more: asked.append((q, k)) or attend(q, k, v, **more))
    found, _ = attention.rows(MODULE, query, key, value, given, scaling=0.3)
    assert found.shape == wanted.shape
    assert torch.allclose(found, wanted, atol=1e-6 if numbers == torch.float32 else 2e-2)
    (q, k), = asked
    assert q.shape[1:3] == ((2, 3) if count == 1 < length else (6, count))


@pytest.mark.parametrize("switch", [attention.ungroup, attention.in_rows])
def test_a_judge_says_the_same_with_it(switch, tmp_path):
    torch.set_num_threads(1)
    clips = [moving_square(tmp_path / f"{n}.mp4", frames=8 * n, size=(112, 84)) for n in (1, 2)]
    folder = write_tiny(tmp_path / "tiny")
    usual, own = (judge.load(str(folder), "fp32", plain=False) for _ in range(2))
    switch(own.model)
    for options in ({"think": False}, {"budget": 12}, {"budget": 6, "samples": 3}):
        first, second = (one.score(clips[1], "a red square", **options) for one in (usual, own))
        assert first.reply == second.reply and first.samples == second.samples
        assert [score.expected for score in second.scores.values()] == pytest.approx(
            [score.expected for score in first.scores.values()], abs=1e-4)
    for first, second in zip(*(one.score_many(clips, ["a", "b c d"]) for one in (usual, own)), strict=True):
        assert [score.expected for score in second.scores.values()] == pytest.approx(
            [score.expected for score in first.scores.values()], abs=1e-4)


def test_sixteen_bits_on_a_cpu_have_it_and_exact_ones_are_left_alone(tmp_path):
    folder = str(write_tiny(tmp_path / "tiny"))
    assert attention.ours(judge.load(folder, "bf16", plain=False).model, attention.ROWS)
    assert attention.ours(judge.load(folder, "int4").model, attention.ROWS)
    assert attention.ours(judge.load(folder, "fp32", plain=False).model, "sdpa")
