"""Samples replies for training: several clips times several replies, all in one batch.

A clip is seen once and its prompt is read once; its replies then grow together from the repeated cache. What is drawn
depends on a seed for each clip alone, not on the batch or the process that the clip comes in, so that one process and
several sample the same replies.
"""
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from transformers.cache_utils import DynamicLayer

from train.grpo.policy import following, pack
from vs2.model.inputs import cache_name, cache_of

SHRINK = 0.75           # the share of rows still writing below which the others leave the batch
ASK_OTHERS = 8          # steps between questions whether the other processes are done


@dataclass(frozen=True)
class Sampling:
    """How replies are drawn. temperature 0: always the likeliest token. Names as TRL's GRPOConfig."""

    num_generations: int = 8
    max_completion_length: int = 1024
    temperature: float = 1.0
    top_p: float = 1.0


@dataclass(frozen=True, eq=False)
class Rollout:
    """G replies to each of k clips, in order; C is the longest reply.

    ids: int64 [k * G, C], the end token included, padded after it. mask: bool [k * G, C], True on the reply.
    ended: bool [k * G], False where the reply was cut. texts: without special tokens. logps: float32 [k * G, C], each
    token's log-probability at the temperature (nucleus ignored), where asked for. All on the model's device.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    ended: torch.Tensor
    texts: list[str]
    logps: torch.Tensor | None = None

    @property
    def lengths(self) -> torch.Tensor:
        """Tokens of each reply, int64 [k * G]."""
        return self.mask.sum(-1)


class _Roomy(DynamicLayer):
    """A layer of the cache whose memory is taken once: keys and values are views of what is filled."""

    def __init__(self, layer: DynamicLayer, repeats: int, room: int):
        super().__init__()
        self.is_initialized, self.dtype, self.device = True, layer.keys.dtype, layer.keys.device
        batch, heads, length, width = layer.keys.shape
        self._whole = [torch.empty(batch * repeats, heads, length + room, width, dtype=x.dtype, device=x.device)
                       for x in (layer.keys, layer.values)]
        for whole, x in zip(self._whole, (layer.keys, layer.values), strict=True):
            whole[:, :, :length] = x.repeat_interleave(repeats, 0)
        self._show(length)

    def _show(self, length):
        self.keys, self.values = (whole[:, :, :length] for whole in self._whole)

    def update(self, key_states, value_states, *args, **kwargs):
        start = self.keys.shape[2]
        end = start + key_states.shape[2]
        for whole, x in zip(self._whole, (key_states, value_states), strict=True):
            whole[:, :, start:end] = x
        self._show(end)
        return self.keys, self.values

    def batch_select_indices(self, indices):
        length = self.keys.shape[2]
        self._whole = [whole[indices] for whole in self._whole]
        self._show(length)


def noise(seeds: list[tuple[int, ...]], replies: int, length: int) -> torch.Tensor:
    """float32 [clips * replies, length], uniform in [0, 1); a clip's rows depend on its own seed (integers) alone."""
    import numpy as np

    return torch.cat([torch.from_numpy(np.random.default_rng([abs(n) for n in seed]).random(
        (replies, length), dtype=np.float32)) for seed in seeds])


def pick(logits: torch.Tensor, chance: torch.Tensor | None, temperature: float, top_p: float) -> torch.Tensor:
    """A token for each row of logits [n, V], by its number of `chance` [n]; the likeliest at temperature 0.

    top_p: the smallest set of likeliest tokens that holds at least this probability is drawn from, with any token as
    likely as its last.
    """
    if temperature == 0:
        return logits.argmax(-1)
    shares = (logits.float() / temperature).softmax(-1)
    if top_p < 1:
        ordered = shares.sort(-1, descending=True).values
        last = (ordered.cumsum(-1) - ordered < top_p).sum(-1, keepdim=True) - 1
        shares = shares.masked_fill(shares < ordered.gather(1, last), 0.0)
    # In the order of the vocabulary: by likelihood, two nearly equal tokens would change places for a rounding error.
    sums = shares.cumsum(-1)
    at = torch.searchsorted(sums, (chance * sums[:, -1])[:, None], right=True)
    last = torch.searchsorted(sums, sums[:, -1:].contiguous())     # of any likelihood, where rounding led beyond all
    return torch.minimum(at, last)[:, 0]


