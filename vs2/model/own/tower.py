"""Qwen2.5-VL's vision tower: windows of equal length are one call of attention, patches are embedded by one product.

P patches in groups of merge x merge (`vs2.model.inputs.patches`), which are reordered window by window for the blocks.
"""
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import nn

from vs2.model.own import threads
from vs2.model.own.config import VisionConfig
from vs2.model.own.tensors import Linear, Norm, Tensors
from vs2.model.own.text import Mlp

EPS = 1e-6
Parts = list[tuple[int, torch.Tensor | None]]       # lengths of windows, and the rows of each; None: all of them

attend = nn.functional.scaled_dot_product_attention


@dataclass
class Seen:
    """pooler_output: [P / merge**2, width]; the name is transformers'."""

    pooler_output: torch.Tensor


@dataclass(frozen=True)
class Plan:
    """Of clips with certain grids. order, back: int64 [P / merge**2], groups window by window, and where each stands
    there. windows, whole: what attends together in most blocks, and in those with full attention, a pair of frames.
    cos, sin: float32 [P, 1, head width], window by window; the first half of `sin` is negative."""

    order: torch.Tensor
    back: torch.Tensor
    windows: Parts
    whole: Parts
    cos: torch.Tensor
    sin: torch.Tensor


class Attention(nn.Module):
    """Within each window."""

    def __init__(self, tensors: Tensors, name: str, config: VisionConfig):
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_heads
        self.qkv = Linear(tensors, [f"{name}.qkv"], width, [3 * width], True)
        self.out = Linear(tensors, [f"{name}.proj"], width, [width], True)

    def forward(self, hidden_states: torch.Tensor, plan: Plan, parts: Parts) -> torch.Tensor:
        count, width = hidden_states.shape
        found = self.qkv(hidden_states).view(count, 3, self.heads, -1)
        turned = found[:, :2].float()       # in float32 in any precision, as transformers turns them
        turned = (turned * plan.cos[:, None]).add_(turned.roll(turned.shape[-1] // 2, -1).mul_(plan.sin[:, None]))
        query, key = turned.to(found.dtype).unbind(1)
        value = found[:, 2]
        if len(parts) == 1:
            return self.out(_within(query, key, value, parts[0][0]).reshape(count, width))
        out = torch.empty(count, width, dtype=found.dtype, device=found.device)
        for length, rows in parts:
            out[rows] = _within(query[rows], key[rows], value[rows], length).reshape(-1, width)
        return self.out(out)


def _within(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, length: int) -> torch.Tensor:
    """[windows * length, heads, width] each -> [windows, length, heads, width]."""
    query, key, value = (one.reshape(-1, length, *one.shape[1:]).transpose(1, 2) for one in (query, key, value))
    return attend(query, key, value).transpose(1, 2)


class Block(nn.Module):
    """One block."""

    def __init__(self, tensors: Tensors, name: str, config: VisionConfig):
        super().__init__()
        self.before = Norm(tensors, f"{name}.norm1", config.hidden_size, EPS)
        self.attention = Attention(tensors, f"{name}.attn", config)
        self.between = Norm(tensors, f"{name}.norm2", config.hidden_size, EPS)
        self.mlp = Mlp(tensors, f"{name}.mlp", config.hidden_size, config.intermediate_size, True)

    def forward(self, hidden_states: torch.Tensor, plan: Plan, parts: Parts) -> torch.Tensor:
        hidden_states = hidden_states + self.attention(self.before(hidden_states), plan, parts)
        return hidden_states + self.mlp(self.between(hidden_states))


class Merger(nn.Module):
    """merge x merge patches [P, width] -> a token of the language model's width."""

    def __init__(self, tensors: Tensors, name: str, config: VisionConfig):
        super().__init__()
        self.width = config.hidden_size * config.spatial_merge_size**2
        self.norm = Norm(tensors, f"{name}.ln_q", config.hidden_size, EPS)
        self.inner = Linear(tensors, [f"{name}.mlp.0"], self.width, [self.width], True)
        self.outer = Linear(tensors, [f"{name}.mlp.2"], self.width, [config.out_hidden_size], True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.outer(nn.functional.gelu(self.inner(self.norm(x).view(-1, self.width))))


class Tower(nn.Module):
    """Patches [P, colours * pair * patch * patch] and grids int64 [clips, 3] -> tokens."""

    def __init__(self, tensors: Tensors, name: str, config: VisionConfig):
        super().__init__()
        self.config, self.spatial_merge_size = config, config.spatial_merge_size
        kernel = (config.in_channels, config.temporal_patch_size, config.patch_size, config.patch_size)
        weight = tensors(f"{name}.patch_embed.proj.weight", config.hidden_size, *kernel)
        self.embedding = nn.Parameter(weight.flatten(1), requires_grad=False)
        self.blocks = nn.ModuleList([Block(tensors, f"{name}.blocks.{number}", config)
                                     for number in range(config.depth)])
        self.merger = Merger(tensors, f"{name}.merger", config)
        self.weights = sum(weight.numel() for weight in self.blocks.parameters())

    @property
    def dtype(self) -> torch.dtype:
        """What pixels are cast to."""
        return self.embedding.dtype

    def forward(self, hidden_states: torch.Tensor, grid_thw: torch.Tensor) -> Seen:
        """See the class."""
        with threads.for_pass(self.weights, len(hidden_states)):
            return self._forward(hidden_states, grid_thw)

    def _forward(self, hidden_states: torch.Tensor, grid_thw: torch.Tensor) -> Seen:
        plan = planned(self.config, tuple(map(tuple, grid_thw.tolist())))
        unit = self.spatial_merge_size**2
        x = nn.functional.linear(hidden_states.to(self.dtype), self.embedding)
        x = x.view(-1, unit, x.shape[1])[plan.order].view(x.shape)
        for number, block in enumerate(self.blocks):
            x = block(x, plan, plan.whole if number in self.config.fullatt_block_indexes else plan.windows)
        return Seen(self.merger(x)[plan.back])


@lru_cache(maxsize=16)
@torch.inference_mode(False)    # what is kept is used inside and outside of it
def planned(config: VisionConfig, grids: tuple[tuple[int, int, int], ...]) -> Plan:
    """For clips of these grids (pairs of frames, patch rows, patch columns)."""
    merge, size = config.spatial_merge_size, config.hidden_size // config.num_heads
    side = config.window_size // merge // config.patch_size     # of a window, in groups
    order, places, windows, whole, start = [], [], list[int](), list[int](), 0
    for pairs, height, width in grids:
        rows, columns = height // merge, width // merge
        numbers = torch.arange(start, start + pairs * rows * columns).view(pairs, rows, columns)
        for pair in numbers:
            for top in range(0, rows, side):
                for left in range(0, columns, side):
                    order.append(pair[top:top + side, left:left + side].flatten())
                    windows.append(len(order[-1]) * merge**2)
        whole += [height * width] * pairs
        start += pairs * rows * columns
        at = torch.stack(torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij"), -1)
        at = at.view(rows, merge, columns, merge, 2).transpose(1, 2).reshape(-1, 2)
        places.append(at.repeat(pairs, 1))
    placed = torch.cat(order)
    frequencies = 1.0 / config.theta**(torch.arange(0, size // 2, 2, dtype=torch.float) / (size // 2))
    angles = (torch.cat(places)[..., None].float() * frequencies).flatten(1)        # [P, head width / 2]: rows, columns
    angles = angles.view(-1, merge**2, angles.shape[1])[placed].flatten(0, 1)[:, None]
    cos, sin = angles.cos(), angles.sin()
    return Plan(placed, placed.argsort(), _parts(windows), _parts(whole), torch.cat([cos, cos], -1),
                torch.cat([-sin, sin], -1))


def _parts(lengths: list[int]) -> Parts:
    """What attends together: windows of one length at once."""
    kinds = sorted(set(lengths))
    if len(kinds) == 1:
        return [(kinds[0], None)]
    owner = torch.tensor(lengths).repeat_interleave(torch.tensor(lengths))
    return [(length, (owner == length).nonzero()[:, 0]) for length in kinds]
