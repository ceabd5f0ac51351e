"""What is done to a token's logits before it is chosen: the checkpoint's penalty for repeating, temperature, nucleus.

The arithmetic of transformers' processors of the same names, to the last bit, without the seconds that importing those
takes; where a reply is drawn exactly as published (`vs2.model.as_published`) they are transformers' own.
"""
from collections.abc import Callable
from typing import Any

import torch

from vs2.options import Options

Change = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]       # tokens [rows, L], logits [rows, n] -> logits


def changes(settings: Any, options: Options) -> Change:
    """Those of a checkpoint's generation settings, and for several samples those of the options."""
    chain: list[Change] = []
    penalty = settings.repetition_penalty
    if penalty not in (None, 1.0):
        chain.append(lambda seen, scores: penalised(seen, scores, float(penalty)))
    if options.samples > 1:
        chain.append(lambda seen, scores: scores / float(options.temperature))
        if options.top_p < 1:
            chain.append(lambda seen, scores: nucleus(scores, float(options.top_p)))

    def apply(seen: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        for change in chain:
            scores = change(seen, scores)
        return scores

    return apply


def penalised(seen: torch.Tensor, scores: torch.Tensor, penalty: float) -> torch.Tensor:
    """Logits of tokens that were seen are divided by the penalty where they are above 0, else multiplied by it."""
    found = scores.gather(1, seen)
    return scores.scatter(1, seen, torch.where(found < 0, found * penalty, found / penalty))


def nucleus(scores: torch.Tensor, share: float) -> torch.Tensor:
    """The likeliest tokens that have this share of the probability together, at least one; -inf for the others."""
    ordered, places = scores.sort(descending=False)
    out = ordered.softmax(-1).cumsum(-1) <= 1 - share
    out[..., -1:] = False
    return scores.masked_fill(out.scatter(1, places, out), -torch.inf)
