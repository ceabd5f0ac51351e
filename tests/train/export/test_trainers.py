"""The real LLaMA-Factory, ms-swift and verl on exports as they are written, started by the exports' own scripts.

Their loaders and settings, and of two of them two steps of training, of a tiny checkpoint. They take 2 GB in all and
other versions of packages than ours, so that each gets an environment of its own, and the test runs where
VS2_TEST_TRAINERS names a folder for these alone; a second run finds them there.
"""
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import torch
from transformers import Qwen2_5_VLForConditionalGeneration

from tests.support import tiny, trainers
from train.data.rows import Row
from train.export import export
from train.export.settings import Settings
from vs2 import video

KEPT = os.environ.get("VS2_TEST_TRAINERS")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(
    not KEPT, reason="VS2_TEST_TRAINERS names no folder for the environments of the trainers, of 2 GB in all")]
# What they import to read rows; torch and what else is not named comes from the environment of the tests.
SHARED = ("accelerate==1.11.0", "aiohttp==3.14.5", "aiosignal==1.4.0", "aiohappyeyeballs==2.7.1", "av==16.0.0",
          "dill==0.4.1", "frozenlist==1.8.0", "huggingface_hub==1.33.0", "multidict==7.2.1", "multiprocess==0.70.19",
          "omegaconf==2.4.0", "antlr4-python3-runtime==4.9.3", "pandas==3.1.1", "peft==0.18.1", "propcache==0.5.4",
          "pyarrow==26.0.1", "pytz==2026.6", "tzdata==2026.6", "qwen-vl-utils==0.0.14", "tokenizers==0.22.2",
          "transformers==5.5.4", "xxhash==4.1.0", "yarl==1.25.1", "termcolor==3.3.0")
PACKAGES = {
    "llamafactory": ("llamafactory==0.9.5", "datasets==4.0.0", "trl==0.24.0", "torchaudio==2.11.0", "fire==0.7.1",
                     "tyro==0.8.14", "shtab==1.13.0", "typeguard==4.6.1", "docstring_parser==0.18.0",
                     "sse-starlette==3.7.0", "torchdata==0.11.0", "modelscope==1.40.2", "modelscope-hub==0.5.1"),
    "ms-swift": ("ms-swift==4.6.0", "datasets==4.8.4", "trl==0.29.1", "modelscope==1.40.2", "modelscope-hub==0.5.1",
                 "addict==2.4.0", "attrdict==2.0.1", "binpacking==2.0.1", "cpm-kernels==1.0.11", "dacite==1.9.2",
                 "json_repair==0.64.6", "nltk==3.10.4", "oss2==2.19.1", "rouge==1.0.1", "simplejson==4.3.0"),
    "verl": ("verl==0.9.1", "datasets==4.8.4", "hydra-core==1.3.8", "tensordict==0.10.0", "pyvers==0.2.3",
             "codetiming==1.4.0", "torchdata==0.11.0")}
