"""The pieces of the Compare page as HTML: verdict, table, rationales side by side. Always escaped."""
import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from vs2 import answer, candidates, plots
from vs2.candidates import Candidate, Decision, Failed, Rule
from vs2.evaluation import Evaluation
from vs2.rubric import KEYS
from vs2.ui import parts, saving, whose, withheld
from vs2.ui import text as shared
from vs2.ui.rationale import Times, chip, words
from vs2.ui.said import worded
from vs2.ui.text import compare as text

WAITING, JUDGING = "waiting", "judging"
EVERYTHING = "everything"
Keys = tuple[str, ...]     # the dimensions in which the candidates are compared

# Sorts the table by the column whose heading is pressed, and keeps the order when results come.
SORT = """
let by = null, down = true;
function order() {
  const table = element.querySelector("table");
  if (!table) return;
  for (const head of table.tHead.rows[0].cells) {
    const chosen = head.dataset.by === by;
    if (head.dataset.by) head.setAttribute("aria-sort", !chosen ? "none" : down ? "descending" : "ascending");
  }
  if (by === null) return;
  const rows = [...table.tBodies[0].rows], worth = (row) => row.querySelector(`[data-of="${by}"]`)?.dataset.worth ?? "";
  const sorted = [...rows].sort((one, two) => {
    const [a, b] = [worth(one), worth(two)];
    if (a === "" || b === "") return (a === "") - (b === "");  // what has no number stays at the end
    return down ? b - a : a - b;
  });
  if (sorted.some((row, index) => row !== rows[index])) table.tBodies[0].append(...sorted);
}
element.addEventListener("click", (event) => {
  const head = event.target.closest("th[data-by]");
  if (!head) return;
  down = by === head.dataset.by ? !down : !["number", "place"].includes(head.dataset.by);
  by = head.dataset.by;
  order();
});
new MutationObserver(order).observe(element, { childList: true, characterData: true, subtree: true });
"""
# A time in a rationale shows all players there.
SEEK_ALL = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-time]");
  if (button) window.vs2board?.go?.(Number(button.dataset.time));
});
"""


@dataclass
class Row:
    """One candidate on the page: its key on the board, what it is called, and how far it is.

    candidate: None until it is judged. kept: the id it is stored under, "" without one. state: `WAITING` or
    `JUDGING` while it has its turn before it. asked: the settings that it was judged with here; None where it was not.
    """

    key: str
    name: str
    prompt: str
    candidate: Candidate | None = None
    kept: str = ""
    state: str = ""
    asked: dict | None = None

    @property
    def evaluation(self) -> Evaluation | None:
        """Its scores, where it has some."""
        return self.candidate if isinstance(self.candidate, Evaluation) else None


def compared(rows: Sequence[Row]) -> list[Candidate]:
    """The candidates as they are compared: one that has not been judged counts as one that was not."""
    return [row.candidate or Failed(row.name, row.prompt, text.NOT_YET) for row in rows]


def _dot(number: int) -> str:
    colour = plots.COLOURS[(number - 1) % len(plots.COLOURS)]
    return f'<b class="vs-number" style="--candidate:{colour}">{number}</b>'


def legend(number: int, row: Row) -> str:
    """What the candidate is called beside the radar, which has nothing to draw of one that was not judged."""
    none = row.evaluation and withheld.all_of(row.evaluation.scores)
    return f"{number} {row.name}" + f" ({shared.WITHHELD})" * bool(none)


def verdict(decision: Decision | None, rows: Sequence[Row] = ()) -> str:
    """Who wins and why, in a sentence; where nothing is decided, what comes here."""
    if decision is None:
        return f'<div class="vs-verdict vs-empty">{text.VERDICT_EMPTY}</div>'
    kind, title = "none", text.NO_WINNER
    if decision.tie:
        kind, title = "tie", text.TIE
    elif decision.winner is not None:
        kind, name = "winner", parts.name(rows[decision.winner].name)
        title = f"{text.WINNER} {_dot(decision.winner + 1)}{name}"
    return (f'<div class="vs-verdict" data-kind="{kind}" role="status"><h2>{title}</h2>'
            f'<p>{escape(worded(decision.reason))}</p></div>')


def _cell(evaluation: Evaluation, key: str, value: float | None, less: float | None, differ: bool, keys: Keys) -> str:
    """differ: whether the candidates' scores do; where they are all the same there is no best one."""
    if value is None:
        return f'<td data-of="{key}" data-worth="">{withheld.cell(evaluation, key, keys)}</td>'
    best = less is not None and less > -candidates.EQUAL
    below = "" if not differ or less is None else text.BEST if best else f"{less:+.2f}".replace("-", "\u2212")
    return (f'<td data-of="{key}" data-worth="{value:.6f}"{" class=vs-best" * (best and differ)}><b>{value:.2f}</b>'
            f'<small>{below}</small></td>')


