"""What is written while a clip is judged: a reply token by token, its pieces, and what it comes to."""
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from vs2 import answer
from vs2.errors import Failure
from vs2.evaluation import Published
from vs2.model.tokens import Text, Wire
from vs2.rubric import BY_KEY, KEYS, AnswerForm


@dataclass(frozen=True)
class Piece:
    """More of the first reply's rationale ("" when only time has passed), and the tokens of all replies so far.

    values: dimension -> digit, of those that a lone reply's answer has given by now, in lines that are complete.
    """

    text: str
    tokens: int
    values: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """How far a stage before the first token is: `vs2.events.Progressed` has its fields."""

    stage: str
    done: int
    of: int


@dataclass(frozen=True)
class Reply:
    """One finished reply.

    ids: its tokens, the words put in its mouth included, without the end's and the opening's of think=False.
    distributions: p(1) to p(5) at the token of each dimension's digit, None where it was not read.
    truncated: thinking was cut and the answer asked for, at the budget or, where `looped`, because it went round in
        circles. notes: sentences for people.
    published: what the published script says of the reply, where it was drawn as that does (`vs2.model.as_published`).
    """

    text: str
    ids: tuple[int, ...]
    answer: answer.Answer
    distributions: dict[str, tuple[float, ...] | None]
    truncated: bool = False
    notes: tuple[str, ...] = ()
    published: dict[str, Published] | None = None
    looped: bool = False


@dataclass
class Row:
    """One reply being written. `form` is set while its answer is asked for, `slot` then counts its digits."""

    text: Text
    form: AnswerForm | None = None
    slot: int = 0
    feed: list[int] = field(default_factory=list)  # chosen, not yet seen by the model
    ids: list[int] = field(default_factory=list)
    digits: dict[int, tuple[float, ...]] = field(default_factory=dict)  # place in `ids` -> the five digits' logits
    closed_at: int | None = None   # tokens written when `</think>` came last
    truncated: bool = False
    looped: bool = False
    done: bool = False
    problem: Failure | None = None      # in place of the reply
    notes: list[str] = field(default_factory=list)

    def write(self, tokens: list[int]) -> str:
        """Appends tokens to the reply; gives the text they complete."""
        self.feed += tokens
        self.ids += tokens
        return "".join([self.text.add(token) for token in tokens])

    def ask(self, digit: int, logits: Sequence[float], wire: Wire) -> str:
        """Writes the digit that was asked for, and the words that ask for the next or end the reply; gives the text.

        digit: 0 to 4, its place in SCALE. logits: the five digits', unprocessed. Only for a row with a `form`.
        """
        assert self.form is not None, "this row was not asked for its answer"
        self.digits[len(self.ids)] = tuple(logits)
        self.slot += 1
        self.done = self.slot == len(KEYS)
        following = wire.ends[self.form] if self.done else wire.leads[self.form][self.slot]
        return self.write([wire.digits[digit], *following]) + (self.text.finish() if self.done else "")

    def given(self) -> dict[str, int]:
        """The scores that the answer, once it has begun, has given in whole lines: a digit may get a second one."""
        if self.closed_at is None and self.form is None:
            return {}
        whole = self.text.whole
        values = answer.read(whole[:whole.rfind("\n") + 1]).values
        return {key: value for key, value in values.items() if value is not None}

    def reply(self) -> Reply:
        """What was written, read."""
        read = answer.read(self.text.whole)
        distributions: dict[str, tuple[float, ...] | None] = dict.fromkeys(KEYS)
        for key, place in read.spans.items():
            logits = None if place is None else self.digits.get(self.text.token_at(place))
            if logits is not None:
                distributions[key] = tuple(torch.tensor(logits, dtype=torch.float64).softmax(0).tolist())
        notes = list(self.notes)
        unread = [BY_KEY[key].label for key in KEYS if read.values[key] is None]
        if unread:
            notes.append(f"Not read from the reply: {', '.join(unread)}.")
        return Reply(self.text.whole, tuple(self.ids), read, distributions, self.truncated, tuple(notes),
                     looped=self.looped)
