"""Several clips judged in one batch: the same replies as one by one, in as many passes as the longest one takes.

`replies` grow together, each row with a clip and a rationale of its own. Without thinking there are `answers` too,
three passes for all of them, of which the first reads all prompts at once: they differ in length, so the shorter ones
are padded on the left, masked, and each row keeps the positions that it has alone.
"""
from collections.abc import Callable
from contextlib import closing

import torch

from vs2.errors import Failure, Problem
from vs2.model.generation import OVERFLOWED, Batch, Stopped, read, sent
from vs2.model.inputs import Inputs, again, cache_of
from vs2.model.reply import Reply, Row
from vs2.model.tokens import Text, Wire
from vs2.options import Options
from vs2.rubric import DIRECT, KEYS


def replies(model, tokenizer, inputs: list[Inputs], options: Options, wire: Wire,
            stop: Callable[[], bool] = lambda: False) -> list[Reply | Problem]:
    """A reply to each of the inputs, or the Problem in its place: what `generation.generate` gives of each alone.

    inputs: in the machine's memory, from which one after the other goes to the model's device. options: of one sample.
    Raises Stopped when `stop` says so, which is asked before every token.
    """
    with closing(Batch(model, tokenizer, inputs, options, wire)) as batch:
        while batch.active:
            if stop():
                raise Stopped
            batch.step()
    return [row.problem or row.reply() for row in batch.rows]


@torch.inference_mode()
def answers(model, tokenizer, inputs: list[Inputs], wire: Wire) -> list[Reply | Problem]:
    """A reply to each of the inputs, which end in DIRECT's first lead, or the Problem in its place.

    They had better be in the machine's memory still: the pixels are then once on the model's device, in one piece.
    """
    rows = [Row(Text(tokenizer, wire.silent, DIRECT.leads[0]), DIRECT) for _ in inputs]
    device = model.device
    given = {name: value.to(device) for name, value in padded(inputs, tokenizer.pad_token_id or 0).items()}
    mask, digits = given["attention_mask"], sent(list(wire.digits), device)
    place = sent([one.length + one.rope_delta for one in inputs], device)       # of the next token
    out = model(**given, use_cache=True, logits_to_keep=1)
    del given           # the pixels go with the prefill
    while True:
        five = out.logits[:, -1].float().index_select(1, digits)
        for row, one in zip(rows, read(five.argmax(-1), five), strict=True):
            if one is None:     # it goes on as a row of no meaning, so that the others can
                row.problem = Failure(OVERFLOWED)
            digit, logits = one or (0, [0.0] * len(digits))
            row.ask(digit, logits, wire)
        if rows[0].slot == len(KEYS):
            return [row.problem or row.reply() for row in rows]
        # A digit and the next lead: as many tokens in every row.
        tokens = sent([row.feed for row in rows], device)
        for row in rows:
            row.feed.clear()
        mask = torch.cat([mask, mask.new_ones(tokens.shape)], 1)
        positions = place[:, None] + torch.arange(tokens.shape[1], device=device)
        out = model(input_ids=tokens, attention_mask=mask, position_ids=positions.expand(3, -1, -1),
                    use_cache=True, logits_to_keep=1, **again(cache_of(out)))
        place = place + tokens.shape[1]


def padded(inputs: list[Inputs], pad: int) -> dict:
    """What the model's prefill takes: [B, L] ids and mask, [3, B, L] positions, all clips' patches in a row."""
    length = max(one.length for one in inputs)

    def left(tensor: torch.Tensor, value: int) -> torch.Tensor:
        return torch.nn.functional.pad(tensor, (length - tensor.shape[-1], 0), value=value)

    return {"input_ids": torch.cat([left(one.input_ids, pad) for one in inputs]),
            "attention_mask": torch.cat([left(one.attention_mask, 0) for one in inputs]),
            "position_ids": torch.cat([left(one.position_ids, 0) for one in inputs], 1),
            "pixel_values_videos": torch.cat([one.pixel_values_videos for one in inputs]),
            "video_grid_thw": torch.cat([one.video_grid_thw for one in inputs])}
