"""A token's step as one captured CUDA graph, over a cache of fixed places.

Decoding one row at a time, a 7B model is bound by what the CPU has to start: over a thousand small kernels a token, 62
ms on an H100 whose memory gives the weights in 5. A graph starts them all at once; it can, because nothing in it
changes its place: keys and values stand in tensors of fixed size, the place of the next token is a number on the
device, and attention looks at all places and leaves out those not yet written. The graph, and the memory it needs, is
kept for the next clip that fits into it; `gpu.release` gives it back.
"""
import warnings
from typing import TYPE_CHECKING, Any

import torch

from vs2.model import attention, gpu
from vs2.model.inputs import text_cache_name
from vs2.settings import Settings, zero_gpu

if TYPE_CHECKING:
    from transformers import Cache

ROUND = 1024    # places of a cache come in multiples of this, so that clips of like length share one
WIDE = 4        # a kept cache is not taken for a clip that needs less than a WIDE-th of it
KEPT = 2        # caches that a model keeps for later clips


def begin(model, rows: int, length: int, room: int) -> "Captured | None":
    """The memory of rows whose prompts, of `length` tokens at most, are still to be `put` there; None where steps
    are not captured: off CUDA, on a Space's lent GPU (its process is new each time), and by VS2_GRAPHS=0."""
    if not possible(model):
        return None
    steps = _take(model, rows, length + room) or Steps(model, rows, length + room)
    try:
        if steps.graph is None:
            steps.capture(model)
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error):
            raise
        gpu.refused.add(model)
        warnings.warn(f"Steps cannot be captured here, so tokens come slowly: {error}", RuntimeWarning, stacklevel=2)
        return None
    return Captured(model, steps, length)


def possible(model) -> bool:
    """Whether this model's steps are captured."""
    if model.device.type != "cuda" or torch.version.hip or zero_gpu() or not Settings.read().graphs:
        return False
    kinds = getattr(model.config.text_config, "layer_types", None) or ["full_attention"]
    return set(kinds) == {"full_attention"} and attention.ours(model) and model not in gpu.refused


def _take(model, rows: int, places: int) -> "Steps | None":
    """The smallest kept one that fits."""
    kept = gpu.kept.get(model, [])
    fitting = [one for one in kept if one.rows == rows and places < one.places < WIDE * max(places, ROUND)]
    if not fitting:
        return None
    found = min(fitting, key=lambda one: one.places)
    kept.remove(found)
    return found


class Places:
    """Keys and values [rows, heads, places, width] of each layer, all places there from the start.

    It has what Qwen2.5-VL's layers ask of a cache: `update`. at: int64 [n], where the next n tokens are written.
    """

    def __init__(self, shapes: list[torch.Size], dtype: torch.dtype, device: torch.device, rows: int, places: int):
        self.keys, self.values = ([torch.zeros(rows, heads, places, width, dtype=dtype, device=device)
                                   for _, heads, _, width in shapes] for _ in range(2))
        self.at: torch.Tensor

    def update(self, key: torch.Tensor, value: torch.Tensor, layer: int, *_, **__):
        """Writes [rows, heads, n, width] at their places; all keys and all values."""
        for whole, new in ((self.keys[layer], key), (self.values[layer], value)):
            whole.index_copy_(2, self.at, new)
        return self.keys[layer], self.values[layer]

    def get_seq_length(self, *_) -> int:
        """Asked by transformers where positions are not given; they are."""
        return 0


