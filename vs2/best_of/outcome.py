"""What a Best-of-N run comes to: its candidates, their order, the one that is taken and why, in one sentence."""
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vs2.batch import results
from vs2.batch.table import Row
from vs2.best_of.cost import TIED, Spent
from vs2.best_of.plan import AGAIN, FAST, FULL
from vs2.candidates import MEAN, Decision, Failed, Rule, comparable, decide, values
from vs2.evaluation import Evaluation
from vs2.generate.record import Record
from vs2.texts import told

COMPLETE, STOPPED, EARLY = "complete", "stopped", "early"   # how a run ended: all done, by `stop`, by the adaptive rule


@dataclass(frozen=True)
class Entry:
    """One candidate. number: from 0, as in a ranking. seed: of its generation. path: of its clip, once it is made.

    record: how the clip was made, without what gives its true scores away. fast: the judgement without a rationale,
    where there is a fast pass. full: the judgement as it was asked for. again: the sampled one that breaks a tie.
    error: why it has no clip, or why a judgement is missing.
    """

    number: int
    seed: int
    path: Path | None = None
    record: Record | None = None
    fast: Evaluation | None = None
    full: Evaluation | None = None
    again: Evaluation | None = None
    error: str | None = None

    @property
    def evaluation(self) -> Evaluation | None:
        """The judgement to show: the full one where there is one."""
        return self.full or self.fast

    def judged(self, which: str, found: Evaluation) -> "Entry":
        """With the judgement `FAST`, `FULL` or `AGAIN`, and so without an error."""
        return replace(self, fast=found if which == FAST else self.fast, full=found if which == FULL else self.full,
                       again=found if which == AGAIN else self.again, error=None)

    def truth(self) -> dict[str, int] | None:
        """The true scores (1 to 5) by dimension, where the generator knows them; None before there is a judgement."""
        if self.path is None or self.evaluation is None:
            return None
        try:
            found = json.loads(self.path.with_suffix(".json").read_text(encoding="utf-8"))
            return Record.from_dict(found).truth
        except (OSError, ValueError, TypeError):    # moved away, or edited: then nobody knows
            return None

    def candidate(self, which: str) -> Evaluation | Failed | None:
        """For `vs2.candidates`: the judgement "fast", "full" or "again", why there is none, or None for not yet."""
        found = getattr(self, which)
        if found is None and self.error is not None:
            return Failed(told(str(self.path or "")), "", self.error)
        return found

    def to_dict(self) -> dict:
        """Plain JSON values: seed, file, evaluation, and what else there is; null for what there is not."""
        def plain(found: Evaluation | None) -> dict | None:
            return None if found is None else found.to_dict()

        return {"seed": self.seed, "file": self.path and told(str(self.path)), "evaluation": plain(self.evaluation),
                "fast": plain(self.fast if self.full else None), "again": plain(self.again), "error": self.error}


