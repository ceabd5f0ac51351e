"""What the tests of Best of N are run with: a judge and a generator that do as they are told, and a small plan."""
import threading
import time
from pathlib import Path

from tests.support.fake_judge import FakeJudge
from vs2 import best_of, events
from vs2.generate.files import Draft
from vs2.generate.protocol import Generator, Progress

PROMPT = "a red ball bounces on grass"
SMALL = {"seconds": 1.0, "size": (96, 64)}


class StreamJudge(FakeJudge):
    """A FakeJudge with a stream. says(path, prompt, options) -> three scores, or raises.

    asked: (seed in the clip's name, options) of each judgement. wait: called between its events.
    """

    precision = "fp32"

    def __init__(self, says, wait=lambda: None):
        super().__init__(None)
        self._says, self._wait, self.asked, self.paths = says, wait, [], []

    def stream(self, path, prompt, stop=lambda: False, **options):
        assert isinstance(path, str) and path.endswith(".mp4")
        self.paths.append(path)
        self.asked.append((seed(path), options))
        yield events.Reading(path)
        self._wait()
        if stop():
            return
        yield events.Thought("Well. ", 2)
        self.says = lambda *_: self._says(path, prompt, options)
        found = self.score(path, prompt)
        samples = tuple({"rationale": "x", "values": {}, "truncated": False} for _ in range(options["samples"]))
        yield events.Scored(found.scores)
        yield type(found)(**{**vars(found), "samples": samples if len(samples) > 1 else ()})


class Plain(Generator):
    """Makes files that are no videos, at once. fails: seeds that do not come, with what is raised."""

    name = "plain"

    def __init__(self, fails=None, takes=0.0):
        self.fails, self.takes, self.made = fails or {}, takes, []

    def _stream(self, request, stop):
        yield Progress(0.0, "Beginning")
        if request.seed in self.fails:
            raise self.fails[request.seed]
        with Draft(request, self.name, {}) as draft:
            draft.path.write_bytes(f"{request.prompt} {request.seed}".encode("utf-8", "replace"))
            due = time.monotonic() + self.takes
            while time.monotonic() < due:
                time.sleep(0.005)
                if stop():
                    return
            if stop():
                return
            self.made.append(request.seed)
            yield draft.keep(width=96, height=64, frames=16, fps=16.0, truth={"visual_quality": 5}, details={"a": 1})


def seed(path) -> int:
    """The seed in a clip's name."""
    return int(Path(path).stem.split("-")[-2])


def flat(path, prompt, options):
    """Scores that rise with the seed, a third of a point each."""
    return [min(5.0, 1 + seed(path) / 3)] * 3


def plan(count=3, **more) -> best_of.Plan:
    return best_of.Plan(**{"prompt": PROMPT, "count": count, **more})


def run(folder, count=3, says=flat, generator=None, wait=lambda: None, **more):
    """A run with a plain generator and a judge that `says`; its judge is `run.judge`."""
    return best_of.Run(plan(count, **more), StreamJudge(says, wait), folder, generator or Plain())


def ended(one: best_of.Run) -> tuple[list, best_of.Outcome]:
    """All events, and the outcome that the last one holds; no thread of the run is left."""
    told = list(one.events())
    assert isinstance(told[-1], best_of.Done)
    for thread in threading.enumerate():
        if thread.name.startswith("best of N"):
            thread.join(2)
            assert not thread.is_alive()
    return told, told[-1].outcome


def of(told, kind) -> list:
    return [event for event in told if isinstance(event, kind)]
