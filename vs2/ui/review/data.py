"""What the Review page tells the browser, as JSON values: the list, one evaluation, the figures, the exported files."""
import json
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from html import escape
from pathlib import Path

from gradio.utils import get_upload_folder

from vs2.errors import BadInput, Failure
from vs2.history import review_export
from vs2.history.agreement import Agreement
from vs2.history.review_rows import Review
from vs2.history.store import Store, Stored
from vs2.rubric import KEYS, SCALE
from vs2.ui import passages, rationale, whose, withheld
from vs2.ui import text as shared
from vs2.ui.review.access import name_of
from vs2.ui.said import worded
from vs2.ui.text import review as text

FILES = {"training": "vs2-reviews.zip", "csv": "vs2-reviews.csv", "json": "vs2-reviews.json"}
FIGURES = ("exact", "within_one", "kappa", "pearson", "spearman")


def item(found: Stored, mine: bool) -> dict:
    """One evaluation in the list."""
    evaluation = found.evaluation
    return {"id": found.id, "video": _sound(name_of(found)), "prompt": _sound(evaluation.prompt[:200]),
            "model": model(evaluation.model), "scores": [evaluation.scores[key].value for key in KEYS],
            "lacking": [withheld.lacking(evaluation, key) for key in KEYS],
            "withheld": withheld.short(evaluation),
            "reviews": found.reviews, "mine": mine, "created": found.created}


def detail(found: Stored, review: Review | None) -> dict:
    """One evaluation as it is reviewed. `html` of a part is its exact text, escaped, with buttons where it names times.
    """
    evaluation = found.evaluation
    none = withheld.all_of(evaluation.scores)
    said, times = _sound(evaluation.rationale), rationale.Times(evaluation.frame_times)
    parts = [{"key": part.heading if part.heading in KEYS else "", "start": part.start,
              "html": _kept(rationale.words(said[part.start:part.end], times))} for part in passages.parts(said)]
    return {"id": found.id, "video": _sound(name_of(found)), "prompt": _sound(evaluation.prompt),
            "model": model(evaluation.model), "precision": evaluation.precision,
            "scores": {key: evaluation.scores[key].value for key in KEYS}, "parts": parts,
            "not_judged": {key: _sound(withheld.why(evaluation.scores[key])) for key in evaluation.withheld},
            "nothing": [_sound(one) for one in withheld.sentences(evaluation.scores)] if none else [],
            "whose": whose.line(evaluation.model, evaluation.precision),
            "aside": _sound(worded(evaluation.aside)), "sentences": passages.sentences(said),
            "clip": found.clip is not None, "reviews": found.reviews,
            "review": None if review is None else said_in(review)}


def model(name: str) -> str:
    """A model's name for people: a folder's last part, whoever's disk it is on."""
    return _sound(whose.shown(name))


def said_in(review: Review) -> dict:
    """What a reviewer said, in the form in which the browser sends it."""
    record = review.to_json()
    return {name: record[name] for name in ("verdicts", "corrected", "wrong_passages", "note")}


def export(reviews: list[tuple[str, Review]], kind: str, store: Store) -> dict:
    """Writes a file of the reviews where uploads are; its path, its name, and how many reviews it holds and lacks.

    kind: "training", "csv" or "json". Raises BadInput where there is nothing to export, Failure where nothing can be
    written.
    """
    if kind not in FILES:
        raise BadInput(text.BAD_REQUEST)
    if not reviews:
        raise BadInput(text.NO_REVIEWS)
    stored = {id: found for id in {id for id, _ in reviews} if (found := store.get(id)) is not None}
    reviews = [(id, replace(review, video=Path(name_of(stored[id])))) for id, review in reviews if id in stored]
    lacking = 0
    try:
        path = Path(tempfile.mkdtemp(prefix="reviews-", dir=get_upload_folder())) / FILES[kind]
        if kind == "training":
            lacking = review_export.archive(reviews, path, lambda id: store.clip(stored[id].clip))
        elif kind == "csv":
            path.write_bytes(review_export.table(reviews, whose.knows).encode("utf-8", "replace"))
        else:
            made = json.dumps(whose.noted(review_export.records(reviews)), ensure_ascii=False, indent=1)
            path.write_bytes(made.encode("utf-8", "replace"))
    except OSError as error:
        raise Failure(f"The reviews cannot be written ({error.strerror}): free some disk space.") from error
    return {"path": str(path), "name": path.name, "count": len(reviews) - lacking, "lacking": lacking}


def counted(reviews: Iterable[tuple[str, Review]]) -> str:
    """How much the figures stand on."""
    reviews = list(reviews)
    return text.COUNTED.format(reviews=len(reviews), reviewers=len({review.reviewer for _, review in reviews}),
                               evaluations=len({id for id, _ in reviews}))


def figures(title: str, found: dict[str, Agreement], empty: str = "") -> str:
    """The figures of agreement as a table, a dimension a row. empty: what is said where there is no pair at all."""
    none = any(one.withheld for one in found.values())
    if empty and not any(one.n or one.unscored for one in found.values()):
        return (f'<section class="vs-figures-of"><h3>{escape(title)}</h3><p class="vs-empty">{escape(empty)}</p>'
                '</section>')
    heads = "".join(f'<th scope="col">{_explained(name, hint)}</th>'
                    for name, hint in ((text.PAIRS, ""), *(text.FIGURES[name] for name in FIGURES),
                                       (text.UNSCORED, text.UNSCORED_HINT),
                                       *[(text.WITHHELD, text.WITHHELD_HINT)] * none))
    rows = "".join(
        f'<tr><th scope="row">{escape(shared.SHORT[key])}</th><td>{one.n}</td>'
        + "".join(_cell(getattr(one, name)) for name in FIGURES) + f"<td>{one.unscored}</td>"
        + f"<td>{one.withheld}</td>" * none + "</tr>"
        for key, one in found.items())
    region = f'<div class="vs-figures-wide" tabindex="0" role="region" aria-label="{escape(title)}">'
    return (f'<section class="vs-figures-of"><h3>{escape(title)}</h3>{region}<table><thead><tr><td></td>{heads}</tr>'
            f'</thead><tbody>{rows}</tbody></table></div></section>')


def matrix_table(matrix, rows: str, columns: str) -> str:
    """The confusion matrix as a table for those who cannot see its picture."""
    def name(axis: str, score: int) -> str:
        return escape(text.MATRIX_ROW.format(rows=axis, score=score))

    head = "".join(f'<th scope="col">{name(columns, score)}</th>' for score in SCALE)
    body = "".join(
        f'<tr><th scope="row">{name(rows, score)}</th>' + "".join(f"<td>{count}</td>" for count in counts) + "</tr>"
        for score, counts in zip(SCALE, matrix, strict=True))
    return f'<div class="vs-unseen"><table><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _kept(markup: str) -> str:
    """The HTML with what a parser of it would drop or join, so that as many characters are shown as there are."""
    return markup.replace("\r", "&#13;").replace("\0", "\ufffd")


def _sound(words: str) -> str:
    """The text as JSON for a browser can hold it, with as many characters: a half of one becomes a question mark."""
    return words.encode("utf-8", "replace").decode()


def _explained(name: str, hint: str) -> str:
    return f'<abbr title="{escape(hint)}" tabindex="0">{escape(name)}</abbr>' if hint else escape(name)


def _cell(value: float | None) -> str:
    return f'<td title="{escape(text.UNDEFINED)}">–</td>' if value is None else f"<td>{value:.2f}</td>"
