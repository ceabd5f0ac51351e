"""Scores of validation clips while a generator trains, logged through accelerate's trackers.

    validation = vs2.reward.Validation("TIGER-Lab/VideoScore2", ["a red ball bounces on grass"], fps=16)
    validation(pipeline, accelerator, step=global_step, num_frames=49)      # where the script logs its validation

That is how the training scripts of diffusers reach Weights & Biases, TensorBoard and trackio:
`Accelerator(log_with=...)`.
"""
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vs2.errors import BadInput, Problem
from vs2.reward.numbers import REWARD, SUBS, Missing, numbers
from vs2.reward.rewarder import Rewarder

if TYPE_CHECKING:
    from vs2.judge import Judge


class Validation:
    """prompts: what clips are made of. seed: each clip's is this and its place. prefix: before the names logged.

    The other arguments are those of `Rewarder`; `fps` is that at which the clips are meant to be shown.
    """

    def __init__(self, judge: "Judge | str" = "auto", prompts: Sequence[str] = (), *, seed: int = 0,
                 prefix: str = f"validation/{REWARD}", **options: Any) -> None:
        if isinstance(prompts, str):
            raise BadInput("prompts is one text: give a list of them.")
        self.prompts, self.seed, self.prefix = list(prompts), seed, prefix
        self._rewarder = Rewarder(judge, **options)

    def __call__(self, pipeline: Any, accelerator: Any, step: int, **call: Any) -> dict[str, float]:
        """Makes a clip of each prompt, judges them, logs; on the main process alone. call: goes to the pipeline.

        pipeline: one of diffusers that makes videos. Gives what was logged; {} on the other processes.
        """
        if not accelerator.is_main_process:
            return {}
        import torch

        clips = []
        for place, prompt in enumerate(self.prompts):
            chance = torch.Generator(device="cpu").manual_seed(self.seed + place)
            clips.append(pipeline(prompt=prompt, generator=chance, output_type="np", **call).frames[0])
        return self.log(accelerator, clips, self.prompts, step)

    def log(self, accelerator: Any, videos: Sequence[Any], prompts: Sequence[str], step: int) -> dict[str, float]:
        """Judges clips that were made already, and logs the means and how many have a score.

        The means are over those that have one; where none has, no mean is logged.
        """
        if not accelerator.is_main_process:
            return {}
        found = []
        for evaluation in self._rewarder.evaluations(videos, prompts):
            try:
                found.append(None if isinstance(evaluation, Problem) else numbers(evaluation))
            except Missing:
                found.append(None)
        scored = [one for one in found if one is not None]
        values = {f"{self.prefix}/clips": float(len(found)), f"{self.prefix}/scored": float(len(scored))}
        if scored:
            values |= {f"{self.prefix}/{sub}": sum(one[sub] for one in scored) / len(scored) for sub in SUBS}
        accelerator.log(values, step=step)
        return values
