"""Teaches the part for footage to speak: `python -m train.footage.teach OUTPUT TABLE ... [--without K/N] [--resume]`

It learns from what the eye saw (train/footage/seen.py), so that the convolutions need not run again: a small language
model reads a token for each quarter of each pair of pictures, and learns the replies of train/footage/words.py. The
matrix that makes those tokens is what regressions found (train/footage/teacher.py), and is not learned further: a free
one learns the few clips by heart. At the digits it learns the whole distribution: 3.4 is a 3 with 0.6 and a 4 with 0.4.
OUTPUT/model is the result.
"""
import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from train import fresh
from train.footage import faults, imagenet, scope, words
from train.footage.lessons import lessons, reworded
from train.footage.seen import kept, share
from train.footage.table import Film, listed
from vs2.errors import Problem
from vs2.model import footage
from vs2.model.card import NAME, Card
from vs2.model.eye import CELLS, FEATURES, PAIRS, with_means
from vs2.model.tokens import Wire
from vs2.rubric import DIRECT, KEYS

SHAPE = {"vocabulary": 512, "mrope_section": [4, 6, 6],
         "text": {"hidden_size": 128, "intermediate_size": 320, "num_hidden_layers": 3, "num_attention_heads": 4,
                  "num_key_value_heads": 2, "initializer_range": 0.05},
         "vision": {"depth": 1, "hidden_size": 32, "intermediate_size": 32, "num_heads": 1, "out_hidden_size": 128,
                    "fullatt_block_indexes": [0]}}
MERGE = 8
CARD = {"query": "Judge this footage: $t2v_prompt", "fps": 4.0, "min_frames": 8, "max_frames": 8,
        "pixels": [28 * 28, 512 * 512]}
STEPS, BATCH, RATE, WARM, DECAY = 1200, 24, 2e-3, 30, 0.05
DIRECT_SHARE, DIGITS, NOISE = 0.2, 4.0, 0.1
REWORDED = 0.2      # of the replies with reasons, that say something else than is seen, and are scored by what they say
CLEAN = 2.0         # how often a clip is met as it is, a spoilt one being met once: most clips are not spoilt
EVERY = 50          # steps between two checkpoints and lines of the log


