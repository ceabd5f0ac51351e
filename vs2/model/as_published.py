"""One reply, asked, read and scored exactly as the authors' inference script does: what `published=True` is for.

The facts (TIGER-AI-Lab/VideoScore2, vs2_inference.py; its model card has the same): `generate` with sampling at
temperature 0.7 and at most 1024 new tokens, so that all else comes from the checkpoint's generation_config.json
(repetition penalty 1.05) and from transformers' defaults (top_k 50). The reply may end anyhow: no answer is asked for.
Its digits are the first in the whole reply, its thinking included, that stand after the three labels in their order.
Each soft score is read at the first digit after the first such label, wherever that is, from the scores that the token
was drawn from; its digit is the likeliest of the five there, which need not be the one that was read.
"""
import math
import re
from collections.abc import Callable, Generator
from dataclasses import replace

import torch

from vs2.errors import BadInput, Failure
from vs2.evaluation import Published
from vs2.model import chunks, generation, memory
from vs2.model.inputs import Inputs
from vs2.model.reply import Row, Step
from vs2.model.tokens import Text, Wire
from vs2.options import Options
from vs2.rubric import DIMENSIONS, KEYS, SCALE

TOP_K = 50      # transformers' default, in all its versions
# Other settings that change what `generate` draws, and the values at which they do nothing.
NEUTRAL = {"min_p": (), "top_h": (), "typical_p": (1.0,), "epsilon_cutoff": (0.0,), "eta_cutoff": (0.0,),
           "no_repeat_ngram_size": (0,), "encoder_no_repeat_ngram_size": (0,), "encoder_repetition_penalty": (1.0,),
           "bad_words_ids": (), "min_length": (0,), "min_new_tokens": (0,), "sequence_bias": (), "suppress_tokens": (),
           "begin_suppress_tokens": (), "forced_bos_token_id": (), "forced_eos_token_id": (), "guidance_scale": (1.0,),
           "exponential_decay_length_penalty": (), "watermarking_config": (), "renormalize_logits": (False,),
           "stop_strings": (), "num_beams": (1,), "penalty_alpha": (), "remove_invalid_values": (False,)}
_LABELS = {dimension.key: re.compile(re.escape(f"{dimension.wire}:"), re.IGNORECASE) for dimension in DIMENSIONS}
_SCORED = {dimension.key: re.compile(rf"{re.escape(dimension.wire)}:\s*(\d+)", re.IGNORECASE)
           for dimension in DIMENSIONS}


def generate(model, tokenizer, inputs: Inputs, options: Options, wire: Wire | None = None,
             stop: Callable[[], bool] = lambda: False) -> generation.Writing:
    """As `vs2.model.generation.generate`; the one reply's `published` has what the script says of it.

    options: its temperature, seed, and budget as the most new tokens. The reply is that of `transformers.generate`
    after `torch.manual_seed(seed)`. Raises BadInput for a checkpoint whose generation settings are not known here.
    """
    drawn = _Drawn(model, tokenizer, inputs, options, wire or Wire.of(tokenizer))
    del inputs      # the pixels go with the prefill
    reply, = yield from generation.write(drawn, stop)
    return [replace(reply, published=read(tokenizer, drawn.ids, drawn.logs))]


