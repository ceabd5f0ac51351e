"""Attention of the language model: on a GPU fused where it is in float32 too, and quick for a token at a time anywhere.

Several heads of queries share a head of keys. Asked for that (`enable_gqa`, as transformers does), PyTorch has no fused
kernel in float32 up to 2.11 at least (facebookresearch/sapiens2, pull request 3) and writes the scores of all tokens
with all tokens to memory; so it is not asked. The keys are repeated while the prompt is read; for the few tokens after
it, the queries that share a key stand as rows below each other, which copies nothing of the cache. In other precisions
transformers' own reads the prompt; those few tokens attend by two plain products (`few`). With the fused kernel that
PyTorch chose for them (2.11 on an H100) a greedy reply was not the same twice; with these it was, to the last bit.

On a CPU, asked for groups in bfloat16, PyTorch (2.14) repeats the keys for each token: 7.3 ms a layer of the 7B over
2,400 places, and 0.5 with the queries as rows below each other (`rows`), fused as before.
"""
import torch

NAME = "sdpa_ungrouped"
ROWS = "sdpa_rows"
PIECE = 512     # places whose values are weighed by themselves: one at a time would leave most of a GPU idle


def ungroup(model) -> None:
    """Switches a Qwen2.5-VL model's language model to it, in place. The vision tower has no groups."""
    _switch(model, NAME, attend)


def in_rows(model) -> None:
    """Switches the language model of one on a CPU to `rows`, in place."""
    _switch(model, ROWS, rows)


def ours(model, name: str = NAME) -> bool:
    """Whether it was switched to it."""
    return model.model.language_model.config._attn_implementation == name


def _switch(model, name: str, function) -> None:
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(name, function)
    AttentionMaskInterface.register(name, sdpa_mask)
    model.model.language_model.set_attn_implementation(name)


def attend(module, query, key, value, attention_mask, dropout: float = 0.0, scaling: float | None = None, **more):
    """As transformers calls it: query [B, heads, n, width], key and value [B, groups, L, width], attention_mask
    [B, 1, n, L] or None -> [B, n, heads, width], and no weights."""
    batch, heads, count, width = query.shape
    groups, length = key.shape[1:3]
    if count < length and (attention_mask is not None or count == 1 and query.dtype != torch.float32):
        return few(query, key, value, attention_mask, scaling or width**-0.5), None
    if query.dtype != torch.float32:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout=dropout, scaling=scaling,
                                      **more)
    causal = attention_mask is None and count > 1
    if count < length and not causal:
        query = query.reshape(batch, groups, heads // groups * count, width)
    else:
        key, value = (x.repeat_interleave(heads // groups, 1) for x in (key, value))
    out = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=attention_mask,
                                                           dropout_p=dropout, scale=scaling, is_causal=causal)
    return out.reshape(batch, heads, count, width).transpose(1, 2).contiguous(), None


def rows(module, query, key, value, attention_mask, dropout: float = 0.0, scaling: float | None = None, **more):
    """As `attend`, for a CPU: a token's queries that share a key stand below each other; more tokens go as usual."""
    batch, heads, count, width = query.shape
    groups, length = key.shape[1:3]
    if count > 1 or length == 1:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout=dropout, scaling=scaling,
                                      **more)
    out = torch.nn.functional.scaled_dot_product_attention(query.reshape(batch, groups, heads // groups, width), key,
                                                           value, attn_mask=attention_mask, dropout_p=dropout,
                                                           scale=scaling)
    return out.reshape(batch, 1, heads, width), None


def few(query, key, value, attention_mask, scaling: float):
    """A few tokens' queries, under a boolean mask [B or 1, 1, n, L] or none, over a long cache -> [B, n, heads, width].

    Two products with a softmax between them, scores and sums in float32 as a fused kernel has them. A fused kernel
    gives each head to one of a GPU's hundred processors, and a token has four heads of keys.
    """
    batch, heads, count, width = query.shape
    groups, length = key.shape[1:3]
    rows = heads // groups * count
    keys, values = (x.reshape(batch * groups, length, width) for x in (key, value))
    scores = _product(query.reshape(batch * groups, rows, width), keys.transpose(1, 2)).mul_(scaling)
    if attention_mask is not None:
        scores.view(batch, groups, heads // groups, count, length).masked_fill_(~attention_mask[:, :, None], -torch.inf)
    shares = scores.softmax(-1).to(value.dtype)
    pieces = length // PIECE if length % PIECE == 0 else 1
    shares = shares.view(batch * groups, rows, pieces, length // pieces).transpose(1, 2)
    out = _product(shares.reshape(batch * groups * pieces, rows, length // pieces),
                   values.view(batch * groups * pieces, length // pieces, width))
    out = out.view(batch * groups, pieces, rows, width).sum(1).to(value.dtype)
    return out.view(batch, heads, count, width).transpose(1, 2).contiguous()


def _product(left, right):
    """[N, a, b] by [N, b, c] as float32, summed in it."""
    if left.dtype == torch.float32:
        return left @ right
    if left.device.type == "cuda":
        return torch.bmm(left, right, out_dtype=torch.float32)
    return left.float() @ right.float()