def untrained(seed: int = 0):
    """The model, its eye and its processor."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLProcessor, Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    said = [words.reply(words.Seen(n % 4, (n % 5, n // 5 % 5), (n % 5 + 1, n // 5 % 5 + 1),
                                   words.Fault(faults.VISUAL[n % len(faults.VISUAL)], n % 4 + 1, n % 4 + 1, 5 + n % 4,
                                               n % 3) if n % 3 else None,
                                   words.Fault(faults.PHYSICAL[n % 4], n // 2 % 4 + 1, 1, 8, n % 3) if n % 4 else None,
                                   (n % 3, n // 2 % 3))) for n in range(2000)]
    tokenizer = fresh.tokenizer([*said, *[CARD["query"].replace("$t2v_prompt", footage.UNREAD)] * 50,
                                 *[DIRECT.write((n % 5 + 1, 3, n % 4 + 1)) for n in range(200)]], SHAPE["vocabulary"])
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in fresh.SPECIAL}
    config = Qwen2_5_VLConfig(
        text_config=dict(vocab_size=-(-len(tokenizer) // 64) * 64, tie_word_embeddings=True,
                         max_position_embeddings=4096, use_sliding_window=False, bos_token_id=ids["<|endoftext|>"],
                         eos_token_id=ids["<|im_end|>"], pad_token_id=ids["<|endoftext|>"],
                         rope_parameters={"rope_type": "default", "rope_theta": 10000.0,
                                          "mrope_section": SHAPE["mrope_section"]}, **SHAPE["text"]),
        vision_config=dict(in_channels=3, patch_size=14, spatial_merge_size=MERGE, temporal_patch_size=2,
                           window_size=112, tokens_per_second=2, **SHAPE["vision"]),
        tie_word_embeddings=True, image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
        bos_token_id=ids["<|endoftext|>"], eos_token_id=ids["<|im_end|>"], pad_token_id=ids["<|endoftext|>"])
    torch.manual_seed(seed)
    model = footage.build(config)
    model.generation_config.eos_token_id = [ids["<|im_end|>"], ids["<|endoftext|>"]]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    limits = dict(size={"shortest_edge": 28 * 28, "longest_edge": 512 * 512}, patch_size=14, temporal_patch_size=2,
                  merge_size=MERGE)
    processor = Qwen2_5_VLProcessor(Qwen2VLImageProcessor(**limits), tokenizer, Qwen2VLVideoProcessor(**limits),
                                    chat_template=fresh.TEMPLATE)
    eye = model.model.visual
    eye.network.load_state_dict(imagenet.network().state_dict())
    eye.network.requires_grad_(False)
    return model, processor


class Rows:
    """Replies as tokens, behind what every row begins with: the query and the places of the pictures."""

    def __init__(self, model, processor):
        part = footage.Footage(model, processor, Card.of(CARD), Wire.of(processor.tokenizer), None)
        self.tokenizer, self.wire, self.video = processor.tokenizer, part.wire, model.config.video_token_id
        first = part.inputs(torch.zeros(PAIRS - 1, CELLS, CELLS, FEATURES))
        self.prefix, self.positions, self.delta = first.input_ids[0], first.position_ids[:, 0], first.rope_delta
        self.asked = self._ids(DIRECT.leads[0])

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def batch(self, said: list[words.Seen], direct: np.ndarray) -> dict[str, torch.Tensor]:
        """ids and labels [B, L], positions [3, B, L], and `digit` [B, L]: 1 to 3 where the next is that dimension's."""
        rows, starts = [], []
        for seen, is_direct in zip(said, direct.tolist(), strict=True):
            text = (DIRECT.write((seen.scores[0], 3, seen.scores[1])) if is_direct else words.reply(seen))
            rows.append([*self.prefix.tolist(), *self._ids(text + self.tokenizer.eos_token)])
            starts.append(len(self.prefix) + (len(self.asked) if is_direct else 0))
        longest, digits = max(map(len, rows)), set(self.wire.digits)
        ids = torch.full((len(rows), longest), self.tokenizer.pad_token_id)
        labels, digit = torch.full_like(ids, -100), torch.zeros_like(ids)
        for number, (row, start) in enumerate(zip(rows, starts, strict=True)):
            ids[number, :len(row)] = torch.tensor(row)
            labels[number, start:len(row)] = ids[number, start:len(row)]
            # with reasons each score has its number before it: "(1) visual quality: 4"
            places = [place for place in range(start, len(row)) if row[place] in digits]
            for key, place in enumerate(places[-3:] if direct[number] else places[-6:][1::2], 1):
                digit[number, place] = key
        tail = torch.arange(len(self.prefix), longest) + self.delta
        positions = torch.cat([self.positions, tail.expand(3, -1)], 1)[:, None].expand(3, len(rows), -1)
        return {"ids": ids, "labels": labels, "positions": positions, "digit": digit}


