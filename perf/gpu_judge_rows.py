"""What perf/gpu_judge.py measures, each row by itself: run in a process that it starts, on a GPU or (tiny) on the CPU.

Times are between points at which the device has nothing left to do. A peak is that of PyTorch's allocator.
"""
import contextlib
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from vs2 import events, judge, video
from vs2.errors import Failure, Problem
from vs2.model import captured, checkpoint, vision, weights
from vs2.rubric import KEYS
from vs2.scenes import film

PROMPT = "A red ball bounces on grass beside a blue box."
ROWS = {"load": "load", "quicken": "prefill at 4 k tokens, the vision tower as transformers has it and quickened",
        "short": "prefill at 4 k tokens", "middle": "prefill at 20 k tokens", "long": "prefill at 100 k tokens",
        "started": "decoding after 4 k tokens, 1 sample, its kernels started one by one",
        "one": "decoding after 4 k tokens, 1 sample", "five": "decoding after 4 k tokens, 5 samples",
        "far": "decoding after 20 k tokens, 1 sample",
        "many": "score_many against one by one", "retry": "memory that does not suffice for 20 k tokens",
        "greedy": "greedy, twice"}
CAP = 0.7       # share of the memory that a judgement needs beside the weights, which the retry has to do with


@dataclass(frozen=True)
class Size:
    """frame: height and width. pairs: of frames, for 4 k, 20 k and 100 k tokens. steps: decoded tokens a sample.

    clips: frames, height and width of the files that are judged together.
    """

    frame: tuple[int, int] = (672, 896)     # 768 tokens a pair, the most that the published sampling gives
    pairs: tuple[int, int, int] = (5, 26, 130)
    steps: int = 128
    clips: tuple[tuple[int, int, int], ...] = ((8, 480, 640), (24, 336, 448), (4, 640, 480), (16, 480, 640))


TINY = Size((56, 84), (2, 4, 20), 8, ((4, 64, 96), (8, 56, 56), (6, 96, 64)))


def has_gpu() -> bool:
    """Whether there is a CUDA device."""
    return torch.cuda.is_available()


def make(folder: Path, tiny: bool) -> dict:
    """Writes the random checkpoint into folder/model; says where it was made and in how long."""
    from perf import gpu

    begun = time.perf_counter()
    gpu.write_model(folder / "model", tiny)
    took, found = time.perf_counter() - begun, checkpoint.inspect(folder / "model", "model")
    device = torch.cuda.get_device_name() if has_gpu() and not tiny else "the CPU"
    shape = "a tiny shape" if tiny else "the shape of the 7B"
    numbers = {"device": device, "torch": torch.__version__, "parameters": found.parameters, "made": took}
    return {"row": "make", "numbers": numbers, "said": f"{shape}, {found.parameters:,} random weights, "
            f"on {device}, torch {torch.__version__}: made in {took:.0f} s ({found.stored / 1e9:.1f} GB)"}


def measure(folder: Path, precision: str, wanted: list[str], tiny: bool, tell: Callable[[dict], None]) -> None:
    """Loads the checkpoint and tells each wanted row, those that fail too. Ends early where the GPU is past use."""
    where = torch.device("cpu") if tiny else weights.device()
    if where.type == "cuda":
        torch.zeros(1, device=where)        # so that starting CUDA is no part of loading
    bench = Bench(folder, precision, TINY if tiny else Size(), where)
    begun = row("load", bench.load, where)
    if "load" in wanted:
        tell(begun | ({"fatal": True} if "failed" in begun else {}))
    if "failed" in begun:
        if "load" not in wanted:
            raise SystemExit(f"It did not load again: {begun['failed']}")
        return
    if "quicken" not in wanted:
        vision.quicken(bench.judge.model)
    for name in wanted:
        if name != "load":
            made = row(name, getattr(bench, name), where)
            tell(made)
            if "CUDA error" in made.get("failed", ""):      # every later call would fail as well
                return


def row(name: str, work: Callable[[], tuple[str, dict]], where: torch.device) -> dict:
    """What `work` says and its numbers, with the peak of memory; or the sentence with which it failed."""
    free(where)
    if where.type == "cuda":
        torch.cuda.reset_peak_memory_stats(where)
    try:
        said, numbers = work()
        made = {"said": said, "numbers": numbers}
    except Exception as error:      # whatever it is belongs into the table, and the others go on
        first = str(error).strip().split("\n")[0]
        made = {"failed": first if isinstance(error, Problem) else f"{type(error).__name__}: {first}"[:300]}
    return {"row": name, "peak": torch.cuda.max_memory_allocated(where) if where.type == "cuda" else None} | made


