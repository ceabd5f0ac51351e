"""The generation loop: one prefill, K replies that grow token by token, and the five digits' logits kept.

It is not `model.generate`, because a judgement needs three things that it does not give: the answer's opening words
put in the judge's mouth in one step when the thinking budget is spent, several replies over one prefill, and the
unprocessed logits at each digit's own token without keeping the whole vocabulary's for every token.
The device is waited for once a token, when what it chose is read; what it chose freely is fed from where it is.
Nothing here knows about videos or files; `judge.py` makes events and a record of what comes out.
"""
import math
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Protocol

import torch

from vs2 import answer
from vs2.errors import Failure
from vs2.model import chance, chunks, memory, repetition
from vs2.model.inputs import Inputs
from vs2.model.reply import Piece, Reply, Row, Step
from vs2.model.tokens import Text, Wire
from vs2.options import Options
from vs2.rubric import DIRECT, REASONED, SCALE, THINK_CLOSE

OVERFLOWED = ("The judge's arithmetic overflowed on this clip, so that it has no scores: take another precision, such "
              "as --precision fp32.")
LOOPED = "The judge repeated itself over and over; its words were ended there."
HEARTBEAT = 8            # steps without text after which an empty piece tells that work goes on


Stopped = chunks.Stopped
Writing = Generator[Piece | Step, None, list[Reply]]    # pieces, then the replies as its value


class Written(Protocol):
    """Replies that are being written. tokens: of all of them. step: one more of each; the first row's new text.

    begin: before the first step, what says how far it is and can be stopped; nothing where that is quick.
    """

    rows: list[Row]

    @property
    def active(self) -> object: ...         # what is true while one is not done

    @property
    def tokens(self) -> int: ...

    def begin(self, stop: Callable[[], bool]) -> Generator[Step, None, None]: ...

    def step(self) -> str: ...

    def close(self) -> None: ...            # nothing more is written


def generate(model, tokenizer, inputs: Inputs, options: Options, wire: Wire | None = None,
             stop: Callable[[], bool] = lambda: False) -> Writing:
    """Yields pieces of the first reply's rationale; returns (as the generator's value) the list of `Reply`.

    inputs: on the model's device; with think=False they end in DIRECT's first lead. Raises Stopped when `stop`
    says so, which is asked before every token. Closing the generator ends the work at once.
    """
    wire = wire or Wire.of(tokenizer)
    batch = Batch(model, tokenizer, [inputs], options, wire)
    del inputs          # the pixels go with the prefill
    return (yield from write(batch, stop))


def write(batch: Written, stop: Callable[[], bool]) -> Writing:
    """Steps through replies that are being written."""
    shown, silence = answer.Rationale(), 0
    values: dict[str, int] = {}
    with closing(batch):
        yield from batch.begin(stop)
        while batch.active:
            if stop():
                raise Stopped
            new = batch.step()
            text, before = shown.feed(new), values
            if len(batch.rows) == 1 and "\n" in new:    # several replies' scores are mixed when all are there
                values = batch.rows[0].given()
            silence = 0 if text or values != before else silence + 1
            if not silence or silence == HEARTBEAT:
                silence = 0
                yield Piece(text, batch.tokens, values)
    if text := shown.finish():
        yield Piece(text, batch.tokens, values)
    return [row.reply() for row in batch.rows]


def ends(model, tokenizer) -> frozenset[int]:
    """The tokens that end a reply."""
    found = model.generation_config.eos_token_id
    found = tokenizer.eos_token_id if found is None else found
    return frozenset(found if isinstance(found, list | tuple) else [found])


