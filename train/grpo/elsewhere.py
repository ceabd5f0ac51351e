"""`train.grpo.rewards` as other trainers call it: one reply at a time (verl), or lists of them (ms-swift).

The reward files that `train.export` writes import this; it needs neither torch nor transformers. true scores come as a
text that `vs2.answer` reads, with or without `<answer>` around it, as the published rows have them.
"""
from collections.abc import Mapping, Sequence

from train.grpo import rewards
from vs2.errors import BadInput

OPEN, CLOSE = "<answer>", "</answer>"
OF_GROUPS = ("length",)         # rewards that look at all replies to a clip
ALONE = {"accuracy": 1.0}       # what is left of the published weights for one reply


def true_scores(text: str) -> tuple[int, int, int]:
    """The scores that a row gives as right. Raises BadInput where they cannot be read: a 0 would teach nonsense."""
    found = rewards.scores(text.strip().removeprefix(OPEN).removesuffix(CLOSE))
    if found is None:
        raise BadInput(f"The row's true scores cannot be read from {text!r:.80}: export the rows again.")
    return found


def compute_score(data_source: str, solution_str: str, ground_truth: str, extra_info: dict | None = None,
                  weights: Mapping[str, float] = ALONE, **_) -> dict[str, float]:
    """verl's `reward.custom_reward_function`: `score`, the weighted sum, and each reward by its name.

    solution_str: the reply. ground_truth: its row's true scores. weights: a weight by the name of a reward
    (`+reward.custom_reward_function.reward_kwargs.weights={accuracy:1,format:0.1}`). verl gives one reply at a time, so
    the published length bonus, which looks at all replies to a clip, cannot be had here: BadInput says so.
    """
    weights = rewards.check(weights)
    if asked := [name for name in OF_GROUPS if name in weights]:
        raise BadInput(f"The reward {asked[0]} compares the replies to one clip, and verl gives one at a time: "
                       "take it out of the weights.")
    group = rewards.Group([solution_str], [0], true_scores(ground_truth))
    found = rewards.parts(group, weights)
    return {"score": rewards.total(found, weights)[0], **{name: values[0] for name, values in found.items()}}


def of_batch(name: str, completions: Sequence[str], solution: Sequence[str], prompt_id: Sequence | None = None,
             response_token_ids: Sequence | None = None, **_) -> list[float]:
    """The reward `name` for each of ms-swift's completions, not weighted: its `reward_weights` does that.

    solution: the rows' true scores, one a completion. prompt_id: which completions answer one clip. response_token_ids:
    their tokens, in one list or one a turn; both are needed for `length` alone. A process of ms-swift gives the
    completions that it sampled: groups are whole where batch x accumulation of a process is a multiple of the group.
    """
    grouped = name in OF_GROUPS
    if grouped and (prompt_id is None or response_token_ids is None
                    or any(tokens is None for tokens in response_token_ids)):
        raise BadInput(f"The reward {name} needs prompt_id and response_token_ids, which this version of ms-swift does "
                       "not give: leave it out of --reward_funcs.")
    places: dict[object, list[int]] = {}
    for place, mark in enumerate(prompt_id if grouped and prompt_id is not None else range(len(completions))):
        places.setdefault(mark, []).append(place)
    found = [0.0] * len(completions)
    for members in places.values():
        lengths = [_tokens(response_token_ids[place]) for place in members] if grouped and response_token_ids \
            else [0] * len(members)
        group = rewards.Group([completions[place] for place in members], lengths, true_scores(solution[members[0]]))
        for place, reward in zip(members, rewards.REWARDS[name](group), strict=True):
            found[place] = float(reward)
    return found


def _tokens(ids: Sequence) -> int:
    return sum(len(one) if isinstance(one, Sequence) else 1 for one in ids)
