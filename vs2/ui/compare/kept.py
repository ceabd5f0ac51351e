"""The Compare page as a link names it, and as its visitor left it before a reload or a restart of the server."""
import secrets
from collections import Counter
from typing import Protocol

import gradio as gr

from vs2 import candidates
from vs2.errors import BadInput, Problem
from vs2.ui import given, parts, player
from vs2.ui import text as shared
from vs2.ui.compare import board
from vs2.ui.compare.board import Board, Item
from vs2.ui.compare.run import Made
from vs2.ui.draft import Draft
from vs2.ui.judgement import Request
from vs2.ui.ranking import Ranking, fields
from vs2.ui.site import Site
from vs2.ui.text import compare as text

RUN = "run"     # what can go on there
GOING = {RUN: "#compare-stop:not([disabled])"}


class Page(Protocol):
    """What is needed of the page."""

    site: Site
    draft: Draft
    board: Board
    ranking: Ranking
    made: gr.State
    notice: gr.HTML
    prompt: gr.Textbox
    opens: list


def settings(asked: Request) -> dict:
    """What a judgement was asked with, beside its clip and its prompt; for the browser, which gives it back."""
    return {"think": asked.think, "budget": asked.budget, "samples": asked.samples, "seed": asked.seed,
            "judge": asked.judge, "frames": asked.frames, "pixels": asked.pixels}


def opened(page: Page, address: dict) -> list:
    """Values of `page.opens` for the evaluations that an address names: one goes beside what is there, several in its
    place, with the prompt that most of them have, and the rule that the address has."""
    ids, values = page.site.ids(address), dict.fromkeys(page.opens, gr.skip())
    if not ids:
        return list(values.values())
    try:
        items = page.board.recall(address)
    except Problem:
        items = []
    said = {"items": items, "alone": len(ids) > 1, "number": secrets.token_hex(4)}  # a number makes each one new
    values[page.board.opened] = said if items else said | {"problem": shared.NOT_KNOWN}
    if items and len(ids) > 1:
        values[page.prompt] = Counter(item["prompt"] for item in items).most_common(1)[0][0]
        values[page.notice] = ""
        try:
            rule = candidates.parse_rule(address.get("rule") or candidates.MEAN)
            values |= dict(zip(page.ranking.inputs, fields(rule), strict=True))
        except BadInput as problem:
            values[page.notice] = parts.problem(str(problem))
    return list(values.values())


def restored(page: Page, address: dict | None, said: object, request: gr.Request) -> dict:
    """The board, the prompt, the rule and the settings as they were left, and what was judged by then."""
    if not isinstance(said, dict):
        return {page.notice: gr.skip()}
    visitor = page.site.visitor(address) or request.session_hash or ""
    raw = said.get("items")
    raw = [one for one in raw if isinstance(one, dict)] if isinstance(raw, list) else []
    items, made = [], {}
    for one, item in zip(raw, board.items({"items": raw}), strict=False):
        found, done = _item(page, one, item, visitor)
        items.append({**found, "key": item.key, "again": item.again})
        if done is not None:
            made[item.key] = done
    values = page.draft.values(said)
    if items:
        values |= {page.made: made,
                   page.board.opened: {"items": items, "alone": True, "number": secrets.token_hex(4)}}
    if RUN in page.draft.lost(said) and not page.site.going.running(("compare", visitor)):
        values[page.notice] = parts.lost(text.RUN_LOST, "#compare")
    return values or {page.notice: gr.skip()}


def _item(page: Page, one: dict, item: Item, visitor: str) -> tuple[dict, Made | None]:
    """What goes on the board for a candidate, and what was judged of it here. `one` is `item` as the browser has it."""
    kept = str(one.get("kept") or "")
    try:
        if item.id:
            return _recalled(page, item.id) | ({"prompt": item.prompt} if item.again else {}), None
        stored = page.site.named({"e": [kept]}) if kept else []
        try:
            path, name = player.given({"path": item.path, "name": item.name})
            copy, _ = player.given({"path": one.get("player") or path})
        except BadInput:        # the upload is gone: what was judged has its clip in the history
            if stored:
                return _recalled(page, kept), None
            raise
        rate = player.rate(path, item.rate)
        fps = one.get("fps") if isinstance(one.get("fps"), int | float) else 0
        found = {"name": name, "prompt": item.prompt, "path": path, "player": copy, "fps": fps, "rate": rate}
        if not stored or not isinstance(asked := one.get("asked"), dict):
            return found, None
        judge = asked.get("judge")
        told = given.judging(*(asked.get(name) for name in ("think", "budget", "samples", "seed", "frames", "pixels")))
        request = Request(path, stored[0].evaluation.prompt, **told, visitor=visitor,
                          judge=judge if isinstance(judge, str) else "", fps=rate)
        return found, Made(request, stored[0].evaluation, kept)
    except Problem as problem:
        return {"name": item.name, "prompt": item.prompt, "problem": str(problem)}, None


def _recalled(page: Page, id: str) -> dict:
    """A stored evaluation as an item of the board. Raises BadInput where it is no longer stored."""
    found = page.board.recall({"e": [id]})
    if not found:
        raise BadInput(shared.NOT_KNOWN)
    return found[0]
