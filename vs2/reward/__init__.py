"""The judge as a reward: the Python objects that training code expects, in the same process, without a server.

    reward = vs2.reward.flow_grpo(vs2.load(), fps=16, think=False)
    scores, _ = reward(videos, prompts, None)       # videos: [N, T, C, H, W] from 0 to 1

`flow_grpo` gives a function, `VideoAlign` and `FastVideo` are objects of those shapes, `trl` gives a reward function,
and `Validation` logs the scores of validation clips. All of them raise for a clip that has no score, or say so where
their trainer has a word for it; none puts a 0 in its place. `vs2 serve` is the same over HTTP.
"""
from vs2.reward.fastvideo import FastVideo, MetricResult
from vs2.reward.flow_grpo import flow_grpo
from vs2.reward.numbers import OVERALL, REWARD, SUBS, Missing, numbers
from vs2.reward.rewarder import Rewarder
from vs2.reward.trl import trl
from vs2.reward.validation import Validation
from vs2.reward.videoalign import VideoAlign

__all__ = ["OVERALL", "REWARD", "SUBS", "FastVideo", "MetricResult", "Missing", "Rewarder", "Validation", "VideoAlign",
           "flow_grpo", "numbers", "trl"]
