"""What every judge has in common, wherever its model is: how it is called, and the record that it makes of a reply.

`vs2.judge.Judge` has the model in this process, `vs2.remote.RemoteJudge` asks a server for it.
"""
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vs2 import events, video
from vs2.errors import Failure, Problem
from vs2.evaluation import Evaluation, Published, Score, Seconds, differing
from vs2.model import prompts
from vs2.model.card import Card
from vs2.model.mixture import written
from vs2.model.reply import Piece, Reply, Step
from vs2.options import Given, Options
from vs2.rubric import check_prompt
from vs2.texts import path_text, told
from vs2.video import caps
from vs2.video.kind import NUMBERED
from vs2.video.sampling import Sampling

if TYPE_CHECKING:
    import torch
    from typing_extensions import Unpack  # from typing, it needs Python 3.11

STOPPED = "The judgement was stopped before it had scores."
Stream = Generator[events.Event, None, None]    # ends in the Evaluation, unless it was stopped; closing it stops it


@dataclass
class Task:
    """What one judgement is about; `clip` shrinks when memory runs out. read: seconds that reading took. withheld: of
    which dimensions nothing is said, and why, once that was asked. footage: whether the judge's part for footage is the
    one to say the rest. seen: what its eye saw then."""

    clip: video.Clip
    name: str
    prompt: str
    options: Options
    stop: Callable[[], bool]
    read: float
    withheld: Mapping[str, str] = field(default_factory=dict)
    asked: bool = False
    footage: bool = False
    seen: "torch.Tensor | None" = None


