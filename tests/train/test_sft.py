"""Supervised fine-tuning end to end on a tiny checkpoint: losses, orders of rows, resuming, what a run leaves."""
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from tests.support import tiny_run
from tests.support.patience import HANGING
from train import config as configuration
from train import fresh, sft
from train.data.parts import ByLength, Fitting, hold_out
from train.data.rows import IGNORED, Collate, encode
from train.model import open_model
from vs2.errors import BadInput
from vs2.model.card import Card

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    torch.set_num_threads(1)
    return tiny_run.write_start(tmp_path_factory.mktemp("start"))


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return tiny_run.write_rows(tmp_path_factory.mktemp("rows"), 24)


@pytest.fixture(scope="module")
def parts(start):
    return open_model(start)


def encoded(parts, numbers):
    model, processor, card = parts
    return [encode(processor, model.config, card, tiny_run.row(number)) for number in numbers]


def test_logits_only_where_a_reply_is_learned_give_the_same_loss_and_gradients(parts):
    model, processor, _ = parts
    rows = encoded(parts, (0, 4, 2))
    assert len({len(row["input_ids"]) for row in rows}) == 3
    found = []
    for collate in (Collate, sft.Learned):
        batch = collate(processor.tokenizer.pad_token_id)(rows)
        model.zero_grad()
        out = model(**batch)
        out.loss.backward()
        found.append((out.loss.item(), model.model.language_model.layers[0].mlp.up_proj.weight.grad.clone(),
                      (batch["labels"][:, 1:] != IGNORED).sum().item(), out.logits.shape[1]))
    model.zero_grad()
    (whole, gradient, count, long), (short_loss, short_gradient, short_count, short) = found
    assert short_loss == pytest.approx(whole, abs=1e-5) and short_count == count and short < 0.8 * long
    torch.testing.assert_close(short_gradient, gradient, atol=1e-6, rtol=1e-4)


def test_checkpointed_layers_give_the_same_loss_and_gradients(start):
    """With the tower frozen: nothing at the input needs a gradient then."""
    found = []
    for on in (False, True):
        model, processor, card = open_model(start, {"freeze": ["visual"]})
        if on:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        model.train()
        loss = model(**sft.Learned(processor.tokenizer.pad_token_id)(encoded((model, processor, card), (0, 4)))).loss
        loss.backward()
        found.append((loss.item(), {name: weight.grad for name, weight in model.named_parameters()}))
    (loss, gradients), (again, other) = found
    assert again == pytest.approx(loss, abs=1e-6)
    assert {name for name, value in other.items() if value is None} == {
        name for name, value in gradients.items() if value is None} == {n for n in gradients if ".visual." in n}
    for name, value in gradients.items():
        if value is not None:
            torch.testing.assert_close(other[name], value, atol=1e-6, rtol=1e-4, msg=name)


def test_rows_of_one_length_stand_together():
    dice = torch.Generator().manual_seed(1)
    lengths = torch.randint(100, 8000, (400,), generator=dice).tolist()

    def spread(order):      # tokens of padding, in batches of 8
        batches = [[lengths[n] for n in order[at:at + 8]] for at in range(0, len(order), 8)]
        return sum(max(batch) * len(batch) - sum(batch) for batch in batches)

    order = ByLength(lengths, 8, seed=0)
    first = list(order)
    assert sorted(first) == list(range(400)) and list(order) == first
    assert spread(first) < 0.25 * spread(range(400))
    order.epoch = 1
    assert list(order) != first, "another order in each epoch"


def test_rows_that_are_too_long_are_named_and_not_cut(start, parts, tmp_path):
    from train.data.files import FileRows

    model, processor, card = parts
    found = FileRows([tiny_run.row(number) for number in range(6)], [], processor, model.config, card, tmp_path)
    whole = [len(found[number]["input_ids"]) for number in range(6)]
    cutoff = sorted(whole)[3]
    fitting = Fitting(found, cutoff)
    assert max(len(fitting[number]["input_ids"]) for number in range(6)) <= cutoff and len(fitting) == 6
    with (tmp_path / "skipped.csv").open(encoding="utf-8") as file:
        named = {line["key"]: line for line in csv.DictReader(file)}
    assert set(named) == {f"row {number}" for number, length in enumerate(whole) if length > cutoff}
    assert all(line["kind"] == "long" and str(cutoff) in line["reason"] for line in named.values())
    assert "2 with too many tokens" in found.report()
    with pytest.raises(BadInput, match="raise `data.cutoff`"):
        Fitting(found, 5)[0]