def free(where: torch.device) -> None:
    """Gives back what the last row held."""
    gc.collect()
    if where.type == "cuda":
        torch.cuda.synchronize(where)
        torch.cuda.empty_cache()


class Clock:
    """A judgement's `stop`, asked before the prefill and before each token: notes when, and ends it in time."""

    def __init__(self, where: torch.device, steps: int):
        self.where, self.steps, self.asked, self.at = where, steps, -1, []

    def __call__(self) -> bool:
        self.asked += 1     # 0 before the prefill, 1 after it, 1 + n after n tokens
        if self.asked in (0, 1, 1 + self.steps):
            if self.where.type == "cuda":
                torch.cuda.synchronize(self.where)
            self.at.append(time.perf_counter())
        return self.asked >= 1 + self.steps


class Bench:
    """A precision's rows: each a method that gives a text and its numbers, or raises."""

    def __init__(self, folder: Path, precision: str, size: Size, where: torch.device):
        self.folder, self.precision, self.size, self.where = folder, precision, size, where
        self.judge: judge.Judge | None = None

    def load(self):
        """With the vision tower as transformers has it, for `quicken` to be measured."""
        begun = time.perf_counter()
        with mock.patch.object(vision, "quicken", lambda model: 0):
            loaded = weights.load(checkpoint.locate(str(self.folder / "model")), self.precision, self.where,
                                  plain=False)
        if self.where.type == "cuda":
            torch.cuda.synchronize(self.where)
        took = time.perf_counter() - begun
        self.judge = judge.Judge(loaded.model, loaded.processor, loaded.card, "random", loaded.precision)
        held = torch.cuda.memory_allocated(self.where) if self.where.type == "cuda" else None
        return (f"{took:.1f} s" + ("" if held is None else f", weights {held / 1e9:.1f} GB"),
                {"seconds": took, "weights": held})

    def quicken(self):
        try:
            stock, _, _ = self._prefill(0)
        finally:
            vision.quicken(self.judge.model)
        here, _, _ = self._prefill(0)
        return f"{stock:.2f} s and {here:.2f} s, {stock / here:.2f} times as fast", {"stock": stock, "here": here}

    def short(self):
        return self._said(*self._prefill(0))

    def middle(self):
        return self._said(*self._prefill(1))

    def long(self):
        return self._said(*self._prefill(2, runs=1))

    def started(self):
        with mock.patch.object(captured, "possible", lambda model: False):
            return self._decoded(1)

    def one(self):
        return self._decoded(1)

    def far(self):
        return self._decoded(1, 1)

    def five(self):
        return self._decoded(5)

    def many(self):
        """Clips of other lengths in one batch, so padded on the left; each has to get what it gets alone."""
        files, dice = [], np.random.default_rng(1)
        for number, (frames, height, width) in enumerate(self.size.clips):
            coarse = dice.integers(0, 255, (frames, height // 8, width // 8, 3), np.uint8)
            files.append(film.write_frames(coarse.repeat(8, 1).repeat(8, 2), self.folder / f"{number}.mp4", 2))
        prompts = [f"{PROMPT} " * (1 + number) for number in range(len(files))]
        self.judge.score_many(files[:1], prompts[:1])       # the reading processes have started then
        begun = time.perf_counter()
        together = self.judge.score_many(files, prompts)
        between = time.perf_counter()
        alone = [self.judge.score(file, prompt, think=False) for file, prompt in zip(files, prompts, strict=True)]
        ended = time.perf_counter()
        for problem in (one for one in together if isinstance(one, Problem)):
            raise problem
        if len({one.seconds.think for one in together}) > 1:     # a batch's time is shared out evenly
            raise Failure("Memory ran out in the batch, and the clips were judged one by one.")
        pairs = [(one.scores[key], other.scores[key])
                 for one, other in zip(together, alone, strict=True) for key in KEYS]
        if any(score.distribution is None for pair in pairs for score in pair):
            raise Failure("Some scores are no numbers (NaN).")
        most = max(abs(a - b) for one, other in pairs
                   for a, b in zip(one.distribution, other.distribution, strict=True))
        same = sum(one.value == other.value for one, other in pairs)
        return (f"{len(files)} clips in {between - begun:.2f} s and {ended - between:.2f} s; {same} of {len(pairs)} "
                f"digits alike, probabilities at most {most:.1g} apart, none NaN",
                {"together": between - begun, "alone": ended - between, "apart": most, "alike": same,
                 "digits": len(pairs)})

    def retry(self):
        """A cap below what the clip needs: the judge has to go on with fewer pixels, and to have scores in the end."""
        clip = self._clip(1)
        if self.where.type == "cuda":
            held = torch.cuda.memory_allocated(self.where)
            self.judge.score_clip(clip, PROMPT, think=False)
            cap = int(held + CAP * (torch.cuda.max_memory_allocated(self.where) - held))
            limit, said = self._capped(cap), f"a cap of {cap / 1e9:.1f} GB"
            free(self.where)
        else:
            cap = int(CAP * clip.frames.shape[0] // 2 * clip.frames.shape[1] * clip.frames.shape[2] // 14**2)
            limit, said = self._refusing(cap), f"on the CPU, {cap} patches in place of a cap"
        with limit:
            made = self.judge.score_clip(clip, PROMPT, think=False)
        again = [warning for warning in made.warnings if warning.startswith("Memory ran out")]
        if not again:
            raise Failure(f"Nothing was tried again: {said} was enough.")
        if made.unread:
            raise Failure(f"There are no scores after a retry: {', '.join(made.unread)}.")
        return f"{said}: {again[-1]} ({len(again)} retries, scores in the end)", {"cap": cap, "retries": len(again)}

    def greedy(self):
        first, second = (self.judge.score_clip(self._clip(0), PROMPT, budget=self.size.steps) for _ in range(2))
        if (first.reply, first.tokens, first.scores) != (second.reply, second.tokens, second.scores):
            raise Failure("The same clip got another reply or other scores the second time.")
        return f"the same reply and the same scores to the last bit, {first.tokens} tokens", {"tokens": first.tokens}

    @contextlib.contextmanager
    def _capped(self, cap: int):
        total = torch.cuda.get_device_properties(self.where).total_memory
        torch.cuda.set_per_process_memory_fraction(cap / total, self.where)
        try:
            yield
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0, self.where)

    @contextlib.contextmanager
    def _refusing(self, cap: int):
        """For want of a cap on a CPU: the vision tower runs out of memory at more patches than this."""
        def refuse(module, arguments):
            if arguments and arguments[0].shape[0] > cap:
                raise torch.OutOfMemoryError(f"out of memory: {arguments[0].shape[0]} patches")

        hook = self.judge.model.model.visual.patch_embed.register_forward_pre_hook(refuse)
        try:
            yield
        finally:
            hook.remove()

    def _clip(self, which: int) -> video.Clip:
        """Noise of this row's size."""
        count, (height, width) = 2 * self.size.pairs[which], self.size.frame
        frames = np.random.default_rng(which).integers(0, 255, (count, height, width, 3), np.uint8)
        about = video.Metadata("noise", width, height, 2.0, count, count / 2, "none", 0, "none", tuple(range(count)), 0)
        return video.Clip(frames, tuple(n / 2 for n in range(count)), about)

    def _timed(self, clip: video.Clip, steps: int, **options) -> list[float]:
        """When the prefill began and ended, and (steps above 0) when so many tokens of each sample were there."""
        clock = Clock(self.where, steps)
        for event in self.judge.stream_clip(clip, PROMPT, stop=clock, budget=steps + 1, **options):
            if isinstance(event, events.Retry):
                raise Failure("Memory ran out.")
        if len(clock.at) < 2 + bool(steps):
            raise Failure(f"The reply ended after {clock.asked - 1} tokens, too early to be measured.")
        return clock.at

    def _prefill(self, which: int, runs: int = 2) -> tuple[float, int, int]:
        """Seconds, the quickest of `runs`; tokens of video; runs."""
        clip, took = self._clip(which), []
        for _ in range(runs):
            begun, ended = self._timed(clip, 0)
            took.append(ended - begun)
        height, width = self.size.frame
        return min(took), self.size.pairs[which] * (height // 28) * (width // 28), runs

    def _said(self, seconds: float, tokens: int, runs: int):
        return (f"{seconds:.2f} s, {tokens / seconds:,.0f} tokens a second ({tokens:,} of video)",
                {"seconds": seconds, "tokens": tokens, "runs": runs})

    def _decoded(self, samples: int, which: int = 0):
        """The second run: the first one may capture the step."""
        for _ in range(2):
            _, begun, ended = self._timed(self._clip(which), self.size.steps, samples=samples)
        speed = samples * self.size.steps / (ended - begun)
        return (f"{speed:.1f} tokens a second, {1000 * (ended - begun) / self.size.steps:.1f} ms a step",
                {"speed": speed, "steps": self.size.steps, "samples": samples})