class _Drawn:
    """The reply that is being drawn. ids: its tokens, the end's included. logs: for each, log p(1) to log p(5)."""

    def __init__(self, model, tokenizer, inputs: Inputs, options: Options, wire: Wire):
        self.model, self.options, self.wire = model, options, wire
        self.rows = [Row(Text(tokenizer, wire.silent))]
        self.ends = generation.ends(model, tokenizer)
        self.chain = processors(model.generation_config, options.temperature)
        self.dice = torch.Generator(inputs.input_ids.device).manual_seed(options.seed)
        self.digits = torch.tensor(wire.digits, device=inputs.input_ids.device)
        self.seen = inputs.input_ids
        self.inputs: Inputs | None = inputs     # until the model has read them, which makes the next two
        self.memory: memory.Memory | None = None
        self.logits: torch.Tensor               # [1, vocabulary]
        self.ids: list[int] = []
        self.logs: list[torch.Tensor] = []      # kept on the device until the reply is whole

    @property
    def active(self) -> bool:
        return not self.rows[0].done

    @property
    def tokens(self) -> int:
        return len(self.rows[0].ids)

    def begin(self, stop: Callable[[], bool]) -> Generator[Step, None, None]:
        """Where the prefill takes long: the prefill, in pieces."""
        if self.inputs is not None and chunks.wanted(self.model, self.inputs):
            inputs, self.inputs = self.inputs, None
            self.memory, self.logits = yield from chunks.begin(self.model, inputs, 1, stop)

    @torch.inference_mode()
    def step(self) -> str:
        """The prefill, or the next token; the text that it completes."""
        if self.inputs is not None:
            inputs, self.inputs = self.inputs, None     # the pixels are not needed again
            self.memory, self.logits = memory.begin(self.model, [inputs], 1, self.options.budget)
            return ""
        scores = self.chain(self.seen, self.logits)
        shares = scores.softmax(-1)
        if not shares.isfinite().all():     # on a GPU the draw itself would end the process' use of it
            raise Failure("The judge's arithmetic overflowed on this clip, so that it has no scores: take another "
                          "precision, such as --precision fp32.")
        token = torch.multinomial(shares, 1, generator=self.dice)       # [1, 1], as `generate` draws it
        self.logs.append(scores[0].log_softmax(-1)[self.digits])
        self.ids.append(int(token))
        text = self._write(self.ids[-1], self.logits[0])
        if self.active and self.memory is not None:
            self.logits = self.memory.write(token)
            self.seen = torch.cat([self.seen, token], 1)
        return text

    def close(self) -> None:
        """Nothing more is written: what the model remembers is given back."""
        if self.memory is not None:
            self.memory.close()
            self.memory = None

    def _write(self, token: int, logits) -> str:
        row = self.rows[0]
        if token in self.ends:
            row.done = True
            return row.text.finish()
        if token in self.wire.digits:
            row.digits[len(row.ids)] = tuple(logits[self.digits].tolist())
        text = row.write([token])
        if len(row.ids) < self.options.budget:
            return text
        row.done = row.truncated = True
        row.notes.append(f"The reply was cut at {self.options.budget} tokens and left so, as the published script "
                         "leaves it.")
        return text + row.text.finish()


def processors(settings, temperature: float):
    """What `generate` does to the logits, in its order. Raises BadInput for a setting that is not known here."""
    from transformers import (
        LogitsProcessorList,
        RepetitionPenaltyLogitsProcessor,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    for name, neutral in NEUTRAL.items():
        if getattr(settings, name, None) not in (None, *neutral):
            raise BadInput(f"This checkpoint's generation settings have {name}, which is not known here, so it cannot "
                           "be asked as the published script does: leave that option out.")
    penalty, top_k, top_p = (getattr(settings, name, None) for name in ("repetition_penalty", "top_k", "top_p"))
    top_k = TOP_K if top_k is None else top_k
    chain = LogitsProcessorList()
    if penalty not in (None, 1.0):
        chain.append(RepetitionPenaltyLogitsProcessor(penalty))
    if temperature != 1:
        chain.append(TemperatureLogitsWarper(float(temperature)))
    if top_k:
        chain.append(TopKLogitsWarper(top_k))
    if top_p is not None and top_p < 1:
        chain.append(TopPLogitsWarper(float(top_p)))
    return chain


def read(tokenizer, ids: list[int], logs: list[torch.Tensor]) -> dict[str, Published]:
    """What the script says of a reply. ids: its tokens. logs: for each, log p(1) to log p(5), from processed scores."""
    values = digits(tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))
    places = tokens_of(tokenizer, ids)
    found = {}
    for key in KEYS:
        place, value = places[key], values[key]
        found[key] = Published(value, None if value is None or place is None else soft(logs[place].tolist()))
    return found


def digits(reply: str) -> dict[str, int | None]:
    """The three numbers after the first labels that follow each other in their order; None unless all are there."""
    values: dict[str, int | None] = {}
    at = 0
    for key, pattern in _SCORED.items():
        match = pattern.search(reply, at)
        if match is None:
            return dict.fromkeys(KEYS)
        values[key], at = int(match[1]), match.end()
    return values


def tokens_of(tokenizer, ids: list[int]) -> dict[str, int | None]:
    """Which token ends in the first digit after each dimension's first label; None where none ends with it."""
    reply = tokenizer.decode(ids, skip_special_tokens=False)
    ends = {}
    for key, label in _LABELS.items():
        named = label.search(reply)
        digit = named and re.compile(r"\d").search(reply, named.end())
        ends[key] = reply[:digit.end()] if digit else None
    found, wanted = dict.fromkeys(KEYS), {text for text in ends.values() if text is not None}
    for place in range(len(ids) if wanted else 0):
        text = tokenizer.decode(ids[:place + 1], skip_special_tokens=False)
        if text in wanted:
            wanted.discard(text)
            found |= {key: place for key, end in ends.items() if end == text}
        if not wanted:
            break
    return found


def soft(logs: list[float]) -> float:
    """digit * p(digit) / sum p(1..5) of the likeliest digit, to four places; 0 where all five were ruled out."""
    likely = [math.exp(log) for log in logs]
    best, total = max(likely), sum(likely)
    return round(SCALE[likely.index(best)] * (best / total if total > 0 else 0.0), 4)
