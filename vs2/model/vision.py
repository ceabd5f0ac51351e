"""Makes Qwen2.5-VL's vision tower quick without FlashAttention; its weights stay, its features but for rounding.

Two slow spots of transformers 5: attention runs in a Python loop over windows and pairs of frames, hundreds of small
calls a layer for a full-size clip, where windows of one length fit one call; and the patch embedding is a Conv3d whose
stride is its kernel, so it is one matrix product (as a convolution it can be a hundred times slower in bf16).
transformers' own switch for the latter (`fusion_config`) left the layer's weights unread on a checkpoint saved by
5.23 itself, with only a line in its load report, so it is not used.
"""
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch.utils.weak import WeakTensorKeyDictionary

if TYPE_CHECKING:
    from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionPatchEmbed, Qwen2_5_VLVisionAttention

    Classes = tuple[type[Qwen2_5_VLVisionAttention], type[Qwen2_5_VLVisionAttention],
                    type[Qwen2_5_VisionPatchEmbed], type[Qwen2_5_VisionPatchEmbed]]


def quicken(model: torch.nn.Module) -> int:
    """Switch both on for a Qwen2.5-VL model, in place; how many modules it reached. State dicts do not change.

    Attention under FlashAttention is left alone: it takes windows of any length at once. A module gets another class
    and not a bound method of its own: that would be a cycle, and a judge put aside would keep its memory until Python
    looks for cycles.
    """
    attention, quick_attention, embedding, quick_embedding = _classes()
    reached = 0
    for module in model.modules():
        if isinstance(module, attention) and "flash" not in (module.config._attn_implementation or ""):
            module.__class__ = quick_attention
        elif isinstance(module, embedding):
            module.__class__ = quick_embedding
        else:
            continue
        reached += 1
    return reached


@lru_cache(maxsize=1)
def _classes() -> "Classes":
    """transformers' attention of the tower and the quick one, its patch embedding and the quick one."""
    from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionPatchEmbed, Qwen2_5_VLVisionAttention

    class QuickVisionAttention(Qwen2_5_VLVisionAttention):
        """One call for all windows of a length."""

        forward = _attention

    class QuickPatchEmbed(Qwen2_5_VisionPatchEmbed):
        """A matrix product for a convolution."""

        forward = _patch_embedding

    return Qwen2_5_VLVisionAttention, QuickVisionAttention, Qwen2_5_VisionPatchEmbed, QuickPatchEmbed


def _patch_embedding(self, hidden_states):
    """Stands for Qwen2_5_VisionPatchEmbed.forward; hidden_states [patches, colours * pair * patch * patch]."""
    weight = self.proj.weight
    return torch.nn.functional.linear(hidden_states.to(weight.dtype).view(-1, weight[0].numel()), weight.flatten(1))


def _attention(self, hidden_states, cu_seqlens, position_embeddings=None, max_seqlen=None, **kwargs):
    """Stands for Qwen2_5_VLVisionAttention.forward; hidden_states [n, width], cu_seqlens [windows + 1]."""
    from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_rotary_pos_emb_vision

    count = hidden_states.shape[0]
    q, k, v = self.qkv(hidden_states).reshape(count, 3, self.num_heads, -1).permute(1, 0, 2, 3).unbind(0)
    q, k = apply_rotary_pos_emb_vision(q, k, *position_embeddings)
    groups = _windows(cu_seqlens)
    if len(groups) == 1:
        out = _attend(q, k, v, groups[0][0], self.scaling).reshape(count, -1)
    else:
        out = torch.empty(count, q.shape[1] * q.shape[2], dtype=q.dtype, device=q.device)
        for length, rows in groups:
            out[rows] = _attend(q[rows], k[rows], v[rows], length, self.scaling).reshape(len(rows), -1)
    return self.proj(out)


_seen = WeakTensorKeyDictionary()   # cu_seqlens -> its groups, as long as it lives


def _windows(cu_seqlens) -> list[tuple[int, torch.Tensor]]:
    """The lengths of the windows that begin and end at cu_seqlens [windows + 1], and the rows int64 [n] of each.

    The tower gives the same tensor to all its layers: only the first one waits for the device to read it.
    """
    groups = _seen.get(cu_seqlens)
    if groups is None:
        places = cu_seqlens.tolist()
        windows = [(end - start, start) for start, end in zip(places, places[1:], strict=False)]
        groups = _seen[cu_seqlens] = [
            (length, torch.cat([torch.arange(start, start + length) for size, start in windows if size == length])
             .to(cu_seqlens.device, non_blocking=True)) for length in {size for size, _ in windows}]
    return groups


def _attend(q, k, v, length, scaling):
    """q, k, v: [windows * length, heads, width] -> the same shape."""
    q, k, v = (x.reshape(-1, length, *x.shape[1:]).transpose(1, 2) for x in (q, k, v))
    if q.device.type == "cpu" and q.dtype == torch.bfloat16 and torch.is_grad_enabled():
        # its backward pass in bfloat16 takes six times as long there as in float32
        with torch.autocast("cpu", enabled=False):
            out = torch.nn.functional.scaled_dot_product_attention(q.float(), k.float(), v.float(), scale=scaling)
        out = out.to(q.dtype)
    else:
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v, scale=scaling)
    return out.transpose(1, 2).reshape(-1, *out.shape[1:2], out.shape[3])
