"""What is written beside the rows: commands and settings, parsed as a shell, YAML and Python parse them."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.clips import moving_square
from train import config
from train.data.rows import Row
from train.export import export
from train.export.settings import PROMPT, Settings
from vs2 import rubric
from vs2.model.card import Card
from vs2.video.sampling import Sampling

CARD = Card(sampling=Sampling(fps=1.5, min_frames=6, max_frames=96, min_pixels=128 * 784, max_pixels=512 * 784))
REPLY = rubric.reply("It moves.", (3, 4, 5))
RECIPES = {stage: yaml.safe_load((Path(config.__file__).parent / "configs" / name).read_text(encoding="utf-8"))
           for stage, name in (("sft", "videoscore2-7b-sft.yaml"), ("grpo", "videoscore2-7b-grpo.yaml"))}
PROBE = """#!/usr/bin/env python3
import json, os, sys
json.dump([sys.argv, os.getcwd(), dict(os.environ)], open(os.environ["TOLD"], "w"))
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> list[Row]:
    clip = moving_square(tmp_path_factory.mktemp("clips") / "a.mp4", frames=4, size=(64, 48))
    return [Row("a", clip, "a cat", REPLY, (3, 4, 5))]


def told(script: Path, *arguments: str, **environment: str) -> tuple[list[str], Path, dict]:
    """What a script gives the program that it starts: its arguments, folder and environment."""
    programs = script.parent / "programs"
    programs.mkdir(exist_ok=True)
    for program in ("llamafactory-cli", "swift", "python3", "torchrun"):
        (programs / program).write_text(PROBE.replace("/usr/bin/env python3", sys.executable), encoding="utf-8")
        (programs / program).chmod(0o755)
    answer = script.parent / "told.json"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FPS", "VIDEO_", "MODEL"))}
    subprocess.run([script, *arguments], check=True, cwd=script.parent.parent, timeout=120, env={
        **kept, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "TOLD": str(answer), **environment})
    arguments, folder, given = json.loads(answer.read_text(encoding="utf-8"))
    return arguments[1:], Path(folder), given


def options(arguments: list[str]) -> dict[str, list[str]]:
    """`--name value ...` by name."""
    found: dict[str, list[str]] = {}
    for one in arguments:
        if one.startswith("--"):
            found[one[2:]] = last = []
        elif found:
            last.append(one)
    return found


def folder(tmp_path: Path) -> Path:
    return tmp_path / "a folder, of mine"       # which a shell and Hydra would both take apart


def sampled(card: Card | None, stage: str) -> Sampling:
    return card.sampling if card else Card.of(RECIPES[stage]["card"]).sampling


@pytest.mark.parametrize("card", [None, CARD], ids=["recipe", "card"])
def test_llamafactory_is_told_the_recipe_and_the_sampling(rows, tmp_path, card):
    out = folder(tmp_path)
    export(rows, "llamafactory", out, "mine", card)
    arguments, where, given = told(out / "mine.sh", "max_samples=3")
    assert arguments == ["train", "mine.yaml", "max_samples=3"] and where.samefile(out)
    assert given["FORCE_TORCHRUN"] == "1"
    said, recipe, seen = yaml.safe_load((out / "mine.yaml").read_text(encoding="utf-8")), RECIPES["sft"], \
        sampled(card, "sft")
    assert (said["template"], said["stage"], said["finetuning_type"]) == ("qwen2_vl", "sft", "full")
    assert (said["video_fps"], said["video_maxlen"], said["video_min_pixels"], said["video_max_pixels"]) == (
        seen.fps, seen.max_frames, seen.min_pixels, seen.max_pixels)
    assert said["freeze_vision_tower"] is said["freeze_multi_modal_projector"] is True
    assert said["freeze_language_model"] is False and said["model_name_or_path"] == recipe["from"]
    assert said["cutoff_len"] == (recipe["data"]["cutoff"] if card is None else 48 * 512 + 4096)
    assert (said["dataset"], said["dataset_dir"]) == ("mine", ".") and said["seed"] == recipe["seed"]
    assert {name: said[name] for name in said.keys() & recipe["train"].keys()} == {
        name: value for name, value in recipe["train"].items() if name not in ("tf32", "gradient_checkpointing")}
    zero = json.loads((out / said["deepspeed"]).read_text(encoding="utf-8"))
    assert zero["zero_optimization"]["stage"] == 3