def _head(key: str, label: str) -> str:
    return (f'<th scope="col" data-by="{key}" aria-sort="none"><button type="button" '
            f'title="{escape(text.SORT.format(column=label))}">{escape(label)}</button></th>')


def _links(number: int, row: Row) -> str:
    if not row.kept:
        return "<td></td>"
    links = ((f"?e={row.kept}", text.OPEN, text.OPEN_LABEL),
             (f"?show=review&e={row.kept}", text.REVIEW, text.REVIEW_LABEL))
    return "<td>" + "".join(f'<a data-open href="{escape(to)}" aria-label="{label.format(number=number)}">{said}</a>'
                            for to, said, label in links) + "</td>"


def _line(number: int, row: Row, less: dict, differ: dict, place: str, details: tuple[str, ...], keys: Keys) -> str:
    below = "".join(f"<small>{escape(detail)}</small>" for detail in details)
    start = (f'<td data-of="place" data-worth="{place}"><b>{place or "–"}</b></td><th scope="row" data-of="number" '
             f'data-worth="{number}"><span>{_dot(number)}{parts.name(row.name)}</span>{below}'
             '</th>')
    evaluation = row.evaluation
    if evaluation is None:
        said, kind = {WAITING: (text.WAITING, "waiting"), JUDGING: (text.JUDGING, "judging")}.get(
            row.state, (text.NOT_YET, "waiting"))
        if isinstance(row.candidate, Failed):
            said, kind = text.NOT_JUDGED_FOR.format(reason=worded(row.candidate.error)), "failed"
        return f'<tr data-state="{kind}">{start}<td colspan="{len(KEYS) + 2}">{escape(said)}</td></tr>'
    values = {key: evaluation.scores[key].expected for key in KEYS} | {
        "overall": candidates.overall(evaluation, keys=keys)}
    cells = "".join(_cell(evaluation, key, value, less[key], differ[key], keys) for key, value in values.items())
    return f'<tr data-state="done">{start}{cells}{_links(number, row)}</tr>'


def table(rows: Sequence[Row], decision: Decision | None, rule: Rule | None = candidates.MEAN) -> str:
    """The scores of all candidates with their differences to the best, and whose they are; prompts where they differ.

    rule: what they are ranked by. A candidate without the scores that it needs has no place. The overall score is of
    the dimensions in which they are compared, and its heading says so.
    """
    if not rows:
        return (f'<section class="vs-compared" aria-label="{text.TABLE}"><header><h2>{text.TABLE}</h2></header>'
                f'<p class="vs-empty">{text.TABLE_EMPTY}</p></section>')
    judged = [row.evaluation for row in rows if row.evaluation]
    prompts = len({row.prompt for row in rows}) > 1
    models = len({(one.model, one.precision) for one in judged}) > 1
    places = {n: str(place) for n, place in decision.place.items()} if decision else {}
    below, keys = candidates.differences(compared(rows)), candidates.comparable(judged)
    differ = {key: any((gap := less[key]) is not None and gap <= -candidates.EQUAL for less in below)
              for key in (*KEYS, "overall")}
    lines = []
    for n, (row, less) in enumerate(zip(rows, below, strict=True)):
        details = (row.prompt,) * prompts
        if models and row.evaluation:
            details += (text.JUDGED_BY.format(model=whose.named(row.evaluation.model, row.evaluation.precision)),)
        lines.append(_line(n + 1, row, less, differ, places.get(n, ""), details, keys))
    whole = withheld.of_some(text.OVERALL, candidates.MEAN, keys)
    heads = (_head("place", text.PLACE) + _head("number", text.CANDIDATE)
             + "".join(_head(key, shared.SHORT[key]) for key in KEYS) + _head("overall", whole) + "<td></td>")
    return (f'<section class="vs-compared"><header><h2>{text.TABLE}</h2>'
            f'<p>{text.TABLE_HINT}</p></header><div class="vs-wide" tabindex="0" role="region" '
            f'aria-label="{text.TABLE}"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
            f'</div>{reasons(rows)}{whose.of(judged)}{_prompts(rows)}</section>')


def _prompts(rows: Sequence[Row]) -> str:
    """What the candidates were judged by that were judged here, for the line about earlier prompts."""
    return parts.prompts({row.key: row.prompt for row in rows if row.evaluation and row.asked is not None})


def reasons(rows: Sequence[Row]) -> str:
    """Why what was not judged was not, each reason once with the candidates that it holds for; "" for none."""
    found: dict[str, list[int]] = {}
    for number, row in enumerate(rows, 1):
        for sentence in withheld.sentences(row.evaluation.scores) if row.evaluation else ():
            found.setdefault(sentence, []).append(number)
    return withheld.listed((f'<span>{"".join(map(_dot, numbers))}</span> ', said) for said, numbers in found.items())


