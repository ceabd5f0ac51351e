"""DeepSpeed ZeRO-3 and FSDP2, in two processes on the CPU: the same losses, replies and weights as one process has.

Every entry of a layer may gather its weights from all processes there, so that what one process does once more than the
other stops both. They are launched with the files of train/configs/accelerate, as train/README.md says.
"""
import json

import pytest
import torch

from tests.support import sharded, tiny_run
from tests.support.launch import launch
from train.data.rows import Collate, encode_drill, with_idle_video
from train.model import open_model

watched = pytest.mark.timeout(1800)         # tests/support/launch.py looks whether it gets on
CLOSE = {"sft": ("loss", "grad_norm"), "grpo": ("loss", "reward", "reward_std", "kl", "entropy", "grad_norm",
                                                "completions/mean_length", "num_tokens")}
LORA = {"method": "lora", "lora": {"r": 4, "alpha": 8, "targets": ["q_proj", "down_proj"]}}
LAUNCHES = {"deepspeed-zero3": ("sft", "grpo", "grpo-lora"), "fsdp2": ("sft", "grpo-free", "grpo-lora")}
KINDS = sorted({kind for kinds in LAUNCHES.values() for kind in kinds})
PAIRS = [(launcher, kind) for launcher, kinds in LAUNCHES.items() for kind in kinds]


def configuration(folder, kind, processes):
    """Of a run of four updates with checkpoints after two and four; FSDP2 takes no frozen reference (grpo-free)."""
    config = tiny_run.configuration(
        "", folder / "start", folder / "rows", LORA if kind.endswith("lora") else {},
        max_steps=4, per_device_train_batch_size=(2 if kind == "sft" else 16) // processes, optim="sgd",
        learning_rate=0.1 if kind == "sft" else 0.5, max_grad_norm=1.0, lr_scheduler_type="cosine",
        gradient_checkpointing=True, save_strategy="steps", save_steps=2, use_cpu=processes == 1,
        **({"ddp_backend": "gloo"} if processes > 1 else {}))
    if kind != "sft":
        config["grpo"] = {"num_generations": 4, "max_completion_length": 12, "reward_weights": {"toy": 1.0},
                          "beta": 0.0 if kind == "grpo-free" else 0.2, "top_p": 0.95, "log_completions": False,
                          "num_iterations": 2}
    if kind == "grpo":
        config["grpo"] |= {"eval_clips": 3, "num_generations_eval": 2}
    return config


def write(folder, name, config, **more):
    path = folder / f"{name}-{'-'.join(more) or 'run'}.json"
    path.write_text(json.dumps(config | {"output": str(folder / name)} | more), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A folder with what all runs start from, and one run of each kind in this process."""
    folder = tmp_path_factory.mktemp("sharded")
    tiny_run.write_start(folder / "start")
    tiny_run.write_rows(folder / "rows", 16)
    sharded.play([write(folder, kind, configuration(folder, kind, 1)) for kind in KINDS])
    return folder


@pytest.fixture(scope="module")
def runs(alone):
    """`runs(launcher)`: the folder of `alone`; in LAUNCHER-KIND are the runs of two processes, in LAUNCHER-KIND-killed
    those that were killed after a checkpoint and resumed.
    """
    done = set()

    def ready(launcher):
        if launcher not in done:
            paths = []
            for kind in LAUNCHES[launcher]:
                config, name = configuration(alone, kind, 2), f"{launcher}-{kind}"
                paths += [write(alone, name, config), write(alone, f"{name}-killed", config, killed=3),
                          write(alone, f"{name}-killed", config, resume=True)]
            said = launch(launcher, "tests.support.sharded", paths, alone / f"{launcher}.txt")
            assert said.count("played") == 2 * len(paths)
            done.add(launcher)
        return alone

    return ready


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


@watched
@pytest.mark.slow
@pytest.mark.parametrize("launcher, kind", PAIRS)
def test_shards_learn_what_one_process_learns(runs, launcher, kind):
    folder = runs(launcher)
    close(folder / kind, folder / f"{launcher}-{kind}", kind)
    first, moved = (open_model(folder / name)[0].state_dict() for name in ("start", f"{launcher}-{kind}/model"))
    assert any(not torch.allclose(first[name], moved[name], atol=2e-3, rtol=1e-2) for name in first)


@watched
@pytest.mark.slow
@pytest.mark.parametrize("launcher, kind", PAIRS)
def test_a_killed_run_of_shards_goes_on_to_the_same_losses(runs, launcher, kind):
    folder = runs(launcher) / f"{launcher}-{kind}"
    close(folder, folder.with_name(f"{folder.name}-killed"), kind)


@watched
@pytest.mark.slow
@pytest.mark.parametrize("launcher, kind", PAIRS)
def test_the_processes_had_unlike_batches(runs, launcher, kind):
    """Or the tests above would show little."""
    folder = runs(launcher)
    whole = json.loads((folder / kind / "batches-0.json").read_text())
    each = [json.loads((folder / f"{launcher}-{kind}/batches-{rank}.json").read_text()) for rank in (0, 1)]
    pairs = list(zip(*each, strict=True))
    if kind == "sft":
        assert {True, False} in map(set, pairs) and whole == [any(pair) for pair in pairs]
        return
    assert [sorted(one + other) for one, other in pairs] == [sorted(batch) for batch in whole]
    assert all(-(-sum(one) // sharded.PIECE) != -(-sum(other) // sharded.PIECE) for one, other in pairs)
    assert any(max(one) != max(other) for one, other in pairs), "one samples on for the other"


@watched
@pytest.mark.slow
def test_held_out_clips_are_worth_the_same(runs):
    folder = runs("deepspeed-zero3")
    first, *others = (json.loads((folder / name / "eval.json").read_text())
                      for name in ("grpo", "deepspeed-zero3-grpo", "deepspeed-zero3-grpo-killed"))
    for other in others:
        assert all(other[when] == pytest.approx(first[when], rel=1e-4, abs=1e-6) for when in ("before", "after"))


def test_a_video_that_nothing_looks_at_changes_nothing(tmp_path):
    model, processor, _ = open_model(tiny_run.write_start(tmp_path / "start"))
    rows = [encode_drill(processor.tokenizer, text) for text in (sharded.DRILL, "red red yes\n")]
    batch, found = Collate(processor.tokenizer.pad_token_id)(rows), []
    for given in (batch, with_idle_video(batch, model.config)):
        model.zero_grad()
        loss = model(**given).loss
        loss.backward()
        found.append((loss.item(), {name: weight.grad for name, weight in model.named_parameters()}))
    (loss, gradients), (again, others) = found
    assert again == pytest.approx(loss, abs=1e-6)
    assert all(grad is not None for grad in others.values()), "the whole tower is gone through"
    for name, grad in others.items():
        old = torch.zeros_like(grad) if gradients[name] is None else gradients[name]
        torch.testing.assert_close(grad, old, atol=1e-7, rtol=1e-4, msg=name)
    assert any(gradients[name] is None for name in others)