@pytest.mark.parametrize("card", [None, CARD], ids=["recipe", "card"])
@pytest.mark.parametrize("stage", ["sft", "grpo"])
def test_swift_is_told_the_recipe_and_the_sampling(rows, tmp_path, card, stage):
    out, recipe, seen = folder(tmp_path), RECIPES[stage], sampled(card, stage)
    export(rows, "ms-swift", out, "mine", card)
    (tmp_path / "start").mkdir()
    arguments, where, given = told(out / f"mine_{stage}.sh", "--max_steps", "3", MODEL="start")
    said = options(arguments)
    assert where.samefile(out) and arguments[0] == {"sft": "sft", "grpo": "rlhf"}[stage]
    assert {name: float(given[name]) for name in ("FPS", "FPS_MIN_FRAMES", "FPS_MAX_FRAMES", "VIDEO_MIN_PIXELS",
                                                  "VIDEO_MAX_PIXELS", "VIDEO_TOTAL_PIXELS")} == {
        "FPS": seen.fps, "FPS_MIN_FRAMES": seen.min_frames, "FPS_MAX_FRAMES": seen.max_frames,
        "VIDEO_MIN_PIXELS": seen.min_pixels, "VIDEO_MAX_PIXELS": seen.max_pixels,
        "VIDEO_TOTAL_PIXELS": seen.total_pixels}
    assert int(given["VIDEO_MIN_TOKEN_NUM"]) == seen.min_pixels // 784
    assert int(given["VIDEO_MAX_TOKEN_NUM"]) == seen.max_pixels // 784
    assert Path(said["model"][0]).samefile(tmp_path / "start"), "a folder named from where the command was given"
    assert said["freeze_vit"] == said["freeze_aligner"] == ["true"] and said["freeze_llm"] == ["false"]
    assert said["max_steps"] == ["3"], "what is given to the script comes last"
    published = {"sft": recipe["data"].get("cutoff"), "grpo": PROMPT}[stage]
    assert said["max_length"] == [str(published if card is None else max(published, 48 * 512 + 4096))]
    assert (out / said["dataset"][0]).is_file()
    for part in ("train", "grpo"):
        for name, value in recipe.get(part, {}).items():
            if name not in ("gradient_checkpointing", "max_steps"):
                assert yaml.safe_load(said[name][0].replace("e-0", ".0e-0") if "e-" in said[name][0]
                                      and "." not in said[name][0] else said[name][0]) == value, name
    if stage == "grpo":
        assert said["reward_funcs"] == ["vs2_accuracy", "vs2_length"] and said["reward_weights"] == ["1.0", "1.0"]
        assert (out / said["external_plugins"][0]).is_file() and said["rlhf_type"] == ["grpo"]
        with pytest.raises(subprocess.CalledProcessError):
            told(out / "mine_grpo.sh")      # which cannot know where its start lies
    else:
        assert options(told(out / "mine_sft.sh")[0])["model"] == [recipe["from"]]


@pytest.mark.parametrize("card", [None, CARD], ids=["recipe", "card"])
def test_verl_is_told_the_recipe_and_the_sampling(rows, tmp_path, card):
    from pyarrow import parquet

    out = folder(tmp_path)
    export(rows, "verl", out, "mine", card)
    for stage, file in (("grpo", "mine.parquet"), ("sft", "mine_sft.parquet")):
        seen = sampled(card, stage)
        video, = parquet.read_table(out / file).to_pylist()[0]["videos"]
        assert {name: video[name] for name in video.keys() - {"type", "video"}} == {
            "fps": seen.fps, "min_frames": seen.min_frames, "max_frames": seen.max_frames,
            "min_pixels": seen.min_pixels, "max_pixels": seen.max_pixels, "total_pixels": seen.total_pixels}
    arguments, _, _ = told(out / "mine_grpo.sh", "trainer.nnodes=2", MODEL="some/model")
    assert arguments[:2] == ["-m", "verl.trainer.main_ppo"] and arguments[-1] == "trainer.nnodes=2"
    said = dict(one.split("=", 1) for one in arguments[2:])
    length = PROMPT if card is None else 48 * 512 + 4096
    assert said["data.max_prompt_length"] == str(length) and said["data.max_response_length"] == "1024"
    assert said["actor_rollout_ref.rollout.max_model_len"] == str(length + 1024)
    assert said["data.train_batch_size"] == said["actor_rollout_ref.actor.ppo_mini_batch_size"] == "32"
    assert said["actor_rollout_ref.rollout.n"] == "8" and said["actor_rollout_ref.actor.kl_loss_coef"] == "0.04"
    assert float(said["actor_rollout_ref.actor.optim.lr"]) == RECIPES["grpo"]["train"]["learning_rate"]
    assert said["actor_rollout_ref.actor.loss_agg_mode"] == "seq-mean-token-mean"
    assert said["actor_rollout_ref.model.path"] == "'some/model'"
    for name in ("data.train_files", "reward.custom_reward_function.path"):
        assert said[name][0] == said[name][-1] == "'" and Path(said[name][1:-1]).is_file(), "quoted for Hydra"
    arguments, _, _ = told(out / "mine_sft.sh")
    assert arguments[arguments.index("-m") + 1] == "verl.trainer.sft_trainer"
    said = dict(one.split("=", 1) for one in arguments[arguments.index("-m") + 2:])
    assert said["data.train_batch_size"] == "64" and said["optim.lr_warmup_steps_ratio"] == "0.1"
    assert said["data.max_length"] == str(RECIPES["sft"]["data"]["cutoff"] if card is None else 48 * 512 + 4096)
    assert said["model.path"] == f"'{RECIPES['sft']['from']}'" and Path(said["data.train_files"][1:-1]).is_file()
    text = (out / "mine_sft.sh").read_text(encoding="utf-8")
    assert ("lowers its 691200 pixels" in text) == (card is None), "what verl cannot do as published is said"
    assert "length bonus" in (out / "mine_grpo.sh").read_text(encoding="utf-8")


