"""The distribution of a score from the log-probabilities that a server gives of a token's alternatives."""
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vs2.rubric import SCALE

_DIGIT = re.compile(r"(\s?)([1-5])")
EXACT = 1e-3        # of a probability: less may be missing of a distribution without a word


@dataclass(frozen=True)
class Token:
    """A token that a server wrote. text: of it alone. top: text -> log-probability of the likeliest in its place."""

    text: str
    top: Mapping[str, float]

    @property
    def five(self) -> tuple[float, ...] | None:
        """The logits of the five digits, up to a constant, where this token is a digit; -inf of one not told."""
        found = _DIGIT.fullmatch(self.text)
        return self.digits(found[1]) if found else None

    def digits(self, space: str = "") -> tuple[float, ...] | None:
        """The same whatever was written in this place; None where no digit is among the alternatives."""
        logits = tuple(self.top.get(f"{space}{score}", -math.inf) for score in SCALE)
        return logits if any(map(math.isfinite, logits)) else None

    @property
    def missing(self) -> float:
        """The most that a digit which is not told can have of the five: less than the least likely one that is told."""
        five = self.five or self.digits()
        if five is None or all(map(math.isfinite, five)) or not self.top:
            return 0.0
        most = math.exp(min(self.top.values())) * sum(not math.isfinite(logit) for logit in five)
        return most / (most + sum(map(math.exp, five)))


def distribution(five: Sequence[float], temperature: float = 1.0) -> tuple[float, ...]:
    """p(1) to p(5) of five logits, one of them finite at least."""
    highest = max(five)
    weights = [math.exp((logit - highest) / temperature) for logit in five]
    return tuple(weight / sum(weights) for weight in weights)


def tokens_of(choice: dict) -> list[Token]:
    """The tokens of an answer's choice or of a chunk's, none where the server gives no log-probabilities.

    What is malformed in it is left out: nothing that a server says is believed to have a form.
    """
    logprobs = choice.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    found = []
    for entry in content if isinstance(content, list) else []:
        if not isinstance(entry, dict) or not isinstance(entry.get("token"), str):
            continue
        top = entry.get("top_logprobs")
        told = {one["token"]: float(one["logprob"]) for one in (top if isinstance(top, list) else [])
                if isinstance(one, dict) and isinstance(one.get("token"), str)
                and isinstance(one.get("logprob"), int | float) and math.isfinite(one["logprob"])}
        found.append(Token(entry["token"], told))
    return found


def placed(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, Token]]:
    """Where in the text each token begins; of a digit after a blank, where the digit is. What is no text (half a
    character, a mark) is left out."""
    at = 0
    for token in tokens:
        found = text.find(token.text, at) if token.text else -1
        if found >= 0:
            yield found + (len(token.text) - 1 if token.five is not None else 0), token
            at = found + len(token.text)
