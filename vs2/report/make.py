"""Evaluations -> a `Report`: stills are read, as many as the report's size allows, and what is told whole is chosen.

    report = make.evaluation(evaluation, "clip.mp4")
    Path("report.html").write_text(html(report), encoding="utf-8")
"""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from vs2.batch import groups
from vs2.best_of import Outcome
from vs2.candidates import MEAN, Candidate, Decision, Failed, Rule, decide
from vs2.errors import BadInput
from vs2.evaluation import Evaluation
from vs2.report import judges, stills, words
from vs2.report.checked import candidate
from vs2.report.model import BATCH, BEST_OF, COMPARISON, DUEL, EVALUATION, Item, Ranking, Report
from vs2.texts import told
from vs2.video import Clip, read

MOST_WHOLE = 12         # clips of a batch that are told whole: the lowest
EACH_GROUP = 1          # ... and of each group, where it is grouped
MOST_STILL_BYTES = 4 * 2**20    # of all of a report's stills, in base 64

Path_ = str | Path | None
Knows = Callable[[str], str]
Look = Callable[..., Clip]


def item(number: int, found: Candidate | None, path: Path_ = None, *, most: int = stills.MOST,
         knows: Knows = judges.knows, look: Look = read, evaluated: datetime | None = None, video: str = "",
         prompt: str = "",
         columns: Mapping[str, object] | None = None, clip: Clip | None = None) -> Item:
    """One clip of a report. found: its evaluation, why there is none, or None for not yet (`video`, `prompt` name it).

    path: its file, for the stills; clip: what was read of it, where that is still there. look: reads it.
    """
    if not isinstance(found, Evaluation):
        return Item(number, found.video if found else video, found.prompt if found else prompt,
                    error=found.error if found else "", columns=columns or {})
    seen = stills.of_clip(clip, most) if clip is not None else stills.of_file(path, found, most, look)
    return Item(number, found.video, found.prompt, found, stills=seen, knows=knows(found.model), evaluated=evaluated,
                columns=columns or {})


def evaluation(found: Evaluation, path: Path_ = None, *, knows: Knows = judges.knows, look: Look = read,
               evaluated: datetime | None = None, clip: Clip | None = None) -> Report:
    """The report of one evaluation."""
    return Report(EVALUATION, (item(1, found, path, knows=knows, look=look, evaluated=evaluated, clip=clip),))


def comparison(found: Sequence[Candidate], paths: Sequence[Path_] = (), rule: Rule = MEAN,
               decision: Decision | None = None, *, kind: str = COMPARISON, knows: Knows = judges.knows,
               look: Look = read, notes: Sequence[str] = ()) -> Report:
    """The report of several candidates for one prompt. decision: by `rule` where None. kind: COMPARISON or BEST_OF."""
    paths = [*paths, *[None] * (len(found) - len(paths))]
    most = stills.share(len(found))
    items = tuple(item(n, one, path, most=most, knows=knows, look=look)
                  for n, (one, path) in enumerate(zip(found, paths, strict=True), 1))
    return bounded(Report(kind, items, decision or decide(found, rule), rule, notes=tuple(notes)))


def best_of(prompt: str, found: Sequence[Candidate | None], decision: Decision, rule: Rule, paths: Sequence[Path_] = (),
            *, knows: Knows = judges.knows, look: Look = read, notes: Sequence[str] = ()) -> Report:
    """The report of a Best-of-N run: candidates without a judgement keep their places."""
    paths = [*paths, *[None] * (len(found) - len(paths))]
    most = stills.share(len(found))
    items = tuple(item(n, one, path, most=most, knows=knows, look=look, video=str(path or ""), prompt=prompt)
                  for n, (one, path) in enumerate(zip(found, paths, strict=True), 1))
    return bounded(Report(BEST_OF, items, decision, rule, notes=tuple(notes)))


def outcome(found: Outcome, paths: Mapping[int, Path_] | None = None, *, knows: Knows = judges.knows,
            look: Look = read) -> Report:
    """The same of `vs2.best_of`'s outcome. paths: of the clips by number, else where the run left them."""
    judged = [entry.evaluation or (Failed(told(str(entry.path or "")), found.prompt, entry.error) if entry.error
                                   else None) for entry in found.entries]
    places = [entry.path if paths is None else paths.get(entry.number) for entry in found.entries]
    notes = [note for note in (found.note, words.BEST_OF_BY.format(generator=found.generator)) if note]
    return best_of(found.prompt, judged, found.decision, found.rule, places, knows=knows, look=look, notes=notes)


def batch(records: Sequence[Mapping], group_by: Sequence[str] = (),
          find: Callable[[Mapping], Path_] = lambda _: None, *, knows: Knows = judges.knows,
          look: Look = read) -> Report:
    """The report of a judged table: its rows, its groups, and the clips with the lowest scores told whole.

    records: those of `vs2.batch.results.record`. group_by: columns. find: a record's clip, for the stills.
    """
    if not records:
        raise BadInput("There are no rows to report: judge a table first.")
    boards = tuple(groups.grouped(records, column) for column in group_by)
    found = [candidate(record, f"row {at}") for at, record in enumerate(records, 1)]
    numbers = [record["row"] if isinstance(record.get("row"), int) else at for at, record in enumerate(records, 1)]
    chosen, which = _whole(dict(zip(numbers, found, strict=True)), boards)
    most = stills.share(len(chosen))
    items = []
    for number, one, record in zip(numbers, found, records, strict=True):
        path = find(record) if number in chosen else None
        items.append(item(number, one, path, most=most, knows=knows, look=look, video=str(record.get("video") or ""),
                          prompt=str(record.get("prompt") or "")))
    return bounded(Report(BATCH, tuple(items), boards=boards, whole=frozenset(chosen), which=which))


def duel(rankings: Sequence[Ranking], items: Sequence[Item] = (), notes: Sequence[str] = ()) -> Report:
    """The report of a blind duel: one ranking a dimension, and clips to show beside it, if wanted."""
    return bounded(Report(DUEL, tuple(items), rankings=tuple(rankings), notes=tuple(notes)))


def bounded(report: Report) -> Report:
    """The report with as many stills as `MOST_STILL_BYTES` allow, the first clips' first; it says if some are left
    out."""
    left, kept, cut = MOST_STILL_BYTES, [], False
    for one in report.items:
        weight = stills.weight(one.stills)
        if weight > left:
            cut, one = True, replace(one, stills=())
        else:
            left -= weight
        kept.append(one)
    notes = (*report.notes, words.STILLS_FULL) if cut else report.notes
    return replace(report, items=tuple(kept), notes=notes)


def _whole(found: Mapping[int, Candidate | None], boards: Sequence[groups.Leaderboard]) -> tuple[set[int], str]:
    """The rows of a batch that are told whole, and how they were chosen."""
    if boards:
        worst = [number for board in boards for group in board.groups for number in group.worst[:EACH_GROUP]]
        if chosen := set(list(dict.fromkeys(worst))[:MOST_WHOLE]):
            return chosen, words.WHICH_GROUPS
    judged = {number: one for number, one in found.items() if isinstance(one, Evaluation)}
    scored = sorted((overall, number) for number, one in judged.items() if (overall := one.overall) is not None)
    if scored:
        return {number for _, number in scored[:MOST_WHOLE]}, words.WHICH_WORST
    return set(list(judged)[:MOST_WHOLE]), words.WHICH_FIRST
