"""What the real LLaMA-Factory, ms-swift and verl make of an export, run in an environment that has one of them.

It stands for the program that an export's own script starts: the rows and settings are read by the trainer's own
loader, and a file gets, by the clip's name, the grid of its video
(t, h, w in patches), the text that is learned, and, for GRPO, what the reward file says of two replies.
"""
import json
import os
import sys
from pathlib import Path

GOOD = "\n<think>\nIt moves.\n</think>\n\n(1) visual quality: 3\n(2) text-to-video alignment: 4\n" \
       "(3) physical/common-sense consistency: 5\n"
TOLD, CPU = "TOLD", {"bf16": "false", "tf32": "false", "deepspeed": None, "torch_dtype": "float32", "use_cpu": "true",
                     "report_to": "none"}     # what a GPU's settings become for a machine without one


# A run of two steps, which no recipe has: at the first of them the rate of learning is 0 yet.
STEP = {"max_steps": 2, "gradient_accumulation_steps": 1, "logging_steps": 1, "save_steps": 2, "save_strategy": "steps"}


def trained(folder: Path) -> dict:
    """What a run of two steps left in its folder of checkpoints."""
    state, = folder.rglob("checkpoint-2/trainer_state.json")
    history = json.loads(state.read_text(encoding="utf-8"))["log_history"]
    return {"checkpoint": str(state.parent.resolve()), "loss": next(row["loss"] for row in history if "loss" in row)}


def llamafactory(stage: str, arguments: list[str]) -> dict:
    import yaml
    from llamafactory.data import SFTDataCollatorWith4DAttentionMask, get_dataset, get_template_and_fix_tokenizer
    from llamafactory.hparams import get_train_args
    from llamafactory.model import load_tokenizer

    given = yaml.safe_load(Path(arguments[1]).read_text(encoding="utf-8"))
    given |= {"model_name_or_path": os.environ["MODEL"], "bf16": False, "use_cpu": True, "report_to": "none",
              "output_dir": "tried"}
    given.pop("deepspeed")
    if stage == "step":
        from llamafactory.train.tuner import run_exp

        run_exp(given | STEP)
        return trained(Path("tried"))
    model, data, training, _, _ = get_train_args(given)
    made = load_tokenizer(model)
    template = get_template_and_fix_tokenizer(made["tokenizer"], data)
    rows = get_dataset(template, model, data, training, stage="sft", **made)["train_dataset"]
    collate = SFTDataCollatorWith4DAttentionMask(template=template, model=None, tokenizer=made["tokenizer"],
                                                 processor=made["processor"], label_pad_token_id=-100)
    names = [Path(record["videos"][0]).stem for record in json.loads(Path(f"{given['dataset']}.json").read_text())]
    found = {}
    for name, row in zip(names, rows, strict=True):
        learned = [token for token in row["labels"] if token != -100]
        found[name] = {"learned": made["tokenizer"].decode(learned), "tokens": len(row["input_ids"]),
                       "grid": collate([dict(row)])["video_grid_thw"].tolist()[0]}
    return found


def swift(stage: str, arguments: list[str]) -> dict:
    given = arguments[1:]       # after `sft` or `rlhf`
    for name, value in CPU.items():
        if f"--{name}" in given:
            place = given.index(f"--{name}")
            del given[place:place + 2]
        given += [f"--{name}", value] * (value is not None)
    os.environ.pop("NPROC_PER_NODE", None)
    if stage != "grpo":
        from swift.pipelines.train.sft import SwiftSft as Run
    else:
        from swift.pipelines.train.rlhf import SwiftRLHF as Run
    if stage == "step":
        for name, value in STEP.items():
            if f"--{name}" in given:
                place = given.index(f"--{name}")
                del given[place:place + 2]
            given += [f"--{name}", str(value)]
        Run([*given, "--output_dir", "tried"]).main()
        return trained(Path("tried"))
    run = Run([*given, "--output_dir", "tried"])
    found = {}
    for row in run._prepare_dataset()[0]:
        name = Path((row.get("videos") or [""])[0]).stem
        made = row if "input_ids" in row else run.template.encode(row)
        learned = [token for token in made.get("labels") or [] if token != -100]
        found[name or str(len(found))] = {"grid": made["video_grid_thw"].tolist()[0],
                                          "learned": run.template.tokenizer.decode(learned)}
    if stage == "grpo":
        from swift.rewards import orms

        kept = {"solution": ["<answer>visual quality: 3; text-to-video alignment: 4; physical/common-sense "
                             "consistency: 5</answer>"] * 2,
                "prompt_id": ["a", "a"], "response_token_ids": [[1] * 400] * 2}
        found["rewards"] = {name: orms[name](args=run.args)([GOOD, GOOD.replace(": 3", ": 2")], **kept)
                            for name in run.args.reward_funcs}
    return found


def verl(stage: str, arguments: list[str]) -> dict:
    import verl as package
    from hydra import compose, initialize_config_dir
    from transformers import AutoProcessor, AutoTokenizer

    with initialize_config_dir(str(Path(package.__file__).parent / "trainer/config"), version_base=None):
        config = compose("ppo_trainer" if stage == "grpo" else "sft_trainer_engine",
                         arguments[arguments.index("-m") + 2:])
    tokenizer, processor = (kind.from_pretrained(os.environ["MODEL"]) for kind in (AutoTokenizer, AutoProcessor))
    found: dict = {}
    if stage == "sft":
        from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset

        rows = MultiTurnSFTDataset(config.data.train_files, tokenizer, config.data, processor=processor)
        for number in range(len(rows)):
            name = Path(rows.dataframe.iloc[number]["videos"][0]["video"]).stem
            row = rows[number]
            found[name] = {"grid": row["multi_modal_inputs"]["video_grid_thw"].tolist()[0],
                           "learned": tokenizer.decode(row["input_ids"][row["loss_mask"] == 1])}
        return found
    from verl.trainer.ppo.reward import get_custom_reward_fn
    from verl.utils.dataset.rl_dataset import RLHFDataset

    rows, reward = RLHFDataset(config.data.train_files, tokenizer, config.data, processor=processor), \
        get_custom_reward_fn(config)
    for number in range(len(rows)):
        row = rows[number]
        video = rows._process_multi_modal_info(row["raw_prompt"], 14, config.data)[1][0][0]
        found[row["extra_info"]["key"]] = {"grid": [len(video) // 2, video.shape[2] // 14, video.shape[3] // 14]}
        truth = row["reward_model"]["ground_truth"]
        given = {"data_source": row["data_source"], "ground_truth": truth, "extra_info": row["extra_info"]}
        found["rewards"] = [reward(solution_str=text, **given)["score"] for text in (GOOD, GOOD.replace(": 3", ": 2"))]
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in ("llamafactory", "swift", "verl"):
        trainer, stage, answer = sys.argv[1:4]
        with open(os.environ[TOLD], encoding="utf-8") as told:
            arguments = json.load(told)
        Path(answer).write_text(json.dumps(globals()[trainer](stage, arguments)), encoding="utf-8")
    else:       # started by the export's script in the place of the trainer: keep what it says
        Path(os.environ[TOLD]).write_text(json.dumps(sys.argv[1:]), encoding="utf-8")
        os.execv(sys.executable, [sys.executable, __file__, *json.loads(os.environ["TRY"])])
