"""A model with its linear layers in 4 bits: as transformers loads a converted folder, or made of one in memory.

transformers knows the form of a folder by `quantization_config` in its config.json and builds the layers that it names
(`register`). Tensors of the mapped file are used where they lie, so a 7B is there in seconds and only what is read of
it takes memory.
"""
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from vs2.errors import BadInput
from vs2.model import cpu
from vs2.model.checkpoint import INT4, Checkpoint
from vs2.model.int4 import grid
from vs2.model.int4.layer import Linear4, Linear8

FORM = 1        # of the folder; another number is one that this version does not read


def description(left: list[str]) -> dict[str, Any]:
    """The `quantization_config` of a converted folder. left: layers that stay in 16 bits for their widths."""
    return {"quant_method": INT4, "form": FORM, "bits": 4, "group_size": grid.GROUP, "head_bits": 8, "left": left}


def check(found: Checkpoint) -> None:
    """Raises BadInput for a converted folder that this version cannot read."""
    if found.config["quantization_config"].get("form") != FORM:
        raise BadInput(f"{found.name} was put into 4 bits by a newer version of vs2, or is damaged: install that "
                       "version, or convert it again with `vs2 quantize`.")


@lru_cache(maxsize=1)
def register() -> None:
    """Makes transformers know the form."""
    from transformers.quantizers import HfQuantizer, register_quantization_config, register_quantizer
    from transformers.utils.quantization_config import QuantizationConfigMixin

    @register_quantization_config(INT4)
    class Int4Config(QuantizationConfigMixin):
        """What a folder's config.json says."""

        def __init__(self, **said: Any):
            for name, value in {**description([]), **said}.items():
                setattr(self, name, value)

    @register_quantizer(INT4)
    class Int4Quantizer(HfQuantizer):
        """Builds the layers before the weights are read."""

        def _process_model_before_weight_loading(self, model, **kwargs):
            with torch.device("meta"):
                replace(model, lambda linear: Linear4(linear.in_features, linear.out_features, linear.bias is not None),
                        lambda linear: Linear8(linear.in_features, linear.out_features))

        def is_serializable(self) -> bool:
            return False

        @property
        def is_trainable(self) -> bool:
            return False


def in_memory(model: nn.Module) -> list[str]:
    """Puts a loaded model's weights on the grid now, in place; the names of layers that stay as they are."""
    return replace(model, Linear4.of, Linear8.of)


def finish(model: nn.Module) -> None:
    """After loading: the codes as this processor wants them, and the vision tower in the numbers it is quick in."""
    for module in model.modules():
        if isinstance(module, Linear4):
            module.arrange()
    if cpu.quick_dtype() == torch.float32:
        model.model.visual.float()      # type: ignore[union-attr,operator]  # mypy: every attribute is a tensor


def replace(model: nn.Module, layer, head) -> list[str]:
    """Gives a Qwen2.5-VL model's language model other linear layers, in place: `layer` makes one of each whose widths
    fit, `head` the output layer. The names of those that do not fit."""
    left = []
    for name, module in list(model.named_modules()):
        if name == "lm_head":
            model.lm_head = head(module)
        elif isinstance(module, nn.Linear) and ".layers." in name and "visual" not in name:
            if grid.fits(module.out_features, module.in_features):
                parent, _, own = name.rpartition(".")
                setattr(model.get_submodule(parent), own, layer(module))
            else:
                left.append(name)
    return left
