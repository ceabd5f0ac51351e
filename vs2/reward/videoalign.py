"""The shape of VideoAlign's `VideoVLMRewardInference`, which DanceGRPO and Pref-GRPO call.

    inferencer = vs2.reward.VideoAlign("TIGER-Lab/VideoScore2", think=False)
    inferencer.reward(["a.mp4", "b.mp4"], ["a red ball", "a red ball"])
    # [{"visual_quality": 3.6, "text_alignment": 4.1, "physical_consistency": 3.2, "overall": 3.6}, ...]

VideoAlign's keys VQ, MQ and TA mean other things (MQ is motion quality, which this judge is not asked for), so they are
not used unless `names` says which of ours stands for which of them.
"""
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vs2.errors import BadInput
from vs2.reward.numbers import SUBS
from vs2.reward.rewarder import Rewarder

if TYPE_CHECKING:
    from vs2.judging import Judging


class VideoAlign:
    """names: further keys of each dictionary, such as {"VQ": "visual_quality", "TA": "text_alignment"}.

    The other arguments are those of `Rewarder`.
    """

    def __init__(self, judge: "Judging | str" = "auto", *, names: Mapping[str, str] | None = None,
                 **options: Any) -> None:
        self.names, self._rewarder = dict(names or {}), Rewarder(judge, **options)
        for name, sub in self.names.items():
            if sub not in SUBS:
                raise BadInput(f"{name} is to stand for {sub!r:.60}: take one of {', '.join(SUBS)}.")

    def reward(self, video_paths: Sequence[str | Path], prompts: Sequence[str], fps: float | None = None,
               num_frames: int | None = None, max_pixels: int | None = None,
               use_norm: bool = True) -> list[dict[str, float]]:
        """Of each video its scores, from 1 to 5. Raises BadInput or Failure for a video that has none.

        fps, num_frames, max_pixels: leave them out; which frames a judge sees, and at what size, is its card's matter,
        for with others its scores mean something else. use_norm: accepted, and without effect: VideoAlign subtracts
        means of its own training data, which do not belong to these scores; trainers by groups subtract their own.
        """
        for name, value in (("fps", fps), ("num_frames", num_frames), ("max_pixels", max_pixels)):
            if value is not None:
                raise BadInput(f"{name} is {value!r:.60}: leave it out, for the judge's card says which frames it "
                               "sees.")
        return [found | {name: found[sub] for name, sub in self.names.items()}
                for found in self._rewarder.numbers(video_paths, prompts)]
