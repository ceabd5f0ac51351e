"""Training at the size of the 7B on one GPU, random weights: `python -m perf.gpu [--only sft-lora-80gb] [--steps 4]`.

A checkpoint of the published shape and a few clips of 960 x 720 are made on the spot; then the configurations of
train/configs for one card, and the full fine-tuning, take real steps through train/sft.py and train/grpo/run.py, each
in a process of its own. Batches, lengths and what GRPO samples at once are those of the files; only how many of them
make an update is cut, which takes time and no memory. For each: seconds an update after the first, peak memory (for
GRPO also what train/grpo/memory.py calculates for the rollout, beside weights and optimizer), tokens per second, and
for supervised training the model FLOP utilisation: the operations that the step needs (what is computed again for
gradient checkpointing not counted) by those that the card could do in bfloat16. --small: a tiny shape instead, on any
machine, which shows that the script works and nothing else.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, TrainerCallback

from train import config as configuration
from train import fresh, sft
from train.grpo import memory
from train.grpo import run as grpo
from vs2 import rubric
from vs2.model.card import Card
from vs2.model.inputs import load_processor
from vs2.scenes import film, words, world

CONFIGS = Path(__file__).resolve().parents[1] / "train" / "configs"
RUNS = ("sft", "sft-lora-80gb", "sft-qlora-24gb", "grpo-lora-80gb", "grpo-qlora-24gb")
TEXT = {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "vocab_size": 152064, "max_position_embeddings": 128000, "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]}}
VISION = {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584,
          "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31]}
SMALL = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2}
SMALL_VISION = {"depth": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 4, "out_hidden_size": 64,
                "fullatt_block_indexes": [1]}
PIECE = "4GB"    # of the checkpoint's files
PEAK = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L40S": 362e12, "L4": 121e12, "4090": 165e12}  # dense bfloat16


def write_model(folder: Path, small: bool) -> None:
    """A random checkpoint in bfloat16. Its tokenizer is mini's: the rows of the vocabulary above it are never used."""
    shape = {"vocabulary": 768, "mrope_section": [2, 3, 3], "text": SMALL, "vision": SMALL_VISION}
    fresh.write(folder, shape, {"query": rubric.PUBLISHED_QUERY, "pixels": [100352, 602112]}, 0)
    if small:
        return
    model = published(Qwen2_5_VLConfig.from_pretrained(folder).to_dict(), torch.device("cuda"))
    (folder / "model.safetensors").unlink()     # the tiny one's, which would be taken before the pieces of this one
    model.save_pretrained(folder, max_shard_size=PIECE)


def published(record: dict, device: torch.device):
    """A random model of the published shape in bfloat16, its special tokens those of the configuration `record`."""
    record["text_config"] |= {**TEXT, "layer_types": None, "tie_word_embeddings": False}
    record["vision_config"] |= VISION
    config = Qwen2_5_VLConfig.from_dict(record | {"tie_word_embeddings": False})
    torch.set_default_dtype(torch.bfloat16)
    try:
        with device:
            return Qwen2_5_VLForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(torch.float32)


def write_rows(folder: Path, size: tuple[int, int], clips: int = 4) -> None:
    """VideoFeedback2's rows over made-up clips of 5 s; replies of about the published length."""
    folder.mkdir()
    dice, rows = np.random.default_rng(0), []
    for number in range(clips):
        coarse = [Image.fromarray(frame) for frame in dice.integers(0, 255, (10, 24, 32, 3), np.uint8)]
        frames = np.stack([np.asarray(frame.resize(size, Image.Resampling.BICUBIC)) for frame in coarse])
        film.write_frames(frames, folder / f"{number}.mp4", 2)
        scene = world.sample(number)
        said = rubric.reply(words.rationale(scene, words.facts(scene)) * 2, scene.scores)
        asked = rubric.PUBLISHED_QUERY.replace("$t2v_prompt", words.caption(scene.asked))
        rows.append({"conversations": [{"from": "human", "value": f"<video>{asked}"}, {"from": "gpt", "value": said}],
                     "videos": [f"{number}.mp4"]})
    (folder / "rows.json").write_text(json.dumps(rows * 40), encoding="utf-8")


class Clock(TrainerCallback):
    """When each update was logged, and how many tokens had been seen by then."""

    def __init__(self):
        self.read = []

    def on_log(self, args, state, control, logs=None, **kwargs):
        if "loss" in logs:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.read.append((time.perf_counter(), state.num_input_tokens_seen, logs))


def cut(name: str, folder: Path, steps: int, small: bool) -> dict:
    """The configuration of this name, cut to a few updates from the random checkpoint."""
    config = configuration.read(CONFIGS / f"videoscore2-7b-{name}.yaml")
    config |= {"from": str(folder / "model"), "output": str(folder / name), "seed": 0,
               "data": {"kind": "feedback", "folder": str(folder / "rows"), "file": "rows.json"}}
    for given in ("num_train_epochs", "gradient_accumulation_steps"):
        config["train"].pop(given, None)
    config["train"] |= {"max_steps": steps, "gradient_accumulation_steps": batches(config), "logging_steps": 1,
                        "save_strategy": "no", "report_to": "none", "dataloader_num_workers": 2, "disable_tqdm": True}
    if name.startswith("sft"):
        config["train"]["include_num_input_tokens_seen"] = "all"
    if small:
        if "grpo" in config:
            config["grpo"]["max_completion_length"] = 16
        config["card"] = {"fps": 2.0, "max_frames": 4, "pixels": [28 * 28, 56 * 56]}
        config["train"] |= {"tf32": None}
        if config["model"]["method"] != "full":
            config["model"]["lora"] |= {"r": 4, "alpha": 8}
    return config


