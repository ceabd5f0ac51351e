"""Clip and prompt read in pieces, where a big model on a CPU takes minutes for them: told how far, stopped in between.

What comes out is what `vs2.model.memory.begin` gives. The tower attends within a pair of frames only (its windows lie
within one, and so does its full attention), so pairs go through it one after another, and what it needs beside its
weights does not grow with the clip. The language model reads features and prompt `CHUNK` tokens at a time over its
cache, with the same positions and the same causal mask as at once.

A pair of full-size frames alone takes longer than anybody waits for a sign, so the layers themselves say that they
begin: the work is done on a thread beside, whose layers count, and end it where it is to stop.
"""
import contextlib
import threading
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

import torch

from vs2.estimate import PREFILL, TOWER
from vs2.model import memory
from vs2.model.inputs import Inputs, cache_of, text_again
from vs2.model.reply import Step

Result = TypeVar("Result")
# Products of a clip's prefill, weights times rows, below which all is read at once. Two cores do so many in about two
# seconds; the built-in judge needs a fiftieth of it for its longest clips.
MOST_AT_ONCE = 10**11
CHUNK = 512         # tokens of the prompt: enough rows to be worth unpacking a layer of 4-bit weights for
PATCHES = 1024      # of small frames so many at a time; one pair of larger ones
BEAT = 0.5          # seconds between two signs


class Stopped(Exception):
    """The caller's `stop` said so: there is no reply."""


def products(config, patches: int, tokens: int) -> float:
    """How many products of two numbers the linear layers of a Qwen2.5-VL model have for so many patches and tokens."""
    text, seen = config.text_config, config.vision_config
    width = text.hidden_size
    shared = width * text.num_key_value_heads / text.num_attention_heads
    layer = 2 * width * width + 2 * width * shared + 3 * width * text.intermediate_size
    block = 4 * seen.hidden_size**2 + 3 * seen.hidden_size * seen.intermediate_size
    return float(tokens * text.num_hidden_layers * layer + patches * seen.depth * block)


def wanted(model, inputs: Inputs) -> bool:
    """Whether to read in pieces: on a CPU, where it takes longer than anybody waits without a sign."""
    return slow(model, len(inputs.pixel_values_videos), inputs.length)


def slow(model, patches: int, tokens: int) -> bool:
    """Whether so many patches and tokens take this model long."""
    return model.device.type == "cpu" and products(model.config, patches, tokens) > MOST_AT_ONCE


def begin(model, inputs: Inputs, rows: int, stop: Callable[[], bool] = lambda: False) \
        -> Generator[Step, None, tuple[memory.Memory, torch.Tensor]]:
    """As `vs2.model.memory.begin` for one prompt, which is the value of this generator; says about every `BEAT` how far
    it is.

    Raises Stopped soon after `stop` says so; closing it ends the work as soon.
    """
    visual, language = model.model.visual, model.model.language_model
    count, depth = len(inputs.pixel_values_videos), len(visual.blocks)
    done = 0                                # rows times blocks; set by the thread

    def looking() -> list[torch.Tensor]:
        return [_features(visual, *part) for part in pairs(inputs)]

    def passed(module, given, more) -> None:
        nonlocal done
        done += _rows(given, more)

    features = yield from watched(looking, visual.blocks, passed, stop, lambda: Step(TOWER, done // depth, count))
    embedded = _embedded(model, inputs, torch.cat(features))
    del features
    done, layers, length = 0, len(language.layers), inputs.length
    grid = inputs.position_ids

    def reading() -> tuple[memory.Memory, torch.Tensor]:
        kept: dict = {}
        for start in range(0, length, CHUNK):
            part = slice(start, start + CHUNK)
            out = language(inputs_embeds=embedded[:, part], position_ids=grid[:, :, part], use_cache=True, **kept)
            kept = text_again(cache_of(out))
        logits = model.lm_head(out.last_hidden_state[:, -1:])[:, -1].float().expand(rows, -1)
        return memory.growing(model, [cache_of(out)], [inputs], rows), logits

    return (yield from watched(reading, language.layers, passed, stop, lambda: Step(PREFILL, done // layers, length)))


def pairs(inputs: Inputs) -> Iterable[tuple[torch.Tensor, torch.Tensor]]:
    """The patches [P, n] and the grid int64 [1, 3] of a few pairs of frames after another."""
    time, height, width = inputs.video_grid_thw[0].tolist()
    together = max(1, PATCHES // (height * width))
    for start in range(0, time, together):
        some = min(together, time - start)
        rows = slice(start * height * width, (start + some) * height * width)
        yield inputs.pixel_values_videos[rows], torch.tensor([[some, height, width]])


def _features(visual, pixels: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    out = visual(pixels.to(visual.dtype), grid_thw=grid)
    return getattr(out, "pooler_output", out)


@torch.inference_mode()
def _embedded(model, inputs: Inputs, features: torch.Tensor) -> torch.Tensor:
    """Tokens as the language model takes them, [1, L, width], the video's in their places."""
    embedded = model.get_input_embeddings()(inputs.input_ids)
    seen = (inputs.input_ids == model.config.video_token_id)[..., None].expand_as(embedded)
    return embedded.masked_scatter(seen, features.to(embedded.dtype))


def _rows(given: tuple, more: dict) -> int:
    """How many rows a layer was called with: [rows, width] or [1, rows, width]."""
    return (given[0] if given else more["hidden_states"]).shape[-2]


def watched(work: Callable[[], Result], layers: Iterable[torch.nn.Module], passed: Callable, stop: Callable[[], bool],
            said: Callable[[], Step]) -> Generator[Step, None, Result]:
    """Does the work on a thread of its own and yields what is `said` of it meanwhile; gives or raises what it does.

    passed: called after each of the layers, with its arguments. A layer is where the work ends when it is to stop.
    """
    over, ending = threading.Event(), threading.Event()
    found: list[Result] = []
    raised: list[BaseException] = []

    def stopping(module, *_) -> None:
        if ending.is_set():
            raise Stopped

    def run() -> None:
        try:
            with torch.inference_mode():
                found.append(work())
        except BaseException as error:
            raised.append(error)
        finally:
            over.set()

    with contextlib.ExitStack() as hooks:
        for layer in layers:
            for part in (layer, *layer.children()):     # attention and products end apart: a layer may take a second
                hooks.callback(part.register_forward_pre_hook(stopping).remove)
            hooks.callback(layer.register_forward_hook(
                lambda module, given, more, out: passed(module, given, more), with_kwargs=True).remove)
        thread = threading.Thread(target=run, daemon=True, name="prefill")
        thread.start()
        try:
            yield said()
            while not over.wait(BEAT):
                if stop():
                    ending.set()
                yield said()
        finally:
            ending.set()
            thread.join()
    if raised:
        error = raised.pop()
        raise error
    yield said()
    return found[0]
