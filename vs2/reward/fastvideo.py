"""The shape of a metric of FastVideo's evaluation: `compute(sample)` with `video`, `text_prompt` and `fps`.

    metric = vs2.reward.FastVideo("TIGER-Lab/VideoScore2")
    metric.compute({"video": video, "text_prompt": "a red ball", "fps": 16}).score
"""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vs2.errors import Problem
from vs2.reward.numbers import OVERALL, REWARD, numbers
from vs2.reward.rewarder import Rewarder

if TYPE_CHECKING:
    from typing_extensions import Self  # from typing, it needs Python 3.11

    from vs2.judge import Judge


@dataclass
class MetricResult:
    """What a metric gives, in FastVideo's form. score: None where there is none, and `details["skipped"]` says why."""

    name: str
    score: float | None
    details: dict = field(default_factory=dict)


class FastVideo:
    """result: makes the answer, FastVideo's own `MetricResult` say; the other arguments are those of `Rewarder`."""

    name = REWARD
    requires_reference = False
    higher_is_better = True
    needs_gpu = True
    dependencies: tuple[str, ...] = ()
    backbone = None

    def __init__(self, judge: "Judge | str" = "auto", *, result: Callable[..., Any] = MetricResult,
                 **options: Any) -> None:
        self._rewarder, self._result = Rewarder(judge, **options), result

    def to(self, device: object) -> "Self":
        """The metric itself: the judge is where it was loaded."""
        return self

    def setup(self) -> None:
        """Loads the judge."""
        _ = self._rewarder.judge

    def compute(self, sample: Mapping[str, Any]) -> Any:
        """One result for a video [T, C, H, W] from 0 to 1; a list of them for [B, T, C, H, W], which some take.

        score: the mean of the three; details: each of them, `overall` and the rationale.
        """
        video, prompt, fps = sample["video"], sample.get("text_prompt", ""), sample.get("fps")
        several = len(getattr(video, "shape", ())) == 5
        videos = list(video) if several else [video]
        prompts = [prompt] * len(videos) if isinstance(prompt, str) else list(prompt)
        judged = self._rewarder.evaluations(videos, prompts, None if fps is None else float(fps))
        results = [self._one(found) for found in judged]
        return results if several else results[0]

    def _one(self, found: Any) -> Any:
        try:
            if isinstance(found, Problem):
                raise found
            scores = numbers(found)
        except Problem as problem:
            return self._result(name=self.name, score=None, details={"skipped": str(problem)})
        return self._result(name=self.name, score=scores[OVERALL], details={**scores, "rationale": found.rationale})
