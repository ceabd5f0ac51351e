"""Makes Qwen2.5-VL's vision tower quick without FlashAttention; its weights stay, its features but for rounding.

Two slow spots of transformers 5: attention runs in a Python loop over windows and pairs of frames, hundreds of small
calls a layer for a full-size clip, where windows of one length fit one call; and the patch embedding is a Conv3d whose
stride is its kernel, so it is one matrix product (as a convolution it can be a hundred times slower in bf16).
transformers' own switch for the latter (`fusion_config`) left the layer's weights unread on a checkpoint saved by
5.23 itself, with only a line in its load report, so it is not used.
"""
import types

import torch


def quicken(model) -> int:
    """Switch both on for a Qwen2.5-VL model, in place; how many modules it reached. State dicts do not change.

    Attention under FlashAttention is left alone: it takes windows of any length at once.
    """
    reached = 0
    for module in model.modules():
        name = type(module).__name__
        if name == "Qwen2_5_VLVisionAttention" and "flash" not in (module.config._attn_implementation or ""):
            module.forward = types.MethodType(_attention, module)
        elif name == "Qwen2_5_VisionPatchEmbed":
            module.forward = types.MethodType(_patch_embedding, module)
        else:
            continue
        reached += 1
    return reached


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
    lengths = (cu_seqlens[1:] - cu_seqlens[:-1]).tolist()
    if len(set(lengths)) == 1:
        out = _attend(q, k, v, lengths[0], self.scaling).reshape(count, -1)
    else:
        starts = cu_seqlens[:-1].tolist()
        out = torch.empty(count, q.shape[1] * q.shape[2], dtype=q.dtype, device=q.device)
        for length in set(lengths):
            rows = torch.cat([torch.arange(s, s + length) for s, n in zip(starts, lengths, strict=True) if n == length])
            rows = rows.to(q.device)
            out[rows] = _attend(q[rows], k[rows], v[rows], length, self.scaling).reshape(len(rows), -1)
    return self.proj(out)


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