PROGRAMS = ("llamafactory-cli", "swift", "python3", "torchrun")
REPLY = trainers.GOOD


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tiny.write_tiny(folder)
    (folder / "chat_template.jinja").write_text(tiny.TEMPLATE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def rows(shared) -> list[Row]:
    clips = sorted((shared / "data/videos").glob("*.mp4"))
    assert len(clips) > 10
    return [Row(clip.stem, clip, f"a cat on {clip.stem}", REPLY, (3, 4, 5)) for clip in clips]


def environment(trainer: str) -> Path:
    """The Python of an environment that has `trainer`, made where it is not there yet."""
    folder = Path(KEPT, trainer)
    python = folder / "bin/python"
    if not (folder / "whole").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, timeout=600)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", *SHARED, *PACKAGES[trainer]],
                              capture_output=True, text=True, timeout=1500)
        if done.returncode and any(words in done.stderr for words in ("Temporary failure in name", "NewConnection",
                                                                      "ProxyError", "ConnectTimeout")):
            pytest.skip("the package registry cannot be reached")
        assert done.returncode == 0, done.stderr
        place = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True,
                               capture_output=True, text=True, timeout=60).stdout.strip()
        Path(place, "zz_tests.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        (folder / "whole").touch()
    return python


def loaded(trainer: str, stage: str, rows: list[Row], model: Path, out: Path) -> dict:
    """What the trainer's loader makes of an export, by the clip's name."""
    python = environment(trainer)
    export(rows, trainer, out)
    programs, answer = out / "programs", out / "answer.json"
    programs.mkdir()
    kind, own = {"ms-swift": "swift"}.get(trainer, trainer), "sft" if stage == "step" else stage
    for program in PROGRAMS:
        (programs / program).write_text(f'#!/bin/sh\nexec "{python}" "{trainers.__file__}" "$@"\n', encoding="utf-8")
        (programs / program).chmod(0o755)
    script = out / ("vs2.sh" if trainer == "llamafactory" else f"vs2_{own}.sh")
    ran = subprocess.run([script], capture_output=True, text=True, timeout=1200, env={
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "MODEL": str(model), "TOLD": str(out / "told.json"),
        "DISABLE_VERSION_CHECK": "1", "TRY": json.dumps([kind, stage, str(answer)])})
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3000:]
    return json.loads(answer.read_text(encoding="utf-8"))


def grids(rows: list[Row], stage: str) -> dict[str, list[int]]:
    """The grids that our own reader gives, at the recipe's sampling."""
    sampling = Settings(stage).sampling
    shapes = {row.key: video.read(row.video, sampling).frames.shape for row in rows}
    return {key: [count // 2, height // 14, width // 14] for key, (count, height, width, _) in shapes.items()}


def test_llamafactory_reads_every_row(rows, model, tmp_path):
    found = loaded("llamafactory", "sft", rows, model, tmp_path)
    assert found.keys() == {row.key for row in rows}
    assert {one["learned"] for one in found.values()} == {REPLY + "<|im_end|>\n"}
    expected = grids(rows, "sft")
    for key, one in found.items():      # it resizes frames in its own way, to within a patch or two of ours
        assert one["grid"][0] <= 5 and one["tokens"] < 8192
        assert all(abs(a - b) <= 2 for a, b in zip(one["grid"][1:], expected[key][1:], strict=True))


@pytest.mark.parametrize("stage", ["sft", "grpo"])
def test_swift_sees_what_we_see(rows, model, tmp_path, stage):
    found = loaded("ms-swift", stage, rows, model, tmp_path)
    rewards = found.pop("rewards", None)
    assert sorted(one["grid"] for one in found.values()) == sorted(grids(rows, stage).values())
    if stage == "sft":
        assert {one["learned"] for one in found.values()} == {REPLY + "<|im_end|>\n"}
    else:
        assert rewards == {"vs2_accuracy": [1.0, 0.7], "vs2_length": [0.2, 0.2]}


def test_verl_sees_what_we_see(rows, model, tmp_path):
    found = loaded("verl", "grpo", rows, model, tmp_path)
    assert found.pop("rewards") == [1.0, 0.7]
    assert {key: one["grid"] for key, one in found.items()} == grids(rows, "grpo")


def test_verl_learns_the_replies(rows, model, tmp_path):
    found = loaded("verl", "sft", rows, model, tmp_path)
    assert found.keys() == {row.key for row in rows}
    assert {one["learned"] for one in found.values()} == {REPLY.removeprefix("\n") + "<|im_end|>\n"}


@pytest.mark.parametrize("trainer", ["llamafactory", "ms-swift"])
def test_two_steps_of_training(rows, model, tmp_path, trainer):
    """The words change, the vision tower does not: the recipe freezes it."""
    found = loaded(trainer, "step", rows[:2], model, tmp_path)
    before, after = (Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).state_dict()
                     for folder in (model, found["checkpoint"]))
    changed = {name for name, weight in before.items() if not torch.equal(weight, after[name])}
    assert 0 < found["loss"] < 30
    assert any("layers" in name for name in changed)
    assert not any("visual" in name for name in changed)
