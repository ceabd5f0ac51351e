"""The judge in 4 bits on this machine's CPU: `python -m perf.int4 [--folder FOLDER] [--layers 28] [--depth 32]`.

First torch's kernels on one layer of the published width; then a checkpoint of the 7B's shape, random, made in 4 bits
(7 GB, kept in FOLDER for the next run), through `vs2.judge.Judge`: loading, memory, the vision tower, reading a prompt,
writing, and a clip of 5 s from its file to its scores. Each time stands beside the processor time of all threads: on a
machine that others use, that over the number of threads is what a quiet one would take at best.
--only: parts of it. --small: a tiny shape, which shows that the script works and nothing else.
"""
import argparse
import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import torch

from perf import int4_shape
from vs2 import events, judge, video
from vs2.evaluation import Evaluation
from vs2.model import checkpoint, cpu, inputs, memory, weights
from vs2.model.int4 import grid, layer
from vs2.rubric import KEYS
from vs2.scenes import film

PARTS = ("kernels", "tower", "prefill", "decode", "clip")
PROMPT = "A red ball bounces on grass beside a blue box."
SHAPE = 18944, 3584


class Taken:
    """Inside, time passes: seconds, and seconds of the processor."""

    def __enter__(self) -> "Taken":
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_) -> None:
        self.wall, self.cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.cpu:.1f} s of processor)"


def kernels(shape: tuple[int, int] = SHAPE) -> None:
    """The table of kernels: milliseconds of the quickest run, and of processor time."""
    rows, columns = shape
    dense = torch.randn(rows, columns)
    linear = torch.nn.Linear(columns, rows, bias=False)
    linear.weight.data = dense
    with torch.inference_mode():
        four = layer.Linear4(columns, rows, bias=False)
        four.codes.data.random_(0, 256)
        four.grid.data.fill_(0.01)
        four.arrange()
        eight = layer.Linear8(columns, rows)
        eight.codes.data.random_(-127, 128)
        eight.scales.data.fill_(0.01)
        plain = dense.bfloat16()
        kinds = {"4 bits, packed": four._packed, "4 bits, unpacked and multiplied": four._dense, "8 bits": eight,
                 "bfloat16": lambda x: x @ plain.t(), "float32": lambda x: x.float() @ dense.t()}
        print(f"\n| one layer {columns} x {rows}, ms | 1 row | 16 | 64 | 512 |\n|---|---|---|---|---|")
        for name, work in kinds.items():
            cells = []
            for count in (1, 16, 64, 512):
                x = torch.randn(count, columns).bfloat16()
                if name in ("8 bits", "4 bits, packed") and count > 64:
                    cells.append("-")
                    continue
                work(x)
                taken = []
                for _ in range(7 if count < 512 else 3):
                    with Taken() as one:
                        work(x)
                    taken.append(one)
                cells.append(f"{1000 * min(t.wall for t in taken):.1f} ({1000 * min(t.cpu for t in taken):.1f})")
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
        with Taken() as one:
            grid.quantise(plain[:2048])
    print(f"Putting weights on the grid: {1e9 * one.cpu / (2048 * columns):.0f} ns of processor each.")


def resident() -> str:
    """What of this process is in memory: all, and what is not a mapped file."""
    found = psutil.Process().memory_full_info()
    shared = getattr(found, "shared", 0)
    return f"{found.rss / 1e9:.2f} GB resident, {(found.rss - shared) / 1e9:.2f} GB of it not of mapped files"


