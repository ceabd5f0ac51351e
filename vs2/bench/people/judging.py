"""A suite's clips, judged: a row a clip, on the disk as it comes, so that a killed run goes on.

A row is a record of `vs2 batch` (vs2/batch/results.py) with the suite, the clip's id, people's scores and the pairs
that it is the first clip of: the rows alone are enough to count everything again.
"""
from collections.abc import Callable, Iterator
from pathlib import Path

from vs2.batch import results
from vs2.batch.journal import Journal
from vs2.batch.table import Row
from vs2.bench.people.suite import Suite
from vs2.bench.unscoped import unscoped
from vs2.bench.work import stream
from vs2.errors import BadInput
from vs2.rubric import KEYS


def rows(suite: Suite) -> list[Row]:
    """A row for each clip, those without a file with their problem."""
    pairs: dict[str, list[dict]] = {}
    for pair in suite.pairs:
        pairs.setdefault(pair.first, []).append({"other": pair.second, "preferred": pair.preferred})
    return [Row(number, str(clip.path or clip.id), clip.prompt,
                {"suite": suite.name, "clip": clip.id, "alias": clip.alias, "human": clip.human,
                 "pairs": pairs.get(clip.id, []), **clip.other}, clip.path, clip.problem)
            for number, clip in enumerate(suite.clips.values(), 1)]


def judged(judge, item, **options) -> dict:
    """The record of one row; item: the row, its key, and whether to ask, too, for what the judge withholds.

    What it would have said of that stands under `unscoped`: three scores that are no judgement. A clip at fault has an
    `error` in place of scores.
    """
    row, key, beyond = item
    try:
        evaluation = judge.score(row.path, row.prompt, **options)
        record = results.record(row, evaluation, None, key)
        if beyond and evaluation.withheld:
            said = unscoped(judge).score(row.path, row.prompt, **options)
            record["unscoped"] = {name: said.to_dict()["scores"][name] for name in KEYS}
        return record
    except BadInput as problem:
        return results.record(row, None, str(problem), key)


def run(judge, suite: Suite, out: Path | None = None, beyond: bool = False,
        progress: Callable[[int, int], None] | None = None, how: dict | None = None, **options) -> list[dict]:
    """The records of all clips, in the suite's order.

    out: a .jsonl that keeps them as they come; one that is there goes on, if it is of the same clips and options.
    beyond: see `judged`. how: what else a row depends on (the judge's name and precision). options: of `judge.score`.
    Raises BadInput for an `out` that is of another run, and what the judge raises.
    """
    asked = rows(suite)
    keys = {row.number: results.key(row, {**(how or {"model": judge.name}), **options, "beyond": beyond})
            for row in asked}
    if out is None:
        found = {record["row"]: record for record in _each(judge, asked, keys, beyond, progress, options)}
    else:
        if out.suffix.lower() != ".jsonl":
            raise BadInput(f"--rows is {out.name}: give a .jsonl, which holds a row as soon as it is judged.")
        with Journal(out, keys, resume=True) as journal:
            left = [row for row in asked if row.number not in journal.records]
            for record in _each(judge, left, keys, beyond, progress, options):
                journal.add(record)
            journal.finish()
            found = dict(journal.records)
    return [found[row.number] for row in asked]


def _each(judge, asked: list[Row], keys: dict, beyond: bool, progress, options: dict) -> Iterator[dict]:
    for row in asked:
        if row.problem:
            yield results.record(row, None, row.problem, keys[row.number])
    able = [row for row in asked if not row.problem]
    for done, record in enumerate(stream(judge, judged, [(row, keys[row.number], beyond) for row in able], **options),
                                  1):
        yield record
        if progress:
            progress(done, len(able))