class Judging:
    """A judge: `stream` and `score` of a file, `stream_clip` and `score_clip` of a clip that was read already.

    at_once: how many judgements it can be given at the same time; where it is 1, they take turns.
    slow: whether even a short clip takes it so long that people will not sit and wait.
    """

    name: str
    precision: str
    card: Card
    at_once = 1

    @property
    def sampling(self) -> Sampling:
        """How clips are read for it."""
        return self.card.sampling

    @property
    def slow(self) -> bool:
        """See above."""
        return False

    @property
    def tokenizer(self) -> Any:
        """What its prompts are counted with; None where there is none on this machine."""
        raise NotImplementedError

    def too_long(self, prompt: str) -> str:
        """A sentence on a prompt longer than those it was measured with (`Card.longest_prompt`), "" on others."""
        return prompts.too_long(self.tokenizer, self.card, prompt) if self.tokenizer is not None else ""

    def long_ones(self, texts: Sequence[str]) -> list[int]:
        """Which of many prompts are too long for it, by their places in the list."""
        return prompts.long_ones(self.tokenizer, self.card, texts) if self.tokenizer is not None else []

    def stream(self, source: str | Path, prompt: str, *, fps: float | None = None,
               stop: Callable[[], bool] = lambda: False, **options: "Unpack[Given]") -> Stream:
        """Events (see `vs2.events`) while the video file `source` is judged; the last one is the `Evaluation`.

        fps: pictures a second, where `source` is a folder or a zip of numbered pictures; for no other.
        The other options are those of `vs2.options.Options`. Closing the stream at any event stops the generation;
        so does `stop()` being true before any token, and the stream then ends without an Evaluation.
        Raises BadInput at once for an option out of range, and while streaming for a file that cannot be read.
        """
        path = path_text(source)
        check_prompt(prompt)
        return self._stream(path, fps, prompt, self._options(options), stop)

    def score(self, source: str | Path, prompt: str, *, fps: float | None = None,
              stop: Callable[[], bool] = lambda: False, **options: "Unpack[Given]") -> Evaluation:
        """The `Evaluation` that `stream` ends in, with the same options."""
        return last(self.stream(source, prompt, fps=fps, stop=stop, **options))

    def stream_clip(self, clip: video.Clip, prompt: str, *, name: str | None = None, read: float = 0.0,
                    stop: Callable[[], bool] = lambda: False, **options: "Unpack[Given]") -> Stream:
        """As `stream`, for a clip that was read already, with this judge's `sampling`.

        name: what to call it in the record. read: the seconds that reading it took.
        """
        how = self._options(options)
        clip = caps.capped(clip, self.sampling, how.frames, how.pixels)
        return self._judge(Task(clip, name or clip.metadata.name, check_prompt(prompt), how, stop, read))

    def score_clip(self, clip: video.Clip, prompt: str, *, name: str | None = None, read: float = 0.0,
                   stop: Callable[[], bool] = lambda: False, **options: "Unpack[Given]") -> Evaluation:
        """The `Evaluation` that `stream_clip` ends in."""
        return last(self.stream_clip(clip, prompt, name=name, read=read, stop=stop, **options))

    def score_many(self, sources: Sequence[str | Path | video.Clip], prompts: Sequence[str],
                   fps: float | None = None, *, stop: Callable[[], bool] = lambda: False,
                   **options: "Unpack[Given]") -> list[Evaluation | Problem]:
        """Of each of several videos what `score` gives, or the Problem in its place; without thinking, unless
        `think=True` is said.

        sources: files, or clips that were read already. fps: pictures a second of those that are pictures.
        """
        raise NotImplementedError

    def _options(self, given: Given) -> Options:
        """How to think. Raises BadInput for what is out of range, or what this judge cannot do."""
        return Options(**given)

    def _settle(self) -> None:
        """What has to be seen to before it works, in whichever process. Raises Failure where it cannot work."""

    def _judge(self, task: Task) -> Stream:
        raise NotImplementedError

    def _stream(self, path: str, fps: float | None, prompt: str, options: Options,
                stop: Callable[[], bool]) -> Stream:
        name = told(path)
        started = time.perf_counter()
        yield events.Reading(name)
        self._settle()
        clip = video.read(path, self.sampling.capped(options.frames, options.pixels), fps=fps)
        clip = caps.capped(clip, self.sampling, options.frames, options.pixels)
        yield from self._judge(Task(clip, name, prompt, options, stop, time.perf_counter() - started))

    def _record(self, task: Task, replies: list[Reply], scores: dict[str, Score], said: Sequence[str],
                seconds: Seconds) -> Evaluation:
        """said: sentences about this judgement, such as why it was begun again."""
        several, facts = len(replies) > 1, task.clip.metadata
        notes = [f"Reply {number} of {len(replies)}: {note}" if several else note
                 for number, reply in enumerate(replies, 1) for note in reply.notes]
        samples = tuple({"rationale": reply.answer.rationale,
                         "values": reply.answer.values | dict.fromkeys(task.withheld), "truncated": reply.truncated}
                        for reply in replies) if several else ()
        published = replies[0].published and replies[0].published | dict.fromkeys(task.withheld, Published())
        shown = next((number for number, reply in enumerate(replies) if not differing(reply.answer.values, scores)), 0)
        return Evaluation(
            video=task.name, prompt=task.prompt, model=self.name, precision=self.precision,
            rationale=replies[shown].answer.rationale, scores=scores, frames=len(task.clip.frames), seconds=seconds,
            tokens=sum(len(reply.ids) for reply in replies), truncated=any(reply.truncated for reply in replies),
            # of a prompt that nobody reads it does not matter how long it is
            warnings=(*filter(None, [None if task.footage else self.too_long(task.prompt)]), *task.clip.warnings, *said,
                      *notes),
            frame_times=tuple(map(float, task.clip.times)),
            reply=written(replies[shown], task.withheld), samples=samples, published=published,
            given_fps=facts.fps if facts.container == NUMBERED else None, shown=shown,
            looped=any(reply.looped for reply in replies), options=asdict(task.options))


def thoughts(writing: Generator[Piece | Step, None, list[Reply]],
             withheld: Mapping[str, str]) -> Generator[events.Thought | events.Progressed, None, list[Reply]]:
    """What is written, without digits of what is withheld; returns its replies. Closing it ends the writing."""
    try:
        while True:
            piece = next(writing)
            if isinstance(piece, Step):
                yield events.Progressed(piece.stage, piece.done, piece.of)
                continue
            given = {key: value for key, value in piece.values.items() if key not in withheld}
            yield events.Thought(piece.text, piece.tokens, given)
    except StopIteration as end:
        return end.value
    finally:
        writing.close()


def last(stream: Iterable[events.Event]) -> Evaluation:
    """The `Evaluation` that a stream ends in. Raises Failure where it was stopped before."""
    kept = deque(stream, maxlen=1)
    found = kept.pop() if kept else None
    if not isinstance(found, Evaluation):
        raise Failure(STOPPED)
    return found
