"""The judge: a stream of events that ends in an `Evaluation`, one judgement at a time.

What is read comes from `vs2.video`, what the model is fed from `model.inputs`, the reply from `model.generation`; this
file puts them in order, mixes several replies into one record, and starts again with fewer pixels when memory runs out.
"""
import math
import os
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from vs2 import events, forks, video
from vs2.errors import BadInput, Failure, Problem
from vs2.evaluation import Evaluation, Seconds
from vs2.judging import STOPPED, Judging, Stream, Task, last, thoughts
from vs2.model import as_published, checkpoint, chunks, generation, gpu, inputs, pace, together, weights
from vs2.model.card import Card
from vs2.model.footage import Footage, shrunk
from vs2.model.int4 import store
from vs2.model.mixture import mix
from vs2.model.reply import Reply
from vs2.model.scope import Scope
from vs2.model.tokens import Wire
from vs2.options import Given, Options
from vs2.remote import address
from vs2.rubric import DIRECT, check_prompt
from vs2.settings import Settings
from vs2.texts import path_text, told
from vs2.video import caps
from vs2.video.rate import is_pictures
from vs2.video.sampling import PATCH, Sampling, fit

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor
    from typing_extensions import Unpack  # from typing, it needs Python 3.11

RETRIES = 3  # times that the pixels are halved before memory is given up on


def load(name: str = "auto", precision: str = "auto", settings: Settings | None = None, *,
         plain: bool = True) -> Judging:
    """The judge called `name`: "mini", a Hub id, a checkpoint folder, one on a server (`vs2.remote`), or "auto".

    "auto" takes VS2_MODEL, else the published checkpoint where there is a CUDA device, else mini; precision "auto"
    takes VS2_PRECISION, else what the device's free memory allows. plain: see `vs2.model.weights.load`; with False the
    judge's `model` is of transformers' class whatever its size. Raises BadInput or Failure in one sentence.
    """
    for what, value in (("name", name), ("precision", precision)):
        if not isinstance(value, str):
            raise BadInput(f"The judge's {what} is {value!r:.60}: give it as text.")
    settings = settings or Settings.read()
    if address.is_remote(name) or name == "auto" and address.is_remote(settings.model):
        from vs2.remote.judge import RemoteJudge

        return RemoteJudge(address.parse(settings.model if name == "auto" else name), checkpoint=settings.checkpoint,
                           preset=settings.preset, patience=settings.patience)
    forks.settle(weights.device().type)
    if precision == "auto":
        precision = settings.precision
    if precision not in weights.PRECISIONS:
        raise BadInput(f"There is no precision {precision!r}: take one of {', '.join(weights.PRECISIONS)}.")
    name = default_name(settings) if name == "auto" else name
    found = store.find(name, precision, settings.home)
    loaded = weights.load(found, precision, plain=plain)
    return Judge(loaded.model, loaded.processor, loaded.card, name, loaded.precision, loaded.scope, loaded.footage)


def default_name(settings: Settings) -> str:
    """Which judge "auto" means here."""
    if settings.model != "auto":
        return settings.model
    return checkpoint.PUBLISHED if torch.cuda.is_available() else checkpoint.MINI


