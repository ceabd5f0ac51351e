"""A reward function for TRL's GRPOTrainer: `fn(prompts, completions, **columns) -> [float or None, ...]`.

TRL trains models of text. The clips are a column of the data set (a policy that comments or edits them), or they are
made from what the policy writes (`generate`: a policy that rewrites prompts for a generator of videos).
"""
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from vs2.errors import BadInput, Problem
from vs2.reward.flow_grpo import check_sub
from vs2.reward.numbers import OVERALL, REWARD, Missing, numbers
from vs2.reward.rewarder import Rewarder

if TYPE_CHECKING:
    from vs2.judging import Judging


def trl(judge: "Judging | str" = "auto", *, sub: str = OVERALL, video: str = "video",
        generate: Callable[[list[str]], Sequence[Any]] | None = None, prompt: str | None = None,
        **options: Any) -> Callable[..., list[float | None]]:
    """The function. None, which TRL leaves out of its sums, stands for a clip that has no score.

    sub: which number, one of `SUBS`. video: the column of the clips. generate: makes a clip of each completion instead.
    prompt: the column of the texts that the clips are judged against; by default the prompts themselves, of a
    conversation its last words. options: those of `Rewarder`, `fps` for clips in memory among them.
    """
    check_sub(sub)
    rewarder = Rewarder(judge, **options)

    def reward(prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> list[float | None]:
        if prompt is not None and prompt not in columns or generate is None and video not in columns:
            raise BadInput(f"The data set has no column {(prompt if prompt not in (None, *columns) else video)!r}: its "
                           f"columns here are {', '.join(sorted(columns)) or 'none'}.")
        videos = generate([said(one) for one in completions]) if generate else columns[video]
        texts = [said(one) for one in (prompts if prompt is None else columns[prompt])]
        return [_number(found, sub) for found in rewarder.evaluations(list(videos), texts)]

    reward.__name__ = f"{REWARD}_{sub}"     # TRL logs it under this name
    return reward


def said(text: Any) -> str:
    """A text as it is; of a conversation the last message's words."""
    if isinstance(text, str):
        return text
    content = text[-1]["content"] if text else ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part.get("type") == "text")


def _number(found: Any, sub: str) -> float | None:
    if isinstance(found, Problem):
        if isinstance(found, BadInput):
            return None
        raise found         # the machine's fault, which no later step would mend
    try:
        return numbers(found)[sub]
    except Missing:
        return None
