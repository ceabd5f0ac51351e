"""Runs of Best of N that were stopped, left or killed: what they made is shown again, and can still be judged."""
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

import gradio as gr
from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from vs2 import best_of
from vs2.best_of import Entry, Outcome, Plan
from vs2.best_of.folder import RunFolder
from vs2.best_of.outcome import settle
from vs2.errors import BadInput
from vs2.generate.protocol import Event, Generator
from vs2.generate.protocol import Request as Wanted
from vs2.ui import parts
from vs2.ui.best_of.endpoint import PAUSE
from vs2.ui.best_of.left import Left
from vs2.ui.best_of.run import JUDGED, LEFT_OUT, LOST, Contest, Seat
from vs2.ui.draft import Draft
from vs2.ui.shelf import Shelf
from vs2.ui.site import Site
from vs2.ui.text import best_of as text

WINDING = 20.0  # seconds in which a run that nobody looks at any more ends
RUN = "run"     # what can go on at the page
GOING = {RUN: "#best-stop:not([disabled]), #best-status [data-state=busy]"}


class Page(Protocol):
    """What is needed of the page."""

    NAME: str
    site: Site
    shelf: Shelf
    draft: Draft
    notice: gr.HTML
    save: gr.DownloadButton

    def store(self, contest: Contest, visitor: str) -> None: ...

    def shown(self, contest: Contest | None) -> dict: ...


class Nothing(Generator):
    """A generator that makes no clip: for a run whose clips are there."""

    def __init__(self, like: str):
        self.name = like

    def _stream(self, request: Wanted, stop: Callable[[], bool]) -> Iterator[Event]:
        raise BadInput(text.NOT_MADE)
        yield


def note(shelf: Shelf, contest: Contest) -> None:
    """Keeps what has become of a contest beside its folder."""
    left = contest.left
    if left is None:
        return
    kept = {seat.number: seat.kept for seat in contest.seats.values() if seat.kept}
    left = replace(left, kept=left.kept | kept)
    if outcome := contest.outcome:
        left = replace(left, finalists=outcome.finalists, ended=outcome.ended, note=outcome.note, spent=outcome.spent)
    contest.left = left
    shelf.note(contest.token, left.to_dict())


def standing(shelf: Shelf, token: object) -> Contest | None:
    """The contest of a folder as it stands; None where there is none. Raises BadInput while a run is at work in it."""
    path, left = shelf.find(token), Left.of(shelf.noted(token))
    if path is None or left is None or not isinstance(token, str):
        return None
    folder = RunFolder(path, {})    # of whatever was asked for: nothing is written here
    try:
        entries = _entries(folder, left.plan)
    finally:
        folder.close()
    if not entries:
        return None
    finalists = tuple(n for n in left.finalists if n < len(entries))
    decision = settle(entries, left.plan.rule, finalists, bool(left.plan.keep), left.plan.replies)
    contest = Contest(left.plan, token=token, left=left, elapsed=lambda: left.spent.seconds)
    for entry in entries:
        contest.seats[entry.number] = _seat(entry, left)
    contest.take(best_of.Done(Outcome(left.plan.prompt, left.plan.generator, left.model, left.plan.rule,
                                      tuple(entries), decision, finalists, left.ended, left.note, left.spent)))
    return contest


def _entries(folder: RunFolder, plan: Plan) -> list[Entry]:
    """The candidates that were begun, up to the first of which nothing is known."""
    entries = []
    for number in range(plan.count):
        entry = Entry(number, plan.seed + number)
        known = folder.entry(entry.seed)
        if clip := folder.clip(entry.seed):
            entry = replace(folder.restored(entry, clip, plan), error=known.get("error"))
        elif known.get("error"):
            entry = replace(entry, error=str(known["error"]))
        else:
            break
        entries.append(entry)
    return entries


def _seat(entry: Entry, left: Left) -> Seat:
    state = JUDGED if entry.evaluation else LOST if entry.error else LEFT_OUT
    player = save_file_to_cache(str(entry.path), get_upload_folder()) if entry.path else ""
    return Seat(entry.number, entry.seed, state, player=player, evaluation=entry.evaluation, fast=entry.full is None,
                error="" if entry.evaluation else entry.error or "", kept=left.kept.get(entry.number, ""))


def unjudged(contest: Contest | None) -> list[Seat]:
    """The candidates that were made, and neither judged nor failed."""
    seats = contest.seats.values() if contest else ()
    return [seat for seat in seats if seat.player and not seat.evaluation and seat.state == LEFT_OUT]


def rest(contest: Contest) -> Plan:
    """The plan that judges what was made of a run, and makes nothing."""
    made = [seat.number for seat in contest.seats.values() if seat.player]
    return replace(contest.plan, count=max(made) + 1, gain=None)


def restored(page: Page, address: dict | None, said: object) -> dict:
    """The page's values: what was asked for, what the last run made, and whether it was lost. Raises BadInput while a
    run is still at work in its folder."""
    if not isinstance(said, dict):
        return {}
    values = page.draft.values(said)
    lost = RUN in page.draft.lost(said)
    visitor = page.site.visitor(address)
    if visitor and page.site.going.running((page.NAME, visitor)):     # it was not lost: `follow` shows it
        return values
    contest = standing(page.shelf, said.get("run"))
    if contest is not None:
        for seat in contest.seats.values():
            if seat.player:
                page.save.temp_files.add(seat.player)
        page.store(contest, visitor)
        values |= page.shown(contest)
    if lost:
        count = len([seat for seat in contest.seats.values() if seat.player]) if contest else 0
        values[page.notice] = parts.lost(text.RUN_LOST.format(count=count), "#best-go")
    return values


def restoring(page: Page, address: dict | None, said: object) -> Iterator[dict]:
    """`restored`, once no run is at work in the folder any more, or why it cannot be."""
    until = time.monotonic() + WINDING
    while True:
        try:
            yield restored(page, address, said) or {page.notice: gr.skip()}
            return
        except BadInput as problem:
            if time.monotonic() > until:
                yield {page.notice: parts.problem(str(problem))}
                return
        time.sleep(PAUSE)
