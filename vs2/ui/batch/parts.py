"""The pieces of the Batch page as HTML: the drop zone, what is wrong with a table, progress, filters and rows."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from vs2.batch import Result
from vs2.batch.table import Row
from vs2.estimate import Estimate
from vs2.evaluation import Evaluation
from vs2.plots.batch import OVERALL, number
from vs2.rubric import KEYS, SCALE
from vs2.ui import parts, whose, withheld
from vs2.ui import text as shared
from vs2.ui.batch.job import LIMITS, MOST_FILES, Job
from vs2.ui.progress import about
from vs2.ui.said import worded
from vs2.ui.text import batch as text
from vs2.ui.theme import script as script_of

MEGABYTES = LIMITS.clip.max_bytes // 2**20
MOST_NUMBERS = 12   # rows that one reason names
MOST_LISTED = 50    # rows that cannot be judged, shown with their reasons; the table below shows all
COLUMNS = (*KEYS, OVERALL)

_ICON = ('<svg viewBox="0 0 32 32" width="34" height="34" fill="none" stroke="currentColor" stroke-width="1.6" '
         'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><rect x="4.5" y="5.5" width="23" '
         'height="21" rx="3"/><path d="M4.5 12.5h23M4.5 19.5h23M12.5 12.5v14"/></svg>')
# The filters are read by the server from this component's value; what is typed counts after a moment.
FILTER = """
const form = element.querySelector("form");
let later;
const read = () => { props.value = Object.fromEntries(new FormData(form)); trigger("select"); };
form.addEventListener("input", () => { clearTimeout(later); later = setTimeout(read, 250); });
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(read));
"""


def labels() -> dict[str, str]:
    """What the columns of numbers are called, by their keys."""
    return {**shared.SHORT, OVERALL: text.OVERALL}


def zone() -> str:
    """The drop zone's HTML; assets/batch.js drives it."""
    formats = text.FORMATS.format(rows=LIMITS.rows, megabytes=MEGABYTES)
    return (
        f'<div class="vs-zone" data-state="empty"><label class="vs-drop"><input type="file" multiple>{_ICON}'
        f'<strong>{escape(text.DROP)}</strong><span>{escape(text.CHOOSE)}</span><small>{escape(formats)}</small></label>'
        f'<div class="vs-files" hidden><ul></ul><p class="vs-busy" role="status"></p>'
        f'<div class="vs-actions-row"><button type="button" class="vs-action vs-add">{text.ADD}</button>'
        f'<button type="button" class="vs-action vs-clear">{text.CLEAR}</button></div></div>'
        f'<p class="vs-problem vs-zone-problem" role="alert" hidden></p></div>')


def script() -> str:
    """The drop zone's script."""
    words = {"sending": text.SENDING, "checking": text.CHECKING, "not_sent": text.NOT_SENT, "too_large": text.TOO_LARGE,
             "too_many": text.TOO_MANY, "most": MOST_FILES, "megabytes": MEGABYTES}
    return script_of(words, "batch")


def how() -> str:
    """What a table looks like, folded away."""
    return (f'<details class="vs-how"><summary>{text.HOW}</summary><pre tabindex="0">{escape(text.HOW_EXAMPLE)}</pre>'
            f'<p>{escape(text.HOW_SAID)}</p></details>')


def wrong(rows: Sequence[Row]) -> str:
    """The rows that cannot be judged, each with its reason; nothing where there are none."""
    bad = [row for row in rows if row.problem]
    if not bad:
        return ""
    title = text.WRONG_ONE if len(bad) == 1 else text.WRONG.format(count=len(bad))
    lines = "".join(f"<li><b>{text.WRONG_ROW.format(number=row.number)}</b> {escape(row.problem)}</li>"
                    for row in bad[:MOST_LISTED])
    opened = " open" * (len(bad) <= 5)
    return f'<details class="vs-wrong"{opened}><summary>{title}</summary><ul>{lines}</ul></details>'


def long_prompts(rows: Sequence[Row], judge) -> str:
    """The rows whose prompts are longer than those that the judge was measured with; nothing without a judge yet."""
    if judge is None or not judge.card.longest_prompt:
        return ""
    found = [rows[place].number for place in judge.long_ones([row.prompt for row in rows])]
    if not found:
        return ""
    named = ", ".join(map(str, found[:MOST_LISTED])) + ", …" * (len(found) > MOST_LISTED)
    said = text.LONG_ONE if len(found) == 1 else text.LONG.format(count=len(found))
    return f'<p class="vs-long-prompts" role="status">{escape(text.LONG_ROWS.format(said=said, rows=named))}</p>'


