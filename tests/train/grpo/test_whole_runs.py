"""Whole runs of GRPO: one that was killed goes on as if nothing had happened, two processes do what one does."""
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.support import tiny_run
from tests.support.patience import HANGING
from train.grpo import rewards, run
from train.grpo.trainer import GRPOTrainer
from train.model import open_model
from vs2.errors import BadInput

ROOT = Path(__file__).resolve().parents[3]
CLOSE = ("loss", "reward", "reward_std", "kl", "entropy", "grad_norm", "completions/mean_length", "num_tokens")


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return tiny_run.write_start(tmp_path_factory.mktemp("start"))


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(rewards.REWARDS, "toy", tiny_run.first_letters)


def configuration(folder, start, data, **train):
    config = tiny_run.configuration(folder, start, data, **{
        "max_steps": 4, "per_device_train_batch_size": 8, "optim": "sgd", "learning_rate": 0.5,
        "save_strategy": "steps", "save_steps": 2, "max_grad_norm": 1.0, "lr_scheduler_type": "cosine", **train})
    return {**config, "grpo": {"num_generations": 4, "max_completion_length": 10, "reward_weights": {"toy": 1.0},
                               "beta": 0.2, "top_p": 0.95, "log_completions": False}}


def entries(folder):
    record = json.loads((Path(folder) / "trainer_state.json").read_text(encoding="utf-8"))
    return [entry for entry in record["log_history"] if "loss" in entry]


def close(one, other):
    for name in CLOSE:
        first, second = ([entry.get(name, 0.0) for entry in each] for each in (one, other))
        assert first == pytest.approx(second, rel=1e-3, abs=2e-6), name


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_losses(start, tmp_path, monkeypatch):
    data = tiny_run.write_rows(tmp_path / "rows", 9)
    config = configuration(tmp_path / "whole", start, data, optim="muon", learning_rate=0.02)
    config["grpo"] |= {"eval_clips": 3, "num_generations_eval": 4}
    done = run.run(config)
    assert (done / "model.safetensors").exists() and (done / "vs2.json").exists()
    assert (tmp_path / "whole" / "reward.png").stat().st_size > 1000
    measured = json.loads((tmp_path / "whole" / "eval.json").read_text())
    assert measured["clips"] == 3 and measured["before"].keys() == measured["after"].keys()
    for name in ("eval_reward", "eval_sampled/reward"):
        assert measured["before"][name] != measured["after"][name]
        assert measured["change"][name.removeprefix("eval_")]["mean"] == pytest.approx(
            measured["after"][name] - measured["before"][name])
    state = torch.load(tmp_path / "whole/checkpoint-4/optimizer.pt", weights_only=True)
    assert any(group.get("muon") for group in state["param_groups"])

    config = {**config, "output": str(tmp_path / "killed")}
    take = GRPOTrainer.training_step

    def killed(self, *args, **kwargs):
        if self.state.global_step == 3:
            raise KeyboardInterrupt
        return take(self, *args, **kwargs)

    monkeypatch.setattr(GRPOTrainer, "training_step", killed)
    with pytest.raises(KeyboardInterrupt):
        run.run(config)
    monkeypatch.setattr(GRPOTrainer, "training_step", take)
    run.run(config, resume=True)
    whole, again = entries(tmp_path / "whole"), entries(tmp_path / "killed")
    assert len(whole) == len(again) == 4 and whole[0]["loss"] != whole[3]["loss"]
    close(again, whole)
    again = json.loads((tmp_path / "killed" / "eval.json").read_text())
    assert all(again[when] == pytest.approx(measured[when]) for when in ("before", "after"))


@pytest.mark.slow
def test_a_run_killed_within_a_block_takes_the_clips_that_come_next(start, tmp_path, monkeypatch):
    """Two updates from each rollout, killed between them: the rest of the block is sampled anew, no more than that."""
    data, shown = tiny_run.write_rows(tmp_path / "rows", 9), {}

    prepare = GRPOTrainer._prepare_inputs

    def prepared(self, inputs):
        if kill and self.state.global_step == 3:
            raise KeyboardInterrupt
        batch = prepare(self, inputs)
        shown.setdefault(self.args.output_dir, {})[self.state.global_step] = (
            batch["asking"]["pixel_values_videos"].double().sum().item(), batch["asking"]["input_ids"].sum().item())
        return batch

    monkeypatch.setattr(GRPOTrainer, "_prepare_inputs", prepared)
    folders = tmp_path / "whole", tmp_path / "killed"
    for folder, kill in zip(folders, (False, True), strict=True):
        config = configuration(folder, start, data, max_steps=6, save_steps=1)
        config["grpo"]["num_iterations"] = 2
        if not kill:
            run.run(config)
            continue
        with pytest.raises(KeyboardInterrupt):
            run.run(config)
        kill = False
        run.run(config, resume=True)
    whole, again = (shown[str(folder)] for folder in folders)
    assert whole == again and whole[2] == whole[3] != whole[4] == whole[5]


KINDS = ("grpo", "dapo")
SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from train import grpo, rewards
rewards.REWARDS["toy"] = lambda group: [sum(letter in "abcdefg" for letter in reply) / max(1, len(reply))
                                        for reply in group.replies]
for path in sys.argv[2:]:
    grpo.run(json.load(open(path)))
"""


@pytest.mark.slow
def test_two_processes_train_to_the_losses_of_one(start, tmp_path):
    """gloo on the CPU: two processes of two clips each, one of four; the same replies, losses and weights."""
    data = tiny_run.write_rows(tmp_path / "rows", 9)
    script = tmp_path / "train.py"
    script.write_text(SCRIPT, encoding="utf-8")
    for processes in (1, 2):
        paths = []
        for kind in KINDS:
            config = configuration(tmp_path / f"{kind}{processes}", start, data, max_steps=3, save_strategy="no",
                                   per_device_train_batch_size=16 // processes)
            config["grpo"] |= {"loss_type": kind, "num_iterations": 2, "eval_clips": 3, "num_generations_eval": 2}
            paths.append(tmp_path / f"{kind}{processes}.json")
            paths[-1].write_text(json.dumps(config), encoding="utf-8")
        launch = [] if processes == 1 else ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
        ran = subprocess.run([sys.executable, *launch, str(script), str(ROOT), *map(str, paths)], cwd=ROOT,
                             timeout=HANGING, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr[-3000:]
    for kind in KINDS:
        one, two = (tmp_path / f"{kind}{processes}" for processes in (1, 2))
        assert len(entries(one)) == 3 and entries(one)[0]["reward_std"] > 0
        close(entries(one), entries(two))
        weights = [open_model(folder / "model")[0].state_dict() for folder in (one, two)]
        assert all(torch.allclose(weights[0][name], weights[1][name], atol=2e-3, rtol=1e-2) for name in weights[0])
        found = [json.loads((folder / "eval.json").read_text()) for folder in (one, two)]
        assert all(found[0][when] == pytest.approx(found[1][when]) for when in ("before", "after"))


def test_what_fsdp2_cannot_hold_is_refused_before_anything_is_loaded(start, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "sharded", lambda: True)
    monkeypatch.setenv("FSDP_VERSION", "2")
    monkeypatch.setattr(run, "open_model", lambda *given: pytest.fail("loaded"))
    with pytest.raises(BadInput, match="beta to 0"):
        run.run(configuration(tmp_path / "run", start, tmp_path))
