"""The pieces of the Best of N page. What others wrote is escaped here, or goes to the grid's script as plain text."""
import base64
import json
import secrets
import tempfile
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from vs2.best_of import Estimate
from vs2.candidates import comparable, displayed, values, written
from vs2.evaluation import Evaluation
from vs2.rubric import KEYS
from vs2.rules import dropped, weighed
from vs2.ui import parts, saving, whose, withheld
from vs2.ui.best_of.run import JUDGED, JUDGING, LEFT_OUT, LOST, MADE, MAKING, Contest, Seat, told
from vs2.ui.said import worded
from vs2.ui.site import MOST_OPENED
from vs2.ui.text import best_of as text
from vs2.ui.text import compare as words
from vs2.ui.theme import script as script_of


def template() -> str:
    """The grid before there is a candidate."""
    return (f'<section class="vs-gallery" aria-label="{text.GRID}"><header><h2>{text.GRID}</h2><button type="button" '
            f'class="vs-action vs-play-all" hidden>{text.PLAY_ALL}</button></header>'
            f'<p class="vs-empty">{text.GRID_EMPTY}</p><ol class="vs-contest"></ol></section>')


def script() -> str:
    """What moves the grid's tiles, with its words."""
    said = {name: getattr(text, name) for name in ("PLAY_ALL", "PAUSE_ALL", "SHORT")}
    return script_of(said, "best_of")


def cost(estimate: Estimate | None) -> str:
    """What a run will take, before it starts."""
    if estimate is None:
        return f'<p class="vs-cost">{text.COST_WAITING}</p>'
    return f'<p class="vs-cost"><b>{text.COST}</b> {escape(worded(estimate.sentence))}</p>'


def _number(evaluation: Evaluation, key: str, value: float | None) -> str:
    return withheld.lacking(evaluation, key) if value is None else f"{value:.2f}"


def _said(seat: Seat) -> str:
    """What stands over a candidate's player: how far it is."""
    if seat.state == MAKING:
        stage = worded(seat.stage.partition(":")[0]) or text.MAKING
        return stage if seat.fraction is None else text.LIST_STAGE.format(stage=stage, share=f"{seat.fraction:.0%}")
    if seat.state == JUDGING:
        return text.JUDGING.get(seat.stage, text.JUDGING["full"])
    return {MADE: text.MADE, LOST: text.LOST, LEFT_OUT: text.LEFT_OUT}.get(seat.state, "")


def grid(contest: Contest | None) -> dict:
    """The value of the grid: {items: [...], number, run}, best first. run: the token of its folder."""
    items: list[dict] = []
    winner = contest.outcome.decision.winner if contest and contest.outcome else None
    plan = contest.plan if contest else None
    keys = comparable(seat.evaluation for seat in contest.ranked if seat.evaluation) if contest else KEYS
    for seat in contest.ranked if contest else ():
        evaluation, number = seat.evaluation, seat.number + 1
        note = text.AT_A_GLANCE if evaluation and seat.fast and seat.state == JUDGED and plan and plan.keep else ""
        value = displayed(evaluation, plan.rule, keys) if evaluation and plan else None
        why = withheld.sentences(evaluation.scores) if evaluation else []
        if value and plan and dropped(plan.rule, keys):
            why.append(text.RANKED_BY.format(count=len(weighed(plan.rule, keys)), of=len(weighed(plan.rule))))
        links = [{"to": f"?e={seat.kept}", "said": words.OPEN, "label": words.OPEN_LABEL.format(number=number)},
                 {"to": f"?show=review&e={seat.kept}", "said": words.REVIEW,
                  "label": words.REVIEW_LABEL.format(number=number)}] if seat.kept else []
        items.append({
            "number": number, "name": text.CANDIDATE.format(seed=seat.seed), "state": seat.state, "said": _said(seat),
            "label": text.VIDEO.format(number=number, seed=seat.seed), "player": seat.player,
            "percent": None if seat.fraction is None else round(100 * min(max(seat.fraction, 0), 1)),
            "place": text.PLACES.get(seat.place, text.PLACE.format(place=seat.place)) if seat.place else "",
            "overall": (value or withheld.lacking(evaluation, "overall", keys)) if evaluation else "",
            "scores": {key: _number(evaluation, key, evaluation.scores[key].expected) for key in KEYS}
            if evaluation else None,
            "winner": winner is not None and winner == seat.number,
            "note": worded(seat.error) or " ".join(filter(None, (*why, note))), "kept": seat.kept, "links": links})
    # Each value differs from the one before, else the script would not hear of it.
    return {"items": items, "number": secrets.token_hex(4), "run": contest.token if contest else ""}


def judges(contest: Contest | None) -> str:
    """Whose the scores are, once there are some."""
    return whose.of(seat.evaluation for seat in contest.ranked if seat.evaluation) if contest else whose.lines([])


def line(contest: Contest) -> str:
    """The status line while it runs, and what is still to come."""
    seats = contest.seats.values()
    made = sum(bool(seat.player) for seat in seats)
    judged = sum(seat.evaluation is not None for seat in seats)
    stage = text.RUNNING.format(made=made, count=contest.plan.count, judged=judged)
    shown = parts.status(text.STOPPING if contest.stopping else stage, (parts.duration(contest.elapsed()),), "busy")
    if contest.estimate is None or contest.stopping:
        return shown
    return f'{shown}<p class="vs-sum">{escape(text.LEFT.format(sentence=worded(contest.estimate.sentence)))}</p>'


