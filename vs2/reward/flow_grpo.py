"""A reward function as Flow-GRPO calls it: `fn(images, prompts, metadata) -> (scores, {})`, for videos in memory.

Its own reward servers are spoken to in pickles, which run code; this is the function alone.
"""
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from vs2.errors import BadInput
from vs2.reward.numbers import OVERALL, SUBS
from vs2.reward.rewarder import Rewarder

if TYPE_CHECKING:
    from vs2.judging import Judging

Reward = Callable[..., tuple[list[float], dict]]


def flow_grpo(judge: "Judging | str" = "auto", *, sub: str = OVERALL, **options: Any) -> Reward:
    """The function. sub: which number is the reward, one of `SUBS`. options: those of `Rewarder`, `fps` among them.

    images: clips [N, T, C, H, W] in one tensor, or a list of clips [T, C, H, W]; with a single prompt, also one clip
    [T, C, H, W]. Floats from 0 to 1 or uint8. Its scores go from 1 to 5.
    """
    check_sub(sub)
    rewarder = Rewarder(judge, **options)

    def videoscore2(images: Any, prompts: Sequence[str], metadata: Any = None, **_: Any) -> tuple[list[float], dict]:
        return [found[sub] for found in rewarder.numbers(clips(images, prompts), prompts)], {}

    return videoscore2


def check_sub(sub: str) -> None:
    """Raises BadInput for what is no number of the reward."""
    if sub not in SUBS:
        raise BadInput(f"The reward has no {sub!r:.60}: take one of {', '.join(SUBS)}.")


def clips(images: Any, prompts: Sequence[str]) -> list:
    """One clip for each prompt."""
    shape = getattr(images, "shape", None)
    if shape is None:
        return list(images)
    if len(shape) == 4 and len(prompts) == 1:
        return [images]
    if len(shape) != 5:
        raise BadInput(f"The clips have the shape {list(shape)}: give [N, T, C, H, W]; this judge takes videos, not "
                       "single pictures.")
    return list(images)
