"""Configurations: every file is read and understood by what it is for, and a mistake in one is a sentence."""
from pathlib import Path

import pytest
import yaml

from train import config as configuration
from train import plots, sft
from train.grpo import run
from vs2.errors import BadInput
from vs2.model.card import Card

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "train/configs").glob("*.yaml"))
SEVEN = [path for path in FILES if path.name.startswith("videoscore2-7b")]
ON_A_CPU = {"bf16": False, "tf32": None, "use_cpu": True}
PUBLISHED_GPUS = {"sft": 8, "grpo": 4}


def read(name: str) -> dict:
    return configuration.read(ROOT / "train/configs" / f"{name}.yaml")


def arguments(config: dict):
    """TrainingArguments, or what train/grpo/run.py makes of the file, on a machine without a GPU."""
    config = {**config, "train": {**config["train"], **ON_A_CPU}}
    return run.options(config) if "grpo" in config else configuration.training_arguments(config)


def clips_a_step(config: dict, processes: int) -> int:
    """Rows that one update learns from; in GRPO a row has num_generations replies."""
    given = arguments(config)
    replies = given.num_generations if "grpo" in config else 1
    return given.per_device_train_batch_size // replies * given.gradient_accumulation_steps * processes


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_understood(path, tmp_path):
    config = configuration.read(path)
    config["output"] = str(tmp_path)
    if "train" in config:
        assert arguments(config).max_steps > 0 or arguments(config).num_train_epochs > 0
    assert isinstance(configuration.card(config, Card()), Card)


def test_there_is_a_file_for_each_size_of_machine():
    stages = {path.stem.removeprefix("videoscore2-7b-") for path in SEVEN}
    assert stages == {f"{stage}{kind}" for stage in ("sft", "grpo") for kind in ("", "-lora-80gb", "-qlora-24gb")}


def test_stage_one_is_the_published_recipe():
    config = read("videoscore2-7b-sft")
    given = arguments(config)
    assert clips_a_step(config, PUBLISHED_GPUS["sft"]) == 64 and given.per_device_train_batch_size == 1
    assert (given.learning_rate, given.num_train_epochs, given.lr_scheduler_type) == (5e-5, 2, "cosine")
    assert given.get_warmup_steps(1000) == 100
    assert config["train"]["bf16"] and config["model"]["dtype"] == "bf16" and given.gradient_checkpointing
    assert config["model"]["method"] == "full" and config["model"]["freeze"] == ["visual"]
    assert config["from"] == "Qwen/Qwen2.5-VL-7B-Instruct" and config["data"]["cutoff"] == 8192
    sampling = configuration.card(config, Card()).sampling
    assert (sampling.fps, sampling.max_frames, sampling.max_pixels) == (2.0, 10, 960 * 720)


def test_stage_two_is_the_published_recipe():
    config, first = read("videoscore2-7b-grpo"), read("videoscore2-7b-sft")
    given = arguments(config)
    assert (given.learning_rate, given.lr_scheduler_type, given.weight_decay) == (2e-6, "cosine", 0.01)
    assert (given.max_grad_norm, given.max_steps, given.gradient_accumulation_steps) == (5.0, 300, 8)
    assert (given.num_generations, given.temperature, given.top_p, given.beta) == (8, 1.0, 0.95, 0.04)
    assert (given.max_completion_length, given.num_iterations, given.loss_type) == (1024, 1, "grpo")
    assert clips_a_step(config, PUBLISHED_GPUS["grpo"]) == 32
    assert config["from"] == f"{first['output']}/model" and config["data"]["split"] == "rl"
    assert configuration.card(config, Card()).sampling.max_frames == 16


