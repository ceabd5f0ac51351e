"""The log-probabilities of replies: one vision pass a clip, shared by all its replies, and its gradient with it.

`install` gives a Qwen2.5-VL model a second way through its own `forward`: called with `completion_ids` it returns the
log-probability and the entropy of each of their tokens, without ever holding the logits of all of them. It is the
model's forward, not a function beside it, so that DDP, FSDP and DeepSpeed do around it what they do around any other.
"""
import types

import torch
from torch.nn.functional import pad
from torch.utils.checkpoint import checkpoint

from vs2.model.inputs import cache_name, cache_of

WHOLE = 2**26           # logits (tokens x vocabulary) that are computed at once, and kept for the backward pass
CHUNK = 2**24           # ... and at a time where they are more, then computed again in the backward pass


def pack(prompts: list, device, pad_id: int) -> dict[str, torch.Tensor]:
    """`vs2.model.inputs.Inputs` of k clips as one batch, padded on the left to P tokens.

    input_ids, attention_mask: int64 [k, P]. position_ids: int64 [3, k, P], each clip's own, whatever is left of it.
    rope_deltas: int64 [k]; token number n of a clip's own sequence (padding not counted) has position n + delta.
    pixel_values_videos, video_grid_thw: of all clips, one after another.
    """
    longest = max(prompt.length for prompt in prompts)

    def left(tensors, value):
        return torch.cat([pad(tensor, (longest - tensor.shape[-1], 0), value=value) for tensor in tensors], -2)

    packed = {"input_ids": left([p.input_ids for p in prompts], pad_id),
              "attention_mask": left([p.attention_mask for p in prompts], 0),
              "position_ids": left([p.position_ids for p in prompts], 0),
              "rope_deltas": torch.tensor([p.rope_delta for p in prompts]),
              "pixel_values_videos": torch.cat([p.pixel_values_videos for p in prompts]),
              "video_grid_thw": torch.cat([p.video_grid_thw for p in prompts])}
    return {name: value.to(device) for name, value in packed.items()}


def following(packed: dict[str, torch.Tensor], first: int, count: int, repeats: int = 1) -> torch.Tensor:
    """Positions int64 [3, k * repeats, count] of tokens first, first + 1 ... after each clip's prompt."""
    start = packed["attention_mask"].sum(-1) + packed["rope_deltas"] + first                          # [k]
    place = start.repeat_interleave(repeats)[:, None] + torch.arange(count, device=start.device)
    return place.expand(3, -1, -1)


def install(model, share_prompt: bool = True):
    """Adds that way to a Qwen2_5_VLForConditionalGeneration (also one under adapters), in place; gives it back.

    share_prompt: the prompt goes through the language model once a clip, not once a reply, and its keys and values are
    repeated. Exact, and much the cheaper; but not while gradients are checkpointed, which keeps no keys and values, so
    it is then left out, and must be left out where FSDP or ZeRO-3 may enter a layer only once a pass.
    """
    base = model.get_base_model() if hasattr(model, "peft_config") else model
    base.vs2_share_prompt = share_prompt
    base.forward = types.MethodType(_forward, base)
    base.lm_head.forward = types.MethodType(_chosen, base.lm_head)
    return model


def _forward(self, *args, completion_ids=None, completion_mask=None, rope_deltas=None, temperature=1.0, **kwargs):
    """The model's own forward; or with completion_ids [k * G, C] (G replies to each of the k prompts of `pack`, in
    order) a pair of float32 [k * G, C]: log-probabilities at this temperature, entropies (no gradient). Both are 0
    where completion_mask (bool) is False.
    """
    if completion_ids is None:
        return type(self).forward(self, *args, **kwargs)
    prompts = {name: kwargs[name] for name in ("input_ids", "attention_mask", "position_ids", "pixel_values_videos",
                                               "video_grid_thw")} | {"rope_deltas": rope_deltas}
    hidden = _hidden(self, prompts, completion_ids, completion_mask)
    found, spread = self.lm_head(hidden[completion_mask], completion_ids[completion_mask], temperature)
    empty = torch.zeros(completion_ids.shape, dtype=torch.float32, device=hidden.device)
    return empty.masked_scatter(completion_mask, found), empty.masked_scatter(completion_mask, spread)


def _hidden(model, prompts, completion_ids, completion_mask):
    """The last layer's output [k * G, C, width] at the tokens before each token of the replies."""
    core = model.model
    embed, text = core.get_input_embeddings(), core.language_model
    repeats, count = completion_ids.shape[0] // prompts["input_ids"].shape[0], completion_ids.shape[1]
    asked = embed(prompts["input_ids"])                                                           # [k, P, width]
    seen = core.get_video_features(prompts["pixel_values_videos"], prompts["video_grid_thw"], return_dict=True)
    shown = (prompts["input_ids"] == core.config.video_token_id)[..., None]
    asked = asked.masked_scatter(shown, torch.cat(seen.pooler_output).to(asked.device, asked.dtype))
    said = embed(completion_ids[:, :-1])                                                # the last is not an input
    places = following(prompts, 0, count - 1, repeats)
    mask = prompts["attention_mask"].repeat_interleave(repeats, 0)
    mask = torch.cat([mask, completion_mask[:, :-1].to(mask.dtype)], 1)
    if not model.vs2_share_prompt or (model.training and text.gradient_checkpointing):
        out = text(inputs_embeds=torch.cat([asked.repeat_interleave(repeats, 0), said], 1), attention_mask=mask,
                   position_ids=torch.cat([prompts["position_ids"].repeat_interleave(repeats, 1), places], 2),
                   use_cache=False)
        return out.last_hidden_state[:, -count:]
    out = text(inputs_embeds=asked, attention_mask=prompts["attention_mask"], position_ids=prompts["position_ids"],
               use_cache=True)
    last = out.last_hidden_state[:, -1:].repeat_interleave(repeats, 0)
    if count == 1:
        return last
    cache = cache_of(out)
    cache.batch_repeat_interleave(repeats)
    rest = text(inputs_embeds=said, attention_mask=mask, position_ids=places, use_cache=True, **{cache_name(): cache})
    return torch.cat([last, rest.last_hidden_state], 1)


def _chosen(self, hidden, tokens=None, temperature=1.0):
    """lm_head's own forward; or (log-probabilities, entropies), float32 [n], of `tokens` [n] after `hidden` [n, width].

    The layer is entered once, however many pieces its logits are computed in: under ZeRO-3 each entry gathers the
    weight from all processes, and these have other numbers of tokens.
    """
    if tokens is None:
        return type(self).forward(self, hidden)

    def some(part, ids):
        logits = type(self).forward(self, part).float() / temperature
        whole = torch.logsumexp(logits, -1)
        with torch.no_grad():
            spread = whole - (torch.exp(logits - whole[:, None]) * logits).sum(-1)
        return logits.gather(-1, ids[:, None])[:, 0] - whole, spread

    if hidden.shape[0] * self.out_features <= WHOLE:
        return some(hidden, tokens)
    size = max(1, CHUNK // self.out_features)
    pieces = [checkpoint(some, part, ids, use_reentrant=False) if torch.is_grad_enabled() else some(part, ids)
              for part, ids in zip(hidden.split(size), tokens.split(size), strict=True)]
    return tuple(torch.cat(column) for column in zip(*pieces, strict=True))
