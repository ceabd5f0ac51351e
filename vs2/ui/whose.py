"""Whose a score is: the judge's name, what it knows, and the way to a judge of real footage. At every score shown.

A judge is known by the name in the record: the card of the judge that happens to be loaded may be another one's.
"""
import os
from collections.abc import Iterable
from html import escape
from pathlib import PurePath

from vs2.batch import results
from vs2.errors import Problem
from vs2.evaluation import Evaluation
from vs2.model import catalogue, checkpoint
from vs2.model.card import Card
from vs2.remote import address
from vs2.ui import judgement, text
from vs2.ui.said import worded

MOST = 400                      # characters of a card's words at a score; a card may come from anyone
SECTION = "about-published"     # of the About page: how to have the published judge
WAYS = f"?show=about#{SECTION}"


def shown(name: str) -> str:
    """A judge's name for people: of a folder, only the last part of its path, also of one on a server."""
    bare = name.removeprefix(address.PREFIX)
    return name.removesuffix(bare) + PurePath(bare).name if os.path.isabs(bare) else name


def mini_card() -> Card | None:
    """The built-in judge's card, None where there is none."""
    try:
        return Card.read(checkpoint.ASSETS / checkpoint.MINI)
    except Problem:
        return None


def knows(model: str) -> str:
    """What the judge of that name knows, as its card says it; "" where that is not known here."""
    cards = [judge.card for judge in list(judgement.judges.values()) if getattr(judge, "name", None) == model]
    if not cards and model == checkpoint.MINI:
        cards = [card for card in (mini_card(),) if card]
    words = " ".join(cards[0].knows.split()) if cards else ""
    if not words and model.removeprefix(address.PREFIX) == checkpoint.PUBLISHED:
        words = catalogue.PUBLISHED_KNOWS
    return words if len(words) <= MOST else words[:MOST - 1].rstrip() + "…"


def named(model: str, precision: str = "") -> str:
    """The judge for people: its name and, where it is known, its precision."""
    return text.MODEL_PRECISION.format(name=shown(model), precision=precision) if precision else shown(model)


def sentence(model: str, precision: str = "") -> str:
    """The judge and what it knows as plain text."""
    return text.WHOSE.format(judge=named(model, precision), knows=worded(knows(model)) or text.KNOWS_NOT)


def way() -> str:
    """The link to the ways to have the published judge."""
    return f'<a class="vs-way" data-open href="{WAYS}">{escape(text.WAY)}</a>'


def line(model: str, precision: str = "") -> str:
    """Which judge it is, what it knows, and where a judge of real footage is to be had, if this is another one."""
    link = "" if model.removeprefix(address.PREFIX) == checkpoint.PUBLISHED else way()
    name = escape(shown(model))
    aside = escape(named(model, precision)).removeprefix(name)
    return (f'<div class="vs-model"><p>{text.JUDGED_BY} <strong>{name}</strong><small>{aside}</small> {link}</p>'
            f"<p>{escape(worded(knows(model)) or text.KNOWS_NOT)}</p></div>")


def lines(judges: Iterable[tuple[str, str]]) -> str:
    """A line for each judge, (name, precision), in its place even before there is one."""
    return f'<div class="vs-judges">{"".join(line(*judge) for judge in dict.fromkeys(judges))}</div>'


def of(evaluations: Iterable[Evaluation]) -> str:
    """A line for each judge of these evaluations."""
    return lines((evaluation.model, evaluation.precision) for evaluation in evaluations)


def noted(record):
    """A record of evaluations as plain JSON values, `judge_knows` beside each `model` whose judge's words are known."""
    if isinstance(record, list):
        return [noted(one) for one in record]
    if not isinstance(record, dict):
        return record
    words = knows(record["model"]) if isinstance(record.get("model"), str) and "scores" in record else ""
    # A row's own columns and what a judge wrote are left as they are: only what may hold an evaluation is entered.
    held = {name: noted(record[name]) for name in ("candidates", "evaluation", "fast", "again") if name in record}
    return {**record, **held, **({results.KNOWS: words} if words else {})}
