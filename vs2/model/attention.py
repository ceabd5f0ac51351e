"""Attention of the language model in float32 on a GPU, by a fused kernel.

Several heads of queries share a head of keys. Asked for that (`enable_gqa`, as transformers does), PyTorch has no fused
kernel in float32 up to 2.11 at least (facebookresearch/sapiens2, pull request 3) and writes the scores of all tokens
with all tokens to memory; so it is not asked. The keys are repeated while the prompt is read; for the few tokens after
it, the queries that share a key stand as rows below each other, which copies nothing of the cache.
"""
import torch

NAME = "sdpa_ungrouped"


def ungroup(model) -> None:
    """Switches a Qwen2.5-VL model's language model to it, in place. The vision tower has no groups."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.model.language_model.set_attn_implementation(NAME)


def attend(module, query, key, value, attention_mask, dropout: float = 0.0, scaling: float | None = None, **_):
    """As transformers calls it: query [B, heads, n, width], key and value [B, groups, L, width], attention_mask
    [B, 1, n, L] or None -> [B, n, heads, width], and no weights."""
    batch, heads, count, width = query.shape
    groups, length = key.shape[1:3]
    causal = attention_mask is None and count > 1
    if count < length and not causal:
        mask = None if attention_mask is None else attention_mask.repeat(1, 1, heads // groups, 1)
        query = query.reshape(batch, groups, heads // groups * count, width)
    else:
        mask = attention_mask
        key, value = (x.repeat_interleave(heads // groups, 1) for x in (key, value))
    out = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout,
                                                           scale=scaling, is_causal=causal)
    return out.reshape(batch, heads, count, width).transpose(1, 2).contiguous(), None
