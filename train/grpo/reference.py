"""The model that a policy is kept near to: itself without its adapters, or a frozen copy of what it started from."""
import copy
from dataclasses import dataclass

import torch

from train.grpo import policy
from train.model import adapters_off, sharded


@dataclass
class Reference:
    """model: None where the policy's adapters are switched off instead."""

    model: torch.nn.Module | None
    _prepared: bool = False

    @classmethod
    def of(cls, model, reference=None) -> "Reference":
        """For a policy. reference: what to take; sharded weights cannot be copied, so there it has to be given."""
        if reference is None and hasattr(model, "peft_config"):
            return cls(None)
        if reference is None:
            if sharded():
                raise ValueError("sharded weights cannot be copied: open the reference from its folder")
            reference = copy.deepcopy(model)
        return cls(policy.install(reference.requires_grad_(False).eval(), share_prompt=not sharded()))

    @torch.no_grad()
    def logps(self, model, asking: dict, accelerator) -> torch.Tensor:
        """Log-probabilities float32 [n, C] (train/grpo/policy.py) by the reference of `model`."""
        if self.model is None:
            with adapters_off(accelerator.unwrap_model(model)):
                return model(**asking)[0]
        if not self._prepared:
            self.model, self._prepared = _placed(self.model, accelerator), True
        return self.model(**asking)[0]


def _placed(model, accelerator):
    """The reference where the policy is, sharded as it is. Late: DeepSpeed's settings are complete only then."""
    plugin = getattr(accelerator.state, "deepspeed_plugin", None)
    if plugin is None:
        return accelerator.prepare_model(model, evaluation_mode=True)
    import deepspeed

    settings = copy.deepcopy(plugin.deepspeed_config)
    if settings["zero_optimization"]["stage"] != 3:
        settings["zero_optimization"]["stage"] = 0      # nothing of it is trained
    for name in ("optimizer", "scheduler"):
        settings.pop(name, None)
    engine, *_ = deepspeed.initialize(model=model, config=settings)
    engine.eval()                                       # gives nothing back
    return engine
