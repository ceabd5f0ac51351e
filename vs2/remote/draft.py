"""One reply as it comes from a server: where it ends by the rules that hold here, and what it comes to.

The rules are those of `vs2.model.generation`: thinking has a budget, an answer begun within it may be finished, a reply
that goes round in circles is ended, and one without an answer is asked for it.
"""
from dataclasses import dataclass, field

from vs2 import answer
from vs2.model import repetition
from vs2.model.generation import LOOPED
from vs2.model.reply import Reply
from vs2.remote.digits import EXACT, Token, distribution, placed
from vs2.rubric import BY_KEY, KEYS, REASONED, THINK_CLOSE, THINK_OPEN, AnswerForm

UNKNOWN = -1        # in place of a token's id, where the server does not tell it
REASONING = ("The server takes the thinking out of the reply (vLLM and SGLang: --reasoning-parser), and it was put "
             "back: the text may differ from what the judge wrote in blanks and marks.")
ASKED = "The reply ended without an answer, which was then asked for."


@dataclass
class Draft:
    """A reply that is being written. text: with the words put in the judge's mouth. form: set while its answer is asked
    for, `slot` then counts its digits. over: nothing more is wanted of what the server still writes."""

    budget: int
    allowance: int      # tokens for the answer, after the thinking
    text: str = ""
    form: AnswerForm | None = None
    slot: int = 0
    ids: list[int] = field(default_factory=list)
    digits: dict[int, Token] = field(default_factory=dict)      # place in the text -> the token that stands there
    closed_at: int | None = None        # tokens written when `</think>` came last
    truncated: bool = False
    looped: bool = False
    over: bool = False
    apart: bool = False         # inside thinking that the server took out of the text
    notes: list[str] = field(default_factory=list)

    def add(self, text: str, tokens: list[Token], ids: list[int]) -> str:
        """More of it: text, its tokens where they are told, their ids where they are. Gives the text that counts."""
        if self.over:
            return ""
        start = len(self.text)
        self.digits |= {start + place: token for place, token in placed(text, tokens) if token.five is not None}
        self.text += text
        self.ids += ids or [UNKNOWN] * max(len(tokens), bool(text))
        spent = len(self.ids) >= self.budget
        closed = self.text.find(THINK_CLOSE, max(0, start - len(THINK_CLOSE))) >= 0
        if closed and (self.closed_at is None or not spent):
            self.closed_at = len(self.ids)
        if self.closed_at is not None:
            self.over = len(self.ids) - self.closed_at >= self.allowance
            if self.over:
                self.end()
        elif spent or self._circles(len(ids) or len(tokens) or 1):
            self.cut()
        return text

    def joined(self, thought: str, text: str) -> str:
        """More of the reply with the thinking put back that the server took out of it: between its marks again."""
        if thought:
            if REASONING not in self.notes:
                self.notes.append(REASONING)
                thought = THINK_OPEN + thought
            self.apart = True
        elif text and self.apart:
            self.apart, text = False, THINK_CLOSE + text
        return thought + text

    def _circles(self, new: int) -> bool:
        count = len(self.ids)
        if count // repetition.EVERY > (count - new) // repetition.EVERY:
            ids = [] if UNKNOWN in self.ids else self.ids
            self.looped = bool(repetition.period(self.text) or ids and repetition.period(ids)
                               or repetition.stale(self.text))
        return self.looped

    def end(self) -> None:
        """The server ended the reply, or said enough after its thinking. Without any score it is asked for them."""
        self.over = True
        read = answer.read(self.text)
        if not (read.complete or self.closed_at is not None and any(read.values.values())):
            self.notes.append(ASKED)
            self.form = REASONED

    def cut(self) -> None:
        """Thinking ends here, spent or in circles: asks for the answer, unless the scores came before the explanation.
        """
        self.over = True
        complete = answer.read(self.text).complete
        if self.looped:
            self.notes.append(LOOPED if complete else f"{LOOPED[:-1]}, and the scores were asked for.")
        if complete:
            if not self.looped:
                self.notes.append(f"The explanation after the scores was cut at {self.budget} tokens.")
            return
        self.truncated, self.form = True, REASONED

    def given(self) -> dict[str, int]:
        """The scores that the answer, once it has begun, has given in whole lines: a digit may get a second one."""
        if self.closed_at is None and self.form is None:
            return {}
        values = answer.read(self.text[:self.text.rfind("\n") + 1]).values
        return {key: value for key, value in values.items() if value is not None}

    def reply(self) -> Reply:
        """What was written, read."""
        read = answer.read(self.text)
        found: dict[str, tuple[float, ...] | None] = dict.fromkeys(KEYS)
        missing = 0.0
        for key, place in read.spans.items():
            token = None if place is None else self.digits.get(place)
            if token is not None and token.five is not None:
                found[key] = distribution(token.five)
                missing = max(missing, token.missing)
        notes = list(self.notes)
        if missing > EXACT:
            notes.append(f"The server does not tell the probability of every digit: up to {missing:.1%} of a "
                         "distribution is missing.")
        unread = [BY_KEY[key].label for key in KEYS if read.values[key] is None]
        if unread:
            notes.append(f"Not read from the reply: {', '.join(unread)}.")
        return Reply(self.text, tuple(self.ids), read, found, self.truncated, tuple(notes), looped=self.looped)
