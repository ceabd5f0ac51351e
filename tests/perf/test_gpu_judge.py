"""The script that tries the judge at the size of the 7B: every row runs, tiny, on a CPU; what fails stays alone."""
import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from perf import gpu_judge
from perf import gpu_judge_rows as rows
from tests.support.tiny import write_tiny
from vs2.errors import Failure
from vs2.model import together

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    card = {"query": "Judge this: $t2v_prompt", "fps": 2, "pixels": [28 * 28, 112 * 112]}
    (write_tiny(folder / "model") / "vs2.json").write_text(json.dumps(card), encoding="utf-8")
    return folder


@pytest.fixture
def bench(folder):
    torch.set_num_threads(1)
    bench = rows.Bench(folder, "fp32", rows.TINY, CPU)
    bench.load()
    return bench


@pytest.mark.slow
def test_a_tiny_shape_goes_through_on_a_cpu(tmp_path):
    out = tmp_path / "runs.jsonl"
    done = subprocess.run([sys.executable, "perf/gpu_judge.py", "--tiny", "--minutes", "20", "--out", str(out)],
                          cwd=ROOT, capture_output=True, text=True, timeout=1200,
                          env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
                               "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr[-2000:]
    run, = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert [(row["precision"], row["row"]) for row in run["rows"]] == \
        [(precision, row) for precision in ("bf16", "4bit") for row in rows.ROWS]
    assert not [row for row in run["rows"] if "failed" in row]
    assert len([line for line in done.stdout.splitlines() if line.startswith("| ")]) == 1 + 2 * len(rows.ROWS)
    for row in run["rows"]:
        assert all(value is None or value >= 0 for value in row["numbers"].values())
    many = [row["numbers"] for row in run["rows"] if row["row"] == "many"]
    assert all(one["apart"] < 0.05 for one in many) and all(one["digits"] == 9 for one in many)


def test_a_row_that_fails_says_why_and_the_others_go_on(folder, monkeypatch):
    told = []
    monkeypatch.setattr(rows.Bench, "middle", lambda self: 1 / 0)
    monkeypatch.setattr(rows.Bench, "long", lambda self: self._timed(self._clip(0), 10**9))
    rows.measure(folder, "fp32", ["load", "short", "middle", "long", "greedy"], True, told.append)
    assert [row["row"] for row in told] == ["load", "short", "middle", "long", "greedy"]
    assert [row["row"] for row in told if "failed" in row] == ["middle", "long"]
    assert told[2]["failed"] == "ZeroDivisionError: division by zero" and "budget is" in told[3]["failed"]


def test_a_judge_that_does_not_load_ends_its_precision(tmp_path):
    told = []
    rows.measure(tmp_path, "bf16", ["load", "short"], True, told.append)
    row, = told
    assert row["fatal"] and row["failed"].startswith("There is no judge")
    with pytest.raises(SystemExit, match="did not load again"):
        rows.measure(tmp_path, "bf16", ["short"], True, told.append)


def test_a_gpu_that_is_past_use_is_left(folder, monkeypatch):
    told = []

    def broken(self):
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nmore")

    monkeypatch.setattr(rows.Bench, "short", broken)
    rows.measure(folder, "fp32", ["short", "greedy"], True, told.append)
    assert [row["row"] for row in told] == ["short"], "the next row is another process'"


def test_a_cap_that_was_not_reached_is_no_success(bench, monkeypatch):
    assert bench.retry()[1]["retries"] == 1
    monkeypatch.setattr(rows, "CAP", 10)
    with pytest.raises(Failure, match="Nothing was tried again"):
        bench.retry()


def test_the_cap_is_taken_off_again(bench, monkeypatch):
    asked = []
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda where: SimpleNamespace(total_memory=200))
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda share, where: asked.append(share))
    with pytest.raises(ZeroDivisionError), bench._capped(50):
        raise ZeroDivisionError
    assert asked == [0.25, 1.0]


def test_a_batch_that_is_not_what_each_gets_alone_is_said(bench, monkeypatch):
    right = together.answers

    def nan(*given):
        return [type(one)(one.text, one.ids, one.answer, {key: (float("nan"),) * 5 for key in one.distributions})
                for one in right(*given)]

    monkeypatch.setattr(together, "answers", nan)
    with pytest.raises(Failure, match="no numbers"):
        bench.many()

    def full(model, tokenizer, inputs, wire):
        if len(inputs) > 1:
            raise torch.OutOfMemoryError
        return right(model, tokenizer, inputs, wire)

    monkeypatch.setattr(together, "answers", full)
    with pytest.raises(Failure, match="one by one"):
        bench.many()


def test_the_tower_is_measured_as_it_was_and_left_quick(bench):
    kind = type(bench.judge.model.model.visual.patch_embed)
    embedding = bench.judge.model.model.visual.patch_embed
    before = embedding.forward.__func__
    assert kind.__name__ == "Qwen2_5_VisionPatchEmbed"
    bench.quicken()
    assert embedding.forward.__func__ is not before


CHILD = """
import json, sys, time
wanted = sys.argv[sys.argv.index("--rows") + 1].split(",")
for row in wanted:
    if row == "middle":
        sys.exit("Killed for memory")
    if row == "five":
        time.sleep(60)
    print("noise\\nrow " + json.dumps({"row": row, "said": "1 s", "numbers": {}}), flush=True)
    if row == "many":
        sys.exit(0)
"""


def given(tiny=True) -> Namespace:
    return Namespace(tiny=tiny, out=None, minutes=1.0)


def test_processes_that_die_or_hang_lose_one_row(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_judge, "PYTHON", (sys.executable, "-c", CHILD))
    monkeypatch.setattr(gpu_judge, "LONGEST", 5)
    told = list(gpu_judge.told("bf16", list(rows.ROWS), tmp_path, given(), time.monotonic() + 500))
    assert [row["row"] for row in told] == list(rows.ROWS)
    assert {row["row"]: row["failed"] for row in told if "failed" in row} == {
        "middle": "its process ended with status 1: Killed for memory", "five": "given up after 5 s"}


def test_what_is_not_begun_in_time_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_judge, "PYTHON", (sys.executable, "-c", CHILD))
    begun = time.monotonic()
    told = list(gpu_judge.told("bf16", ["five", "many"], tmp_path, given(), begun + 3))
    assert time.monotonic() - begun < 30
    assert [row["failed"] for row in told] == ["cut off: the minutes were over while it ran",
                                               "left out: the minutes were over"]
    assert gpu_judge.line({"precision": "bf16", "row": "many", "failed": "a | b\nc"}).count("|") == 5


def test_without_a_gpu_it_says_so():
    done = subprocess.run([sys.executable, "perf/gpu_judge.py"], cwd=ROOT, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 0 and "needs a GPU: nothing was measured" in done.stdout
