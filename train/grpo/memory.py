"""What sampling replies takes of a device's memory, by calculation: whether a rollout fits is known before it starts.

The cache of keys and values is nearly all of it, and grows with clips x replies x (prompt + reply): of the 7B 57,344
bytes a token, 3.5 GB for 8 replies to one clip of 16 full-size frames.
"""
import os
from dataclasses import dataclass

import torch

from train.model import sharded
from vs2.errors import BadInput
from vs2.model import weights
from vs2.video.sampling import PAIR, PATCH

TEXT = 512              # tokens of a prompt beside the video and the card's query
TRIED = 16              # clips whose inputs are made to see how long they really are
LOGIT = 24              # bytes a number beside its own: float32 shares, sorted ones, their places, sums (rollout.pick)
TRAINED = 12            # bytes a trained weight takes beside itself: its gradient and AdamW's two moments in float32
MASTER = 4              # ... and its float32 copy where it is kept in 16 bit, in shards


@dataclass(frozen=True)
class Rollout:
    """The sizes of one batch of sampled replies. prompt: its most tokens, of which `video` show the clip. size: bytes
    of a number of the cache.
    """

    replies: int
    prompt: int
    video: int
    reply: int
    size: int

    def cache(self, config, clips: int) -> int:
        """Bytes of the keys and values of all replies, whose room is taken at once (train/grpo/rollout.py)."""
        return clips * self.replies * (self.prompt + self.reply) * self._token(config.get_text_config())

    def peak(self, config, clips: int) -> int:
        """Bytes of the most that sampling `clips` clips holds at once beside weights: a Qwen2_5_VLConfig's model.

        Either while the prompts are read (what one layer of the tower or of the language model computes), or once
        their keys and values are repeated for every reply (with the prompts' own, a layer's copy, and a row of logits
        for each reply).
        """
        text, tower = config.get_text_config(), config.vision_config
        patches = self.video * tower.spatial_merge_size**2
        pixels = patches * tower.in_channels * tower.temporal_patch_size * tower.patch_size**2 * (4 + self.size)
        read = self.size * max(self.prompt * (2 * text.intermediate_size + 6 * text.hidden_size),
                               patches * (3 * tower.intermediate_size + 8 * tower.hidden_size))
        own, cache = self.prompt * self._token(text), self.cache(config, 1)
        logits = self.replies * text.vocab_size * (self.size + LOGIT)
        return clips * (pixels + own + max(read, cache + cache // text.num_hidden_layers + logits))

    def _token(self, text) -> int:
        width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
        return 2 * text.num_hidden_layers * text.num_key_value_heads * width * self.size


def largest(args, card, tokenizer, size: int) -> Rollout:
    """Of a run with these options (`objective.GRPOConfig`): the largest clip that the card lets in, asked at length."""
    sampling = card.sampling
    frame = max(min(sampling.max_pixels, sampling.total_pixels / sampling.max_frames * PAIR),
                int(sampling.min_pixels * 1.05))
    video = -(-sampling.max_frames // PAIR) * int(frame // PATCH**2)
    asked = len(tokenizer(card.query, add_special_tokens=False)["input_ids"]) + TEXT
    return Rollout(args.num_generations, video + asked, video, args.max_completion_length, size)


def tried(args, prompts, size: int) -> Rollout:
    """Of TRIED of the run's clips (train.grpo.blocks.Prompts) from its beginning to its end, the longest."""
    count = len(prompts)
    inputs = [prompts[0, number].inputs for number in range(0, count, max(1, count // TRIED))]
    merge = prompts.config.vision_config.spatial_merge_size**2
    return Rollout(args.num_generations, max(one.length for one in inputs),
                   max(int(one.video_grid_thw.prod(-1).sum()) for one in inputs) // merge, args.max_completion_length,
                   size)


def at_once(args) -> int:
    """Clips that one process samples together."""
    return args.clips_per_rollout or args.clips * args.steps_per_generation


def beside(model, where: torch.device, reference: bool) -> int:
    """Bytes that training takes on `where` that are not there yet: weights, their frozen copy, gradients, moments."""
    shards = int(os.environ.get("WORLD_SIZE", "1")) if sharded() else 1
    still, trained = 0, 0
    for weight in model.parameters():
        whole = getattr(weight, "ds_numel", weight.numel())     # ZeRO-3's: its shard lies on the device already
        there = weight.device.type == where.type
        still += 0 if there and where.type != "cpu" else weight.numel() * weight.element_size()
        if reference:
            still += whole * weight.element_size()
        if weight.requires_grad:
            trained += whole * (TRAINED + (MASTER if weight.dtype != torch.float32 else 0))
    return (still + trained) // shards


def check(args, model, card, tokenizer, prompts) -> str:
    """What a run's rollouts will take, in one sentence, before anything of it is on the device.

    By the largest clip that the card lets in; where that does not fit, by some of the clips themselves (prompts:
    train.grpo.blocks.Prompts), which may all be far shorter. Raises BadInput, with the most clips that fit, where these
    do not fit into what the device has free.
    """
    base, where = model.get_base_model() if hasattr(model, "peft_config") else model, args.device
    size, clips = base.get_input_embeddings().weight.element_size(), at_once(args)
    free = weights.free_memory(where)
    if free is not None and where.type == "cpu":        # the processes of a machine share it
        free //= int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    rest = beside(model, where, bool(args.beta) and base is model)
    one, of = largest(args, card, tokenizer, size), "the largest clips that the card lets in"
    fits = free is None or one.peak(base.config, clips) + rest <= free
    if not fits:
        one, of = tried(args, prompts, size), f"the longest of {min(TRIED, len(prompts))} clips tried"
        fits = one.peak(base.config, clips) + rest <= free
    said = (f"A rollout of {clips} clips x {one.replies} replies takes up to {_gb(one.peak(base.config, clips))} "
            f"({of}: {one.prompt} + {one.reply} tokens) beside {_gb(rest)} for weights and optimizer")
    has = "" if free is None else f", and the {where.type} has {_gb(free)} free"
    if fits:
        return f"{said}{has}."
    most = next((fewer for fewer in range(clips - 1, 0, -1) if one.peak(base.config, fewer) + rest <= free), 0)
    raise BadInput(f"{said}{has}: " + (
        f"set grpo.clips_per_rollout to {most}, the most that fits." if most else
        "not one clip fits, so lower grpo.num_generations, grpo.max_completion_length or card.pixels."))


def _gb(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
