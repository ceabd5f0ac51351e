"""Words that a small judge will probably say next, so that one pass reads several of them: the same words, sooner.

    drafts = load(folder, 512)          # of a checkpoint that has some; None of one that has not
    drafts.after([17, 4, 9])            # tokens that followed these in its own replies

A judge that says most things in a few forms of words can be guessed. What is guessed is read along with the token that
was chosen, in one pass, which takes little longer than a pass for one token; where the judge then chooses what was
guessed, what follows is known already, and where it does not, the guesses are forgotten (Leviathan et al., arXiv
2211.17192, with a table in the place of a small model). What it chooses is its own at every step. The table is part
of the checkpoint (`python -m train.drafts` makes it), so that the same clip is always computed in the same steps.
"""
import json
from pathlib import Path
from typing import Protocol

import torch

from vs2.errors import BadInput

NAME = "drafts.json"
AHEAD = 12          # tokens at most; more of them are seldom right, and a pass for each costs little but not nothing


class Drafts:
    """rows: of each, the tokens that were said, then the one that followed them."""

    def __init__(self, rows: list[list[int]]):
        self.table = {tuple(said): following for *said, following in rows}
        self.longest = max(map(len, self.table), default=0)

    def after(self, said: list[int]) -> list[int]:
        """The tokens that probably follow, AHEAD at most; none where nothing is known."""
        context, found = tuple(said[-self.longest:]), list[int]()
        while len(found) < AHEAD and (following := self._next(context)) is not None:
            found.append(following)
            context = (*context, following)[-self.longest:]
        return found

    def _next(self, context: tuple[int, ...]) -> int | None:
        for start in range(len(context)):
            if (following := self.table.get(context[start:])) is not None:
                return following
        return None


def table(replies: list[list[int]], longest: int = 6) -> list[list[int]]:
    """`Drafts` of replies: after what is said in them, what followed it most often. Rows that say no more than a
    shorter one does are left out."""
    counts: dict[tuple[int, ...], dict[int, int]] = {}
    for ids in replies:
        for place in range(1, len(ids)):
            for length in range(1, min(longest, place) + 1):
                seen = counts.setdefault(tuple(ids[place - length:place]), {})
                seen[ids[place]] = seen.get(ids[place], 0) + 1
    kept: dict[tuple[int, ...], int] = {}
    for said in sorted(counts, key=lambda said: (len(said), said)):
        following = min(counts[said], key=lambda token: (-counts[said][token], token))
        shorter = next((kept[said[start:]] for start in range(1, len(said)) if said[start:] in kept), None)
        if following != shorter:
            kept[said] = following
    return [[*said, following] for said, following in kept.items()]


def load(folder: Path, vocabulary: int) -> Drafts | None:
    """Those of a checkpoint with so many tokens. Raises BadInput where its file is none of these."""
    try:
        text = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return None
    try:
        rows = json.loads(text)["rows"]
        if not all(len(row) > 1 and all(type(token) is int and 0 <= token < vocabulary for token in row)
                   for row in rows):
            raise ValueError("no rows of tokens")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"{folder.name}/{NAME} is not what `python -m train.drafts` writes: make it again, or remove "
                       "it.") from error
    return Drafts(rows)


class Growing(Protocol):
    """A memory of one row that can forget what was added last: `vs2.model.memory.Growing` over a judge's own cache."""

    def read(self, tokens: torch.Tensor, kept: int) -> torch.Tensor: ...

    def cut(self, count: int) -> None: ...

    def close(self) -> None: ...


class Ahead:
    """The memory of one reply that reads guesses along; a `vs2.model.memory.Memory`."""

    def __init__(self, growing: Growing, drafts: Drafts):
        self._growing, self._drafts = growing, drafts
        self._said: list[int] = []
        self._guessed: list[int] = []           # what the memory holds beyond what was said
        self._logits = torch.empty(0)           # [guessed, vocabulary], of what follows each

    def write(self, tokens: torch.Tensor) -> torch.Tensor:
        new = tokens[0].tolist()
        right = 0
        while right < min(len(new), len(self._guessed)) and new[right] == self._guessed[right]:
            right += 1
        self._said += new
        if right == len(new):
            following = self._logits[right - 1:right]
            self._guessed, self._logits = self._guessed[right:], self._logits[right:]
            return following
        self._growing.cut(len(self._guessed) - right)
        self._guessed = self._drafts.after(self._said)
        read = torch.tensor([new[right:] + self._guessed], device=tokens.device)
        logits = self._growing.read(read, len(self._guessed) + 1)
        self._logits = logits[0, 1:]
        return logits[:, 0]

    def keep(self, places: list[int]) -> None:
        if places != [0]:
            raise ValueError("it is one reply's memory")

    def close(self) -> None:
        self._growing.close()
