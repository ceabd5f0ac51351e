"""Runs of training so small that a CPU does them in seconds: a checkpoint, rows of clips on a disk, a configuration."""
import json
from pathlib import Path

import numpy as np

from tests.support.clips import moving_square
from tests.support.tiny import write_tiny
from train.data.rows import Row
from vs2 import rubric

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 60), "blue": (40, 60, 220)}
# Short, so that a batch of rows has unequal lengths and few tokens.
CARD = {"query": "Judge this video. Prompt: $t2v_prompt", "fps": 2.0, "min_frames": 2, "max_frames": 4,
        "pixels": [28 * 28, 56 * 56]}


def write_start(folder: Path, width: int = 32) -> Path:
    """A tiny random checkpoint with a card. width 64 is the least that 4-bit weights take on a CPU."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    folder = write_tiny(folder)
    if width != 32:
        config = Qwen2_5_VLConfig.from_pretrained(folder)
        config.text_config.hidden_size, config.text_config.intermediate_size = width, 2 * width
        config.text_config.rope_parameters["mrope_section"] = [2, 3, 3]
        config.vision_config.out_hidden_size = width
        Qwen2_5_VLForConditionalGeneration(config).save_pretrained(folder)
    (folder / "vs2.json").write_text(json.dumps(CARD), encoding="utf-8")
    return folder


def reply(number: int) -> str:
    """A reply whose length grows with number % 5."""
    colour = list(COLOURS)[number % 3]
    return rubric.reply(f"The {colour} square moves. " * (1 + number % 5), (1 + number % 5, 1 + number % 4, 3))


def write_rows(folder: Path, count: int, clips: int = 3) -> Path:
    """A folder as of the published data: `clips` videos and rows.json with `count` ShareGPT rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(clips):
        moving_square(folder / f"clip{number}.mp4", size=(112, 84), colour=list(COLOURS.values())[number % 3])
    rows = [{"conversations": [
        {"from": "human", "value": "<video>" + rubric.PUBLISHED_QUERY.replace("$t2v_prompt", f"a square, {number}")},
        {"from": "gpt", "value": reply(number)}], "videos": [f"clip{number % clips}.mp4"]} for number in range(count)]
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    return folder


def configuration(output: Path, start: Path, rows: Path, model: dict | None = None, **train) -> dict:
    """Three steps of two rows on the CPU in float32, logged at each; `train` overrides."""
    return {"output": str(output), "from": str(start), "seed": 0, "model": model or {},
            "data": {"kind": "feedback", "folder": str(rows), "file": "rows.json"},
            "train": {"max_steps": 3, "per_device_train_batch_size": 2, "learning_rate": 1e-3, "logging_steps": 1,
                      "save_strategy": "no", "disable_tqdm": True, "use_cpu": True, **train}}


def row(number: int) -> Row:
    """A row with its frames in memory: uint8 [4, 56, 56, 3] of one colour with a darker stripe."""
    frames = np.full((4, 56, 56, 3), list(COLOURS.values())[number % 3], np.uint8)
    frames[:, :, 8 * (number % 5):8 * (number % 5) + 8] //= 2
    return Row(f"row {number}", frames, f"a square, {number}", reply(number), (1 + number % 5, 1 + number % 4, 3))


def losses(output: Path) -> list[float]:
    """What a finished run logged, from its trainer_state.json."""
    record = json.loads((output / "trainer_state.json").read_text(encoding="utf-8"))
    return [entry["loss"] for entry in record["log_history"] if "loss" in entry]


def first_letters(group) -> list[float]:
    """A reward that a tiny model can earn: the share of a reply's characters that are among the first letters."""
    return [sum(letter in "abcdefg" for letter in reply) / max(1, len(reply)) for reply in group.replies]