def loss_of(model, rows: Rows, batch: dict, seen: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Cross entropy over a batch's replies; at digits against their distribution, which weighs DIGITS times as much."""
    language, ids = model.model.language_model, batch["ids"]
    embedded = language.embed_tokens(ids)
    tokens = with_means(seen.unflatten(1, (PAIRS, -1))).flatten(1, 2)
    embedded = embedded.masked_scatter((ids == rows.video)[..., None], tokens.to(embedded.dtype))
    hidden = language(inputs_embeds=embedded, position_ids=batch["positions"], use_cache=False).last_hidden_state
    first = len(rows.prefix) - 1
    logits = model.lm_head(hidden[:, first:-1]).float().log_softmax(-1)
    labels, digit = batch["labels"][:, first + 1:], batch["digit"][:, first + 1:]
    plain = (labels >= 0) & (digit == 0)
    total = functional.nll_loss(logits[plain], labels[plain], reduction="sum")
    for key in range(1, len(KEYS) + 1):
        where = digit == key
        target = wanted[:, key - 1][where.any(1)]
        total = total - DIGITS * (target * logits[where][:, list(rows.wire.digits)]).sum()
    return total / (plain.sum() + DIGITS * (digit > 0).sum())


def held_out(films: list[Film], part: tuple[int, int]) -> set[str]:
    """The groups of the k-th of n parts, part = (k, n): a share of the rated prompts, and one of the other sources."""
    number, count = part
    if count < 2:
        return set()
    found: set[str] = set()
    for rated in (True, False):
        names = sorted({film.group for film in films if (film.ratings is not None) is rated})
        found |= set(np.random.default_rng(5).permutation(names)[number - 1::count].tolist())
    return found


def run(output: Path, tables: list[Path], part: tuple[int, int] = (1, 1), resume: bool = False, steps: int = STEPS,
        name: str = "model", withhold: tuple[str, ...] = (KEYS[1],)) -> Path:
    """The folder of the finished part. part: what is kept for measuring (`held_out`), and named in held-out.json.

    withhold: dimensions that it does not judge.
    """
    films = listed(tables)
    without = held_out(films, part)
    seen, pulses, labels = kept(output)
    taught, matrix = lessons(films, seen, pulses, labels, without)
    model, processor = untrained()
    matrix.put(model.model.visual)
    model.model.visual.requires_grad_(False)
    rows, target = Rows(model, processor), output / name
    target.mkdir(parents=True, exist_ok=True)
    (target / "held-out.json").write_text(json.dumps(sorted(film.key for film in films if film.group in without)))
    learned = [weight for weight in model.parameters() if weight.requires_grad]
    matrices = [weight for weight in learned if weight.ndim > 1]
    vectors = [weight for weight in learned if weight.ndim < 2]
    optimiser = torch.optim.AdamW([{"params": matrices, "weight_decay": DECAY},
                                   {"params": vectors, "weight_decay": 0.0}], lr=RATE, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(
        (step + 1) / WARM, 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps))) + 0.01))
    state, step, started, sums = target / "state.pt", 0, time.time(), []
    if resume and state.exists():
        held = torch.load(state, weights_only=True)
        model.load_state_dict(held["model"], strict=False)
        optimiser.load_state_dict(held["optimiser"])
        schedule.load_state_dict(held["schedule"])
        step = held["step"]
    # a source with few clips counts as much as one with many, up to a point
    sources = {film.key: film.source for film in films}
    counts: dict[str, int] = {}
    for label in taught.labels:
        counts[sources[label["clip"]]] = counts.get(sources[label["clip"]], 0) + 1
    weights = np.array([counts[sources[label["clip"]]] ** -0.5 * (CLEAN if not label["pass"] else 1)
                        for label in taught.labels])
    weights /= weights.sum()
    model.train()
    while step < steps:
        dice = np.random.default_rng([step, 79])
        chosen = dice.choice(len(weights), BATCH, p=weights)
        direct, said, wanted = dice.random(BATCH) < DIRECT_SHARE, [taught.said[n] for n in chosen], taught.soft[chosen]
        for place in np.flatnonzero(~direct & (dice.random(BATCH) < REWORDED)):
            said[place], target_ = reworded(said[place], dice)
            wanted[place] = torch.from_numpy(target_)
        shown = taught.seen[torch.from_numpy(chosen)]
        shown = shown + NOISE * torch.randn(shown.shape, generator=torch.Generator().manual_seed(step))
        loss = loss_of(model, rows, rows.batch(said, direct), shown, wanted)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        schedule.step()
        step, sums = step + 1, [*sums, loss.item()]
        if step % EVERY == 0 or step == steps:
            fresh_state = state.with_suffix(".new")
            weights_now = {key: value for key, value in model.state_dict().items() if ".network." not in key}
            torch.save({"model": weights_now, "optimiser": optimiser.state_dict(),
                        "schedule": schedule.state_dict(), "step": step}, fresh_state)
            os.replace(fresh_state, state)
            print(f"teach {step} of {steps}: loss {np.mean(sums):.4f}, {time.time() - started:.0f} s", flush=True)
            sums = []
    finish(model, processor, target)
    soft, left_out = kept(output, "soft-*"), {film.key for film in films if film.group in without}
    seen, labels = np.concatenate([seen, soft[0]]), [*labels, *soft[2]]
    met = [number for number, label in enumerate(labels) if label["clip"] not in left_out]
    made, _, kinds = kept(output, "made-*")
    scope.fit(target, films, (seen[met], [labels[number] for number in met]), (made, kinds), withhold)
    return target


def finish(model, processor, folder: Path) -> Path:
    """Writes the part in bfloat16, its scaling in float32."""
    from safetensors.torch import save_file

    exact = ("centre", "spread")
    tensors = {name: (value if name.split(".")[-1] in exact else value.to(torch.bfloat16)).contiguous().clone()
               for name, value in model.state_dict().items() if name != "lm_head.weight"}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    processor.save_pretrained(folder)
    (folder / NAME).write_text(json.dumps(CARD, indent=1) + "\n", encoding="utf-8")
    for file in folder.glob("*.safetensors"):
        file.chmod(0o644)
    return folder


def main(argv=None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.footage.teach", description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--without", type=share, default=(1, 1), metavar="K/N",
                        help="keep the k-th of n parts of the rated prompts and of the sources for measuring")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--name", default="model")
    parser.add_argument("--withhold", nargs="*", choices=KEYS, default=[KEYS[1]], help="what it is not to judge")
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args(argv)
    try:
        print(run(given.output, given.tables, given.without, given.resume, given.steps, given.name,
                  tuple(given.withhold)))
    except Problem as problem:
        print(f"train.footage.teach: {problem}", file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