class Judge(Judging):
    """A loaded checkpoint that judges clips. Safe to call from several threads: they take turns.

    A stream holds its turn from the first thought to the scores, or until it is closed; so do not judge a second
    clip from inside the loop over the first one's stream.
    scope: tells clips that it knows nothing of. It thinks aloud of them as of any other, but what its card withholds
    has no score, only the reason. Without one (the published checkpoint) nothing is withheld.
    footage: the part that is asked in its place where such a clip is footage.
    """

    def __init__(self, model: "Qwen2_5_VLForConditionalGeneration", processor: "Qwen2_5_VLProcessor", card: Card,
                 name: str, precision: str, scope: Scope | None = None, footage: Footage | None = None) -> None:
        self.model, self.processor, self.card, self.scope, self.footage = model, processor, card, scope, footage
        self.name, self.precision = name, precision
        self._wire = Wire.of(processor.tokenizer)
        self._turn, self._owner = threading.Lock(), os.getpid()
        self._stopwatch = pace.Stopwatch()

    @property
    def slow(self) -> bool:
        """Whether four small frames, the least that the published system looks at, take it long."""
        return chunks.slow(self.model, 1024, 256)

    @property
    def sampling(self) -> Sampling:
        return self.card.reading if self.footage is not None else self.card.sampling

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.device

    @property
    def tokenizer(self) -> "PreTrainedTokenizerBase":
        """The checkpoint's own."""
        return self.processor.tokenizer

    def score_many(self, sources: Sequence[str | Path | video.Clip], prompts: Sequence[str],
                   fps: float | None = None, *, stop: Callable[[], bool] = lambda: False,
                   **options: "Unpack[Given]") -> list[Evaluation | Problem]:
        """Judges several videos in one batch: of each what `score` gives, without thinking unless `think=True` is said.

        sources: files, or clips that were read already, as for `stream_clip`. In the order given; a file that cannot be
        read, or a clip on which the arithmetic overflows, has its Problem in its place. The time of the batch is shared
        out evenly. Where memory runs out there are two batches of half the size, and so on; with several samples and
        with `published=True` they are judged one by one. fps: of those that are pictures (`stream`). Raises Failure
        once `stop()` says so.
        """
        how = self._options({"think": False, **options})
        if isinstance(sources, str) or isinstance(prompts, str) or len(sources) != len(prompts):
            raise BadInput("The videos and the prompts are no two lists of one length: give each video its prompt.")
        found: list[Task | Problem] = []
        for source, prompt in zip(sources, prompts, strict=True):
            started = time.perf_counter()
            try:
                if isinstance(source, video.Clip):
                    clip, name = source, source.metadata.name
                else:
                    sampling = self.sampling.capped(how.frames, how.pixels)
                    clip = video.read(source, sampling, fps=fps if is_pictures(source) else None)
                    name = told(path_text(source))
                clip = caps.capped(clip, self.sampling, how.frames, how.pixels)
                found.append(Task(clip, name, check_prompt(prompt), how, stop, time.perf_counter() - started))
            except Problem as problem:
                found.append(problem)
        tasks = [task for task in found if isinstance(task, Task)]
        judged = iter(self._together(tasks) if tasks else ())
        return [next(judged) if isinstance(task, Task) else task for task in found]

    def _together(self, tasks: list[Task]) -> Sequence[Evaluation | Problem]:
        self._settle()
        how, stop = tasks[0].options, tasks[0].stop
        # Of a slow one: it is as quick alone, and needs less memory.
        if not how.shares or any(self._takes_long(task.clip) for task in tasks):
            return [self._alone(task) for task in tasks]
        replies: list[Reply | Problem] | None = None
        with self._turn:
            started = time.perf_counter()
            try:
                for task in tasks:
                    self._ask_scope(task)
                replies = self._answers(tasks, how, stop)
            except generation.Stopped as stopped:
                raise Failure(STOPPED) from stopped
            except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
                if not weights.out_of_memory(error):
                    raise
            thought = (time.perf_counter() - started) / len(tasks)
        if replies is None:
            gpu.release()
            half = len(tasks) // 2
            return [*self._together(tasks[:half]), *self._together(tasks[half:])] if half else [self._alone(tasks[0])]
        return [reply if isinstance(reply, Problem) else
                self._record(task, [reply], mix([reply], task.options, task.withheld), [],
                             Seconds(task.read, thought, task.read + thought))
                for task, reply in zip(tasks, replies, strict=True)]

    def _answers(self, tasks: list[Task], how: Options, stop: Callable[[], bool]) -> list[Reply | Problem]:
        """In the order of the tasks; those of each part of the judge in a batch of their own."""
        found: dict[int, Reply | Problem] = {}
        for footage in (False, True):
            if chosen := [number for number, task in enumerate(tasks) if task.footage == footage]:
                seen = [self._inputs(tasks[number], torch.device("cpu")) for number in chosen]
                model, tokenizer, wire = self._part(footage)
                written: Sequence[Reply | Problem]
                written = together.replies(model, tokenizer, seen, how, wire, stop) if how.think else \
                    together.answers(model, tokenizer, seen, wire)
                found |= dict(zip(chosen, written, strict=True))
        return [found[number] for number in range(len(tasks))]

    def _part(self, footage: bool) -> "tuple[Qwen2_5_VLForConditionalGeneration, PreTrainedTokenizerBase, Wire]":
        """What writes: the judge itself, or its part for footage."""
        if footage and self.footage is not None:
            return self.footage.model, self.footage.processor.tokenizer, self.footage.wire
        return self.model, self.processor.tokenizer, self._wire

    def _alone(self, task: Task) -> Evaluation | Problem:
        try:
            return last(self._judge(task))
        except Problem as problem:
            return problem

    def _inputs(self, task: Task, device: torch.device | None = None) -> inputs.Inputs:
        """On the model's device, or that one; without thinking they end in the answer's opening words."""
        opening = "" if task.options.think else DIRECT.leads[0]
        seen = replace(self.card.sampling, fps=caps.fps_seen(task.clip, self.card.sampling, task.options.frames))
        if task.footage and self.footage is not None and task.seen is not None:
            made = self.footage.inputs(task.seen, task.clip.pulse, opening)
        else:
            made = inputs.prepare(self.processor, self._own(task.clip), task.prompt, replace(self.card, sampling=seen),
                                  self.model.config, opening)
        return made.to(device or self.device, self.model.model.visual.dtype)

    def _ask_scope(self, task: Task) -> None:
        """Decides once, before anything is thought, what is withheld of this clip, and which part judges the rest."""
        if self.scope is None or task.asked:
            return
        task.withheld = self.scope.withheld(self.model.model.visual, self.processor, self._own(task.clip))
        if task.withheld and self.footage is not None:
            seen = self.footage.look(task.clip.frames)
            withheld = self.footage.withheld(seen)
            if withheld is not None:
                task.withheld, task.footage, task.seen = withheld, True, seen
        task.asked = True

    def _own(self, clip: video.Clip) -> video.Clip:
        """The clip at the size that the judge itself sees, where it was read larger for the sake of footage."""
        if self.footage is None or clip.frames.shape[1] * clip.frames.shape[2] <= self.card.sampling.max_pixels:
            return clip
        return replace(clip, frames=shrunk(clip.frames, self.card, clip.metadata.height, clip.metadata.width))

    def _settle(self) -> None:
        """In a fork a thread that stayed with the parent may hold the turn. Raises Failure where it cannot work."""
        forks.settle(self.device.type)
        if self._owner != os.getpid():
            self._turn, self._owner = threading.Lock(), os.getpid()

    def _judge(self, task: Task) -> Stream:
        started = time.perf_counter()
        retries: list[str] = []
        self._settle()
        yield events.FramesRead(task.clip)
        while True:
            with self._turn:
                thinking = time.perf_counter()
                try:
                    self._ask_scope(task)
                    replies = yield from self._think(task)
                    break
                except generation.Stopped:
                    return
                except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
                    if not weights.out_of_memory(error):
                        raise
                # Outside the handler, so that its traceback no longer holds the tensors of the failed run.
                gpu.release()
            task.clip = _smaller(task.clip, len(retries))
            height, width = task.clip.frames.shape[1:3]
            retries.append(f"Memory ran out: judged again on frames of {width} x {height} pixels.")
            yield events.Retry(retries[-1])
            yield events.FramesRead(task.clip)
        thought = time.perf_counter() - thinking
        scores = mix(replies, task.options, task.withheld)
        yield events.Scored(scores)
        seconds = Seconds(task.read, thought, task.read + time.perf_counter() - started)
        yield self._record(task, replies, scores, retries, seconds)

    def _takes_long(self, clip: video.Clip) -> bool:
        count, height, width = clip.frames.shape[:3]
        vision: Any = self.model.config.vision_config
        patches = math.ceil(count / vision.temporal_patch_size) * height * width // vision.patch_size**2
        return chunks.slow(self.model, patches, patches // vision.spatial_merge_size**2)

    def _think(self, task: Task) -> Generator[events.Event, None, list[Reply]]:
        """What one attempt says; returns its replies."""
        write = as_published.generate if task.options.published else generation.generate
        model, tokenizer, wire = self._part(task.footage)
        held = [self._inputs(task)]
        lap = None
        if not task.footage and chunks.wanted(self.model, held[0]):
            lap, estimated = self._planned(task, held[0])
            yield estimated
        # The inputs have no name here, so that nothing holds the pixels once they were seen.
        told = thoughts(write(model, tokenizer, held.pop(), task.options, wire, task.stop),
                        task.withheld)
        return (yield from lap.followed(told) if lap else told)

    def _planned(self, task: Task, given: inputs.Inputs) -> tuple[pace.Lap, events.Estimated]:
        """How long it will take, and who learns from how long it does."""
        watch = self._stopwatch
        pairs, height, width = given.video_grid_thw[0].tolist()
        planned = pace.estimate(watch.pace(self.model), (pairs, height, width), given.length, task.options, self._wire,
                                watch.tokens, task.read)
        return watch.watch(planned, task.options), events.Estimated(watch.corrected(planned))


def _smaller(clip: video.Clip, retries: int) -> video.Clip:
    """The clip at half its pixels; Failure where that was tried often enough or cannot be done."""
    height, width = clip.frames.shape[1:3]
    smaller = fit(height, width, PATCH * PATCH, max(height * width / 2, PATCH * PATCH))
    if retries >= RETRIES or smaller == (height, width):
        raise Failure("Memory ran out even on much smaller frames: take --precision 4bit, fewer samples or a shorter "
                      "clip, or the built-in judge with --model mini.")
    return caps.resized(clip, *smaller)
