"""ms-swift: rows for SFT and GRPO (its Customization/Custom-dataset), a command and the environment for each.

ms-swift samples videos by qwen-vl-utils, whose constants it sets from the environment; its training arguments are
transformers', so that the recipe's pass as they are.
"""
import json

from train.data.rows import Row
from train.export.rows import MODEL, SOLUTION, WRAPPED, Export, reward_file, script, video, write
from train.export.settings import TRIED, Settings
from train.grpo import elsewhere, rewards
from vs2.video.sampling import PATCH

OURS = ("gradient_checkpointing",)              # of the recipe; ms-swift sets it itself
GRPO = ("num_generations", "max_completion_length", "temperature", "top_p", "beta", "num_iterations", "loss_type")
KIND = "qwen2_5_vl"     # ms-swift cannot tell it from a folder, for several of its models have that architecture
REWARD = "vs2_"                                 # before the name of a reward of ours, in ms-swift's table of rewards


def record(row: Row, to: Export, learn: bool) -> dict:
    """A row of ms-swift: with the reply to learn (SFT), or with `solution` for a reward function (GRPO)."""
    found = {"messages": [{"role": "user", "content": to.asks(row, learn)}], "videos": [video(row)]}
    if learn:
        found["messages"].append({"role": "assistant", "content": row.reply})
    else:
        found["solution"] = f"{elsewhere.OPEN}{SOLUTION.write(row.scores)}{elsewhere.CLOSE}"
    return found


def environment(use: Settings) -> dict[str, str]:
    """What qwen-vl-utils samples by. Its versions read pixels (to 0.0.11) or tokens of 28 x 28 pixels (since)."""
    seen = use.sampling
    return {"FPS": str(seen.fps), "FPS_MIN_FRAMES": str(seen.min_frames), "FPS_MAX_FRAMES": str(seen.max_frames),
            "VIDEO_MIN_PIXELS": str(seen.min_pixels), "VIDEO_MAX_PIXELS": str(seen.max_pixels),
            "VIDEO_TOTAL_PIXELS": str(seen.total_pixels),
            "VIDEO_MIN_TOKEN_NUM": str(seen.min_pixels // PATCH**2),
            "VIDEO_MAX_TOKEN_NUM": str(seen.max_pixels // PATCH**2)}


def options(to: Export, stage: str) -> dict[str, object]:
    """The options of `swift sft` or `swift rlhf` by name: the recipe's."""
    use = Settings(stage, to.card)
    found = {"model": MODEL, "model_type": KIND, "template": KIND, "use_hf": True,
             "dataset": to.file(f"_{stage}.jsonl").name, "split_dataset_ratio": 0,
             "tuner_type": "full", "freeze_vit": use.frozen, "freeze_aligner": use.frozen, "freeze_llm": False,
             "torch_dtype": "bfloat16", "deepspeed": "zero3", "max_length": use.length,
             "truncation_strategy": "delete", "output_dir": f"output/{to.name}_{stage}", "seed": use.recipe["seed"]}
    if stage == "grpo":
        weights = use.recipe["grpo"].get("reward_weights", rewards.PUBLISHED_WEIGHTS)
        found |= {"rlhf_type": "grpo", "external_plugins": to.file("_reward.py").name,
                  "reward_funcs": [REWARD + name for name in weights], "reward_weights": list(weights.values()),
                  **{name: use.recipe["grpo"][name] for name in GRPO}}
    return found | {name: value for name, value in use.train.items() if name not in OURS}


def command(to: Export, stage: str) -> str:
    """A script that trains."""
    use = Settings(stage, to.card)
    what, count = ("Supervised fine-tuning", "rows") if stage == "sft" else ("GRPO", "replies")
    about = [f"{what} in ms-swift; rows and options were read by {TRIED['ms-swift']}.",
             f"{use.batch} {count} a step on {use.gpus} GPUs (NPROC_PER_NODE): with others change "
             "gradient_accumulation_steps."]
    if stage == "grpo":
        about += ["Add `--use_vllm true --vllm_mode colocate` to sample replies by vLLM, which is quicker.",
                  "A process rewards the replies that it sampled: keep its batch x accumulation a multiple of "
                  "num_generations,", "or the length bonus, which compares the replies to a clip, misses some."]
        about += [WRAPPED] * to.wrapper
    given = [f"--{name} {_said(value)}" for name, value in options(to, stage).items()]
    return script(about, [f"swift {'sft' if stage == 'sft' else 'rlhf'}", *given],
                  env={**environment(use), "NPROC_PER_NODE": str(use.gpus)}, model=use.model, needed=stage == "grpo")


def _said(value) -> str:
    if value == MODEL:
        return f'"{value}"'
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def plugin(to: Export):
    """NAME_reward.py: an ORM for each of our rewards, in ms-swift's table."""
    return reward_file(to.file("_reward.py"), "ms-swift (--external_plugins)", f'''from swift.rewards import ORM, orms
from train.grpo.elsewhere import of_batch
from train.grpo.rewards import REWARDS


def _orm(name):
    class Reward(ORM):
        def __call__(self, completions, solution, **kwargs):
            return of_batch(name, completions, solution, **kwargs)

    Reward.__name__ = Reward.__qualname__ = {REWARD!r} + name       # by which its logs name it
    return Reward


for _name in REWARDS:
    orms[{REWARD!r} + _name] = _orm(_name)
''')


def files(rows: list[Row], to: Export):
    """NAME_sft.jsonl, of the rows with a reply, and NAME_grpo.jsonl, of those with scores; beside each its NAME_*.sh,
    which trains, and for GRPO NAME_reward.py.
    """
    kinds = {"sft": [record(row, to, True) for row in rows if row.reply is not None],
             "grpo": [record(row, to, False) for row in rows if row.scores is not None]}
    found = []
    for kind, records in kinds.items():
        if records:
            lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records)
            found += [write(to.file(f"_{kind}.jsonl"), lines),
                      write(to.file(f"_{kind}.sh"), command(to, kind), run=True)]
    return found + ([plugin(to)] if kinds["grpo"] else [])
