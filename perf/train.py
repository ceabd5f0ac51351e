"""Where a step of training mini goes, with transformers' vision tower and with ours: `python -m perf.train [--look]`.

Rows, batch and model are those of train/configs/mini.yaml, its frames rendered beforehand; an untrained model, whole
replies (no descriptions, no drill). Forward, backward, optimizer and the making of a batch are timed apart (medians);
clips per second are then measured again over a whole loop, with no loader process and with one, together with the share
of it that was spent waiting for data. --look does it for train/seeing/look.py, which trains the vision tower alone.
The last result is in perf/RESULTS.md.
"""
import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Subset
from transformers import AutoModelForImageTextToText
from transformers.utils import logging

from train import config as configuration
from train import fresh, muon
from train.seeing import look
from train.sft import Learned
from vs2.model.card import Card
from vs2.model.inputs import load_processor
from vs2.model.vision import quicken

CONFIG = Path(__file__).resolve().parents[1] / "train" / "configs" / "mini.yaml"
PARTS = ("forward", "backward", "optimizer")
PROCESSES = 2               # that share a step in `make mini`


class Clock:
    """Seconds since the last reading, with the device's queue emptied."""

    def __init__(self):
        self.read()

    def read(self) -> float:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        since, self.last = now - getattr(self, "last", now), now
        return since


def step(model, optimizer, batch, clock: Clock, bf16: bool) -> list[float]:
    """One step of training; seconds of PARTS."""
    batch = {name: value.to(device()) if torch.is_tensor(value) else value for name, value in batch.items()}
    clock.read()
    with torch.autocast(device(), torch.bfloat16, enabled=bf16):
        loss = model(**batch)["loss"]
    forward = clock.read()
    loss.backward()
    backward = clock.read()
    optimizer.step()
    optimizer.zero_grad()
    return [forward, backward, clock.read()]


def device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def profile(towers, rows, collate, size: int, steps: int, bf16: bool) -> list[dict[str, float]]:
    """For each model of `towers`: median seconds of a step's parts and of making a batch, clips per second, shares.

    The models take turns on each batch, for a machine is not equally busy all the time.
    """
    optimizers, clock = [muon.optimizer(model, 1e-5, (0.9, 0.98), 0.05) for model in towers], Clock()
    times, data = [[] for _ in towers], []
    for n in range(steps + 1):
        clock.read()
        batch = collate([rows[row] for row in range(n * size, (n + 1) * size)])
        data.append(clock.read())
        for model, optimizer, found in zip(towers, optimizers, times, strict=True):
            found.append(step(model, optimizer, batch, clock, bf16))
    # the first step has what is only done once in it
    found = [{**dict(zip(PARTS, map(statistics.median, zip(*each[1:], strict=True)), strict=True)),
              "data": statistics.median(data[1:])} for each in times]
    for workers in (0, 1):
        for model, optimizer, numbers in zip(towers, optimizers, found, strict=True):
            numbers |= loop(model, optimizer, rows, collate, size, steps, workers, clock, bf16)
    return found


def loop(model, optimizer, rows, collate, size, steps, workers, clock, bf16) -> dict[str, float]:
    """Clips per second of a whole loop, and the share of it that waited for data."""
    loader = iter(DataLoader(Subset(rows, range((steps + 1) * size)), size, collate_fn=collate, num_workers=workers))
    step(model, optimizer, next(loader), clock, bf16)     # a loader process takes its time to start
    waited, begun = 0.0, time.perf_counter()
    for _ in range(steps):
        clock.read()
        batch = next(loader)
        waited += clock.read()
        step(model, optimizer, batch, clock, bf16)
    total = time.perf_counter() - begun
    return {f"clips {workers}": steps * size / total, f"share {workers}": waited / total}


def print_table(stock: dict, quick: dict) -> None:
    print("| | stock transformers | here | ratio |\n|---|---|---|---|")
    for name in PARTS:
        print(f"| {name} | {1000 * stock[name]:.0f} ms | {1000 * quick[name]:.0f} ms "
              f"| {stock[name] / quick[name]:.2f} |")
    print(f"| making a batch, its frames rendered before | {1000 * stock['data']:.0f} ms | the same | |")
    for workers, label in ((0, "no loader process"), (1, "one loader process")):
        before, after = stock[f"clips {workers}"], quick[f"clips {workers}"]
        print(f"| clips per second, {label} | {before:.1f} | {after:.1f} | {after / before:.2f} |")
        print(f"| share of a step that waits for data, {label} | {stock[f'share {workers}']:.1%} "
              f"| {quick[f'share {workers}']:.1%} | |")


def opened(start: Path, config: dict, quick: bool):
    """The untrained model in float32, and the run's rows; their clips are rendered into one file, for both towers."""
    model, processor = AutoModelForImageTextToText.from_pretrained(start, dtype=torch.float32), load_processor(start)
    if quick:
        quicken(model)
    return model, configuration.rows(config, processor, model.config, Card.read(start), config["data"]["clips"])


def looking(model, rows):
    """What `train.seeing.look.run` trains, on what, and how its batches are made."""
    module = look.Looking(model)
    module.language.layers = module.language.layers[:look.LAYERS]
    return module, look.Views(rows, rows.clips), look.collate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--look", action="store_true", help="seeing alone, as train/seeing/look.py teaches it")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 under autocast, weights in float32")
    parser.add_argument("--steps", type=int, default=12)
    options = parser.parse_args()
    logging.disable_progress_bar()
    config = configuration.read(CONFIG)
    size = config["look" if options.look else "train"][configuration.GLOBAL] // PROCESSES
    whole = {name: 0.0 for name in ("describe", "direct", "drill") if name in config["data"]}
    config["data"] |= {**whole, "clips": size * (options.steps + 1)}
    with tempfile.TemporaryDirectory() as folder:
        config["frames"] = str(Path(folder) / "frames.npy")
        start = fresh.write(Path(folder) / "start", config["fresh"], config["card"], 0,
                            [config["data"]["describe_query"]])
        _, rows = opened(start, config, quick=False)
        begun = time.perf_counter()
        for clip in range(rows.clips):
            rows.frames(clip)
        rendered = (time.perf_counter() - begun) / rows.clips
        towers = []
        for quick in (False, True):
            model, rows = opened(start, config, quick)
            collate = Learned(rows.processor.tokenizer.pad_token_id)
            if options.look:
                model, rows, collate = looking(model, rows)
            towers.append(model.to(device()).train())
        results = profile(towers, rows, collate, size, options.steps, options.bf16)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{'look' if options.look else 'SFT'} step of mini: batches of {size}, {options.steps} steps on {device()} "
          f"in {'bfloat16' if options.bf16 else 'float32'}, "
          f"{torch.get_num_threads()} threads{load}; rendering a clip, once, takes {1000 * rendered:.0f} ms")
    print_table(*results)


if __name__ == "__main__":
    main()
