"""The vision tower as transformers runs it, beside `vs2.model.vision.quicken`: `python -m perf.vision`.

One clip of 8 frames at 392 x 672 through a two-layer tower of the published widths, random weights, float32 on
this machine's CPU; both in one run, the median of three. Beside them what of it are products and attention alone, which
no order of the rest makes less. The last result is in perf/RESULTS.md.
"""
import statistics
import time
from unittest.mock import patch

import torch
from torch.nn import functional
from transformers import Qwen2_5_VLConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel

from vs2.model.vision import quicken


def seconds(tower, pixels, grid) -> float:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        with torch.no_grad():
            tower(pixels, grid_thw=grid)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def inside(tower, pixels, grid) -> tuple[float, float]:
    """Seconds of one pass that are spent in products with weights, and in attention."""
    spent = {"products": 0.0, "attention": 0.0}

    def timed(function, name: str):
        def call(*args, **kwargs):
            start = time.perf_counter()
            result = function(*args, **kwargs)
            spent[name] += time.perf_counter() - start
            return result
        return call

    with (patch.object(functional, "linear", timed(functional.linear, "products")),
          patch.object(functional, "scaled_dot_product_attention",
                       timed(functional.scaled_dot_product_attention, "attention")), torch.no_grad()):
        tower(pixels, grid_thw=grid)
    return spent["products"], spent["attention"]


def main() -> None:
    torch.manual_seed(0)
    config = Qwen2_5_VLConfig(vision_config={
        "depth": 2, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "in_channels": 3, "patch_size": 14,
        "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 112, "out_hidden_size": 3584,
        "fullatt_block_indexes": [1]}).vision_config
    config._attn_implementation = "sdpa"
    tower = Qwen2_5_VisionTransformerPretrainedModel(config).eval()
    grid = torch.tensor([[4, 28, 48]])
    pixels = torch.randn(int(grid.prod()), 1176)
    stock = seconds(tower, pixels, grid)
    quicken(tower)
    quick = seconds(tower, pixels, grid)
    print(f"vision tower, {len(pixels)} patches: stock {stock:.2f} s, quick {quick:.2f} s, ratio {stock / quick:.2f}")
    products, attention = inside(tower, pixels, grid)
    print(f"of the quick one: products with weights {products:.2f} s, attention {attention:.2f} s; no more than "
          f"{stock / (products + attention):.2f} times as quick as stock with these")


if __name__ == "__main__":
    main()
