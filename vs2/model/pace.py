"""How fast this machine runs a loaded model, from about a second of its own layers, and so how long a clip will take.

Measured on the checkpoint's own modules in their own precision, a few of its layers at the sizes that a judgement has:
whatever multiplies the weights (bfloat16, packed 4 bits) is what is timed. A judgement's time is then counted: patches
through the tower's blocks, tokens through the language model's layers, what attention adds for what lies before.
"""
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import torch

from vs2 import events
from vs2.estimate import PREFILL, TOWER, TYPICAL, Estimate
from vs2.model import attention
from vs2.model.tokens import Wire
from vs2.options import Options
from vs2.rubric import DIRECT, KEYS

Result = TypeVar("Result")
ROWS = 256          # tokens of the calibration's prompt
SIDE = 16           # patches a side of its frame
PLACES = 1024       # tokens before the one whose attention is timed
FEW, KEPT = 1, 9    # judgements from which what they took is believed, and those that are remembered


@dataclass(frozen=True)
class Pace:
    """Seconds, all layers together.

    patch: a patch through the tower; square: what its full attention adds for each patch and each other of its pair of
    frames. row: a token of the prompt; place: what attention adds for each token before it, of many read together, and
    far: of one alone. step: a token alone, with the head; more: each further one in the same step.
    """

    patch: float
    square: float
    row: float
    place: float
    far: float
    step: float
    more: float