def test_held_out_rows_are_not_trained_on(parts, tmp_path):
    from train.data.files import FileRows

    model, processor, card = parts
    whole = FileRows([tiny_run.row(number) for number in range(20)], [], processor, model.config, card, None)
    kept, out = hold_out(whole, 5, seed=3)
    keys = [{part.row(number).key for number in range(len(part))} for part in (kept, out)]
    assert [len(part) for part in keys] == [15, 5] and not keys[0] & keys[1]
    assert kept.lengths() == [whole.lengths()[number] for number in kept.numbers]
    assert hold_out(whole, 0, 3) == (whole, None)
    assert hold_out(whole, 5, seed=4)[1].numbers != out.numbers


def test_a_run_leaves_a_model_a_plot_and_tracked_losses(start, rows, tmp_path, capsys):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from vs2.model.checkpoint import locate

    config = tiny_run.configuration(tmp_path / "run", start, rows, report_to="tensorboard", max_steps=4)
    config["data"] |= {"eval_rows": 4, "cutoff": 4000}
    done = sft.run(config)
    assert locate(str(done)).parameters and Card.read(done) == Card.read(start)
    assert (tmp_path / "run" / "loss.png").read_bytes()[:4] == b"\x89PNG"
    losses = tiny_run.losses(tmp_path / "run")
    assert len(losses) == 4 and losses[-1] < losses[0]
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert str(done) in said and "4 steps of 2 rows" in said and "held out" in said and "24 rows: 24 good" in said
    events = EventAccumulator(str(next((tmp_path / "run" / "runs").iterdir())))
    events.Reload()
    assert [event.value for event in events.Scalars("train/loss")] == pytest.approx(losses)
    assert len(events.Scalars("eval/loss")) == 1


def test_held_out_scenes_are_others_than_those_of_the_training():
    """The seeds of the clips; nothing is rendered."""
    from types import SimpleNamespace

    made = []
    config = {"data": {"kind": "scenes", "clips": 10, "eval_rows": 3, "first_seed": 7}}
    arguments = SimpleNamespace(max_steps=2, train_batch_size=2, gradient_accumulation_steps=3, world_size=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sft.configuration, "rows", lambda config, *rest: made.append((config["data"], rest[-1])))
        sft._rows(config, arguments, None, None, Card())
    (train, count), (later, held_out) = made
    assert count == 24 and held_out == later["clips"] == 3
    assert later["first_seed"] == train["first_seed"] + train["clips"] and not later["describe"]


KILL = """
import os, sys, transformers
from train import sft
class Kill(transformers.TrainerCallback):
    def on_step_end(self, args, state, control, **kw):
        if state.global_step == {step}: os.kill(os.getpid(), 9)
start = sft.SftTrainer.__init__
def init(self, *a, **k):
    start(self, *a, **k); self.add_callback(Kill())
sft.SftTrainer.__init__ = init
sft.main([{config!r}])
"""


@pytest.mark.slow
@pytest.mark.parametrize("model", [{}, {"method": "lora", "freeze": ["visual"], "lora": {"dropout": 0.1}}],
                         ids=["full", "lora"])
