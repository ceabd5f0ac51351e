"""verl: rows for GRPO (its RLHFDataset) and for SFT (its MultiTurnSFTDataset), in Parquet, and a command for each.

verl samples a video by what its record says, through qwen-vl-utils (process_video of its vision_utils).
"""
from functools import cached_property
from pathlib import Path

from train.data.rows import Row
from train.export.rows import HERE, MODEL, SOLUTION, WRAPPED, Export, reward_file, script, video, write
from train.export.settings import TRIED, Settings
from vs2.errors import BadInput
from vs2.video.sampling import Sampling

LOSSES = {"grpo": "seq-mean-token-mean"}        # TRL's loss_type -> verl's loss_agg_mode
CAP = Sampling().max_pixels                     # of a frame: what qwen-vl-utils lowers a larger max_pixels to


class Records:
    """Rows as verl's records."""

    def __init__(self, to: Export):
        self.to = to

    def grpo(self, row: Row, index: int) -> dict:
        """A row to sample replies for. verl's own rewards do not know its source: NAME_reward.py does."""
        return {"data_source": self.to.name,
                "prompt": [{"role": "user", "content": self.to.asks(row, learn=False)}],
                "videos": [self._video(row, self._grpo)],
                "ability": "video_evaluation",
                "reward_model": {"style": "rule", "ground_truth": SOLUTION.write(row.scores)},
                "extra_info": {"index": index, "key": row.key, "t2v_prompt": row.prompt, "reply": row.reply}}

    def sft(self, row: Row) -> dict:
        """A row with the reply to learn."""
        return {"messages": [{"role": "user", "content": self.to.asks(row)},
                             {"role": "assistant", "content": row.reply}],
                "videos": [self._video(row, self._sft)]}

    @cached_property
    def _grpo(self) -> Sampling:
        return Settings("grpo", self.to.card).sampling

    @cached_property
    def _sft(self) -> Sampling:
        return Settings("sft", self.to.card).sampling

    @staticmethod
    def _video(row: Row, seen: Sampling) -> dict:
        return {"type": "video", "video": f"file://{video(row)}", "fps": seen.fps, "min_frames": seen.min_frames,
                "max_frames": seen.max_frames, "min_pixels": seen.min_pixels, "max_pixels": seen.max_pixels,
                "total_pixels": seen.total_pixels}


def grpo_options(to: Export) -> dict[str, object]:
    """The overrides of `python -m verl.trainer.main_ppo` by name: the recipe's."""
    use = Settings("grpo", to.card)
    ours, train = use.recipe["grpo"], use.train
    replies, length = ours["num_generations"], use.length + ours["max_completion_length"]
    clips, rows = use.batch // replies, f"{HERE}/{to.file('.parquet').name}"
    actor, rollout = "actor_rollout_ref.actor", "actor_rollout_ref.rollout"
    return {
        "algorithm.adv_estimator": "grpo", "algorithm.use_kl_in_reward": False,
        "data.train_files": rows, "data.val_files": rows, "data.train_batch_size": clips,
        "data.max_prompt_length": use.length,
        "data.max_response_length": ours["max_completion_length"], "data.filter_overlong_prompts": True,
        "data.truncation": "error", "data.seed": use.recipe["seed"],
        "actor_rollout_ref.model.path": MODEL,
        f"{actor}.optim.lr": train["learning_rate"], f"{actor}.optim.weight_decay": train["weight_decay"],
        f"{actor}.optim.lr_scheduler_type": train["lr_scheduler_type"], f"{actor}.grad_clip": train["max_grad_norm"],
        f"{actor}.ppo_mini_batch_size": clips, f"{actor}.ppo_micro_batch_size_per_gpu": 1,
        f"{actor}.ppo_epochs": ours["num_iterations"], f"{actor}.loss_agg_mode": LOSSES[ours["loss_type"]],
        f"{actor}.use_kl_loss": True, f"{actor}.kl_loss_coef": ours["beta"], f"{actor}.kl_loss_type": "low_var_kl",
        f"{actor}.entropy_coeff": 0, f"{actor}.ppo_max_token_len_per_gpu": length,
        f"{rollout}.name": "vllm", f"{rollout}.n": replies, f"{rollout}.temperature": ours["temperature"],
        f"{rollout}.top_p": ours["top_p"], f"{rollout}.tensor_model_parallel_size": 1,
        f"{rollout}.max_model_len": length, f"{rollout}.max_num_batched_tokens": length,
        f"{rollout}.log_prob_micro_batch_size_per_gpu": 1,
        "actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu": 1,
        "reward.custom_reward_function.path": f"{HERE}/{to.file('_reward.py').name}",
        "reward.custom_reward_function.name": "compute_score",
        "trainer.total_training_steps": train["max_steps"], "trainer.save_freq": train["save_steps"],
        "trainer.test_freq": -1, "trainer.val_before_train": False, "trainer.nnodes": 1,
        "trainer.n_gpus_per_node": use.gpus, "trainer.logger": ["console", train["report_to"]],
        "trainer.project_name": "vs2", "trainer.experiment_name": f"{to.name}_grpo"}