def end(contest: Contest) -> str:
    """The status line when it has ended, and what it took."""
    outcome, seconds = contest.outcome, parts.duration(contest.elapsed())
    if outcome is None:
        return parts.status(text.FAILED, (), "failed")
    spent = text.SPENT.format(clips=outcome.spent.clips, judgements=outcome.spent.judgements),
    if outcome.ended == "stopped":
        shown = parts.status(text.STOPPED.format(seconds=seconds), spent, "stopped")
    elif not any(seat.evaluation for seat in contest.seats.values()):
        shown = parts.status(text.NOTHING, spent, "failed")
    else:
        shown = parts.status(text.DONE.format(seconds=seconds), spent, "done")
    return shown + (f'<p class="vs-sum">{escape(worded(outcome.note))}</p>' if outcome.note else "")


def live(contest: Contest) -> str:
    """The end of what the judge says of the candidate it looks at; nothing before it says something."""
    if contest.judging is None or not contest.said.strip():
        return ""
    title = text.LIVE.format(number=contest.judging + 1)
    return (f'<section class="vs-now" aria-label="{title}"><h2>{title}</h2>'
            f'<p>{escape(contest.said[-700:])}</p></section>')


def verdict(contest: Contest | None) -> str:
    """Who won and why, the runner-up, and what choosing was worth."""
    outcome = contest.outcome if contest else None
    if contest is None or outcome is None:
        return f'<div class="vs-verdict vs-empty">{text.VERDICT_EMPTY}</div>'
    decision = outcome.decision
    winner = outcome.winner
    if winner is None:
        return (f'<div class="vs-verdict" data-kind="none" role="status"><h2>{text.NO_WINNER}</h2>'
                f'<p>{escape(worded(decision.reason))}</p></div>')
    title = text.TIE if decision.tie else text.WINNER
    more = []
    # Who shares the first place is named in the reason.
    second = next((contest.seat(n) for n, place in decision.place.items() if place > 1), None)
    if second and second.evaluation and (value := displayed(second.evaluation, outcome.rule, outcome.keys)):
        said = text.RUNNER_UP.format(number=second.number + 1, seed=second.seed,
                                     value=withheld.of_some(value, outcome.rule, outcome.keys))
        more.append(f'<p class="vs-more-said">{escape(said)}</p>')
    if outcome.uplift is not None:
        counted = [first for entry in outcome.entries if (first := entry.fast or entry.full)]
        scored = sum(value is not None for value in values(counted, outcome.rule))
        said = text.UPLIFT.format(uplift=outcome.uplift, count=scored).replace("-", chr(0x2212), 1)
        if left := len(counted) - scored:
            said += text.UPLIFT_LEFT.format(count=left)
        more.append(f'<p class="vs-uplift">{escape(said)}</p>')
    name = text.CANDIDATE.format(seed=winner.seed)
    return (f'<div class="vs-verdict" data-kind="{"tie" if decision.tie else "winner"}" role="status"><h2>{title} '
            f'<b class="vs-number">{winner.number + 1}</b>{parts.name(name)}</h2>'
            f'<p>{escape(worded(decision.reason))}</p>{"".join(more)}</div>')


def _link(name: str, kind: str, data: bytes, label: str) -> str:
    return (f'<a class="vs-action" download="{escape(name)}" href="data:{kind};base64,'
            f'{base64.b64encode(data).decode()}">{label}</a>')


def actions(contest: Contest) -> str:
    """Links that save the table and the record, and one that opens the best in Compare, where they are stored."""
    outcome = contest.outcome
    if outcome is None or not contest.seats:
        return ""
    shown = told(outcome)
    record = json.dumps(whose.noted(shown.to_dict()), ensure_ascii=False, indent=2).encode("utf-8", "replace")
    with tempfile.TemporaryDirectory(prefix="vs2-table-") as folder:
        table = Path(folder) / "table.csv"
        shown.write_table(table, whose.knows)
        made = [_link(f"{text.FILE}.csv", "text/csv", table.read_bytes(), text.CSV),
                _link(f"{text.FILE}.vs2.json", "application/json", record, text.JSON)]
    made += [saving.button(saving.REPORT)] if outcome.decision.ranking else []
    ids = [seat.kept for seat in contest.ranked if seat.kept][:MOST_OPENED]
    if len(ids) > 1:
        several = sum(bool(seat.kept) for seat in contest.ranked) > MOST_OPENED
        label = text.COMPARE_FIRST.format(count=MOST_OPENED) if several else text.COMPARE
        query = urlencode({"show": "compare", "e": ",".join(ids), "rule": written(outcome.rule)}, safe=",")
        made.append(f'<a class="vs-action" data-open href="?{escape(query)}">{label}</a>')
    return f'<div class="vs-actions-row">{"".join(made)}</div>'


def winner_file(contest: Contest) -> str | None:
    """The served copy of the winner's clip."""
    winner = contest.outcome and contest.outcome.winner
    return contest.seat(winner.number).player or None if winner else None

