"""The real app in a process of its own, and Chromium to visit it with."""
import os
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser import chromium, tabs
from tests.support.apps import PATIENCE, serve_app
from tests.support.clips import moving_square
from tests.support.patience import HANGING, Patience, eventually
from tests.support.ports import free_port
from tests.ui.test_pages import close, site_of

TURN = 5        # seconds between two looks at whether a page still moves
# One answer of the server changes several parts of a page, one by one: two frames later the others are there, too.
SETTLES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# All of a page but the clocks on it, which go on where nothing else does.
MOVES = r"() => document.documentElement.outerHTML.replace(/\d+(\.\d+)? ?s\b/g, '')"
# Marks how earlier work ended, and its links: they stand there until the server has said that the next has begun.
EARLIER = """() => document.querySelectorAll("[id$=status] [data-state], [data-kept]")
                           .forEach(left => left.setAttribute("data-earlier", ""))"""
ENDLESS = 300   # seconds after which a page that moves is given up, too

@pytest.fixture(scope="session")
def app(tmp_path_factory):
    """The address of `python app.py`, started once for all tests."""
    with serve_app(tmp_path_factory.mktemp("home"), free_port()) as address:
        yield address


def serious(page) -> list[str]:
    """What axe finds on the page as it is now that is serious or critical: rule, place, how to mend it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found
            if one["impact"] in ("serious", "critical") for node in one["nodes"]]


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests; each test makes its own contexts."""
    from playwright.sync_api import sync_playwright

    path = chromium.find()
    assert path, "no Chromium here: `make setup` installs one, or VS2_CHROMIUM names it"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=[*chromium.ARGUMENTS, "--disable-quic"],
                                               timeout=HANGING * 1000)
        yield running
        running.close()


def patient(page, wait):
    """A page's `wait` for something, given up where nothing has moved for long, and where something moves on and on.

    When it is there, what came with it is there too. A wait that is given up is told of at once: where the second try
    passes, nothing else would say why the first one did not.
    """
    from playwright.sync_api import TimeoutError as TookLong

    def waits(*what, **options):
        patience, before, since = Patience(PATIENCE), None, time.monotonic()
        while True:
            try:
                found = wait(*what, **options | {"timeout": TURN * 1000})
                page.evaluate(SETTLES)
                return found
            except TookLong as error:
                now = page.evaluate(MOVES)
                passed = time.monotonic() - since
                if now == before and patience.left:
                    continue
                if now == before or passed > ENDLESS:
                    moving = "nothing moves any more" if now == before else f"still moving: {_moved(before, now)}"
                    said = (f"{what} did not come to {page.url} in {passed:.0f} s; {moving}\n"
                            f"{page.inner_text('body')[:4000]}")
                    print(said, file=sys.__stderr__)
                    raise AssertionError(said) from error
                patience.renew()
                before = now

    return waits


def _moved(before: str | None, now: str) -> str:
    """Where two states of a page begin to differ."""
    before = before or ""
    first = len(os.path.commonprefix([before, now]))
    around = slice(max(first - 200, 0), first + 200)
    return f"{before[around]!r} became {now[around]!r}"