class Steps:
    """A fixed cache and, once it was captured, the graph that adds a token to each of its rows."""

    def __init__(self, model, rows: int, places: int):
        self.rows, self.places = rows, -(-(places + 1) // ROUND) * ROUND    # one is for trying
        device, text, dtype = model.device, model.config.text_config, model.get_input_embeddings().weight.dtype
        width = text.hidden_size // text.num_attention_heads
        shape = torch.Size((rows, text.num_key_value_heads, self.places, width))
        self.cache = Places([shape] * text.num_hidden_layers, dtype, device, rows, self.places)
        self.tokens = torch.zeros(rows, 1, dtype=torch.int64, device=device)
        self.at = torch.zeros(1, dtype=torch.int64, device=device)
        self.delta, self.pads = (torch.zeros(rows, dtype=torch.int64, device=device) for _ in range(2))
        self.numbers = torch.arange(self.places, device=device)
        self.graph: torch.cuda.CUDAGraph | None = None
        self.logits: torch.Tensor

    def step(self, model, tokens: torch.Tensor) -> torch.Tensor:
        """Adds tokens int64 [rows, n]; logits float32 [rows, vocabulary]. Captured or not, the same arithmetic."""
        count = tokens.shape[1]
        at = self.at + self.numbers[:count]
        self.cache.at = at
        text = model.model.language_model
        seen = (self.numbers <= at[:, None]) & (self.numbers >= self.pads[:, None, None])
        out = text(inputs_embeds=model.get_input_embeddings()(tokens), use_cache=True,
                   position_ids=(at + self.delta[:, None]).expand(3, self.rows, count),
                   attention_mask={"full_attention": seen[:, None]},
                   **{text_cache_name(): self.cache})
        self.at += count
        return model.lm_head(out.last_hidden_state[:, -1]).float()

    def capture(self, model) -> None:
        """Makes the graph of a token's step; the place that it is tried at is the last one, which no reply reaches."""
        self.at.fill_(self.places - 1)
        side = torch.cuda.Stream(model.device)
        side.wait_stream(torch.cuda.current_stream(model.device))
        with torch.cuda.stream(side):       # what is made at a first call only must not be part of the graph
            self.step(model, self.tokens)
        torch.cuda.current_stream(model.device).wait_stream(side)
        self.at.fill_(self.places - 1)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self.logits = self.step(model, self.tokens)
        self.graph = graph


class Captured:
    """Rows of a fixed cache. A row that was not kept goes on being computed, which costs next to nothing, unread."""

    def __init__(self, model, steps: Steps, length: int):
        self.model, self.steps, self.length = model, steps, length
        self.slots: torch.Tensor | None = None      # int64 [rows], where only some were kept
        steps.at.fill_(length)
        self.left = steps.places - 1 - length

    def put(self, rows: slice, cache: "Cache", length: int, rope_delta: int) -> None:
        """Moves a prompt's keys and values out of `cache` into these rows, padded on the left, so that all end alike.
        """
        pad, steps = self.length - length, self.steps
        layers: list[Any] = list(cache.layers)
        for layer, keys, values in zip(layers, steps.cache.keys, steps.cache.values, strict=True):
            keys[rows, :, pad:self.length], values[rows, :, pad:self.length] = layer.keys, layer.values
            # What an earlier clip left there is weighed by 0, and 0 times what overflowed is no number.
            values[rows, :, :pad] = 0
            values[rows, :, self.length:] = 0
            layer.keys = layer.values = None        # the next layer may need their memory
        steps.pads[rows] = pad
        steps.delta[rows] = rope_delta - pad

    def write(self, tokens: torch.Tensor) -> torch.Tensor:
        """As `Memory.write`."""
        self.left -= tokens.shape[1]
        if self.left < 0:
            raise RuntimeError("a reply is longer than the room that was asked for it")
        steps = self.steps
        if self.slots is not None:
            tokens = torch.zeros(steps.rows, tokens.shape[1], dtype=tokens.dtype,
                                 device=tokens.device).index_copy_(0, self.slots, tokens)
        if tokens.shape[1] > 1 or steps.graph is None:
            logits = steps.step(self.model, tokens)
        else:
            steps.tokens.copy_(tokens)
            steps.graph.replay()
            logits = steps.logits
        return logits if self.slots is None else logits.index_select(0, self.slots)

    def keep(self, places: list[int]) -> None:
        """As `Memory.keep`."""
        kept = torch.tensor(places).to(self.model.device, non_blocking=True)
        self.slots = kept if self.slots is None else self.slots[kept]

    def close(self) -> None:
        """Keeps the steps for later clips."""
        kept = gpu.kept.setdefault(self.model, [])
        kept.append(self.steps)
        del kept[:-KEPT]