@pytest.mark.parametrize("kind", ["lora-80gb", "qlora-24gb"])
def test_one_card_keeps_the_published_batch_and_goes_on_from_its_own_first_stage(kind):
    first, second = read(f"videoscore2-7b-sft-{kind}"), read(f"videoscore2-7b-grpo-{kind}")
    assert clips_a_step(first, 1) == 64 and clips_a_step(second, 1) == clips_a_step(read("videoscore2-7b-grpo"), 4)
    assert first["model"]["method"] == second["model"]["method"] == kind.split("-")[0]
    assert second["from"] == f"{first['output']}/model"
    assert {key: first[key] for key in ("card", "from")} == {key: read("videoscore2-7b-sft")[key]
                                                            for key in ("card", "from")}
    at_once = second["grpo"].pop("clips_per_rollout")       # of memory, not of what is learned
    assert second["grpo"] == read("videoscore2-7b-grpo")["grpo"]
    assert clips_a_step(second, 1) % at_once == 0 and at_once < clips_a_step(second, 1)


def test_no_two_runs_write_to_one_folder():
    outputs = [configuration.read(path)["output"] for path in FILES]
    assert len(outputs) == len(set(outputs))


@pytest.mark.parametrize("name", ["deepspeed-zero3", "fsdp2"])
def test_accelerate_reads_its_configurations(name, monkeypatch):
    """By its own class, and by its own launcher's parser, which refuses names that it does not know."""
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    path = ROOT / f"train/configs/accelerate/{name}.yaml"
    config = load_config_from_file(str(path))
    assert (config.num_processes, config.num_machines, config.mixed_precision) == (8, 1, "bf16")
    known = set(vars(launch_command_parser().parse_args(["script.py"])))
    inner = config.deepspeed_config or config.fsdp_config
    assert inner and set(inner) <= known, set(inner) - known
    several = launch_command_parser().parse_args(["--config_file", str(path), "--num_machines", "2", "--num_processes",
                                                  "16", "--machine_rank", "1", "--main_process_ip", "10.0.0.1",
                                                  "--main_process_port", "29500", "-m", "train.sft", "CONFIG.yaml"])
    assert several.training_script == "train.sft" and several.main_process_port == 29500
    if name == "deepspeed-zero3":
        assert config.distributed_type == "DEEPSPEED"
        assert inner["zero_stage"] == 3 and inner["zero3_init_flag"] and inner["zero3_save_16bit_model"]
    else:
        from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl as modeling

        assert config.distributed_type == "FSDP"
        assert inner["fsdp_version"] == 2
        assert all(hasattr(modeling, layer) for layer in inner["fsdp_transformer_layer_cls_to_wrap"].split(","))


GOOD = {"output": "o", "from": "f", "data": {"kind": "reviews"}}


@pytest.mark.parametrize("wrong, says", [
    ({"lr": 1}, "unknown key `lr`: known are output, from"),
    ({"model": {"lora_r": 3}}, "unknown key `model.lora_r`"),
    ({"model": {"method": "lora", "lora": {"rank": 3}}}, "unknown key `model.lora.rank`"),
    ({"model": {"method": "dora"}}, "`model.method` .* 'dora': take one of full, lora, qlora"),
    ({"model": {"freeze": ["tower"]}}, "names 'tower': known are visual"),
    ({"model": {"lora": {"r": 8}}}, "has `model.lora` and trains the full model"),
    ({"model": {"method": "lora", "lora": {"r": "8"}}}, "`model.lora.r` .* cannot be '8'"),
    ({"data": {"kind": "videos"}}, "`data.kind` .* 'videos': take one of scenes, feedback, reviews"),
    ({"data": {"kind": "reviews", "eval_rows": -1}}, "`data.eval_rows` .* whole number"),
    ({"data": {"kind": "reviews", "cutoff": True}}, "`data.cutoff` .* whole number"),
    ({"data": {}}, "trains on scenes, so it needs `frames`"),
    ({"data": {"clipz": 3}, "frames": "x"}, "no option `data.clipz`: known are clips"),
    ({"fresh": {}}, "either `from` .* or `fresh`"),
    ({"card": {"speed": 2}}, "unknown key `speed`"),
    ({"card": {"max_frames": 1}}, "`card` of the configuration cannot be used: needs 2 <="),
    ({"seed": "0"}, "`seed` .* cannot be '0'"),
    ({"train": []}, "`train` .* cannot be"),
    ({"data": {"clips": 0}, "frames": "x"}, "`data.clips` .* whole number, not 0"),
    ({"data": {"clips": "3"}, "frames": "x"}, "`data.clips` .* whole number, not '3'"),
    ({"data": {"clips": 3, "drill": 2}, "frames": "x"}, "`data.drill` .* a share"),
    ({"data": {"cutoff": 9}, "frames": "x"}, "`data.cutoff` .* not for scenes"),
], ids=lambda value: str(value)[:40] if isinstance(value, dict) else "")
def test_a_mistake_is_one_sentence(wrong, says, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(GOOD | wrong))
    with pytest.raises(BadInput, match=says):
        configuration.read(path)


