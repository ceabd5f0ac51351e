"""Clips, wherever they are, and prompts -> evaluations and numbers: what all the shapes in this room stand on."""
from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vs2.errors import BadInput, Problem
from vs2.evaluation import Evaluation
from vs2.options import Options
from vs2.reward.frames import frames_of
from vs2.reward.numbers import SUBS, Missing, numbers

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from typing, it needs Python 3.11

    from vs2.judging import Judging
    from vs2.options import Given
    from vs2.video import Clip

BATCH = 8       # clips that are judged in one batch


class Rewarder:
    """Judges clips that lie on the disk or in memory.

    judge: a `vs2.judge.Judge`, or the name of one, which is then loaded at the first call. fps: of clips in memory,
    which do not say it. batch: how many are judged at once. `think=False` is the fast way for training.
    missing: what `numbers` does with a clip that has no score: "raise" it, or give "nan" in place of each number.
    options: of `vs2.options.Options`.
    """

    def __init__(self, judge: "Judging | str" = "auto", *, fps: float | None = None, batch: int = BATCH,
                 missing: Literal["raise", "nan"] = "raise", **options: "Unpack[Given]") -> None:
        if missing not in ("raise", "nan"):
            raise BadInput(f"missing is {missing!r:.60}: it must be raise or nan.")
        if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
            raise BadInput(f"batch is {batch!r:.60}: it must be a whole number from 1.")
        self._judge, self.fps, self.batch, self.missing = judge, fps, batch, missing
        self.options, self._checked = options, Options(**options)

    @property
    def judge(self) -> "Judging":
        """The judge, loaded if it was not."""
        if isinstance(self._judge, str):
            from vs2.judge import load

            self._judge = load(self._judge)
        return self._judge

    def evaluations(self, videos: Sequence[Any], prompts: Sequence[str],
                    fps: float | None = None) -> list[Evaluation | Problem]:
        """Of each clip its Evaluation, or the Problem in its place. fps: in place of the one given at the start.

        A clip is the path of a file, a `vs2.video.Clip`, or what `frames_of` takes.
        """
        if isinstance(prompts, str) or len(videos) != len(prompts):
            count = 1 if isinstance(prompts, str) else len(prompts)
            raise BadInput(f"There are {len(videos)} clips and {count} prompts: give each clip its prompt.")
        clips = [self._clip(video, number, fps or self.fps) for number, video in enumerate(videos)]
        found: list[Evaluation | Problem] = []
        for start in range(0, len(clips), self.batch):
            found += self._judged(clips[start:start + self.batch], prompts[start:start + self.batch])
        return found

    def numbers(self, videos: Sequence[Any], prompts: Sequence[str],
                fps: float | None = None) -> list[dict[str, float]]:
        """Of each clip its numbers, sub -> 1.0 to 5.0. Raises Missing, BadInput or Failure, or gives nan: `missing`."""
        return [self._numbers(one, place) for place, one in enumerate(self.evaluations(videos, prompts, fps))]

    def _numbers(self, found: Evaluation | Problem, place: int) -> dict[str, float]:
        try:
            if isinstance(found, Problem):
                raise found
            return numbers(found)
        except Problem as problem:
            if self.missing == "nan":
                return dict.fromkeys(SUBS, nan)
            kind = Missing if isinstance(problem, Missing) else type(problem)
            raise kind(f"Clip {place + 1} has no reward. {problem}") from problem

    def _clip(self, video: Any, number: int, fps: float | None) -> "Path | Clip | Problem":
        from vs2.video import Clip
        from vs2.video.memory import clip_of

        name = f"clip {number + 1}"
        if isinstance(video, Clip):
            return video
        if isinstance(video, str | Path):
            return Path(video)
        try:
            if fps is None:
                raise BadInput(f"{name} is in memory and says no frame rate: give fps, pictures a second.")
            return clip_of(frames_of(video, name), fps, self.judge.sampling, name=name)
        except Problem as problem:
            return problem

    def _judged(self, clips: "Sequence[Path | Clip | Problem]", prompts: Sequence[str]) -> list[Evaluation | Problem]:
        places = [place for place, clip in enumerate(clips) if not isinstance(clip, Problem)]
        sound: list[Any] = [clips[place] for place in places]
        if not self._checked.shares or len(places) == 1 and self._checked.think:
            judged = [self._alone(clip, prompts[place]) for clip, place in zip(sound, places, strict=True)]
        else:
            how: Given = {"think": True, **self.options}        # without it, it would not think
            judged = self.judge.score_many(sound, [prompts[place] for place in places], self._rate(sound), **how)
        answers = dict(zip(places, judged, strict=True))
        return [clip if isinstance(clip, Problem) else answers[place] for place, clip in enumerate(clips)]

    def _rate(self, sources: Sequence[Any]) -> float | None:
        from vs2.video.rate import is_pictures

        return self.fps if any(isinstance(one, Path) and is_pictures(one) for one in sources) else None

    def _alone(self, clip: "Path | Clip", prompt: str) -> Evaluation | Problem:
        try:
            if isinstance(clip, Path):
                return self.judge.score(clip, prompt, fps=self._rate([clip]), **self.options)
            return self.judge.score_clip(clip, prompt, **self.options)
        except Problem as problem:
            return problem