class Batch:
    """The rows, and what the model remembers of those that still write (`active`, in the memory's order).

    inputs: of one clip, whose replies are `options.samples` rows; or of several, a row each, and what goes wrong with
    one of them is that row's `problem`.
    """

    def __init__(self, model, tokenizer, inputs: list[Inputs], options: Options, wire: Wire):
        self.model, self.options, self.wire = model, options, wire
        opening, form = ("", None) if options.think else (DIRECT.leads[0], DIRECT)
        self.apart = len(inputs) > 1
        assert not self.apart or options.samples == 1, "several clips have one reply each"
        count = len(inputs) if self.apart else options.samples
        self.rows = [Row(Text(tokenizer, wire.silent, opening), form) for _ in range(count)]
        self.active = list(self.rows)
        self.ends = ends(model, tokenizer)
        self.allowance = max(64, 2 * len(tokenizer(REASONED.write(SCALE[:3]), add_special_tokens=False)["input_ids"]))
        self.dice = torch.Generator(model.device).manual_seed(options.seed)
        self.processors = chance.changes(model.generation_config, options)
        self.digits = sent(list(wire.digits), model.device)
        self.inputs: list[Inputs] | None = inputs   # until the model has read them, which makes the next three
        self.memory: memory.Memory | None = None
        self.logits: torch.Tensor               # [rows, vocabulary]
        self.seen: torch.Tensor                 # [rows, length]
        self.free: torch.Tensor                 # what was chosen freely last: on the device, and read
        self.said: list[int] = []

    @property
    def tokens(self) -> int:
        return sum(len(row.ids) for row in self.rows)

    def close(self) -> None:
        """Nothing more is written: what the model remembers is given back."""
        if self.memory is not None:
            self.memory.close()
            self.memory = None

    def begin(self, stop: Callable[[], bool]) -> Generator[Step, None, None]:
        """Where the prefill takes long: the prefill, in pieces."""
        if self.inputs is None or self.apart or not chunks.wanted(self.model, self.inputs[0]):
            return
        (inputs,), self.inputs = self.inputs, None
        self.seen = inputs.input_ids.expand(len(self.rows), -1)
        self.memory, self.logits = yield from chunks.begin(self.model, inputs, len(self.rows), stop)

    @torch.inference_mode()
    def step(self) -> str:
        """The prefill, or the next token of every row (several where all rows have them); the first row's new text."""
        if self.inputs is not None:
            inputs, self.inputs = self.inputs, None     # the pixels are not needed again
            # A reply may be asked for its answer when it has written all that it may after its thinking.
            self.memory, self.logits = memory.begin(self.model, inputs, len(self.rows),
                                                    self.options.budget + 2 * self.allowance)
            self.seen = _seen([one.input_ids for one in inputs]).to(self.model.device).expand(len(self.rows), -1)
            return ""
        text = self._choose()
        self._drop_finished()
        if self.active:
            self._forward()
        return text

    def _forward(self) -> None:
        count = min(len(row.feed) for row in self.active)
        fed = [row.feed[:count] for row in self.active]
        tokens = self.free[:, None] if fed == [[token] for token in self.said] else sent(fed, self.seen.device)
        for row in self.active:
            del row.feed[:count]
        assert self.memory is not None, "the prompt was not read"
        self.logits = self.memory.write(tokens)
        self.seen = torch.cat([self.seen, tokens], 1)

    def _drop_finished(self) -> None:
        kept = [number for number, row in enumerate(self.active) if not row.done]
        if kept and len(kept) < len(self.active):
            places = sent(kept, self.seen.device)
            assert self.memory is not None, "the prompt was not read"
            self.memory.keep(kept)
            self.logits, self.seen, self.free = self.logits[places], self.seen[places], self.free[places]
            self.said = [self.said[number] for number in kept]
        self.active = [self.active[number] for number in kept]

    def _choose(self) -> str:
        """Lets each row that has nothing left to feed write on; the first row's new text."""
        self.free = self._pick(self.processors(self.seen, self.logits), 1.0)
        five = self.logits.index_select(1, self.digits)
        found = read(self.free, self._pick(five, self.options.temperature), five)
        self.said = [0 if one is None else one[0] for one in found]
        text = ""
        for row, one in zip(self.active, found, strict=True):
            if one is None:
                if not self.apart:
                    raise Failure(OVERFLOWED)
                row.problem, row.done = Failure(OVERFLOWED), True
                continue
            token, digit, logits = one
            if row.feed:
                continue
            new = row.ask(digit, logits, self.wire) if row.form else self._continue(row, token, logits)
            text += new if row is self.rows[0] else ""
        return text

    def _pick(self, scores, temperature: float):
        """A column for each row of [rows, n] scores: the best, or with several samples one by chance."""
        if self.options.samples == 1:
            return scores.argmax(-1)
        # What torch.multinomial does for one draw, without its checks, which wait for the device.
        shares = (scores / temperature).softmax(-1)
        return (shares / torch.empty_like(shares).exponential_(1, generator=self.dice)).argmax(-1)

    def _continue(self, row: Row, token: int, logits) -> str:
        """Writes a free token; asks for the answer at the end of the budget, of a reply without it, and of a loop."""
        if token in self.ends:
            return self._end(row)
        if token in self.wire.digits:
            row.digits[len(row.ids)] = tuple(logits)
        before = max(0, len(row.text.whole) - len(THINK_CLOSE))
        new = row.write([token])
        spent = len(row.ids) >= self.options.budget
        if row.text.whole.find(THINK_CLOSE, before) >= 0 and (row.closed_at is None or not spent):
            row.closed_at = len(row.ids)
        if row.closed_at is None:
            row.looped = (not spent and len(row.ids) % repetition.EVERY == 0
                          and repetition.circles(row.ids, row.text.whole))
            return new + self._cut(row) if spent or row.looped else new
        if len(row.ids) - row.closed_at >= self.allowance:
            return new + self._end(row)
        return new

    def _end(self, row: Row) -> str:
        """The model ended its reply, or said enough after its thinking. Without any score it is asked for them.

        An answer that gives some of its scores is left as it is: which ones are unread is said.
        """
        new = row.text.finish()
        read = answer.read(row.text.whole)
        if read.complete or row.closed_at is not None and any(read.values.values()):
            row.done = True
            return new
        row.notes.append("The reply ended without an answer, which was then asked for.")
        row.form = REASONED
        return new + row.write(self.wire.closing)

    def _cut(self, row: Row) -> str:
        """Thinking ends here, spent or in circles: asks for the answer, unless the scores came before the explanation.
        """
        complete = answer.read(row.text.whole).complete
        if row.looped:
            row.notes.append(LOOPED if complete else f"{LOOPED[:-1]}, and the scores were asked for.")
        if complete:
            row.done = True
            if not row.looped:
                row.notes.append(f"The explanation after the scores was cut at {self.options.budget} tokens.")
            return row.text.finish()
        row.truncated, row.form = True, REASONED
        return row.write(self.wire.closing)


def sent(numbers: list, device: torch.device) -> torch.Tensor:
    """Integers as int64 on the device, without waiting for what it is doing."""
    return torch.tensor(numbers).to(device, non_blocking=True)


def _seen(ids: list[torch.Tensor]) -> torch.Tensor:
    """The prompts [1, L] as one table; before a shorter one stands its own first token, which it has seen anyway."""
    length = max(one.shape[1] for one in ids)
    return torch.cat([torch.cat([one[:, :1].expand(1, length - one.shape[1]), one], 1) for one in ids])


def read(*columns: torch.Tensor) -> list[tuple | None]:
    """For each row its number of each column [rows], and its list of each column [rows, n], in one transfer.

    None for a row in which one is no number. Integers have to be below 2**24, as the vocabulary's are: they travel as
    float32.
    """
    table = torch.cat([column.float().reshape(len(column), -1) for column in columns], 1).tolist()
    found: list[tuple | None] = []
    for row in table:
        if not all(map(math.isfinite, row)):
            found.append(None)
            continue
        numbers = iter(row)
        found.append(tuple(int(next(numbers)) if column.ndim == 1 else [next(numbers) for _ in range(column.shape[1])]
                           for column in columns))
    return found