def clip_file(folder: Path, size: tuple[int, int]) -> Path:
    """5 seconds of moving noise."""
    dice = np.random.default_rng(0)
    coarse = dice.integers(0, 255, (40, size[1] // 8, size[0] // 8, 3), np.uint8)
    return film.write_frames(coarse.repeat(8, 1).repeat(8, 2), folder / "clip.mp4", 8)


class Bench:
    """The parts, on a loaded judge."""

    def __init__(self, folder: Path, size: tuple[int, int], scale: tuple[float, float]):
        self.size, self.scale = size, scale
        with Taken() as one:
            loaded = weights.load(checkpoint.locate(str(folder)))
        print(f"Loaded: {one}, {resident()}, tower in {loaded.model.model.visual.dtype}", flush=True)
        self.judge = judge.Judge(loaded.model, loaded.processor, loaded.card, "random", loaded.precision)
        self.place = tempfile.TemporaryDirectory()
        self.file = clip_file(Path(self.place.name), size)

    def given(self) -> inputs.Inputs:
        read = video.read(self.file, self.judge.card.sampling)
        made = inputs.prepare(self.judge.processor, read, PROMPT, self.judge.card, self.judge.model.config, "")
        return made.to("cpu", self.judge.model.model.visual.dtype)

    @torch.inference_mode()
    def tower(self) -> None:
        given, visual = self.given(), self.judge.model.model.visual
        patches = int(given.video_grid_thw[0, 1:].prod())
        grid_thw = torch.tensor([[1, *given.video_grid_thw[0, 1:].tolist()]])
        pixels = given.pixel_values_videos[:patches]
        for numbers in (torch.bfloat16, torch.float32):
            visual.to(numbers)
            visual(pixels.to(numbers), grid_thw=grid_thw)
            with Taken() as one:
                visual(pixels.to(numbers), grid_thw=grid_thw)
            by = self.scale[1] * 1000 / patches
            print(f"Tower in {numbers}, {patches} patches: {one}; by 1,000 patches {by * one.wall:.1f} s "
                  f"({by * one.cpu:.1f} s of processor)", flush=True)
        visual.to(cpu.quick_dtype())

    @torch.inference_mode()
    def prefill(self) -> None:
        language, width = self.judge.model.model.language_model, self.judge.model.config.text_config.hidden_size
        for count in (512, 1024):
            x = torch.randn(1, count, width).bfloat16()
            with Taken() as one:
                language(inputs_embeds=x, position_ids=torch.arange(count).expand(3, 1, -1), use_cache=True)
            by = self.scale[0] * 1000 / count
            print(f"Prefill of {count} tokens: {one}; by 1,000 tokens {by * one.wall:.1f} s ({by * one.cpu:.1f} s "
                  f"of processor); {resident()}", flush=True)

    @torch.inference_mode()
    def decode(self, steps: int = 16) -> None:
        given = self.given()
        text = given.input_ids[given.input_ids != self.judge.model.config.video_token_id][None, :64]
        places = torch.arange(text.shape[1]).expand(3, 1, -1)
        out = self.judge.model(input_ids=text, position_ids=places, use_cache=True, logits_to_keep=1)
        short = replace(given, input_ids=text, rope_delta=0)
        held = memory.Growing(self.judge.model, [inputs.cache_of(out)], [short], 1)
        token, taken = torch.tensor([[5]]), []
        held.write(token)
        for _ in range(steps):
            with Taken() as one:
                held.write(token)
            taken.append(one)
        wall, processor = (statistics.median(getattr(t, kind) for t in taken) for kind in ("wall", "cpu"))
        least = min(t.wall for t in taken)
        print(f"A token: {1000 * wall:.0f} ms, the quickest {1000 * least:.0f} ms ({1000 * processor:.0f} ms of "
              f"processor), with these layers; {resident()}", flush=True)

    def clip(self) -> None:
        for think in (False, True):
            said, reached = None, {}
            with Taken() as one:
                began = time.perf_counter()
                for event in self.judge.stream(self.file, PROMPT, think=think, budget=400):
                    if isinstance(event, events.Estimated):
                        said = event.estimate
                    elif isinstance(event, (events.FramesRead, events.Progressed, events.Thought)):
                        reached[getattr(event, "stage", type(event).__name__)] = time.perf_counter() - began
                    found = event
            if not isinstance(found, Evaluation) or any(found.scores[key].value is None for key in KEYS):
                raise SystemExit("There are no scores.")
            how = "" if think else ", no thinking"
            ends = ", ".join(f"{name} {at:.1f} s" for name, at in reached.items())
            print(f"5 s of {self.size[0]} x {self.size[1]}, {found.tokens} tokens{how}: {one}; {resident()}\n"
                  f"  each stage was over after: {ends}", flush=True)
            if said:
                print(f"  said before: {said.total:.0f} s (read {said.read:.0f}, tower {said.tower:.0f}, prefill "
                      f"{said.prefill:.0f}, {said.tokens} tokens {said.writing:.0f}), {said.total / one.wall:.2f} of "
                      "what it took", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="where the checkpoint is, or is made (default: a temporary one)")
    parser.add_argument("--layers", type=int, default=28, help="of the language model; times are scaled to 28")
    parser.add_argument("--depth", type=int, default=32, help="of the vision tower; times are scaled to 32")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--small", action="store_true", help="a tiny shape")
    given = parser.parse_args()
    print(f"{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}, {torch.get_num_threads()} threads, "
          f"load {os.getloadavg()[0]:.1f}, {cpu.quick_dtype()} is quicker, {time.strftime('%Y-%m-%d')}", flush=True)
    if "kernels" in given.only:
        kernels((128, 64) if given.small else SHAPE)
    parts = [part for part in given.only if part != "kernels"]
    if not parts:
        return
    with tempfile.TemporaryDirectory() as place:
        folder = given.folder or Path(place) / "model"
        if not (folder / "config.json").exists() or not list(folder.glob("*.safetensors")):
            size = int4_shape.write(folder, given.layers, given.depth, given.small)
            print(f"Made {size / 1e9:.2f} GB", flush=True)
        bench = Bench(folder, (112, 64) if given.small else (720, 480), (28 / given.layers, 32 / given.depth))
        for part in parts:
            getattr(bench, part)()


if __name__ == "__main__":
    main()