@pytest.mark.parametrize("text, says", [
    ("a: [", "is not YAML"), ("- 3", "is not a table"), ("output: x", "lacks `data`"),
    ("output: x\ndata: {kind: reviews}", "either `from`")])
def test_what_is_no_configuration_is_one_sentence(text, says, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=says):
        configuration.read(path)
    with pytest.raises(BadInput, match="cannot be read"):
        configuration.read(tmp_path / "none.yaml")


@pytest.mark.parametrize("train, says", [
    ({"learning_rte": 1}, "`train.learning_rte` is no name"), ({"seed": 5}, "`train.seed` .* cannot be 5"),
    ({"global_batch_size": 3, "gradient_accumulation_steps": 2}, "3, cannot be shared out among 1 processes of 2"),
    ({"global_batch_size": 4, "per_device_train_batch_size": 4}, "take one out"),
    ({"eval_strategy": "often"}, "cannot be used here"),
    ({"report_to": "wandb"}, "names wandb, which is not installed"),
    ({"report_to": ["tensorboard", "trackio"]}, "names trackio, which is not installed")])
def test_training_arguments_that_are_refused(train, says, monkeypatch):
    import importlib.util

    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec",
                        lambda name, *rest: None if name in ("wandb", "trackio") else there(name, *rest))
    with pytest.raises(BadInput, match=says):
        arguments(configuration.check(GOOD | {"train": train}))


@pytest.mark.parametrize("model, train, refused", [
    ({}, {"bf16": True}, True), ({"dtype": "bf16"}, {}, True), ({"dtype": "fp32"}, {}, False)])
def test_a_gpu_without_bfloat16_is_refused_it(model, train, refused, monkeypatch):
    import torch

    from vs2.model import gpu

    config = configuration.check(GOOD | {"model": model, "train": {"use_cpu": True, **train}})
    assert configuration.training_arguments(config).bf16 == bool(train)
    monkeypatch.setattr(gpu, "before_ampere", lambda where: where == torch.device("cpu"))
    monkeypatch.setattr(gpu, "name", lambda where: "Tesla T4")
    if refused:
        with pytest.raises(BadInput, match="Tesla T4 is too old for bfloat16.*`bf16: false` under `train`"):
            configuration.training_arguments(config)
    else:
        configuration.training_arguments(config)


def test_no_word_of_a_renamed_option_reaches_the_user(recwarn):
    config = configuration.check(GOOD | {"train": {"use_cpu": True, "gradient_checkpointing": True}})
    given = configuration.training_arguments(config)
    assert given.gradient_checkpointing and given.gradient_checkpointing_kwargs == {"use_reentrant": False}
    assert not [str(warning.message) for warning in recwarn if "deprecated" in str(warning.message)]


@pytest.mark.parametrize("name, rows", [("mini", 16), ("mini-grpo", 256)])
def test_any_number_of_processes_learns_from_as_many_rows(name, rows, monkeypatch):
    for processes in (1, 2, 4):
        monkeypatch.setenv("WORLD_SIZE", str(processes))
        config = read(name)
        config["train"] |= {"gradient_accumulation_steps": 2}
        given = configuration._shared_out(config["train"], "train")
        assert given["per_device_train_batch_size"] == rows / processes / 2


