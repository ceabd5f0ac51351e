"""Judges the clips of a duel one after another in the judge's line; each evaluation goes to the visitor's history."""
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from vs2.errors import BadInput, Failure, Problem
from vs2.history.duels import Duel, StoredClip
from vs2.ui import parts
from vs2.ui import text as shared
from vs2.ui.host import Run
from vs2.ui.judgement import Request
from vs2.ui.progress import Progress
from vs2.ui.said import worded
from vs2.ui.site import Site
from vs2.ui.text import duel as text

PAUSE = 0.25        # seconds between looks at a judgement that runs
GIVE_UP = 3         # failures in a row on our side: the next clips would fail, too


class Judging:
    """What runs for each visitor, so that it can be stopped; a second one ends the first."""

    def __init__(self, site: Site):
        self.site = site
        self._running: dict[str, tuple[object, Run | None]] = {}

    def left(self, visitor: str, duel: Duel) -> list[StoredClip]:
        """The clips of which the visitor's history has nothing by the app's judge, one for each file and prompt."""
        own = self.site.host.own
        have = {(clip.digest, clip.prompt) for clip, evaluation in self.site.store.duels.evaluations(visitor, duel)
                if own is None or evaluation.model == own.name}
        found = {(clip.digest, clip.prompt): clip for clip in duel.clips if clip.digest and not clip.problem}
        return [clip for key, clip in found.items() if key not in have]

    def stream(self, visitor: str, duel: Duel) -> Iterator[str]:
        """The status line, again and again, and last what it has come to."""
        self.stop(visitor)
        mine = object()
        self._running[visitor] = mine, None
        clips, done, wrong, failures = self.left(visitor, duel), 0, "", 0
        try:
            for number, clip in enumerate(clips, 1):
                try:
                    for stage in self._one(visitor, mine, clip):
                        if stage is None:
                            done += 1
                        else:
                            yield parts.status(text.JUDGING.format(number=number, count=len(clips)), (stage,), "busy")
                    failures = 0
                except Problem as problem:
                    wrong, failures = str(problem), failures + 1 if isinstance(problem, Failure) else 0
                if self._running.get(visitor, (None,))[0] is not mine or failures == GIVE_UP:
                    break
        finally:
            if self._running.get(visitor, (None,))[0] is mine:
                del self._running[visitor]
        yield _ended(done, len(clips), wrong)

    def _one(self, visitor: str, mine: object, clip: StoredClip) -> Iterator[str | None]:
        """The stages of one judgement; None when it is kept."""
        path = self.site.store.clip(clip.digest)
        if path is None:
            raise BadInput(text.BROKEN.format(prompt=clip.prompt, reason=text.NO_CLIP))
        run = Run(Request(str(path), clip.prompt, visitor=visitor, fps=clip.fps), self.site.host)
        if self._running.get(visitor, (None,))[0] is not mine:
            return
        self._running[visitor] = mine, run
        progress = Progress(run)
        try:
            for event in run.events(PAUSE):
                progress.take(event)
                ahead = run.ahead()
                yield progress.stage if not ahead else (
                    shared.WAITING_ONE if ahead == 1 else shared.WAITING.format(ahead=ahead))
        finally:
            run.stop()
        if progress.evaluation is not None:
            name = PurePosixPath(clip.name.replace("\\", "/")).name
            self.site.keep(replace(progress.evaluation, video=name), path, visitor)
            yield None

    def stop(self, visitor: str) -> None:
        """Ends what runs for the visitor."""
        _, run = self._running.pop(visitor, (None, None))
        if run is not None:
            run.stop()


def _ended(done: int, count: int, wrong: str) -> str:
    if not count:
        return parts.status(text.NOTHING_TO_JUDGE, (), "done")
    if done == count:
        return parts.status(text.JUDGED.format(count=done), (), "done")
    if wrong:
        return parts.status(text.JUDGE_FAILED.format(done=done, count=count, problem=worded(wrong)), (), "failed")
    return parts.status(text.JUDGED_SOME.format(done=done, count=count), (), "stopped")
