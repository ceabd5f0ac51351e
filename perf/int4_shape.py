"""A checkpoint of the 7B's shape whose weights are random and in 4 bits from the start: no 16 GB are written.

Codes are uniform, scales such that a layer keeps the size of what it is given. What it says means nothing; how long it
takes does not depend on that.
"""
import json
from pathlib import Path

import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from perf import gpu
from train import fresh
from vs2 import rubric
from vs2.model.int4 import convert, loading, shards
from vs2.model.int4.layer import Linear4, Linear8

PIECE = 2**24       # random numbers that are drawn at once, and repeated


def write(folder: Path, layers: int = 28, depth: int = 32, small: bool = False) -> int:
    """Writes it; its bytes. layers, depth: of the language model and of the tower. small: a tiny shape."""
    shape = {"vocabulary": 768, "mrope_section": [2, 3, 3], "text": gpu.SMALL, "vision": gpu.SMALL_VISION}
    fresh.write(folder, shape, {"query": rubric.PUBLISHED_QUERY, "pixels": [100352, 602112]}, 0)
    record = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "model.safetensors").unlink()
    if not small:
        record["text_config"] |= {**gpu.TEXT, "num_hidden_layers": layers, "layer_types": None}
        record["vision_config"] |= {**gpu.VISION, "depth": depth}
    record = convert.plain(record) | {"quantization_config": loading.description([])}
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig.from_dict(dict(record))).to(torch.bfloat16)
        loading.replace(model, lambda linear: Linear4(linear.in_features, linear.out_features, linear.bias is not None),
                        lambda linear: Linear8(linear.in_features, linear.out_features))
    made = {name: (shards.NAMES[tensor.dtype], tuple(tensor.shape)) for name, tensor in model.state_dict().items()}
    shards.write(folder / "model.safetensors", made, ((name, _random(name, *facts)) for name, facts in made.items()))
    (folder / "config.json").write_text(json.dumps(record), encoding="utf-8")
    return shards.size_of(made)


def _random(name: str, numbers: str, shape: tuple[int, ...]) -> torch.Tensor:
    count = torch.Size(shape).numel()
    dice = torch.Generator().manual_seed(count)
    if numbers in ("U8", "I8"):
        drawn = torch.randint(0, 256, (min(count, PIECE),), dtype=torch.uint8, generator=dice)
        return drawn.repeat(-(-count // PIECE))[:count].view(shards.NUMBERS[numbers]).view(shape)
    if name.endswith("grid"):       # codes have a standard deviation of 4.6
        step = 1 / (4.6 * (32 * shape[0]) ** 0.5)
        return torch.tensor([step, step / 2], dtype=torch.bfloat16).expand(shape)
    if name.endswith("scales"):
        return torch.full(shape, 2e-4, dtype=torch.bfloat16)
    if len(shape) == 1:
        return torch.full(shape, float(name.endswith("weight")), dtype=torch.bfloat16)
    drawn = torch.randn(min(count, PIECE), generator=dice).bfloat16() * shape[-1] ** -0.5
    return drawn.repeat(-(-count // PIECE))[:count].view(shape)