@torch.no_grad()
def sample(model, tokenizer, prompts: list, how: Sampling, seeds: list[tuple[int, ...]], ends: set[int] | None = None,
           synced: bool = False, keep_logps: bool = False) -> Rollout:
    """Replies to the prompts (`vs2.model.inputs.Inputs` on any device).

    seeds: one a clip, for `noise`. ends: tokens that end a reply; the model's own where None. synced: every process
    goes on until all are done, which sharded weights need, for every forward pass is then a common one.
    """
    device = next(model.parameters()).device
    ends_ = torch.tensor(sorted(ends or end_tokens(model, tokenizer)), device=device)
    packed, replies = pack(prompts, device, tokenizer.pad_token_id), how.num_generations
    count, room = len(prompts) * replies, how.max_completion_length
    chance = noise(seeds, replies, room).to(device) if how.temperature else None
    ids = torch.full((count, room), tokenizer.pad_token_id, device=device)
    mask = torch.zeros(count, room, dtype=torch.bool, device=device)
    logps = torch.zeros(count, room, device=device) if keep_logps else None
    with evaluating(model):
        out = model(**{name: value for name, value in packed.items() if name != "rope_deltas"}, use_cache=True,
                    logits_to_keep=1)
        cache, logits = cache_of(out), out.logits[:, -1].repeat_interleave(replies, 0)
        cache.layers = [_Roomy(layer, replies, room) for layer in cache.layers]
        places = following(packed, 0, room, replies)
        seen = torch.cat([packed["attention_mask"].repeat_interleave(replies, 0), mask.new_ones(count, room).long()], 1)
        start, padded = packed["input_ids"].shape[1], not bool(packed["attention_mask"].all())
        rows, done = torch.arange(count, device=device), torch.zeros(count, dtype=torch.bool, device=device)
        for step in range(room):
            tokens = pick(logits, None if chance is None else chance[rows, step], how.temperature, how.top_p)
            ids[rows[~done], step], mask[rows[~done], step] = tokens[~done], True
            if keep_logps:
                scaled = (logits.float() / (how.temperature or 1.0)).log_softmax(-1)
                logps[rows, step] = scaled.gather(1, tokens[:, None])[:, 0] * ~done
            done = done | torch.isin(tokens, ends_)
            if step + 1 == room or _all_done(done, synced, step):
                break
            left = int((~done).sum())
            if 0 < left < SHRINK * len(rows):
                kept = (~done).nonzero()[:, 0]
                cache.batch_select_indices(kept)
                rows, done, tokens = rows[kept], done[kept], tokens[kept]
            out = model(input_ids=tokens[:, None], position_ids=places[:, rows, step:step + 1], use_cache=True,
                        attention_mask=seen[rows, :start + step + 1] if padded else None, **{cache_name(): cache})
            logits = out.logits[:, -1]
    longest = int(mask.sum(-1).max())
    ids, mask = ids[:, :longest], mask[:, :longest]
    final = ids.gather(1, mask.sum(-1, keepdim=True) - 1)[:, 0]
    texts = tokenizer.batch_decode([row[keep].tolist() for row, keep in zip(ids.cpu(), mask.cpu(), strict=True)],
                                   skip_special_tokens=True)
    return Rollout(ids, mask, torch.isin(final, ends_), texts, logps[:, :longest] if keep_logps else None)


def end_tokens(model, tokenizer) -> set[int]:
    """The tokens that end a reply, as inference has it (vs2/model/generation.py)."""
    inner = getattr(model, "module", model)
    ends = inner.generation_config.eos_token_id
    ends = tokenizer.eos_token_id if ends is None else ends
    return set(ends) if isinstance(ends, list | tuple) else {ends}


def _all_done(done: torch.Tensor, synced: bool, step: int) -> bool:
    if not synced:
        return bool(done.all())
    if step % ASK_OTHERS:
        return False
    going = (~done.all()).long().reshape(1)
    torch.distributed.all_reduce(going)
    return not bool(going)


@contextmanager
def evaluating(model):
    """The model in evaluation mode; each module's own mode is put back after."""
    were = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, was in were:
            module.training = was