def counted(many: str, one: str, count: int, **values: object) -> str:
    """A sentence about rows, in the number that `count` is of."""
    return (one if count == 1 else many).format(count=count, **values)


def progress(done: int, count: int) -> str:
    """The bar of rows done."""
    share = 100 * done / count if count else 0
    return (f'<div class="vs-progress" role="progressbar" aria-label="{text.PROGRESS}" aria-valuemin="0" '
            f'aria-valuemax="{count}" aria-valuenow="{done}"><i style="width:{share:.1f}%"></i></div>')


def status(job: Job, stage: str, elapsed: float, judged: int, state: str = "busy",
           expected: Estimate | None = None) -> str:
    """The status line: what happens now, rows done, rate and time left. elapsed: seconds for `judged` rows.

    expected: of the row that is on, by which the time is said before the first one is judged.
    """
    count = len(job.rows)
    detail = [counted(text.ROWS, text.ROWS_ONE, count, done=len(job.results))]
    if judged and elapsed > 0 and state == "busy":
        detail.append(text.RATE.format(rate=f"{60 * judged / elapsed:.3g}"))
        detail.append(text.LEFT.format(time=parts.duration(round(len(job.left) * elapsed / judged))))
    elif expected is not None and expected.slow:
        detail.append(shared.LEFT.format(time=about(max(0.0, len(job.left) * expected.total - elapsed))))
    return parts.status(stage, tuple(detail), state) + progress(len(job.results), count)


@dataclass(frozen=True)
class Filter:
    """Which rows to show: their words, how far they are, and each dimension's least and most expected score."""

    search: str = ""
    show: str = "all"
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, value) -> "Filter":
        """The filter that a browser names; whatever makes no sense in it is left out."""
        said = value if isinstance(value, dict) else {}
        scores = {str(score): score for score in SCALE}
        least, most = whole = SCALE[0], SCALE[-1]
        ranges = {key: (scores.get(str(said.get(f"{key}_from")), least), scores.get(str(said.get(f"{key}_to")), most))
                  for key in COLUMNS}
        ranges = {key: ends for key, ends in ranges.items() if ends != whole}   # the whole scale filters nothing
        return cls(str(said.get("search") or "")[:200].strip().lower(), str(said.get("show") or "all"), ranges)

    def takes(self, row: Row, result: Result | None) -> bool:
        """Whether the row is shown. A score that is not there lies in no range."""
        evaluation = result and result.evaluation
        if self.show in text.SHOWS and self.show != "all" and self.show not in _states(result):
            return False
        said = f"{row.video}\n{row.prompt}\n{evaluation.rationale if evaluation else ''}".lower()
        return self.search in said and all(evaluation and _within(number(evaluation, key), *ends)
                                           for key, ends in self.ranges.items())


def _states(result: Result | None) -> set[str]:
    """Which of `text.SHOWS` a row is, "all" left out. One that was judged in part is two of them."""
    if result is None:
        return {"open"}
    if not result.evaluation:
        return {"failed"}
    some = {"withheld"} if result.evaluation.withheld else set()
    return some if withheld.all_of(result.evaluation.scores) else {*some, "scored"}


def _within(score: float | None, least: float, most: float) -> bool:
    return score is not None and least - 0.005 <= score <= most + 0.005


def filters() -> str:
    """The form that filters the rows."""
    shows = "".join(f'<option value="{value}">{said}</option>' for value, said in text.SHOWS.items())
    made = (f'<label class="vs-search"><span>{text.SEARCH}</span><input type="search" name="search" maxlength="200" '
            f'placeholder="{text.SEARCH_HINT}"></label><label><span>{text.SHOW}</span><select name="show">{shows}'
            f'</select></label><button type="reset" class="vs-action">{text.RESET}</button><hr>')
    for key, label in labels().items():
        ends = "".join(f'<select name="{key}_{end}" aria-label="{escape(said.format(dimension=label))}">'
                       + "".join(f'<option{" selected" * (score == chosen)}>{score}</option>' for score in SCALE)
                       + "</select>" + ("<i>–</i>" if end == "from" else "")
                       for end, said, chosen in (("from", text.FROM, SCALE[0]), ("to", text.TO, SCALE[-1])))
        made += f'<fieldset><legend>{escape(label)}</legend>{ends}</fieldset>'
    return f'<form class="vs-filters" aria-label="{text.FILTERS}">{made}</form>'


def _head(by: str, label: str) -> str:
    return (f'<th scope="col" data-by="{by}" aria-sort="none"><button type="button">{escape(label)}</button></th>')


