"""A table of the Batch page that outlives the server: its files, and under which ids what was judged is stored."""
from contextlib import suppress
from dataclasses import asdict
from typing import Protocol

from vs2.batch import Result
from vs2.errors import Problem
from vs2.ui import player
from vs2.ui.batch.job import Job
from vs2.ui.judgement import Request
from vs2.ui.shelf import Shelf
from vs2.ui.site import Site

RUN = "run"     # what can go on at the page
GOING = {RUN: "#batch-stop:not([disabled])"}


class Page(Protocol):
    """What is needed of the page."""

    site: Site
    shelf: Shelf

    def made(self, files: list[tuple[str, str]]) -> Job: ...


def begin(shelf: Shelf, job: Job, visitor: str) -> None:
    """Gives a table its folder. On a full disk it has none: then it lasts as long as the server."""
    with suppress(Problem):
        job.token = shelf.new(visitor)
    note(shelf, job)


def note(shelf: Shelf, job: Job) -> None:
    """Keeps how far a table is."""
    if job.token:
        asked = job.asked and {name: value for name, value in asdict(job.asked).items() if name in SETTINGS}
        with suppress(Problem):     # as above
            shelf.note(job.token, {"files": job.files, "asked": asked, "kept": job.kept})


SETTINGS = ("think", "budget", "samples", "seed", "judge", "visitor", "frames", "pixels")


def standing(page: Page, said: object) -> Job | None:
    """The table that a draft names, with what was judged of it; None where its files are no longer there."""
    token = said.get("run") if isinstance(said, dict) else None
    found = page.shelf.noted(token)
    try:
        files = [player.given({"path": path, "name": name}) for path, name in found["files"]]
        asked = found["asked"] and Request("", "", **found["asked"])
        ids = {int(number): str(id) for number, id in found["kept"].items()}
        job = page.made(files)
    except (KeyError, TypeError, ValueError, AttributeError, Problem):     # nothing there, or not any more
        return None
    job.token, job.asked = str(token), asked
    for row in job.rows:
        if (stored := page.site.named({"e": [ids.get(row.number, "")]})) and not row.problem:
            job.results[row.number], job.kept[row.number] = Result(row, stored[0].evaluation, None), stored[0].id
    return job