@dataclass(frozen=True)
class Outcome:
    """The end of a run, or where it stands. `decision` counts candidates from 0 in its numbers, from 1 in its reason.

    decision: the winner is always one where any candidate has scores; `tied` then says whether it was told apart.
    finalists: whose full judgement decided, where the first pass was a fast one. ended: `COMPLETE`, `STOPPED` or
    `EARLY`. note: a sentence on that, or "".
    """

    prompt: str
    generator: str
    model: str
    rule: Rule
    entries: tuple[Entry, ...]
    decision: Decision
    finalists: tuple[int, ...] = ()
    ended: str = COMPLETE
    note: str = ""
    spent: Spent = Spent()

    @property
    def winner(self) -> Entry | None:
        """The candidate to take."""
        return None if self.decision.winner is None else self.entries[self.decision.winner]

    @property
    def keys(self) -> tuple[str, ...]:
        """The dimensions in which the candidates are compared."""
        return _keys(self.entries)

    @property
    def uplift(self) -> float | None:
        """Points by which the winner's score beats the mean of all: by the rule, in the first pass, for the judge.

        None where the winner or all others have none.
        """
        judged = {e.number: first for e in self.entries if (first := e.fast or e.full)}
        found = dict(zip(judged, values(list(judged.values()), self.rule), strict=True))
        read = [value for value in found.values() if value is not None]
        own = None if self.decision.winner is None else found.get(self.decision.winner)
        return None if own is None or len(read) < 2 else own - sum(read) / len(read)

    def to_dict(self) -> dict:
        """Plain JSON values; indices count from 0."""
        return {"prompt": self.prompt, "candidates": [entry.to_dict() for entry in self.entries],
                "ranking": list(self.decision.ranking), "winner": self.decision.winner, "tie": self.decision.tie,
                "reason": self.decision.reason, "generator": self.generator, "model": self.model,
                "rule": self.rule if isinstance(self.rule, str) else dict(self.rule), "ended": self.ended,
                "note": self.note, "finalists": list(self.finalists), "spent": dict(vars(self.spent))}

    def write_table(self, path: Path, knows: Callable[[str], str] | None = None) -> None:
        """The candidates, best first, as a CSV or JSON Lines file (by its suffix), as a batch's are. Raises Failure.

        knows: what the judge of a name knows, for a column of its own.
        """
        rows = [self._row(place, self.entries[n]) for place, n in enumerate(self._order(), 1)]
        results.write(results.with_knows(rows, knows) if knows else rows, Path(path))

    def _order(self) -> list[int]:
        ranked = list(self.decision.ranking)
        return ranked + [entry.number for entry in self.entries if entry.number not in ranked]

    def _row(self, number: int, entry: Entry) -> dict:
        more = {"place": self.decision.place.get(entry.number), "candidate": entry.number + 1,
                "generator seed": entry.seed, "generator": self.generator,
                "pass": "full" if entry.full else "fast" if entry.fast else None}
        row = Row(number, entry.path.name if entry.path else "", self.prompt, more)
        return results.record(row, entry.evaluation, entry.error)


def settle(entries: Sequence[Entry], rule: Rule = MEAN, finalists: Sequence[int] = (), fast: bool = False,
           replies: int = 0) -> Decision:
    """The ranking as far as things stand, with a winner wherever there are scores.

    fast: the first pass is without rationales; then, once the `finalists` are named, they come first, in the order of
    their full judgements, the others after them in that of the first pass. A tie at the top is settled by the sampled
    judgements (`again`, of so many `replies`) of the tied ones that `rejudged` names, once all of them are there: one
    that cannot be judged again loses nothing by it. Where it stays, the first of the tied is taken, and the reason says
    so.
    """
    keys = _keys(entries)
    if any(entries[n].full for n in finalists):
        in_it = [e.candidate("full") if e.number in finalists or e.path is None else None for e in entries]
        first = decide(in_it, rule, keys)
        rest = decide([e.fast if e.number not in first.ranking else None for e in entries], rule, keys)
        # Scores of two kinds are not compared: the others' places begin after the last of the finalists.
        first = replace(first, ranking=first.ranking + rest.ranking,
                        places=first.places + tuple(place and len(first.ranking) + place for place in rest.places))
    else:
        first = decide([e.candidate("fast" if fast else "full") for e in entries], rule, keys)
    again = rejudged(first)
    if again and all(entries[n].again for n in again):
        first = _broken(entries, first, again, rule, replies)
    if first.tied:
        taken = f"candidate {first.ranking[0] + 1} is taken, the first of them"
        return replace(first, winner=first.ranking[0], reason=f"{first.reason.rstrip('.')}; {taken}.")
    return first


def rejudged(decision: Decision) -> tuple[int, ...]:
    """Which candidates of a tie are judged again: the first `TIED` of them."""
    return decision.tied[:TIED]


def _broken(entries: Sequence[Entry], first: Decision, again: tuple[int, ...], rule: Rule, replies: int) -> Decision:
    """The tie's order by the second judgement, which picks one of those that share the first place."""
    second = decide([e.again if e.number in again else None for e in entries], rule)
    ranking = second.ranking + tuple(n for n in first.ranking if n not in second.ranking)
    reason = second.reason[0].lower() + second.reason[1:]
    whom = "" if len(again) == len(first.tied) else f" of the first {len(again)}"
    said = f"{_numbers(first.tied)} tied; by a second judgement{whom} of {replies} sampled replies each, {reason}"
    return Decision(ranking, second.tied, second.winner, said, tuple(first.place.get(n) for n in ranking))


def _keys(entries: Sequence[Entry]) -> tuple[str, ...]:
    return comparable(evaluation for entry in entries if (evaluation := entry.evaluation))


def _numbers(tied: Sequence[int]) -> str:
    *most, last = [str(n + 1) for n in tied]
    return f"Candidates {', '.join(most)} and {last}"
