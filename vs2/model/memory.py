"""What the model remembers of clips, their prompts and the replies so far: the keys and values of every token.

`begin` reads the prompts and gives the memory that their replies grow in: transformers' own cache, which any device
has, or on a CUDA GPU the fixed one of `captured.py`, where a step costs a tenth of the time.

Prompts of several clips are read one after the other, so that each row remembers what it would alone, to the last bit,
and only one clip's pixels are on the device. Where they differ in length, the shorter ones are padded on the left:
every row then ends where its reply is written. What is padded is masked, and each row keeps the positions that it has
alone.
"""
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import torch

from vs2.model import captured
from vs2.model.drafts import Ahead
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


def begin(model, prompts: Sequence[Inputs], rows: int, room: int) -> tuple[Memory, torch.Tensor]:
    """Reads each prompt once: the memory of so many rows, each with room for so many tokens, and the logits
    float32 [rows, vocabulary] of what follows it. Call it, and the memory, in torch.inference_mode.

    prompts: one, for all rows, on the model's device; or one a row, wherever they are.
    """
    length = max(one.length for one in prompts)
    fixed: captured.Captured | None = None
    caches: list[Cache] = []
    logits = []
    for row, one in enumerate(prompts):
        if len(prompts) > 1:
            one = one.to(model.device)
        out = model(**one.model_kwargs(), use_cache=True, logits_to_keep=1)
        logits.append(out.logits[:, -1].float())
        cache = cache_of(out)
        del out
        if row == 0:
            fixed = captured.begin(model, rows, length, room)
        if fixed is None:
            caches.append(cache)
        else:
            fixed.put(slice(row, row + 1) if len(prompts) > 1 else slice(None), cache, one.length, one.rope_delta)
    following = torch.cat(logits).expand(rows, -1)
    return fixed or growing(model, caches, prompts, rows), following


def growing(model, caches: "list[Cache]", prompts: Sequence[Inputs], rows: int) -> Memory:
    """As `Growing`; of one reply whose judge has guesses (`vs2.model.drafts`), one that reads them along.

    In bfloat16 it does not: there a pass of several tokens rounds coarsely enough to choose other words.
    """
    made = Growing(model, caches, prompts, rows)
    guesses = getattr(model, "drafts", None)
    return made if guesses is None or rows > 1 or model.dtype != torch.float32 else Ahead(made, guesses)


class Growing:
    """transformers' own cache, which is written anew with each token."""

    def __init__(self, model, caches: "list[Cache]", prompts: Sequence[Inputs], rows: int):
        """caches: of the prompts; the first of them becomes this memory's, the others are emptied."""
        self.cache: Any = caches[0]     # transformers', or a small judge's own, which alone can be cut
        self.model, self.length = model, max(one.length for one in prompts)
        self.delta: int | torch.Tensor = prompts[0].rope_delta
        self.pads: torch.Tensor | None = None
        if len(prompts) > 1:
            _join(caches, self.length)
            pads = torch.tensor([self.length - one.length for one in prompts], device=model.device)
            self.delta = torch.tensor([one.rope_delta for one in prompts], device=model.device) - pads
            self.pads = pads if any(one.length < self.length for one in prompts) else None
        elif rows > 1:
            self.cache.batch_repeat_interleave(rows)

    def write(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.read(tokens, 1)[:, -1]

    def read(self, tokens: torch.Tensor, kept: int) -> torch.Tensor:
        """Adds tokens int64 [rows, n]; the logits float32 [rows, kept, vocabulary] of what follows the last of them."""
        out = self.model(**step_kwargs(self.delta, tokens, self.cache, self.length, self.pads), logits_to_keep=kept)
        self.cache, self.length = cache_of(out), self.length + tokens.shape[1]
        return out.logits[:, -kept:].float()

    def cut(self, count: int) -> None:
        """Forgets the last so many tokens; only of a small judge's own cache (`vs2.model.own`)."""
        if count:
            self.length -= count
            self.cache.cut(self.length)

    def keep(self, places: list[int]) -> None:
        kept = torch.tensor(places).to(self.model.device, non_blocking=True)
        self.cache.batch_select_indices(kept)
        if isinstance(self.delta, torch.Tensor):
            self.delta = self.delta[kept]
        if self.pads is not None:
            self.pads = self.pads[kept]

    def close(self) -> None:
        del self.cache


def _join(caches: "list[Cache]", length: int) -> None:
    """Makes the first cache that of all, a row each, layer by layer, so that no more than a layer is there twice."""
    layers: list[list[Any]] = [list(cache.layers) for cache in caches]
    for first, *others in zip(*layers, strict=True):
        for name in ("keys", "values"):
            rows = [getattr(layer, name) for layer in (first, *others)]
            rows = [torch.nn.functional.pad(row, (0, 0, length - row.shape[2], 0)) for row in rows]
            setattr(first, name, torch.cat(rows))
        for layer in others:
            layer.keys = layer.values = None