def test_a_killed_run_goes_on_to_the_same_losses(start, rows, tmp_path, model):
    """In its second epoch, where the order of the rows and the adapters' dropout must be what they were."""
    def config(name):
        return tiny_run.configuration(tmp_path / name, start, rows, model, max_steps=-1, num_train_epochs=2,
                                      per_device_train_batch_size=6, save_strategy="steps", save_steps=5)

    sft.run(config("whole"))
    whole = tiny_run.losses(tmp_path / "whole")
    assert len(whole) == 8
    killed = tmp_path / "killed.yaml"
    killed.write_text(yaml.safe_dump(config("killed")))
    died = subprocess.run([sys.executable, "-c", KILL.format(step=7, config=str(killed))], cwd=ROOT,
                          capture_output=True, timeout=HANGING)
    assert died.returncode == -9, died.stderr.decode()[-2000:]
    sft.run(config("killed"), resume=True)
    assert tiny_run.losses(tmp_path / "killed") == pytest.approx(whole, abs=1e-6)


def test_a_new_run_does_not_go_on_from_an_old_one(start, rows, tmp_path):
    config = tiny_run.configuration(tmp_path / "run", start, rows, save_strategy="steps", save_steps=1, max_steps=2)
    sft.run(config)
    first = tiny_run.losses(tmp_path / "run")
    sft.run({**config, "train": {**config["train"], "max_steps": 1}})
    assert not (tmp_path / "run" / "checkpoint-2").exists()
    assert tiny_run.losses(tmp_path / "run") == pytest.approx(first[:1], abs=1e-6)


@pytest.mark.slow
def test_two_processes_train_as_one(start, rows, tmp_path):
    """The same rows in each step, the loss over all learned tokens of both: the same numbers, and the same weights.

    Replies have different lengths, so that a mean of the two processes' means would not pass.
    """
    from safetensors.torch import load_file

    def config(name, batch):
        return tiny_run.configuration(tmp_path / name, start, rows, per_device_train_batch_size=batch,
                                      gradient_accumulation_steps=2, train_sampling_strategy="sequential",
                                      max_steps=3)

    sft.run(config("one", 4))
    path = tmp_path / "two.yaml"
    path.write_text(yaml.safe_dump(config("two", 2)))
    done = subprocess.run([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2",
                           "-m", "train.sft", str(path)], cwd=ROOT, capture_output=True, timeout=HANGING,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    assert done.stderr.decode().count("3 steps of 8 rows") == 1, "one process says how the run ended"
    record = json.loads((tmp_path / "two" / "trainer_state.json").read_text())
    assert record["train_batch_size"] == 2
    assert tiny_run.losses(tmp_path / "two") == pytest.approx(tiny_run.losses(tmp_path / "one"), abs=1e-5)
    one, two = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    for name, value in one.items():
        torch.testing.assert_close(two[name].float(), value.float(), atol=2e-3, rtol=2e-2, msg=name)


@pytest.mark.slow
def test_a_process_whose_rows_have_no_video_waits_for_none(tmp_path):
    """Two processes of mini's training, one of which gets drills alone: the tower's gradient comes from the other."""
    mini = configuration.read(ROOT / "train/configs/mini.yaml")
    small = {**mini["fresh"], "text": {**mini["fresh"]["text"], "num_hidden_layers": 1},
             "vision": {**mini["fresh"]["vision"], "depth": 1, "fullatt_block_indexes": [0]}}
    start = fresh.write(tmp_path / "start", small, mini["card"], 0, [mini["data"]["describe_query"]])
    config = {"output": str(tmp_path / "run"), "from": str(start), "frames": str(tmp_path / "frames.npy"),
              "data": {**mini["data"], "clips": 8, "drill": 0.25, "describe": 0.0},
              "train": {"max_steps": 4, "global_batch_size": 2, "logging_steps": 1, "save_strategy": "no",
                        "disable_tqdm": True, "use_cpu": True, "ddp_find_unused_parameters": False}}
    model, processor, card = open_model(start)
    drills = [configuration.rows(config, processor, model.config, card, 8).drills(row) for row in range(8)]
    assert any(drills) and not all(drills[:4]), "of a step's two rows, one process has one"
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(config))
    done = subprocess.run([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2",
                           "-m", "train.sft", str(path)], cwd=ROOT, capture_output=True, timeout=HANGING,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    assert len(tiny_run.losses(tmp_path / "run")) == 4
