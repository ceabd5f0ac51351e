"""Checkpoints of the 7B's shape whose weights are random.

`write`: in 4 bits from the start, so that no 16 GB are written. Codes are uniform, scales such that a layer keeps the
size of what it is given. What it says means nothing; how long it takes does not depend on that.

`python -m perf.int4_shape FOLDER [--layers 4] [--depth 4]`: in 16 bits, of fewer layers, with what makes real weights
harder to round than normal ones: heavy tails (Student's t of 4 degrees of freedom), and channels of the residual
stream that stand out (one in 128 has the norms' weight times 16, and what reads it divided by 4). How far 4 bits agree
with it is then `vs2 quantize FOLDER --out OTHER --check CLIPS`.
"""
import argparse
import json
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from perf import gpu
from train import fresh
from vs2 import rubric
from vs2.model.int4 import convert, loading, shards
from vs2.model.int4.layer import Linear4, Linear8

PIECE = 2**24       # random numbers that are drawn at once, and repeated
OUT, STEP = 5, 128  # the first channel that stands out, and how many there are from one to the next


def write(folder: Path, layers: int = 28, depth: int = 32, small: bool = False) -> int:
    """Writes it; its bytes. layers, depth: of the language model and of the tower. small: a tiny shape."""
    record = _frame(folder, layers, depth, small) | {"quantization_config": loading.description([])}
    model = _empty(record)
    with torch.device("meta"):
        loading.replace(model, lambda linear: Linear4(linear.in_features, linear.out_features, linear.bias is not None),
                        lambda linear: Linear8(linear.in_features, linear.out_features))
    return _fill(folder, record, model, _random)


def write_heavy(folder: Path, layers: int = 4, depth: int = 4, small: bool = False) -> int:
    """Writes the one in 16 bits; its bytes."""
    record = _frame(folder, layers, depth, small)
    return _fill(folder, record, _empty(record), _heavy)


def _frame(folder: Path, layers: int, depth: int, small: bool) -> dict:
    """All of a checkpoint but its weights; its configuration, not written yet."""
    shape = {"vocabulary": 768, "mrope_section": [2, 3, 3], "text": gpu.SMALL, "vision": gpu.SMALL_VISION}
    fresh.write(folder, shape, {"query": rubric.PUBLISHED_QUERY, "pixels": [100352, 602112]}, 0)
    record = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "model.safetensors").unlink()
    if not small:
        record["text_config"] |= {**gpu.TEXT, "num_hidden_layers": layers, "layer_types": None}
        record["vision_config"] |= {**gpu.VISION, "depth": depth}
    return convert.plain(record)


def _empty(record: dict) -> Qwen2_5_VLForConditionalGeneration:
    with torch.device("meta"):
        return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig.from_dict(dict(record))).to(torch.bfloat16)


def _fill(folder: Path, record: dict, model: torch.nn.Module,
          drawn: Callable[[str, str, tuple[int, ...]], torch.Tensor]) -> int:
    made = {name: (shards.NAMES[tensor.dtype], tuple(tensor.shape)) for name, tensor in model.state_dict().items()}
    shards.write(folder / "model.safetensors", made, ((name, drawn(name, *facts)) for name, facts in made.items()))
    (folder / "config.json").write_text(json.dumps(record), encoding="utf-8")
    return shards.size_of(made)


def _heavy(name: str, numbers: str, shape: tuple[int, ...]) -> torch.Tensor:
    """In 16 bits: weights with heavy tails, and channels that stand out."""
    count = torch.Size(shape).numel()
    if len(shape) == 1:
        ones = torch.full(shape, float("norm" in name and name.endswith("weight")))
        if "layernorm" in name:
            ones[OUT::STEP] *= 16
        return ones.bfloat16()
    dice = torch.Generator().manual_seed(count)
    few = torch.randn(5, min(count, PIECE), generator=dice)
    tails = few[0] * (few[1:] ** 2).mean(0) ** -0.5 * 2 ** -0.5     # Student's t of 4, with a variance of 1
    drawn = (tails * (shape[-1] ** -0.5 if len(shape) == 2 else torch.Size(shape[1:]).numel() ** -0.5)).bfloat16()
    drawn = drawn.repeat(-(-count // PIECE))[:count].view(shape)
    if name.endswith(("q_proj.weight", "k_proj.weight", "v_proj.weight", "gate_proj.weight", "up_proj.weight")):
        drawn[:, OUT::STEP] /= 4
    return drawn


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A checkpoint in 16 bits whose weights have heavy tails.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--depth", type=int, default=4)
    given = parser.parse_args()
    print(f"Made {write_heavy(given.folder, given.layers, given.depth) / 1e9:.2f} GB")