def _said(evaluation: Evaluation, key: str) -> str:
    times = Times(evaluation.frame_times)
    if not evaluation.rationale.strip():
        return f'<p class="vs-empty">{text.NO_RATIONALE}</p>'
    said = evaluation.rationale if key == EVERYTHING else answer.sections(evaluation.rationale).get(key, "")
    if not said.strip():
        return f'<p class="vs-empty">{text.NOTHING_SAID}</p>'
    return f"{withheld.mark(evaluation.scores)}<p>{words(said, times)}</p>"


def rationales(rows: Sequence[Row]) -> str:
    """What the judge says of each candidate, side by side, one dimension at a time: a radio button chooses it."""
    judged = [(number, row.name, row.evaluation) for number, row in enumerate(rows, 1) if row.evaluation]
    if not judged:
        return ""
    choices, panels = [], []
    for key in (*KEYS, EVERYTHING):
        label = shared.LABELS[key] if key in KEYS else text.WHOLE
        choices.append(f'<label><input type="radio" name="compare-part" value="{key}"{" checked" * (key == KEYS[0])}>'
                       f'<span>{escape(shared.SHORT.get(key, label))}</span></label>')
        columns = []
        for number, name, evaluation in judged:
            beside = chip(evaluation.scores[key]) if key in KEYS else ""
            aside = evaluation.aside if key == EVERYTHING or key in evaluation.differing() else ""
            aside = f'<p class="vs-aside">{escape(worded(aside))}</p>' if aside else ""
            columns.append(f'<article><h3>{_dot(number)}{parts.name(name)}{beside}</h3>'
                           f'{aside}{_said(evaluation, key)}</article>')
        panels.append(f'<div class="vs-columns" data-part="{key}" role="group" aria-label="{escape(label)}">'
                      f'{"".join(columns)}</div>')
    return (f'<section class="vs-beside" aria-label="{text.RATIONALES}"><header><h2>{text.RATIONALES}</h2></header>'
            f'<div class="vs-parts" role="radiogroup" aria-label="{text.RATIONALES}">{"".join(choices)}</div>'
            f'{"".join(panels)}</section>')


def live(said: str) -> str:
    """The end of what the judge says of the candidate it looks at; nothing before it says something."""
    if not said.strip():
        return ""
    return (f'<section class="vs-now" aria-label="{text.LIVE}"><h2>{text.LIVE}</h2>'
            f'<p>{escape(said[-700:])}</p></section>')


def actions(rows: Sequence[Row], decision: Decision | None, rule: Rule | None = candidates.MEAN) -> str:
    """Links that save the comparison as JSON and, where every candidate is stored, that share it with its rule."""
    if decision is None:
        return ""
    record = json.dumps(whose.noted(candidates.record(compared(rows), decision)), ensure_ascii=False, indent=2)
    data = base64.b64encode(record.encode("utf-8", "replace")).decode()
    made = f'<a class="vs-action" download="{text.FILE}" href="data:application/json;base64,{data}">{text.DOWNLOAD}</a>'
    made += saving.button(saving.REPORT) + saving.button(saving.CARD)
    if all(row.kept for row in rows):
        query = {"show": "compare", "e": ",".join(row.kept for row in rows), "rule": _written(rule)}
        link = escape(f"?{urlencode(query, safe=',')}")
        made += (f'<button type="button" class="vs-action" data-link="{link}" data-done="{text.LINK_COPIED}">'
                 f'{text.LINK}</button>')
    return f'<div class="vs-actions-row">{made}</div>'


def _written(rule: Rule | None) -> str:
    return candidates.written(candidates.MEAN if rule is None else rule)


def states(rows: Sequence[Row], decision: Decision | None) -> list[dict]:
    """How far each candidate is, for the board: {key, said, state}, `problem` for one that failed, and for one that was
    judged here `kept`, what it is stored under, and `asked`, its settings."""
    made, keys = [], candidates.comparable(row.evaluation for row in rows if row.evaluation)
    for n, row in enumerate(rows):
        one: dict[str, object] = {"key": row.key, "said": "", "state": "ready"}
        if row.state in (WAITING, JUDGING):
            one |= {"said": {WAITING: text.WAITING, JUDGING: text.JUDGING}[row.state], "state": row.state}
        elif row.evaluation:
            overall = candidates.displayed(row.evaluation, keys=keys)
            said = withheld.of_some(overall, candidates.MEAN, keys) if overall else \
                withheld.lacking(row.evaluation, "overall", keys)
            one |= {"said": said, "state": "done"}
            if row.asked is not None:
                one |= {"kept": row.kept, "asked": row.asked}
            if decision and decision.winner == n:
                one["state"] = "winner"
        elif isinstance(row.candidate, Failed):
            one |= {"said": text.NOT_JUDGED, "state": "failed", "problem": worded(row.candidate.error)}
        made.append(one)
    return made
