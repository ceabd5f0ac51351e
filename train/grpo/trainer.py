"""The Trainer of GRPO: its batches are clips, to which it samples replies, rewards them and learns from them."""
import json
import time
from collections import deque
from pathlib import Path
from statistics import fmean

import torch
from torch.utils.data import DataLoader
from transformers import Trainer

from train.grpo import blocks, memory, objective, policy, rewards, rollout
from train.grpo.held_out import BeforeAndAfter, measured
from train.grpo.objective import GRPOConfig
from train.grpo.reference import Reference
from train.grpo.tally import Tally
from train.model import load_from_checkpoint, sharded


class GRPOTrainer(Trainer):
    """Trainer whose batches are clips to sample replies for.

    rows, held_out: data sets with `row(i)` -> train.data.rows.Row with scores. card: of the model, for their inputs.
    reference: a model to stay near to; where none is given and beta is not 0, the model with its adapters off, or a
    frozen copy of it. options: Trainer's.
    """

    loss_is_scaled_for_ga = True

    def __init__(self, model, args: GRPOConfig, rows, processor, card, held_out=None, reference=None, callbacks=None,
                 **options):
        policy.install(model, share_prompt=not sharded())
        base = model.get_base_model() if hasattr(model, "peft_config") else model
        prompts = blocks.Prompts(rows, processor, base.config, card)
        super().__init__(model, args, train_dataset=prompts, data_collator=blocks.collate, callbacks=callbacks,
                         eval_dataset=held_out and blocks.Prompts(held_out, processor, base.config, card), **options)
        self.tokenizer, self.weights = processor.tokenizer, args.reward_weights
        self.ends = rollout.end_tokens(base, processor.tokenizer)
        self.synced = args.world_size > 1 and sharded()
        self.how = rollout.Sampling(args.num_generations, args.max_completion_length, args.temperature, args.top_p)
        self.plan = blocks.Plan(len(prompts), args.clips, args.steps_per_generation, args.num_iterations,
                                args.gradient_accumulation_steps, args.seed, args.process_index, args.world_size)
        self.reference = Reference.of(model, reference) if args.beta else None
        self.tally, self.samples, self._waiting = Tally(), [], deque()
        self._update, self._micro = -1, 0           # the update and its micro-batch that come now
        self._updated = None                        # when the update before began
        if args.eval_clips:
            self.add_callback(BeforeAndAfter(self))

    # --- data ---

    def get_train_dataloader(self) -> DataLoader:
        """This process's share of every block; accelerate is not asked to split what is split already."""
        args = self.args
        return DataLoader(self.train_dataset, batch_sampler=blocks.Blocks(self.plan, lambda: self.state.global_step),
                          collate_fn=blocks.collate, num_workers=args.dataloader_num_workers,
                          persistent_workers=args.dataloader_persistent_workers,
                          prefetch_factor=args.dataloader_prefetch_factor)

    def _prepare_inputs(self, inputs: dict) -> dict:
        """The next micro-batch with its replies. A run that was killed in the middle of a block samples it anew."""
        self._micro = self._micro + 1 if self._update == self.state.global_step else 0
        self._update = self.state.global_step
        if not self._waiting:
            epoch, number, block = self.plan.at(self.state.global_step, self._micro)
            asked = inputs["asked"] or [self.train_dataset[at] for at in self.plan.block(epoch, number)]
            batches = self._sampled(asked, block) * self.args.num_iterations
            used = (self.state.global_step * self.args.gradient_accumulation_steps + self._micro) % len(batches)
            self._waiting.extend(batches[used:])
        return self._waiting.popleft()

    # --- replies ---

    @property
    def forward_model(self):
        """What a forward pass without gradients goes through: the bare model, but for sharded weights."""
        return self.model_wrapped if sharded() else self.model

    def _sampled(self, asked: list[blocks.Asked], block: int) -> list[dict]:
        """Replies to all clips of a block, rewarded, cut into micro-batches."""
        args, begun = self.args, time.perf_counter()
        at_once = memory.at_once(args)
        found = []
        for first in range(0, len(asked), at_once):
            some = asked[first:first + at_once]
            found.append((some, rollout.sample(
                self.forward_model, self.tokenizer, [one.inputs for one in some], self.how,
                [(args.seed, block, one.place) for one in some], self.ends, self.synced)))
        self.tally.add("seconds/rollout", time.perf_counter() - begun)
        texts = [text for _, rolled in found for text in rolled.texts]
        replies = [one.given + text for one, text in zip(
            (one for one in asked for _ in range(args.num_generations)), texts, strict=True)]
        lengths = torch.cat([rolled.lengths for _, rolled in found])
        ended = torch.cat([rolled.ended for _, rolled in found])
        values, parts = self._rewarded(asked, replies, lengths.tolist())
        if args.scale_rewards == "batch" and args.world_size > 1:
            every = self.accelerator.gather(values)
            mine = slice(args.process_index * len(values), (args.process_index + 1) * len(values))
            gain = objective.advantages(every, "batch")[mine].flatten()
        else:
            gain = objective.advantages(values, args.scale_rewards).flatten()
        self._count(asked, lengths, ended, values, parts)
        self.samples = [
            {"key": asked[n // args.num_generations].key, "prompt": asked[n // args.num_generations].prompt,
             "scores": list(asked[n // args.num_generations].scores), "completion": replies[n],
             "rewards": {name: each[n] for name, each in parts.items()}, "reward": values.flatten()[n].item(),
             "advantage": gain[n].item(), "tokens": int(lengths[n])}
            for n in range(min(args.num_completions_to_print, len(replies)))]
        longest = max(rolled.ids.shape[1] for _, rolled in found)
        ids, mask = (torch.cat([torch.nn.functional.pad(getattr(rolled, name), (0, longest - rolled.ids.shape[1]),
                                                        value=value) for _, rolled in found])
                     for name, value in (("ids", self.tokenizer.pad_token_id), ("mask", False)))
        return self._cut(asked, ids, mask, gain, ended)

    def _cut(self, asked, ids, mask, gain, ended) -> list[dict]:
        """Micro-batches with what is known of their replies before the first update."""
        args, batches = self.args, []
        for first in range(0, len(asked), args.clips):
            at = slice(first * args.num_generations, (first + args.clips) * args.num_generations)
            longest = int(mask[at].sum(1).max())
            packed = policy.pack([one.inputs for one in asked[first:first + args.clips]], args.device,
                                 self.tokenizer.pad_token_id)
            asking = {**packed, "completion_ids": ids[at, :longest], "completion_mask": mask[at, :longest],
                      "temperature": args.temperature}
            learned = mask[at, :longest] & (ended[at, None] | (not args.mask_truncated_completions))
            batch = {"asking": asking, "mask": learned.float(), "gain": gain[at], "old": None, "reference": None}
            with torch.no_grad(), rollout.evaluating(self.forward_model), self.compute_loss_context_manager():
                if args.keeps_old:
                    batch["old"] = self.forward_model(**asking)[0]
                if self.reference:
                    batch["reference"] = self.reference.logps(self.forward_model, asking, self.accelerator)
            batches.append(batch)
        if args.loss_type == "dapo":
            for first in range(0, len(batches), args.gradient_accumulation_steps):
                update = batches[first:first + args.gradient_accumulation_steps]
                tokens = self.accelerator.reduce(torch.stack([batch["mask"].sum() for batch in update]).sum(), "mean")
                for batch in update:
                    batch["tokens"] = tokens.item()
        return batches

    def _rewarded(self, asked, replies, lengths):
        """(rewards float32 [clips, G], each part by name as a list of clips * G)."""
        each, count, (low, high) = {name: [] for name in self.weights}, self.args.num_generations, \
            self.args.length_bonus
        for number, one in enumerate(asked):
            at = slice(number * count, (number + 1) * count)
            group = rewards.Group(replies[at], lengths[at], one.scores, low, high)
            for name, values in rewards.parts(group, self.weights).items():
                each[name] += values
        values = torch.tensor(rewards.total(each, self.weights), dtype=torch.float32, device=self.args.device)
        return values.reshape(len(asked), count), each

    # --- loss ---

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The loss of one micro-batch, its share of an accumulated update included."""
        if return_outputs:
            raise ValueError("The loss of GRPO has no outputs to return.")
        args, mask, begun = self.args, inputs["mask"], time.perf_counter()
        logps, entropy = model(**inputs["asking"])
        old = logps.detach() if inputs["old"] is None else inputs["old"]
        losses, low, high = objective.token_losses(
            logps, old, inputs["gain"], args.epsilon,
            args.epsilon if args.epsilon_high is None else args.epsilon_high)
        seen = [("entropy", entropy), ("clip_ratio/low_mean", low), ("clip_ratio/high_mean", high),
                ("clip_ratio/region_mean", low | high)]
        if self.reference:
            kl = objective.divergence(logps, inputs["reference"])
            losses = losses + args.beta * kl
            seen.append(("kl", kl.detach()))
        loss = objective.reduced(losses, mask, args.loss_type, args.max_completion_length, inputs.get("tokens"))
        for name, value in seen:        # over all tokens of all processes, however they share these
            self.tally.add(name, (value * mask).sum().item(), mask.sum().item())
        self.tally.add("seconds/forward", time.perf_counter() - begun)
        return loss if args.loss_type == "dapo" else loss / self.current_gradient_accumulation_steps

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        """An update's micro-batches; how long it waited for them is noted, and how long the update before took."""
        begun = time.perf_counter()
        if self._updated is not None:
            self.tally.add("seconds/update", begun - self._updated)
        found = super().get_batch_samples(epoch_iterator, num_batches, device)
        self.tally.add("seconds/data", time.perf_counter() - begun)
        self._updated = begun
        return found

    def floating_point_ops(self, inputs) -> int:
        """Not counted: what a micro-batch costs is not in what the data loader gives."""
        return 0

    # --- what is logged, kept, read again ---

    def _count(self, asked, lengths, ended, values, parts) -> None:
        spread = values.std(1)
        whole = lengths[ended].float()
        for name, value in (("reward", values), ("reward_std", spread), ("frac_reward_zero_std", spread < 1e-6),
                            ("completions/mean_length", lengths), ("completions/clipped_ratio", ~ended),
                            ("completions/mean_terminated_length", whole)):
            self.tally.add(name, value.float().sum().item(), value.numel())
        for name, each in parts.items():
            self.tally.add(f"rewards/{name}/mean", sum(each), len(each))
        self.tally.tokens += int(lengths.sum()) + sum(one.inputs.length for one in asked) * self.args.num_generations

    def log(self, logs: dict, start_time: float | None = None) -> None:
        """Adds what was counted since the last time, over all processes, and keeps sample replies."""
        if "loss" in logs:
            found, tokens = self.tally.take(self.accelerator)
            self.state.num_input_tokens_seen += tokens
            logs = {**logs, **found, "num_tokens": self.state.num_input_tokens_seen}
            if self.args.log_completions and self.is_world_process_zero():
                with open(Path(self.args.output_dir) / "samples.jsonl", "a", encoding="utf-8") as file:
                    for sample in self.samples:
                        file.write(json.dumps({"step": self.state.global_step, **sample}, ensure_ascii=False) + "\n")
        super().log(logs, start_time)

    def evaluate(self, eval_dataset=None, ignore_keys=None, metric_key_prefix: str = "eval") -> dict[str, float]:
        """What replies to the held-out clips are worth, over all processes (train/grpo/held_out.py)."""
        prompts = self.eval_dataset if eval_dataset is None else eval_dataset
        found = measured(self, prompts)
        self.clip_rewards = {name: found[name] for name in ("reward", "sampled/reward") if name in found}
        metrics = {f"{metric_key_prefix}_{name}": fmean(values) for name, values in found.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _load_from_checkpoint(self, resume_from_checkpoint, model=None):
        if self.is_fsdp_enabled:        # shards, saved and read under the model's own names
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        else:
            load_from_checkpoint(self.model if model is None else model, resume_from_checkpoint)