def sft_options(to: Export) -> dict[str, object]:
    """The overrides of `torchrun -m verl.trainer.sft_trainer` by name: the recipe's."""
    use = Settings("sft", to.card)
    train = use.train
    return {
        "data.train_files": f"{HERE}/{to.file('_sft.parquet').name}", "data.train_batch_size": use.batch,
        "data.micro_batch_size_per_gpu": train["per_device_train_batch_size"], "data.max_length": use.length,
        "data.max_token_len_per_gpu": use.length, "data.pad_mode": "no_padding", "data.truncation": "error",
        "model.path": MODEL,
        "optim.lr": train["learning_rate"], "optim.lr_scheduler_type": train["lr_scheduler_type"],
        "optim.lr_warmup_steps_ratio": train["warmup_steps"],
        "trainer.total_epochs": train["num_train_epochs"], "trainer.save_freq": train["save_steps"],
        "trainer.seed": use.recipe["seed"], "trainer.nnodes": 1, "trainer.n_gpus_per_node": use.gpus,
        "trainer.logger": ["console", train["report_to"]],
        "trainer.project_name": "vs2", "trainer.experiment_name": f"{to.name}_sft"}


def command(to: Export, stage: str) -> str:
    """A script that trains."""
    use = Settings(stage, to.card)
    options = sft_options(to) if stage == "sft" else grpo_options(to)
    start = f"torchrun --standalone --nnodes=1 --nproc_per_node={use.gpus} -m verl.trainer.sft_trainer" \
        if stage == "sft" else "python3 -m verl.trainer.main_ppo"
    about = [f"{'Supervised fine-tuning' if stage == 'sft' else 'GRPO'} in verl; rows and options were read by "
             f"{TRIED['verl']}.",
             "Not as in the recipe: verl has no option that freezes the vision tower under FSDP; it is trained too."]
    if use.sampling.max_pixels > CAP:
        about += [f"Nor is the size of a frame: qwen-vl-utils lowers its {use.sampling.max_pixels} pixels to {CAP}."]
    if stage == "sft":
        about += ["A turn becomes tokens as a whole there: the line break that opens a reply joins the one before it "
                  "and is not learned."]
    else:
        about += ["Nor is the reward: verl gives one reply at a time, so the length bonus, which compares replies to a "
                  "clip, is left out."]
        about += [WRAPPED] * to.wrapper
    return script(about, [start, *(_said(name, value) for name, value in options.items())], model=use.model,
                  needed=stage == "grpo")


def _said(name: str, value) -> str:
    """An override in Hydra's words: a path is quoted for it, within what the shell fills in."""
    if isinstance(value, str) and value.startswith((HERE, MODEL)):
        return f"\"{name}='{value}'\""
    if isinstance(value, list):
        return f"'{name}=[{','.join(map(str, value))}]'"
    return f"{name}={value}"


def files(rows: list[Row], to: Export):
    """NAME.parquet, of the rows with scores, with NAME_grpo.sh, which trains, and NAME_reward.py; NAME_sft.parquet, of
    those with a reply, with NAME_sft.sh. Raises BadInput where pyarrow is not installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise BadInput("verl reads Parquet files, which need the package pyarrow: install it with "
                       "`pip install pyarrow`.") from error
    text, whole = pyarrow.string(), pyarrow.int64()
    turns = pyarrow.list_(pyarrow.struct({"role": text, "content": text}))
    videos = pyarrow.list_(pyarrow.struct({
        "type": text, "video": text, "fps": pyarrow.float64(), "min_frames": whole, "max_frames": whole,
        "min_pixels": whole, "max_pixels": whole, "total_pixels": whole}))
    made, found = Records(to), []
    if scored := [row for row in rows if row.scores is not None]:
        schema = pyarrow.schema({
            "data_source": text, "prompt": turns, "videos": videos, "ability": text,
            "reward_model": pyarrow.struct({"style": text, "ground_truth": text}),
            "extra_info": pyarrow.struct({"index": whole, "key": text, "t2v_prompt": text, "reply": text})})
        table = pyarrow.Table.from_pylist([made.grpo(row, index) for index, row in enumerate(scored)], schema)
        found += [_parquet(table, to.file(".parquet")),
                  write(to.file("_grpo.sh"), command(to, "grpo"), run=True),
                  reward_file(to.file("_reward.py"), "verl (reward.custom_reward_function)",
                              "from train.grpo.elsewhere import compute_score\n\n__all__ = [\"compute_score\"]\n")]
    if learned := [row for row in rows if row.reply is not None]:
        table = pyarrow.Table.from_pylist([made.sft(row) for row in learned],
                                          pyarrow.schema({"messages": turns, "videos": videos}))
        found += [_parquet(table, to.file("_sft.parquet")), write(to.file("_sft.sh"), command(to, "sft"), run=True)]
    return found


def _parquet(table, path: Path) -> Path:
    from pyarrow import parquet

    part = path.with_name(f"{path.name}.part")
    parquet.write_table(table, part)
    part.replace(path)
    return path
