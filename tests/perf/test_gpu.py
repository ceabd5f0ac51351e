"""The script that tries training at the size of the 7B: its shape is the published one, and it runs, tiny, on a CPU."""
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import Qwen2_5_VLConfig

from perf import gpu
from tests.support.patience import HANGING
from train import config as configuration
from train.grpo import memory
from train.grpo import run as grpo
from vs2.model import checkpoint, weights

ROOT = Path(__file__).resolve().parents[2]


def test_the_shape_is_the_published_one(tmp_path):
    gpu.write_model(tmp_path / "model", small=True)
    record = Qwen2_5_VLConfig.from_pretrained(tmp_path / "model").to_dict()
    model = gpu.published(record, torch.device("meta"))
    counts = {part: sum(weight.numel() for name, weight in model.named_parameters() if part in name)
              for part in ("", "language_model.layers", "visual.blocks")}
    assert counts[""] == 8_292_166_656          # Qwen2.5-VL-7B's, as its safetensors index has it
    # Biases and norms are no matrices; the tower's blocks count per patch, four to a token.
    layers, blocks = (gpu.operations(1, full, False, video) for full, video in ((False, 0), (False, 0.25)))
    assert layers == pytest.approx(4 * counts["language_model.layers"], rel=1e-3)
    assert blocks - layers == pytest.approx(2 * counts["visual.blocks"], rel=1e-2)


def test_a_checkpoint_in_pieces_is_the_large_one(tmp_path, monkeypatch):
    """The tiny one that its tokenizer comes from lies in the same folder, under the name that is looked for first."""
    monkeypatch.setattr(gpu, "TEXT", gpu.SMALL | {"num_hidden_layers": 3, "vocab_size": 999})
    monkeypatch.setattr(gpu, "VISION", gpu.SMALL_VISION)
    monkeypatch.setattr(gpu, "PIECE", "200KB")
    made, published = [], gpu.published
    monkeypatch.setattr(gpu, "published", lambda record, device: made.append(published(record, torch.device("cpu")))
                        or made[0])
    gpu.write_model(tmp_path / "model", small=False)
    found = checkpoint.inspect(tmp_path / "model", "model")
    assert len(list((tmp_path / "model").glob("*.safetensors"))) > 1
    assert found.parameters == sum(weight.numel() for weight in made[0].parameters())
    assert weights.load(found, "bf16", torch.device("cpu")).model.config.text_config.num_hidden_layers == 3


@pytest.mark.parametrize("run", gpu.RUNS)
def test_the_sizes_are_those_of_the_files(run, tmp_path):
    """What takes memory: the batch, the lengths, the clips sampled at once. Only the number of batches is cut."""
    real = configuration.read(gpu.CONFIGS / f"videoscore2-7b-{run}.yaml")
    tried = gpu.cut(run, tmp_path, 3, False)
    assert tried["model"] == real["model"] and tried["card"] == real["card"]
    assert tried.get("grpo") == real.get("grpo")
    assert tried["train"]["per_device_train_batch_size"] == real["train"]["per_device_train_batch_size"]
    if "grpo" in real:
        for config in (tried, real):
            config["train"] |= {"bf16": False, "tf32": None, "use_cpu": True}
        sampled = [memory.at_once(grpo.options(config)) for config in (tried, real)]
        assert sampled[0] == sampled[1] == real["grpo"]["clips_per_rollout"]
        assert tried["train"]["gradient_accumulation_steps"] == sampled[0], "one rollout an update"


@pytest.mark.slow
def test_a_tiny_shape_goes_through_on_a_cpu():
    done = subprocess.run([sys.executable, "-m", "perf.gpu", "--small", "--steps", "2", "--only", "grpo-qlora-24gb"],
                          cwd=ROOT, capture_output=True, text=True, timeout=HANGING,
                          env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith(("| sft", "| grpo"))]
    assert [row[0] for row in rows] == ["| grpo-qlora-24gb"]
    assert all(float(row[1]) > 0 and float(row[3]) > 0 for row in rows), done.stdout
    assert rows[0][5].count(" s") == 2, "a rollout and a forward pass"
    assert float(rows[0][2].split("(")[1].split()[0]) > 0, "what the rollout was calculated to take"