def test_a_card_of_long_videos_gets_room_for_them():
    published = Settings("grpo", Card())        # 768 frames, of which the whole clip's pixels are the limit
    assert published.video_tokens == Sampling().total_pixels // 784 == 115200
    assert published.length == 115200 + 4096
    few = Settings("sft", Card(sampling=Sampling(max_frames=4, max_pixels=256 * 784)))
    assert few.length == RECIPES["sft"]["data"]["cutoff"]
    assert Settings("sft").video_tokens == 5 * 881


def test_the_reward_files_give_the_numbers_of_the_rewards(rows, tmp_path):
    out = folder(tmp_path)
    export(rows, "verl", out, "mine")
    export(rows, "ms-swift", out, "other")
    (out / "stubs/swift").mkdir(parents=True)   # ms-swift's own base class and table, as 4.6.0 has them
    (out / "stubs/swift/rewards.py").write_text(
        "class ORM:\n    def __init__(self, args=None, **kwargs):\n        self.args = args\n\n\norms = {}\n",
        encoding="utf-8")
    (out / "stubs/swift/__init__.py").touch()
    (out / "stubs/train.py").touch()            # a module of another project that has the same name
    check = out / "check.py"
    check.write_text(f"""
import importlib.util, json, sys
sys.path[:0] = [{str(out / "stubs")!r}]
import train
def load(path):
    spec = importlib.util.spec_from_file_location("loaded", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
reply = {REPLY!r}
near = reply.replace("quality: 3", "quality: 4")
true = "visual quality: 3; text-to-video alignment: 4; physical/common-sense consistency: 5"
verl = load({str(out / "mine_reward.py")!r}).compute_score
got = [verl("mine", text, true, {{}})["score"] for text in (reply, near, "none")]
load({str(out / "other_reward.py")!r})
from swift.rewards import orms
given = dict(solution=["<answer>" + true + "</answer>"] * 3, prompt_id=["p"] * 3, messages=[], trainer_state=None,
             response_token_ids=[[1] * 400, [1] * 320, [1] * 512])
both = [orms[name](args=None)([reply, near, "none"], **given) for name in ("vs2_accuracy", "vs2_length")]
assert not {{"torch", "transformers"}} & sys.modules.keys(), "thin"
print(json.dumps([got, both, sorted(orms)]))
""", encoding="utf-8")
    ran = subprocess.run([sys.executable, check], cwd=tmp_path, capture_output=True, text=True, timeout=300,
                         env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")})
    assert ran.returncode == 0, ran.stderr
    scores, both, names = json.loads(ran.stdout)
    assert scores == [1.0, 0.7, 0.0] and both == [[1.0, 0.7, 0.0], [0.2, 0.2, 0.0]]
    assert names == ["vs2_accuracy", "vs2_exact", "vs2_format", "vs2_length", "vs2_near"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands are for bash")
def test_the_commands_are_whole(rows, tmp_path):
    for to in ("llamafactory", "ms-swift", "verl"):
        for path in export(rows, to, tmp_path)[0]:
            if path.suffix == ".sh":
                assert os.access(path, os.X_OK)
                subprocess.run(["bash", "-n", path], check=True, timeout=60)
            if path.suffix == ".py":
                compile(path.read_text(encoding="utf-8"), str(path), "exec")
