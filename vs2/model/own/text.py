"""Qwen2.5-VL's language model. B rows, n new tokens, L tokens with those before them.

A layer's products that take the same input are one. A token's queries that share a head of keys stand as rows below
each other, so that nothing of the cache is copied for them (`vs2.model.attention`).
"""
from dataclasses import dataclass

import torch
from torch import nn

from vs2.model.own.cache import Cache, Layer
from vs2.model.own.config import TextConfig
from vs2.model.own.tensors import Embedding, Linear, Norm, Tensors

attend = nn.functional.scaled_dot_product_attention


@dataclass
class Read:
    """last_hidden_state: [B, n, width]. cache: None where none was asked for."""

    last_hidden_state: torch.Tensor
    cache: Cache | None


@dataclass(frozen=True)
class Turn:
    """What all layers share in one pass. cos, sin: [B, n, 1, head_dim], the first half of `sin` negative, so that a
    head's halves are swapped and not negated. mask: bool [B or 1, 1, n, L], None where it is causal from the start or
    there is one token that sees all."""

    cos: torch.Tensor
    sin: torch.Tensor
    mask: torch.Tensor | None


class Attention(nn.Module):
    """Grouped-query attention with multimodal rotary positions."""

    def __init__(self, tensors: Tensors, name: str, config: TextConfig):
        super().__init__()
        self.heads, self.groups, self.size = config.num_attention_heads, config.num_key_value_heads, config.head_dim
        rows = [self.size * count for count in (self.heads, self.groups, self.groups)]
        self.qkv = Linear(tensors, [f"{name}.{part}_proj" for part in "qkv"], config.hidden_size, rows, True)
        self.out = Linear(tensors, [f"{name}.o_proj"], config.hidden_size, [config.hidden_size], False)

    def forward(self, hidden_states: torch.Tensor, turn: Turn, kept: Layer | None) -> torch.Tensor:
        rows, count, _ = hidden_states.shape
        heads, groups = self.heads, self.groups
        found = self.qkv(hidden_states).view(rows, count, heads + 2 * groups, self.size)
        turned = found[:, :, :heads + groups]
        turned = (turned * turn.cos).add_(turned.roll(self.size // 2, -1).mul_(turn.sin)).transpose(1, 2)
        query, key = turned[:, :heads], turned[:, heads:]
        value = found[:, :, heads + groups:].transpose(1, 2)
        if kept is not None:
            key, value = kept.add(key, value)
        if count == 1:
            query = query.reshape(rows, groups, heads // groups, self.size)
            out = attend(query, key, value, attn_mask=turn.mask)
            return self.out(out.reshape(rows, 1, heads * self.size))
        if turn.mask is None:
            out = attend(query, key, value, is_causal=True, enable_gqa=heads != groups)
        else:
            key, value = (one.repeat_interleave(heads // groups, 1) for one in (key, value))
            out = attend(query, key, value, attn_mask=turn.mask)
        return self.out(out.transpose(1, 2).reshape(rows, count, heads * self.size))


class Mlp(nn.Module):
    """down(silu(gate x) * up x)."""

    def __init__(self, tensors: Tensors, name: str, width: int, inner: int, bias: bool):
        super().__init__()
        self.gate_up = Linear(tensors, [f"{name}.gate_proj", f"{name}.up_proj"], width, [inner, inner], bias)
        self.down = Linear(tensors, [f"{name}.down_proj"], inner, [width], bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate, up = self.gate_up(x).chunk(2, -1)
        return self.down(nn.functional.silu(gate).mul_(up))


class Block(nn.Module):
    """One layer."""

    def __init__(self, tensors: Tensors, name: str, config: TextConfig):
        super().__init__()
        width, eps = config.hidden_size, config.rms_norm_eps
        self.before = Norm(tensors, f"{name}.input_layernorm", width, eps)
        self.attention = Attention(tensors, f"{name}.self_attn", config)
        self.between = Norm(tensors, f"{name}.post_attention_layernorm", width, eps)
        self.mlp = Mlp(tensors, f"{name}.mlp", width, config.intermediate_size, False)

    def forward(self, hidden_states: torch.Tensor, turn: Turn, kept: Layer | None) -> torch.Tensor:
        hidden_states = hidden_states + self.attention(self.before(hidden_states), turn, kept)
        return hidden_states + self.mlp(self.between(hidden_states))


class Language(nn.Module):
    """The layers, the embedding before them and the normalisation after them."""

    def __init__(self, tensors: Tensors, name: str, config: TextConfig):
        super().__init__()
        self.config = config
        self.embed_tokens = Embedding(tensors, f"{name}.embed_tokens", config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([Block(tensors, f"{name}.layers.{number}", config)
                                     for number in range(config.num_hidden_layers)])
        self.norm = Norm(tensors, f"{name}.norm", config.hidden_size, config.rms_norm_eps)
        size = config.head_dim
        steps = torch.arange(0, size, 2, dtype=torch.float) / size
        self.frequencies = 1.0 / config.theta**steps        # no buffer, which would be cast with the weights
        self.axes = torch.tensor([axis for axis, pairs in enumerate(config.sections) for _ in range(pairs)])

    def forward(self, inputs_embeds: torch.Tensor, position_ids: torch.Tensor, use_cache: bool = True,
                cache: Cache | None = None, attention_mask: torch.Tensor | None = None) -> Read:
        """inputs_embeds [B, n, width], position_ids int64 [3, B, n], attention_mask [B, L], 0 where there is none."""
        if cache is None and use_cache:
            cache = Cache(len(self.layers))
        before = cache.get_seq_length() if cache is not None else 0
        turn = self._turn(inputs_embeds, position_ids, attention_mask, before)
        hidden_states = inputs_embeds
        for number, layer in enumerate(self.layers):
            hidden_states = layer(hidden_states, turn, None if cache is None else cache.layers[number])
        return Read(self.norm(hidden_states), cache)

    def _turn(self, given: torch.Tensor, places: torch.Tensor, attention_mask: torch.Tensor | None,
              before: int) -> Turn:
        angles = places[self.axes].permute(1, 2, 0).float().mul_(self.frequencies)[:, :, None]     # [B, n, 1, size / 2]
        cos, sin = angles.cos(), angles.sin()
        cos, sin = torch.cat([cos, cos], -1), torch.cat([-sin, sin], -1)
        return Turn(cos.to(given.dtype), sin.to(given.dtype), mask(attention_mask, given.shape[1], before))


def mask(attention_mask: torch.Tensor | None, count: int, before: int) -> torch.Tensor | None:
    """The mask of so many new tokens after so many others, as `Turn` has it."""
    padded = attention_mask is not None and not bool(attention_mask.all())
    if not padded and (count == 1 or before == 0):
        return None
    own = torch.arange(before, before + count)[:, None]
    places = torch.arange(before + count)
    causal = (places <= own)[None, None]
    if not padded or attention_mask is None:
        return causal
    # What pads a row sees itself, for a softmax over nothing is no number, and 0 times that is none either.
    return causal & attention_mask.bool()[:, None, None] | (places == own)[None, None]