def calibrate(model) -> Pace:
    """Times the model's own layers, about a second for a 7B. Nobody else may use the model meanwhile."""
    visual, language = model.model.visual, model.model.language_model
    config, seen = model.config.text_config, model.config.vision_config
    layers, blocks = len(language.layers), len(visual.blocks)
    with torch.inference_mode():
        frame = torch.zeros(SIDE**2, seen.in_channels * seen.temporal_patch_size * seen.patch_size**2,
                            dtype=visual.dtype)
        grid = torch.tensor([[1, SIDE, SIDE]])

        def look() -> None:
            visual(frame, grid_thw=grid)

        with _only(visual, "blocks", 1):
            first = _least(look, 2)
        with _only(visual, "blocks", 2) as kept:
            block = max(0.0, (_least(look, 2) - first) / (kept - 1)) if kept > 1 else first
        patch = (max(0.0, first - block) + blocks * block) / SIDE**2
        full = len(set(seen.fullatt_block_indexes) & set(range(blocks)))
        square = full * _attention(seen.num_heads, seen.num_heads, seen.hidden_size // seen.num_heads, 2 * SIDE**2,
                                   2 * SIDE**2, visual.dtype)

        heads, shared = config.num_attention_heads, config.num_key_value_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // heads
        dtype = model.get_input_embeddings().weight.dtype

        def read(rows: int) -> Callable[[], None]:
            given = torch.zeros(1, rows, config.hidden_size, dtype=dtype)
            places = torch.arange(rows).expand(3, 1, -1)
            return lambda: language(inputs_embeds=given, position_ids=places, use_cache=False)

        with _only(language, "layers", 1):
            _least(read(1), 1)
            alone = _least(read(1), 3)
            many = _least(read(ROWS), 1)
        with _only(language, "layers", 4) as kept:
            _least(read(1), 1)
            layer = max(0.0, (_least(read(1), 3) - alone) / (kept - 1)) if kept > 1 else alone
        row = layers * max(layer, many - max(0.0, alone - layer)) / ROWS
        hidden = torch.zeros(1, 1, config.hidden_size, dtype=dtype)
        step = max(0.0, alone - layer) + layers * layer + _least(lambda: model.lm_head(hidden), 2)
        place = layers * _attention(heads, shared, width, ROWS, PLACES, dtype)
        # With the queries that share a key as rows below each other: so many, and no groups.
        alone_heads = (shared, heads // shared) if attention.ours(model, attention.ROWS) else (heads, 1)
        far = layers * alone_heads[1] * _attention(alone_heads[0], shared, width, alone_heads[1], PLACES, dtype,
                                                   grown=True)
    return Pace(patch, square, row, place, far, step, max(0.0, (row * ROWS - step) / (ROWS - 1)))


@contextmanager
def _only(owner, name: str, count: int) -> Iterator[int]:
    """The model with the first few of its layers alone; how many those are."""
    whole = getattr(owner, name)
    setattr(owner, name, torch.nn.ModuleList(list(whole)[:count]))
    try:
        yield min(count, len(whole))
    finally:
        setattr(owner, name, whole)


def _least(work: Callable[[], object], times: int) -> float:
    """Seconds of the quickest of so many: what else the machine does only adds. The first one is not counted where
    there are several, for it reads weights from the disk."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken[1:] or taken)


def _attention(heads: int, shared: int, width: int, queries: int, places: int, dtype: torch.dtype,
               grown: bool = False) -> float:
    """Seconds that one layer's attention takes for each query and each key. grown: with a cache that grows by one."""
    query = torch.zeros(1, heads, queries, width, dtype=dtype)
    key = torch.zeros(1, shared, places, width, dtype=dtype)

    def attend() -> None:
        keys, values = (torch.cat([key, key[:, :, :1]], 2) if grown else key for _ in range(2))
        torch.nn.functional.scaled_dot_product_attention(query, keys, values, enable_gqa=heads != shared)

    return _least(attend, 3) / (queries * places)


def estimate(pace: Pace, grid: tuple[int, int, int], length: int, options: Options, wire: Wire, tokens: int,
             read: float = 0.0) -> Estimate:
    """For a clip of `grid` (pairs of frames, patch rows, patch columns) and `length` tokens of features and prompt.

    tokens: how many replies had before, all of one judgement's steps. read: seconds that reading the file took.
    """
    pair = grid[1] * grid[2]
    tower = grid[0] * pair * (pace.patch + pair * pace.square)
    prefill = length * pace.row + length * length / 2 * pace.place + pace.step
    rows = options.samples
    if options.think:
        tokens = min(tokens, options.budget)
        token = pace.step + (rows - 1) * pace.more + rows * (length + tokens / 2) * pace.far
        return Estimate(read, tower, prefill, token, tokens, options.budget, rows)
    # A digit and the next lead at once, as often as there are dimensions but for the first lead, which is read before.
    fed = [1 + len(lead) for lead in wire.leads[DIRECT][1:]]
    token = pace.step + (sum(fed) / len(fed) * rows - 1) * pace.more + rows * length * pace.far
    return Estimate(read, tower, prefill, token, len(KEYS) - 1, len(KEYS) - 1)


class Stopwatch:
    """Of one loaded model: its pace, and what judgements took by it, so that later estimates are better ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pace: Pace | None = None
        self._tokens: deque[int] = deque(maxlen=KEPT)
        self._ratios: dict[str, deque[float]] = {name: deque(maxlen=KEPT) for name in ("tower", "prefill", "token")}

    def pace(self, model) -> Pace:
        """Measured at the first call, which is made in a judgement's turn."""
        if self._pace is None:
            self._pace = calibrate(model)
        return self._pace

    @property
    def known(self) -> Pace | None:
        """The pace, once it is measured."""
        return self._pace

    @property
    def tokens(self) -> int:
        """How long a reply may be expected to be."""
        return round(statistics.median(self._tokens)) if self._tokens else TYPICAL

    def corrected(self, found: Estimate) -> Estimate:
        """The estimate by what such parts took in the end before, where that is known."""
        factors = {name: statistics.median(ratios) for name, ratios in self._ratios.items() if len(ratios) >= FEW}
        return replace(found, **{name: getattr(found, name) * factor for name, factor in factors.items()})

    def watch(self, planned: Estimate, options: Options) -> "Lap":
        """Follows a judgement whose estimate, before correction, was `planned`."""
        return Lap(self, planned, options)

    def learn(self, name: str, ratio: float) -> None:
        """A part took so many times its estimate."""
        with self._lock:
            self._ratios[name].append(ratio)

    def wrote(self, tokens: int) -> None:
        """A reply had so many tokens."""
        with self._lock:
            self._tokens.append(tokens)


class Lap:
    """One judgement against its estimate."""

    def __init__(self, of: Stopwatch, planned: Estimate, options: Options):
        self._of, self._planned, self._options = of, planned, options
        self._stage, self._since = "", time.perf_counter()
        self._passed: set[str] = set()
        self._first: tuple[int, float] | None = None
        self._last = (0, 0.0)

    def take(self, event) -> None:
        """One event of it."""
        now = time.perf_counter()
        if isinstance(event, events.Progressed):
            if event.stage != self._stage:
                self._stage, self._since = event.stage, now
            planned = {TOWER: self._planned.tower, PREFILL: self._planned.prefill}.get(event.stage, 0.0)
            if event.done == event.of and planned > 0 and event.stage not in self._passed:
                self._passed.add(event.stage)
                self._of.learn(event.stage, (now - self._since) / planned)
        elif isinstance(event, events.Thought) and event.tokens <= self._options.budget * self._options.samples:
            self._last = event.tokens, now      # beyond the budget come words that are put in its mouth, all at once
            self._first = self._first or self._last

    def followed(self, told: Generator[events.Event, None, Result]) -> Generator[events.Event, None, Result]:
        """The same events, and the same result, taken on their way."""
        try:
            while True:
                event = next(told)
                self.take(event)
                yield event
        except StopIteration as end:
            self._end()
            return end.value
        finally:
            told.close()

    def _end(self) -> None:
        """The replies are there."""
        if self._first is None or not self._options.think:
            return
        steps = (self._last[0] - self._first[0]) / self._options.samples
        if steps >= 16 and self._planned.token > 0:
            self._of.learn("token", (self._last[1] - self._first[1]) / steps / self._planned.token)
        self._of.wrote(round(self._last[0] / self._options.samples))
