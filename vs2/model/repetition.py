"""Whether a reply goes round in circles: the same words over and over, in which nothing more will be said.

Two signs, looked for after every `EVERY` tokens, in some microseconds a token. Its end is one word, sentence or
paragraph, letter for letter, again and again. Or, for a model that has lost itself seldom repeats exactly, its last
`WINDOW` words are made of few pairs of words: of the pairs in prose nine in ten are new, of those in the babble of the
built-in judge at too long a prompt two or three in ten. A list may say as little that is new a line, a line for each
frame say; but it counts: its numbers are new, and where they are, nothing is ended.
"""
import re
from collections.abc import Sequence

EVERY = 32
TIMES = 3       # a passage has to come so often: twice is a slip, and nobody says a paragraph three times
LENGTH = 512    # and all of it has to be so long, so that a short line may stand under many frames: "no fault."
LONGEST = 2000  # characters of a passage; what is longer fills a budget before it has come three times
WINDOW = 200    # words
NEW = 0.3       # share of their pairs that has to be new
COUNTS = 20     # one new number in so many words is a list that counts
_WORD, _NUMBER, _LETTERS = re.compile(r"\w+"), re.compile(r"\d+(?:[.:]\d+)?"), 12
_FEW = 8        # compared first


def circles(ids: list[int], text: str) -> bool:
    """Whether the reply of these tokens and this text goes round in circles at its end."""
    # Tokens as well: of some, such as a model's marks, no text comes.
    return bool(period(text) or period(ids)) or stale(text)


def period(said: Sequence) -> int:
    """How long the passage is that `said`, a text or tokens, ends in repeating; 0 where there is none."""
    count, few = len(said), said[-_FEW:]
    for length in range(1, min(count // TIMES, LONGEST) + 1):
        if said[-1] != said[-1 - length] or said[max(0, count - _FEW - length):count - length] != few:
            continue
        start = count - length * max(TIMES, -(-LENGTH // length))
        if start >= 0 and said[start + length:] == said[start:count - length]:
            return length
    return 0


def stale(text: str) -> bool:
    """Whether the last `WINDOW` words of the text hardly say a new pair of words, nor count."""
    end = text[-WINDOW * _LETTERS:].lower()
    words = _WORD.findall(end)[-WINDOW:]
    if len(words) < WINDOW:
        return False
    if len(set(zip(words, words[1:], strict=False))) >= NEW * (WINDOW - 1):
        return False
    return len(set(_NUMBER.findall(end))) * COUNTS < WINDOW
