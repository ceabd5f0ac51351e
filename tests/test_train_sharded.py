"""DeepSpeed ZeRO-3, in two processes on the CPU: the same losses, replies and weights as in one process without it.

Every entry of a layer gathers its weights from all processes there, so that what one process does once more than the
other stops both. The launch and its file are those that train/README.md gives.
"""
import json

import pytest
import torch

from tests import sharded, tiny_run
from tests.launch import launch
from train.model import open_model

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]      # tests/launch.py watches whether it gets on
CLOSE = {"sft": ("loss", "grad_norm"), "grpo": ("loss", "reward", "reward_std", "kl", "entropy", "grad_norm",
                                                "completions/mean_length", "num_tokens")}
LORA = {"method": "lora", "lora": {"r": 4, "alpha": 8, "targets": ["q_proj", "down_proj"]}}
KINDS = ("sft", "grpo", "grpo-lora")


def configurations(folder, start, data, kind, processes):
    """Of one run; without a launcher also in one process."""
    config = tiny_run.configuration(
        folder / f"{kind}-{processes}", start, data, LORA if kind.endswith("lora") else {"freeze": ["visual"]},
        max_steps=4, per_device_train_batch_size=(4 if kind == "sft" else 16) // processes, optim="sgd",
        learning_rate=0.1 if kind == "sft" else 0.5, max_grad_norm=1.0, lr_scheduler_type="cosine",
        gradient_checkpointing=True, save_strategy="steps", save_steps=2, report_to="none", use_cpu=processes == 1,
        **({"ddp_backend": "gloo"} if processes > 1 else {}))
    if kind != "sft":
        config["grpo"] = {"num_generations": 4, "max_completion_length": 12, "reward_weights": {"toy": 1.0},
                          "beta": 0.2, "top_p": 0.95, "log_completions": False, "num_iterations": 2}
    if kind == "grpo":
        config["grpo"] |= {"eval_clips": 3, "num_generations_eval": 2}
    return config


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of runs KIND-PROCESSES, and KIND-killed: killed after its checkpoint, and resumed."""
    folder = tmp_path_factory.mktemp("sharded")
    start, data = tiny_run.write_start(folder / "start"), tiny_run.write_rows(folder / "rows", 16)
    paths = {1: [], 2: []}
    for kind in KINDS:
        for processes, given in paths.items():
            one = configurations(folder, start, data, kind, processes)
            killed = one | {"output": str(folder / f"{kind}-killed")}
            for number, config in enumerate([one] if processes == 1 else
                                            [one, killed | {"killed": 3}, killed | {"resume": True}]):
                given.append(folder / f"{kind}-{processes}-{number}.json")
                given[-1].write_text(json.dumps(config), encoding="utf-8")
    launch("deepspeed-zero3", "tests.sharded", paths[2], folder / "log.txt")
    sharded.play(paths[1])
    return folder


def close(one, other, kind):
    logs = [[entry for entry in json.loads((folder / "trainer_state.json").read_text())["log_history"]
             if "loss" in entry] for folder in (one, other)]
    assert len(logs[0]) == len(logs[1]) == 4 and logs[0][0]["grad_norm"] > 0
    for name in CLOSE[kind.partition("-")[0]]:
        first, second = ([entry.get(name, 0.0) for entry in log] for log in logs)
        assert first == pytest.approx(second, rel=2e-3, abs=5e-6), name
    weights = [open_model(folder / "model")[0].state_dict() for folder in (one, other)]
    assert all(torch.allclose(weights[0][name], weights[1][name], atol=2e-3, rtol=1e-2) for name in weights[0])
    assert (one / "model/vs2.json").read_text() == (other / "model/vs2.json").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_shards_learn_what_one_process_learns(runs, kind):
    close(runs / f"{kind}-1", runs / f"{kind}-2", kind)
    moved = open_model(runs / f"{kind}-2" / "model")[0].state_dict()
    first = open_model(runs / "start")[0].state_dict()
    assert any(not torch.allclose(first[name], moved[name], atol=2e-3, rtol=1e-2) for name in first)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_run_of_shards_goes_on_to_the_same_losses(runs, kind):
    close(runs / f"{kind}-2", runs / f"{kind}-killed", kind)


@pytest.mark.parametrize("kind", ["grpo", "grpo-lora"])
def test_processes_had_other_lengths_and_other_numbers_of_pieces(runs, kind):
    """Or the tests above would show nothing."""
    each = [json.loads((runs / f"{kind}-2" / f"lengths-{rank}.json").read_text()) for rank in (0, 1)]
    whole = json.loads((runs / f"{kind}-1" / "lengths-0.json").read_text())
    assert [sorted(one + other) for one, other in zip(*each, strict=True)] == [sorted(batch) for batch in whole]
    pieces = [[-(-sum(batch) // sharded.PIECE) for batch in batches] for batches in each]
    assert all(one != other for one, other in zip(*pieces, strict=True)), pieces
    assert any(max(one) != max(other) for one, other in zip(*each, strict=True)), "one process samples on for the other"


def test_held_out_clips_are_worth_the_same(runs):
    found = [json.loads((runs / f"grpo-{name}" / "eval.json").read_text()) for name in (1, 2, "killed")]
    for one in found[1:]:
        assert all(one[when] == pytest.approx(found[0][when], rel=1e-4, abs=1e-6) for when in ("before", "after"))