def _score(key: str, evaluation: Evaluation) -> str:
    value = number(evaluation, key)
    if value is None:
        return f'<td data-of="{key}" data-worth="">{withheld.cell(evaluation, key)}</td>'
    sure = evaluation.scores[key].confidence if key in KEYS else None
    below = "" if sure is None else f"<small>{sure:.0%}</small>"
    return f'<td data-of="{key}" data-worth="{value:.6f}"><b>{value:.2f}</b>{below}</td>'


def _line(row: Row, result: Result | None, kept: str, judging: int | None) -> str:
    name = parts.name(row.video or "–")
    if kept:
        name = (f'<a data-open href="?e={escape(kept)}" aria-label="{text.OPEN.format(number=row.number)}">'
                f'{escape(row.video)}</a>')
    evaluation = result and result.evaluation
    cut = evaluation and evaluation.truncated and not evaluation.looped     # a loop is said among the warnings
    notes = [text.CUT] * bool(cut) + list(evaluation.warnings) if evaluation else []
    below = f"<small>{escape(row.prompt[:240])}</small>" + "".join(
        f'<small class="vs-note">{escape(worded(note))}</small>' for note in notes)
    start = (f'<td data-of="number" data-worth="{row.number}">{row.number}</td>'
             f'<th scope="row">{name}{below}</th>')
    if evaluation:
        return f'<tr data-state="done">{start}{"".join(_score(key, evaluation) for key in COLUMNS)}</tr>'
    state, said = "waiting", text.WAITING
    if row.number == judging:
        state, said = "judging", text.JUDGING
    elif result is not None:
        state, said = "failed", worded(result.error or "")
    return f'<tr data-state="{state}">{start}<td colspan="{len(COLUMNS)}">{escape(said)}</td></tr>'


def table(job: Job | None, chosen: Filter, judging: int | None = None) -> str:
    """The rows that the filter takes, with their scores, links and reasons. judging: the row that is on."""
    if job is None:
        return (f'<section class="vs-rows"><header><h2>{text.RESULT}</h2></header>'
                f'<p class="vs-empty">{text.RESULT_EMPTY}</p></section>')
    shown = [row for row in job.rows if chosen.takes(row, job.results.get(row.number))]
    lines = "".join(_line(row, job.results.get(row.number), job.kept.get(row.number, ""), judging) for row in shown)
    if not shown:
        lines = f'<tr><td colspan="{len(COLUMNS) + 2}">{text.NOTHING_MATCHES}</td></tr>'
    heads = (_head("number", text.NUMBER) + f'<th scope="col">{text.VIDEO}</th>'
             + "".join(_head(key, label) for key, label in labels().items()))
    count = counted(text.SHOWN, text.SHOWN_ONE, len(job.rows), shown=len(shown))
    return (f'<section class="vs-rows"><header><h2>{text.RESULT}</h2>'
            f'<p role="status">{count}</p></header>'
            f'<div class="vs-wide" tabindex="0" role="region" aria-label="{text.RESULT}"><table><thead>'
            f'<tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'
            f'{reasons(job.evaluated)}{whose.of(one.evaluation for one in job.evaluated if one.evaluation)}</section>')


def reasons(evaluated: Sequence[Result]) -> str:
    """Why what was not judged was not, each reason once with the rows that it holds for; "" for none."""
    found: dict[str, list[int]] = {}
    for result in evaluated:
        for sentence in withheld.sentences(result.evaluation.scores) if result.evaluation else ():
            found.setdefault(sentence, []).append(result.row.number)
    return withheld.listed((f"<b>{_rows(numbers)}</b> ", said) for said, numbers in found.items())


def _rows(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return text.WRONG_ROW.format(number=numbers[0])
    first = ", ".join(map(str, numbers[:MOST_NUMBERS]))
    return text.ROWS_NAMED.format(numbers=first) if len(numbers) <= MOST_NUMBERS else text.ROWS_MORE.format(
        numbers=first, more=len(numbers) - MOST_NUMBERS)


def uncounted(evaluations: Sequence[Evaluation]) -> str:
    """How many scores are in no bar of the histogram, and why; nothing where all are."""
    return _note(withheld.left_out(text.UNCOUNTED, ((one, key) for one in evaluations for key in KEYS
                                                    if one.scores[key].value is None)))


def undrawn(evaluations: Sequence[Evaluation], across: str, upwards: str) -> str:
    """How many clips are no point of the scatter, and why: by the first of the two dimensions that has no number."""
    lacking = ((one, [key for key in (across, upwards) if number(one, key) is None]) for one in evaluations)
    return _note(withheld.left_out(text.UNDRAWN, ((one, keys[0]) for one, keys in lacking if keys)))


def _note(sentence: str) -> str:
    return f'<p class="vs-left-out">{escape(sentence)}</p>' if sentence else ""
