"""Attention in float32 under bfloat16 autocast on a CPU.

PyTorch's bfloat16 attention there has a backward pass about six times slower than its float32 one, which is more than
bfloat16 saves on all the matrix products of a small model (docs/log.md).
"""
import torch

NAME = "sdpa_float32"


def full_precision(model) -> None:
    """Switch a Qwen2.5-VL language model's attention to it, in place. The tower's is vs2/model/vision.py's."""
    from transformers import AttentionInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    def attend(module, query, key, value, attention_mask, **kwargs):
        with torch.autocast(query.device.type, enabled=False):
            mask = attention_mask
            if mask is not None and mask.is_floating_point():
                mask = mask.float()
            out, weights = sdpa_attention_forward(module, query.float(), key.float(), value.float(), mask, **kwargs)
        return out.to(query.dtype), weights

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.model.language_model.set_attn_implementation(NAME)