@pytest.mark.parametrize("part, key", [("fresh", "vocabulary"), ("fresh", "vision"), ("card", "pixels")])
def test_a_new_model_needs_its_shape(part, key):
    config = read("mini")
    del config[part][key]
    with pytest.raises(BadInput, match=f"lacks `{part}.{key}`"):
        configuration.check(config)


def test_what_a_script_does_not_use_is_refused(tmp_path):
    with pytest.raises(BadInput, match="train.sft does not use `grpo`"):
        sft.run({**GOOD, "output": str(tmp_path), "grpo": {"beta": 0.1}})
    for extra, says in (({"data": {"kind": "reviews", "cutoff": 5}}, "`data.cutoff`"),
                        ({"data": {"kind": "reviews", "eval_rows": 5}}, "`data.eval_rows`")):
        with pytest.raises(BadInput, match=f"train.grpo does not use {says}"):
            run.run({**GOOD, "output": str(tmp_path), **extra})
    with pytest.raises(BadInput, match="length_bonus must be two whole"):
        run.options(configuration.check({**GOOD, "grpo": {"length_bonus": 5}, "train": ON_A_CPU}))
    config = read("mini")
    config |= {"output": str(tmp_path / "run"), "look": {"max_stepz": 3}}
    with pytest.raises(BadInput, match="`look.max_stepz` is no name"):
        sft.run(config)
    assert not (tmp_path / "run" / "start").exists()


def test_trackers_are_known_to_transformers_by_these_names():
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    assert set(configuration.TRACKERS) <= set(INTEGRATION_TO_CALLBACK)


def test_a_card_of_the_run_changes_what_it_names_and_nothing_else():
    card = configuration.card({"card": {"max_frames": 10, "pixels": [784, 1568]}}, Card())
    assert (card.sampling.max_frames, card.sampling.min_pixels, card.sampling.max_pixels) == (10, 784, 1568)
    assert card.query == Card().query and card.sampling.fps == 2.0 and Card.of(card.record()) == card


def test_scenes_for_scores_are_all_judged_in_full_and_mixed():
    """No row describes only or drills, and the order by difficulty is gone; the same seed gives the same rows."""
    data = {"kind": "scenes", "clips": 12, "describe": 0.5, "direct": 0.5, "drill": 0.5, "describe_query": "Describe."}
    config = configuration.check({"output": "o", "from": "f", "frames": "frames.npy", "data": data})
    rows, again = (configuration.rows(config, None, None, Card(), 5, need="scores") for _ in range(2))
    assert len(rows) == 5 and rows.numbers == again.numbers != sorted(rows.numbers)
    assert (rows.whole.describe, rows.whole.direct, rows.whole.drill) == (0.0, 0.0, 0.0)
    learned = configuration.rows(config, None, None, Card(), 5)
    assert len(learned) == 5 and learned.describe == 0.5
    del config["data"]["clips"]
    with pytest.raises(BadInput, match="lacks `data.clips`"):
        configuration.rows(config, None, None, Card(), 5)


def test_curves_show_what_was_logged_and_say_when_nothing_was(tmp_path):
    history = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}, {"step": 2, "eval_loss": 1.5}, {"loss": 7.0},
               {"step": 3, "loss": float("nan")}, {"step": 2, "reward": 0.5, "text": "x"}]
    assert plots.series(history, "loss")[:2] == [(1, 2.0), (2, 1.0)] and plots.series(history, "text") == []
    sizes = []
    for names in (["loss"], ["loss", "reward", "never"], ["never"]):
        path = plots.curves(history, names, tmp_path / "new" / f"{len(sizes)}.png", "a run")
        assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        sizes.append(int.from_bytes(path.read_bytes()[16:20], "big"))
    assert sizes[1] > sizes[0] == sizes[2], "a plot for each name that was logged"
