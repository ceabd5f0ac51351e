"""What the model remembers of a clip, its prompt and the replies so far: the keys and values of every token.

`begin` reads the prompt and gives the memory that its replies grow in: transformers' own cache, which any device has,
or on a CUDA GPU the fixed one of `captured.py`, where a step costs a tenth of the time.
"""
from typing import TYPE_CHECKING, Protocol

import torch

from vs2.model import captured
from vs2.model.inputs import Inputs, cache_of, step_kwargs

if TYPE_CHECKING:
    from transformers import Cache


class Memory(Protocol):
    """The memory of rows that grow alike; each call is for those that were kept, in their order."""

    def write(self, tokens: torch.Tensor) -> torch.Tensor:
        """Adds tokens int64 [rows, n]; the logits float32 [rows, vocabulary] of what follows them."""

    def keep(self, places: list[int]) -> None:
        """Goes on with these rows alone."""

    def close(self) -> None:
        """Nothing more is written."""


def begin(model, inputs: Inputs, rows: int, room: int) -> tuple[Memory, torch.Tensor]:
    """Reads the prompt once: the memory of so many rows, each with room for so many tokens, and the logits
    float32 [rows, vocabulary] of what follows it. Call it, and the memory, in torch.inference_mode."""
    out = model(**inputs.model_kwargs(), use_cache=True, logits_to_keep=1)
    logits = out.logits[:, -1].float().expand(rows, -1)
    cache = cache_of(out)
    del out
    return after(model, cache, inputs, rows, room), logits


def after(model, cache: "Cache", inputs: Inputs, rows: int, room: int) -> Memory:
    """The memory in which `rows` replies grow, of a prompt that was read into `cache`."""
    made = captured.begin(model, cache, inputs.length, inputs.rope_delta, rows, room)
    return made or Growing(model, cache, inputs.length, inputs.rope_delta, rows)


class Growing:
    """transformers' own cache, which is written anew with each token."""

    def __init__(self, model, cache: "Cache", length: int, rope_delta: int, rows: int):
        self.model, self.cache, self.length, self.rope_delta = model, cache, length, rope_delta
        if rows > 1:
            cache.batch_repeat_interleave(rows)

    def write(self, tokens: torch.Tensor) -> torch.Tensor:
        out = self.model(**step_kwargs(self.rope_delta, tokens, self.cache, self.length), logits_to_keep=1)
        self.cache, self.length = cache_of(out), self.length + tokens.shape[1]
        return out.logits[:, -1].float()

    def keep(self, places: list[int]) -> None:
        device = self.model.device
        self.cache.batch_select_indices(torch.tensor(places).to(device, non_blocking=True))

    def close(self) -> None:
        del self.cache
