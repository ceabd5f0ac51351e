"""Muon, the optimizer of the built-in judge: `optim: muon` in a configuration's `look` or `train`.

Muon (Jordan and others, 2024) takes steps whose singular values are all about 1, made from the momentum by a few
Newton-Schulz iterations. It is for the matrices within the layers; everything else has AdamW. A step of a matrix is as
long as one of AdamW's (Liu and others, 2025, "Muon is scalable", section 2.2), so that both share a learning rate.
torch.optim.Muon does the same a matrix at a time; here those of one shape go through the iterations together, and the
three matrices of a joint projection (queries, keys, values) apart. Mini's lessons in seeing end at a loss of
26.2 after 500 steps, where AdamW's end at 32.0 (docs/log.md).
"""
import torch

from train.model import sharded
from vs2.errors import BadInput

NAME = "muon"
COEFFICIENTS = 3.4445, -4.7750, 2.0315      # Jordan's quintic
ITERATIONS = 5
MOMENTUM = 0.95
SIZE = 0.2                                  # root mean square of a step at learning rate 1
WITHIN = ("layers.", "blocks.", "merger.mlp.")      # names of what lies within the layers of Qwen2.5-VL


class Muon(torch.optim.AdamW):
    """AdamW whose parameter groups marked `muon` (matrices only) take Muon's steps; its state is kept like AdamW's."""

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            if group.get(NAME):
                self._orthogonal(group)
        super().step()
        return loss

    def _orthogonal(self, group: dict) -> None:
        """The group's step; its gradients are used up, so that AdamW passes it by."""
        alike: dict[tuple, list] = {}
        for weight in group["params"]:
            if weight.grad is None:
                continue
            state = self.state[weight]
            if not state:           # AdamW looks for the step when a state is read
                state.update(step=torch.tensor(0.0), momentum=torch.zeros_like(weight))
            momentum = state["momentum"]
            momentum.lerp_(weight.grad, 1 - MOMENTUM)
            step = weight.grad.lerp(momentum, MOMENTUM)         # Nesterov's
            parts = step.reshape(-1, *_shape(weight))
            alike.setdefault((parts.shape[1:], weight.device), []).append((weight, parts))
            weight.grad = None
        for ((rows, columns), _), found in alike.items():
            steps = orthogonal(torch.cat([parts for _, parts in found]))
            steps *= -group["lr"] * SIZE * max(rows, columns) ** 0.5
            for (weight, _), step in zip(found, steps.split([len(parts) for _, parts in found]), strict=True):
                weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(step.reshape(weight.shape))


def _shape(weight) -> tuple[int, int]:
    """The shape of the matrices that a weight holds one above the other: three in a joint projection."""
    rows, columns = weight.shape
    return (columns, columns) if rows == 3 * columns else (rows, columns)


def orthogonal(steps: torch.Tensor) -> torch.Tensor:
    """[n, rows, columns], each with the singular vectors that it had and singular values from about 0.7 to 1.2."""
    tall = steps.shape[1] > steps.shape[2]
    x = (steps.mT if tall else steps).bfloat16()
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if tall else x).to(steps.dtype)


def optimizer(model, lr: float, betas: tuple[float, float], weight_decay: float) -> Muon:
    """Over the model's trained weights; biases and norms do not decay."""
    trained = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    inner = [weight for name, weight in trained if weight.ndim == 2 and any(part in name for part in WITHIN)]
    taken = {id(weight) for weight in inner}
    wide = [weight for _, weight in trained if weight.ndim > 1 and id(weight) not in taken]
    flat = [weight for _, weight in trained if weight.ndim < 2]
    groups = [{"params": inner, NAME: True}, {"params": wide}, {"params": flat, "weight_decay": 0.0}]
    return Muon([group for group in groups if group["params"]], lr=lr, betas=betas, weight_decay=weight_decay)


def without(given: dict) -> dict:
    """What is given for transformers.TrainingArguments, which do not know the name."""
    return {key: value for key, value in given.items() if (key, value) != ("optim", NAME)}


def chosen(given: dict, arguments) -> dict:
    """What a Trainer is to be told besides its arguments. Raises BadInput where the matrices lie in shards."""
    if given.get("optim") != NAME:
        return {}
    if arguments.deepspeed or arguments.fsdp or arguments.deepspeed_plugin or sharded():    # the last: by its launcher
        raise BadInput("`optim: muon` needs whole matrices: take another optimizer under DeepSpeed or FSDP.")
    return {"optimizer_cls_and_kwargs": (_factory, {
        "lr": arguments.learning_rate, "betas": (arguments.adam_beta1, arguments.adam_beta2),
        "weight_decay": arguments.weight_decay})}


def _factory():
    """transformers calls a factory for the function that makes the optimizer (trainer_optimizer.py)."""
    return optimizer
