"""A judge on a server: the same calls, events and records as `vs2.judge.Judge`, and no turns to take.

What it sees is made here, frame by frame, so that a server that takes the frames as they are says what the judge of
this machine says. Before the first clip it finds out what the server does with frames (`vs2.remote.probe`).
"""
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vs2 import events, video
from vs2.errors import BadInput, Problem
from vs2.evaluation import Evaluation, Seconds
from vs2.judging import Judging, Stream, Task, thoughts
from vs2.model.mixture import mix
from vs2.model.reply import Reply
from vs2.options import Given, Options
from vs2.remote import address as addresses
from vs2.remote import faults
from vs2.remote.client import Client, Stopped
from vs2.remote.known import Detector, known
from vs2.remote.probe import Found, probe
from vs2.remote.writing import Asking
from vs2.rubric import REASONED, SCALE
from vs2.video import caps
from vs2.video.rate import is_pictures

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from typing, it needs Python 3.11

AT_ONCE = 16        # requests that keep a server busy: it makes batches of them by itself
TRIES = 3           # of a judgement that breaks off in the middle
AGAIN = "The connection to the judge's server broke off: judged again."


class RemoteJudge(Judging):
    """Safe to call from several threads, which do not wait for each other.

    address: where it is. checkpoint: the folder of its checkpoint, where its name does not say it. preset: whether the
    server was started with what is otherwise said with each request. patience: seconds without a byte before it is
    given up. Raises BadInput for what can be seen to be wrong without asking the server: the first judgement asks it.
    """

    at_once = AT_ONCE

    def __init__(self, address: addresses.Address, *, checkpoint: str = "", preset: bool = False,
                 patience: float = 300.0, pause: float = 0.5) -> None:
        self._client = Client(address, addresses.key(), patience, pause)
        self._known, self._preset = known(address.model, checkpoint), preset
        self.name, self.precision, self.card = address.name, addresses.ON_SERVER, self._known.card
        self._detector = Detector(self._known.folder, self.card) if self.card.scope and self._known.folder else None
        self._detecting, self._probing = threading.Lock(), threading.Lock()
        self._server: Found | None = None
        counted = 0 if self.tokenizer is None else len(
            self.tokenizer(REASONED.write(SCALE[:3]), add_special_tokens=False)["input_ids"])
        self._allowance = max(64, 2 * counted)

    def __repr__(self) -> str:
        return f"RemoteJudge({self.name!r})"

    @property
    def tokenizer(self) -> Any:
        """Of the checkpoint's folder, where that is here."""
        return self._known.tokenizer

    def score_many(self, sources: Sequence[str | Path | video.Clip], prompts: Sequence[str],
                   fps: float | None = None, *, stop: Callable[[], bool] = lambda: False,
                   **options: "Unpack[Given]") -> list[Evaluation | Problem]:
        """Of each of several videos what `score` gives, or its Problem: all are asked for at once. Without thinking,
        unless `think=True` is said.

        sources: files, or clips that were read already. fps: of those that are pictures (`stream`).
        """
        if isinstance(sources, str) or isinstance(prompts, str) or len(sources) != len(prompts):
            raise BadInput("The videos and the prompts are no two lists of one length: give each video its prompt.")

        how: Given = {"think": False, **options}

        def one(source: str | Path | video.Clip, prompt: str) -> Evaluation | Problem:
            try:
                if isinstance(source, video.Clip):
                    return self.score_clip(source, prompt, stop=stop, **how)
                return self.score(source, prompt, fps=fps if is_pictures(source) else None, stop=stop, **how)
            except Problem as problem:
                return problem

        with ThreadPoolExecutor(self.at_once) as pool:
            return list(pool.map(one, sources, prompts))

    def _options(self, given: Given) -> Options:
        options = Options(**given)
        if options.published:
            raise BadInput("What the published script says is made of numbers that no server gives: leave out "
                           "published, or take the judge on this machine.")
        return options

    def _judge(self, task: Task) -> Stream:
        started = time.perf_counter()
        again: list[str] = []
        yield events.FramesRead(task.clip)
        while True:
            thinking = time.perf_counter()
            try:
                found = self._found(task)
                self._ask_scope(task)
                asking = Asking(self._client, self._known, found, task.clip.frames, task.prompt, task.options,
                                task.stop, self._allowance,
                                caps.fps_seen(task.clip, self.card.sampling, task.options.frames))
                replies = yield from self._think(task, asking)
                break
            except Stopped:
                return
            except faults.Refused as error:
                raise BadInput(f"The judge's server does not take this request ({error}).") from None
            except faults.Broken:
                if len(again) == TRIES - 1:
                    raise faults.broken() from None
            again.append(AGAIN)
            yield events.Retry(AGAIN)
            yield events.FramesRead(task.clip)
        thought = time.perf_counter() - thinking
        scores = mix(replies, task.options, task.withheld)
        yield events.Scored(scores)
        seconds = Seconds(task.read, thought, task.read + time.perf_counter() - started)
        yield self._record(task, replies, scores, [*dict.fromkeys(again), *found.said, *asking.said], seconds)

    def _found(self, task: Task) -> Found:
        """What is known of the server; the first to ask finds it out, and those beside it wait for that."""
        while not self._probing.acquire(timeout=0.2):
            if task.stop():
                raise Stopped
        try:
            if self._server is None:
                self._server = probe(self._client, self._known, self._preset, task.stop)
            return self._server
        finally:
            self._probing.release()

    def _ask_scope(self, task: Task) -> None:
        if self._detector is not None and not task.asked:
            with self._detecting:       # it runs here, where the processors are few
                task.withheld, task.asked = self._detector.withheld(task.clip), True

    @staticmethod
    def _think(task: Task, asking: Asking) -> Generator[events.Event, None, list[Reply]]:
        return (yield from thoughts(asking.write(), task.withheld))