class Visit:
    """One visitor. `faults` collects what a page must not do: errors, dialogs, calls abroad.

    at: what follows the app's address, "?show=compare" for example; "" is the Evaluate page.
    """

    def __init__(self, browser, address: str, width: int = 1280, height: int = 900, scheme: str = "light",
                 at: str = "", locale: str = "en-US"):
        self.faults: list[str] = []
        self._address, self._locale, self._gone = address, locale, False
        self.page = page = tabs.take(browser, address, width, height, scheme, locale)
        page.wait_for_selector = patient(page, Page.wait_for_selector.__get__(page))
        page.wait_for_function = patient(page, Page.wait_for_function.__get__(page))
        self._hears = {
            "console": lambda said: said.type == "error" and self.faults.append(said.text),
            "pageerror": lambda error: self.faults.append(str(error)),
            "dialog": lambda dialog: (self.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()),
            "request": lambda request: self._abroad(request.url, address)}
        for event, hears in self._hears.items():
            page.on(event, hears)
        page.goto(address + at)
        if "show=" in at:
            page.wait_for_selector("#pages [role=tab][aria-selected=true]")
        else:
            page.wait_for_selector("#whose .vs-model:visible")
            page.wait_for_selector(":is(.vs-web, #radar) svg:visible")

    @property
    def context(self):
        """For what lasts: the tab is used for no other visit then."""
        tabs.spoil(self.page)
        return self.page.context

    def leave(self) -> None:
        """The tab is free for another visitor."""
        if self._gone:
            return
        self._gone = True
        for event, hears in self._hears.items():
            self.page.remove_listener(event, hears)
        tabs.give_back(self.page, self._address, self._locale)

    def reload(self, address: str | None = None, until: str = "#whose .vs-model:visible") -> None:
        """Loads the page again, or another address of the app. What Gradio says of the line that this cuts is no fault.

        until: a selector of what shows that it is there.
        """
        before = list(self.faults)
        if address is None:
            self.page.reload()
        else:
            self.page.goto(address)
        self.page.wait_for_selector(until)
        self.faults[:] = before + [fault for fault in self.faults[len(before):]
                                   if "AbortError" not in fault and "errored out" not in fault]

    def _abroad(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self.faults.append(f"asked another machine: {url}")

    def upload(self, path) -> None:
        """Chooses a file and waits until the server has looked at it."""
        self.page.set_input_files("#video input[type=file]", path)
        self.page.wait_for_selector("#video [data-state=ready], #video .vs-zone-problem:not([hidden])")

    def think_at_most(self, tokens: int) -> None:
        """Sets the thinking budget, as a visitor in a hurry does."""
        self.page.click("#settings > button")
        self.page.fill("#budget input[type=number]", str(tokens))
        self.page.press("#budget input[type=number]", "Tab")
        self.page.click("#settings > button")

    def ask(self, prompt: str) -> None:
        """Fills the prompt and presses Evaluate; from then on what an earlier answer left there counts for nothing."""
        self.page.fill("#prompt textarea", prompt)
        self.page.evaluate(EARLIER)
        self.page.click("#evaluate")

    def kept(self) -> str:
        """What the history calls the answer, when it is there."""
        answer = "#actions [data-kept]:not([data-earlier])"
        self.page.wait_for_selector(answer)
        return self.page.get_attribute(answer, "data-kept")

    def said(self) -> str:
        """The rationale now on the page; nothing while its place says that it will appear."""
        return self.page.eval_on_selector_all("#rationale .vs-said p:not(.vs-empty)",
                                              "parts => parts.map(part => part.textContent).join('\\n')")

    def wait_done(self) -> None:
        """Waits for the end of an evaluation."""
        self.page.wait_for_selector("#status [data-state=done]:not([data-earlier])")

    def values(self) -> list[str]:
        """The digits on the three cards, "" where there is none."""
        return self.page.eval_on_selector_all("#scores .vs-card", "cards => cards.map(card => card.dataset.value)")


@pytest.fixture
def visit(browser, request, scripted):
    """Makes visitors; at the end none of them may have met a fault. They leave before a scripted app is closed.

    address: of the app that they visit; the real one, which is started for it, where none is given.
    """
    visits: list[Visit] = []

    def make(budget: int = 128, address: str = "", **options) -> Visit:
        visits.append(Visit(browser, address or request.getfixturevalue("app"), **options))
        if "show=" not in options.get("at", ""):
            visits[-1].think_at_most(budget)
        return visits[-1]

    yield make
    for visitor in visits:
        visitor.leave()
    assert [fault for visitor in visits for fault in visitor.faults] == []


class Stage:
    """Apps whose judge says what a test wants said: one for each choice of pages, for one test after another.

    home: where they keep what their visitors have.
    """

    def __init__(self, home: Path):
        self.home, self._open, self._alone = home, {}, []

    def __call__(self, judge, others=None, alone: bool = False) -> str:
        """The address of an app with that judge, and others to choose.

        alone: it is this test's, which changes something that an app has when it is made.
        """
        from vs2.ui import app, judgement

        if others or alone:
            self._alone.append(app.build(site_of(judge, self.home, others)))
            return app.serve(self._alone[-1], server_port=free_port())[1]
        if app.PAGES not in self._open:
            blocks = app.build(site := site_of(judge, self.home))
            self._open[app.PAGES] = site.host, blocks, app.serve(blocks, server_port=free_port())[1]
        judgement.judges.clear()
        judgement.judges[""] = judge
        return self._open[app.PAGES][-1]

    def clear(self) -> None:
        """After a test: its own apps are closed, and one in which something of it still runs."""
        for blocks in self._alone:
            close(blocks)
        self._alone.clear()
        for pages, (host, blocks, _) in list(self._open.items()):
            if not eventually(lambda host=host: not host._line, 30):
                del self._open[pages]
                close(blocks)

    def close(self) -> None:
        """Closes all of them."""
        self.clear()
        for _, blocks, _ in self._open.values():
            close(blocks)


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("stage"))
    yield made
    made.close()


@pytest.fixture
def scripted(stage, monkeypatch):
    """Serves the pages with a judge that says what a test wants said; gives its address."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(stage.home / "uploads"))
    yield stage
    stage.clear()


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """A red square that moves right for two seconds."""
    return moving_square(tmp_path_factory.mktemp("clips") / "square.mp4", frames=16, fps=8, size=(160, 90))
