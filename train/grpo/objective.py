"""What GRPO minimises, and its options. Names and definitions are those of TRL's GRPOConfig and GRPOTrainer.

Group Relative Policy Optimization: Shao et al., DeepSeekMath, arXiv 2402.03300. The published judge's recipe: loss_type
grpo, one update a rollout, the KL term's log-ratio clamped to +-10.
"""
from dataclasses import dataclass, field

import torch
from transformers import TrainingArguments

from train.grpo import rewards
from vs2.errors import BadInput

CLAMP = 10.0                # of the log-ratio to the reference
LOSSES = ("grpo", "bnpo", "dr_grpo", "dapo")
SCALES = {True: "group", False: "none", "group": "group", "batch": "batch", "none": "none"}
LEAST_STD = 1e-4            # added to a standard deviation before it divides


@dataclass
class GRPOConfig(TrainingArguments):
    """transformers.TrainingArguments and what GRPO adds. per_device_train_batch_size counts replies.

    num_generations: replies a clip (G). temperature, top_p, max_completion_length: how they are drawn.
    beta: weight of the KL term; 0 needs no reference. epsilon, epsilon_high: the ratio is clipped to
    [1 - epsilon, 1 + epsilon_high]; epsilon_high as epsilon where None. num_iterations: updates from one rollout.
    steps_per_generation: micro-batches that are sampled together; as many as are accumulated where None.
    loss_type: grpo (mean over each reply's tokens, then over replies), bnpo (mean over the micro-batch's tokens),
    dapo (mean over the tokens of all replies of an update), dr_grpo (sum / replies * max_completion_length).
    scale_rewards: advantages are divided by the deviation of the group, of the batch, or not at all.
    mask_truncated_completions: replies that were cut teach nothing. reward_weights: by name, of train/grpo/rewards.py.
    length_bonus: the range in tokens of the reward `length`. eval_clips: rows held out to measure greedy replies on;
    num_generations_eval: replies also drawn to each of them, none where 0.
    clips_per_rollout: clips that a process samples in one batch, by which memory goes (train/grpo/memory.py); all where
    None. log_completions, num_completions_to_print: whether and how many sample replies go to samples.jsonl at each
    logging step. ref_update is not offered: the reference stays the start.
    """

    num_generations: int = 8
    max_completion_length: int = 1024
    temperature: float = 1.0
    top_p: float = 1.0
    beta: float = 0.04
    epsilon: float = 0.2
    epsilon_high: float | None = None
    num_iterations: int = 1
    steps_per_generation: int | None = None
    loss_type: str = "grpo"
    scale_rewards: str | bool = "group"
    mask_truncated_completions: bool = False
    reward_weights: dict | None = None
    length_bonus: list = field(default_factory=lambda: [rewards.LOW, rewards.HIGH])
    eval_clips: int = 0
    num_generations_eval: int = 0
    clips_per_rollout: int | None = None
    log_completions: bool = True
    num_completions_to_print: int = 4

    def __post_init__(self):
        super().__post_init__()
        self.remove_unused_columns = False
        self.reward_weights = rewards.check(rewards.PUBLISHED_WEIGHTS if self.reward_weights is None
                                            else self.reward_weights)
        accumulated = self.gradient_accumulation_steps
        self.steps_per_generation = self.steps_per_generation or accumulated
        if self.loss_type not in LOSSES:
            raise BadInput(f"grpo.loss_type is {self.loss_type!r}: take one of {', '.join(LOSSES)}.")
        if self.scale_rewards not in SCALES:
            raise BadInput(f"grpo.scale_rewards is {self.scale_rewards!r}: take group, batch or none.")
        self.scale_rewards = SCALES[self.scale_rewards]
        for name, least in (("num_generations", 2), ("max_completion_length", 1), ("num_iterations", 1),
                            ("steps_per_generation", 1), ("eval_clips", 0), ("num_generations_eval", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise BadInput(f"grpo.{name} must be a whole number of {least} or more, not {value!r}.")
        value = self.clips_per_rollout
        if value is not None and (type(value) is not int or value < 1):
            raise BadInput(f"grpo.clips_per_rollout must be a whole number of 1 or more, not {value!r}.")
        if not (isinstance(self.length_bonus, list | tuple) and len(self.length_bonus) == 2
                and all(type(one) is int for one in self.length_bonus)):
            raise BadInput(f"grpo.length_bonus must be two whole numbers of tokens, not {self.length_bonus!r}.")
        if not (self.temperature > 0 and 0 < self.top_p <= 1 and self.beta >= 0 and self.epsilon > 0):
            raise BadInput("grpo needs temperature above 0, top_p above 0 and at most 1, beta of 0 or more, and "
                           "epsilon above 0.")
        if self.per_device_train_batch_size % self.num_generations:
            raise BadInput(f"per_device_train_batch_size counts replies: {self.per_device_train_batch_size} is no "
                           f"multiple of num_generations, {self.num_generations}.")
        if self.n_gpu > 1:
            raise BadInput(f"One process would train on {self.n_gpu} GPUs: start it with accelerate launch, which "
                           "gives each GPU a process of its own.")
        if self.steps_per_generation % accumulated and (
                accumulated % self.steps_per_generation or self.num_iterations > 1 or self.loss_type == "dapo"):
            raise BadInput(f"grpo.steps_per_generation, {self.steps_per_generation}, must be a multiple of "
                           f"gradient_accumulation_steps, {accumulated}.")

    @property
    def clips(self) -> int:
        """Clips of a micro-batch of one process."""
        return self.per_device_train_batch_size // self.num_generations

    @property
    def keeps_old(self) -> bool:
        """Whether the policy changes before all replies of a rollout were used, so that its own log-probabilities of
        them must be kept.
        """
        return self.num_iterations > 1 or self.steps_per_generation > self.gradient_accumulation_steps


def advantages(values: torch.Tensor, scale: str = "group") -> torch.Tensor:
    """values: rewards float32 [clips, G]. Each reply's reward less its group's mean, divided by the deviation (of
    n - 1) + 1e-4 of its group, of the batch ("batch"), or by nothing ("none").
    """
    centred = values - values.mean(1, keepdim=True)
    if scale == "group":
        return centred / (values.std(1, keepdim=True) + LEAST_STD)
    return centred / (values.std() + LEAST_STD) if scale == "batch" else centred


def divergence(logps: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """KL(policy || reference) of each token by Schulman's k3 estimator, exp(r) - r - 1 with r = log(reference / policy)
    clamped to +-10. Never below 0, exactly 0 where both are equal.
    """
    ratio = (reference - logps).clamp(-CLAMP, CLAMP)
    return torch.exp(ratio) - ratio - 1


def token_losses(logps: torch.Tensor, old: torch.Tensor, gain: torch.Tensor, low: float, high: float):
    """(the clipped objective's loss of each token, clipped from below, clipped from above), all [n, C].

    logps, old: of the policy now and of the one that drew the replies. gain: advantages [n].
    """
    ratio, gain = torch.exp(logps - old), gain[:, None]
    loss = -torch.minimum(ratio * gain, ratio.clamp(1 - low, 1 + high) * gain)
    return loss, (ratio < 1 - low) & (gain < 0), (ratio > 1 + high) & (gain > 0)


def reduced(losses: torch.Tensor, mask: torch.Tensor, kind: str, longest: int, tokens: float | None = None):
    """One number of losses [n, C] where mask (float) is 1, of one micro-batch, before accumulation.

    longest: max_completion_length, for dr_grpo. tokens: for dapo, those of all replies of the update, divided by
    the number of processes; the sum over micro-batches, averaged over processes, is then the mean over tokens.
    """
    if kind == "grpo":
        return ((losses * mask).sum(1) / mask.sum(1).clamp(min=1)).mean()
    if kind == "dr_grpo":
        return (losses * mask).sum() / (losses.shape[0] * longest)
    return (losses * mask).sum() / (mask.sum().clamp(min=1) if kind == "bnpo" else max(tokens, 1.0))
