"""Between a reply's text and its tokens: the ids of its fixed parts, and text from tokens as they come."""
from bisect import bisect_right
from dataclasses import dataclass

from vs2.errors import Failure
from vs2.rubric import DIRECT, REASONED, SCALE, THINK_CLOSE, AnswerForm

LONGEST_CHARACTER = 8    # tokens that may wait for the rest of one UTF-8 character


@dataclass(frozen=True)
class Wire:
    """What a tokenizer makes of the reply's fixed parts: the digits' ids, and the leads and end of both forms."""

    digits: tuple[int, ...]
    leads: dict[AnswerForm, tuple[list[int], ...]]
    ends: dict[AnswerForm, list[int]]
    closing: list[int]        # "\n</think>" and REASONED's first lead, as one text
    silent: frozenset[int]    # special tokens, which are no text

    @classmethod
    def of(cls, tokenizer) -> "Wire":
        """Raises Failure unless each digit is one token and stands alone after each lead."""
        def ids(text: str) -> list[int]:
            return list(tokenizer(text, add_special_tokens=False)["input_ids"])

        digits = [ids(str(score)) for score in SCALE]
        closing = f"\n{THINK_CLOSE}{REASONED.leads[0]}"
        for lead in (*REASONED.leads, *DIRECT.leads, closing):
            for score, digit in zip(SCALE, digits, strict=True):
                if len(digit) != 1 or ids(f"{lead}{score}") != ids(lead) + digit:
                    raise Failure(f"This checkpoint's tokenizer does not keep the digit {score} as a token of its own "
                                  f"after {lead.strip()!r}, so its scores cannot be read: use another checkpoint.")
        return cls(tuple(digit[0] for digit in digits),
                   {form: tuple(map(ids, form.leads)) for form in (REASONED, DIRECT)},
                   {form: ids(form.end) for form in (REASONED, DIRECT)}, ids(closing),
                   frozenset(tokenizer.all_special_ids))


class Text:
    """Tokens to text as they come, never giving half a character; knows which token each character came from."""

    def __init__(self, tokenizer, silent=frozenset(), opening: str = ""):
        self.whole = opening
        self._tokenizer, self._silent = tokenizer, silent
        self._waiting: list[int] = []
        self._ends: list[int] = []  # characters of `whole` known after each token

    def add(self, token: int) -> str:
        """The text that this token completes."""
        if token not in self._silent:
            self._waiting.append(token)
        piece = self._decode()
        if piece.endswith("\ufffd") and len(self._waiting) < LONGEST_CHARACTER:
            piece = ""
        else:
            self._waiting.clear()
        self.whole += piece
        self._ends.append(len(self.whole))
        return piece

    def finish(self) -> str:
        """The text of tokens that still waited, a broken character included."""
        piece = self._decode()
        self._waiting.clear()
        self.whole += piece
        if self._ends:
            self._ends[-1] = len(self.whole)
        return piece

    def token_at(self, place: int) -> int:
        """Which token, counted from 0, the character at `place` came from."""
        return bisect_right(self._ends, place)

    def _decode(self) -> str:
        return self._tokenizer.decode(self._waiting, skip_special_tokens=False, clean_up_tokenization_spaces=False) \
            if self._waiting else ""