def batches(config: dict) -> int:
    """Micro-batches of an update here: two; in GRPO as many as the clips have that are sampled at once."""
    if "grpo" not in config:
        return 2
    clips = config["train"]["per_device_train_batch_size"] // config["grpo"]["num_generations"]
    return max(1, config["grpo"]["clips_per_rollout"] // clips)


def calculated(config: dict) -> int:
    """Bytes that train/grpo/memory.py says that a rollout takes at most, beside weights and optimizer."""
    processor, card = load_processor(Path(config["from"])), configuration.card(config, Card.read(Path(config["from"])))
    args = grpo.options(config)
    rollout = memory.largest(args, card, processor.tokenizer, 2)
    return rollout.peak(Qwen2_5_VLConfig.from_pretrained(config["from"]), memory.at_once(args))


def one(name: str, folder: Path, steps: int, small: bool) -> dict:
    """What one configuration took: seconds and tokens an update after the first, peak bytes, and its parts."""
    config, clock = cut(name, folder, steps, small), Clock()
    (grpo if name.startswith("grpo") else sft).run(config, callbacks=[clock])
    (begun, seen, _), (ended, total, last) = clock.read[0], clock.read[-1]
    updates = len(clock.read) - 1
    found = {"seconds": (ended - begun) / updates, "tokens": (total - seen) / updates,
             "peak": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None,
             "loss": float(last["loss"]), "rollout": calculated(config) if "grpo" in config else None}
    return found | {part: float(last[part]) for part in ("seconds/rollout", "seconds/forward") if part in last}


def operations(tokens: float, full: bool, small: bool, video: float = 0.75) -> float:
    """FLOPs that a supervised update needs: per token and weight of the language model's layers two forward, two for
    the gradient of what goes through, two more for that of the weights where they learn; the frozen tower forward only.
    video: share of the tokens that are the video's, each of which stands for four patches.
    """
    config = SMALL | {"vocab_size": 0} if small else TEXT
    wide, inner, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    shared = wide * config["num_key_value_heads"] // heads
    layer = 2 * wide * wide + 2 * wide * shared + 3 * wide * inner
    tower = SMALL_VISION if small else VISION
    block = 4 * tower["hidden_size"] ** 2 + 3 * tower["hidden_size"] * tower["intermediate_size"]
    return tokens * ((6 if full else 4) * layer * config["num_hidden_layers"] + 2 * block * tower["depth"] * 4 * video)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=RUNS, action="append", help="this configuration alone (may be repeated)")
    parser.add_argument("--steps", type=int, default=4, help="updates of each, the first not counted")
    parser.add_argument("--small", action="store_true", help="a tiny shape, also without a GPU")
    parser.add_argument("--one", choices=RUNS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one, given.folder, given.steps, given.small)))
        return
    if not given.small and not torch.cuda.is_available():
        print("perf/gpu.py needs a GPU: nothing was measured (--small tries the script without one).")
        return
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "the CPU"
    peak = next((value for name, value in PEAK.items() if name in device), None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder / "model", given.small)
        write_rows(folder / "rows", (64, 48) if given.small else (960, 720))
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        print(f"{'a tiny shape' if given.small else 'the shape of the 7B'}, random weights, on {device}: "
              f"{given.steps - 1} updates after the first, of 2 batches (supervised) or of one rollout (GRPO)\n")
        print("| configuration | seconds an update | peak memory (rollout, calculated) | tokens per second | MFU | "
              "rollout, forward |\n|---|---|---|---|---|---|")
        for run in given.only or RUNS:
            print(row(run, folder, given, peak), flush=True)


def row(run: str, folder: Path, given, peak: float | None) -> str:
    command = [sys.executable, "-m", "perf.gpu", "--one", run, "--folder", str(folder), "--steps", str(given.steps)]
    done = subprocess.run([*command, *(["--small"] if given.small else [])], capture_output=True, text=True)
    if done.returncode:
        return f"| {run} | {done.stderr.strip().splitlines()[-1][:200]} | | | | |"
    found = json.loads(done.stdout.strip().splitlines()[-1])
    seconds, tokens = found["seconds"], found["tokens"]
    used = operations(tokens, run == "sft", given.small) / seconds
    parts = ", ".join(f"{found[part]:.1f} s" for part in ("seconds/rollout", "seconds/forward") if part in found)
    peaks = "-" if found["peak"] is None else f"{found['peak'] / 1e9:.1f} GB"
    peaks += "" if found["rollout"] is None else f" ({found['rollout'] / 1e9:.3g} GB)"
    utilised = f"{used / peak:.1%}" if peak and run.startswith("sft") else "-"
    return f"| {run} | {seconds:.2f} | {peaks} | {tokens / seconds:.0f} | {utilised} | {parts or '-'} |"


if __name__ == "__main__":
    main()
