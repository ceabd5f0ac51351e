"""Puts the pages together and serves them."""
import inspect
import logging
import os
import shutil
import stat
import sys
import tempfile
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import gradio as gr
from gradio import http_server, routes
from gradio.exceptions import ServerFailedToStartError
from gradio.utils import get_upload_folder

import vs2
from vs2 import arenas
from vs2.history.store import Store
from vs2.model import checkpoint, hub, weights
from vs2.remote import address as addresses
from vs2.settings import Settings, zero_gpu
from vs2.ui import bilingual, guard, head, language, sent, site, text, theme
from vs2.ui.about import AboutPage
from vs2.ui.batch.page import BatchPage
from vs2.ui.benchmarks import BenchmarksPage
from vs2.ui.best_of.page import BestOfPage
from vs2.ui.compare.page import ComparePage
from vs2.ui.duel.page import DuelPage
from vs2.ui.evaluate.page import EvaluatePage
from vs2.ui.generate.studio import Studio
from vs2.ui.guard import events, sessions, values
from vs2.ui.host import Host
from vs2.ui.player import LIMITS
from vs2.ui.review.page import ReviewPage
from vs2.ui.site import Site
from vs2.ui.web import at_rest
from vs2.ui.wiring import PRIVATE, QUIET

PAGES = (EvaluatePage, ComparePage, BestOfPage, BatchPage, DuelPage, ReviewPage, BenchmarksPage, AboutPage)
START = 60          # seconds that a server may take to start
MAKING = (EvaluatePage, BestOfPage)  # those that generate, and share where that is done

CHEAP = ("show_model", "price", "review", "follow")   # of the endpoints, and of what tells how far it is

HOUR, DAY = 3600, 24 * 3600
# Gradio opens its page about the API from its own footer, which ours replaces.
SHOW_API = 'element.querySelector("button").onclick = () => document.querySelector("footer button.show-api").click();'
_log = logging.getLogger("vs2")


def build(shared: Site) -> gr.Blocks:
    """All pages in one `gr.Blocks`, a tab each, in all languages. Uploads and what was made of them are deleted after a
    day."""
    bilingual.mend_index()
    # What pages leave with the site, such as whom to tell of a visitor who deletes all, is for those that run.
    sites = [replace(shared, forgetting=[], returning=[]) for _ in language.LANGUAGES[1:]] + [shared]
    blocks = bilingual.build(lambda: _made(sites.pop(0)))
    # The guard lets in no more than there are places, so nobody meets Gradio's own limit, which is the same for all
    # that is asked. Without `api_open` nothing goes past the queue.
    return blocks.queue(default_concurrency_limit=1, max_size=2 * events.PLACES, api_open=False)


def _made(shared: Site) -> bilingual.Bilingual:
    """The pages in the language that is spoken now."""
    # Gradio makes a folder here for each app and fails where it may not, but it looked for the place when it was
    # imported, which is too early.
    routes.DEFAULT_TEMP_DIR = get_upload_folder()
    # The page belongs to whoever runs it: nothing about its use is reported to anyone.
    with bilingual.Bilingual(title=text.TITLE, analytics_enabled=False, fill_width=True,
                             delete_cache=(HOUR, DAY)) as blocks:
        gr.HTML(head.head(), apply_default_css=False, elem_classes="vs-placed", js_on_load=head.PLACED)
        address = site.address()
        pages, tabs, studio = {}, {}, Studio()
        with gr.Tabs(elem_id="pages", elem_classes="vs-pages", overflow_behavior="wrap") as chosen:
            for kind in PAGES:
                with gr.Tab(text.PAGES[kind.NAME], id=kind.NAME) as tabs[kind.NAME]:
                    pages[kind.NAME] = kind(shared, address, *[studio] * (kind in MAKING))
        gr.HTML(head.foot(), apply_default_css=False, elem_classes="vs-placed", js_on_load=SHOW_API + head.FOOT_PLACED)
        _connect(blocks, address, chosen, pages, tabs)
        for page in pages.values():
            if isinstance(page, EvaluatePage):
                at_rest(blocks.load(page.show_model, None, page.model, **QUIET), page.radar)
    return blocks


def costly(blocks: gr.Blocks) -> set[int]:
    """The numbers of the functions that judge or generate: those of the endpoints, and those that tell how
    far they are."""
    return {number for number, one in blocks.fns.items() if one.fn is not None
            and (one.api_visibility == "public" or inspect.isgeneratorfunction(one.fn))
            and getattr(one.fn, "__name__", "") not in CHEAP}


def _connect(blocks: gr.Blocks, address: gr.HTML, chosen: gr.Tabs, pages: dict, tabs: dict) -> None:
    """Opens the page that an address names: when the app is loaded, for a link in it, and for a click on a tab."""
    def opened(said: dict | None, request: gr.Request) -> dict:
        name = said.get("page") if isinstance(said, dict) else None
        page = pages.get(name) or pages[PAGES[0].NAME]
        if Site.ids(said) and hasattr(page, "leave"):     # what runs there would write over what is opened
            page.leave(request)
        values = page.open(said if isinstance(said, dict) else {})
        return {chosen: gr.Tabs(selected=page.NAME), **dict(zip(page.opens, values, strict=True))}

    def loaded(said: dict | None, request: gr.Request) -> dict:
        # What a draft brings back (vs2/ui/draft.py) is more than what the address names.
        restores = isinstance(said, dict) and said.get("restores") is True
        values = opened({**(said or {}), "e": []} if restores else said, request)
        if values[chosen].selected == PAGES[0].NAME:  # it is there already; a tab may have been clicked meanwhile
            del values[chosen]
        return values

    def shown(said: dict | None, request: gr.Request) -> dict:
        values = opened(said, request)
        return {part: value for part, value in values.items() if part is not chosen} or {address: gr.skip()}

    outputs = [part for page in pages.values() for part in page.opens]
    blocks.load(loaded, address, [chosen, *outputs], js="() => [window.vs2.arrive()]", **QUIET).then(
        None, js="() => { window.vs2.shown(); }", **PRIVATE)
    selected = address.select(opened, address, [chosen, *outputs], **QUIET)
    for page in pages.values():
        if isinstance(page, EvaluatePage):
            page.connect_following(selected)
    for name, tab in tabs.items():
        tab.select(shown, address, [address, *pages[name].opens], js=f"() => [window.vs2.turn('{name}')]", **QUIET)


def upload_folder(parent: str | Path | None = None) -> str:
    """A folder in `parent` (else the machine's for temporary files) that only this user can enter; made where missing.

    Gradio's own, `gradio`, belongs to whoever starts a Gradio app first on a machine, and everyone can read it.
    """
    parent = Path(parent or tempfile.gettempdir())
    if os.name != "posix":  # there the folder for temporary files is the user's own
        return tempfile.mkdtemp(prefix="vs2-", dir=parent)
    folder = parent / f"vs2-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():  # someone has taken the name
            return tempfile.mkdtemp(prefix="vs2-", dir=parent)
        folder.chmod(0o700)
    return str(folder)


def sweep(folder: str | Path) -> None:
    """Deletes what lies in the folder of uploads for more than a day: Gradio forgets its files when it is stopped."""
    for entry in Path(folder).iterdir():
        try:
            if time.time() - entry.lstat().st_mtime > DAY:
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        except FileNotFoundError:   # another process has done it
            continue


def private(settings: Settings) -> list[str]:
    """Folders whose files are never served: the one with the database, unless uploads are kept in it."""
    if settings.home is None:
        return []
    home, uploads = settings.home.resolve(), Path(get_upload_folder()).resolve()
    return [] if uploads.is_relative_to(home) else [str(home)]


def keep_swept(folder: str | Path) -> None:
    """Sweeps the folder of uploads every hour, for as long as this process runs."""
    def work() -> None:
        while True:
            time.sleep(HOUR)
            try:
                sweep(folder)
            except OSError as error:    # a folder that is gone for now, say
                _log.warning("Old uploads were not deleted: %s", error.strerror)

    threading.Thread(target=work, daemon=True, name="delete old uploads").start()


class PatientServer(http_server.Server):
    """Gradio's server with the guard around its app, and for a busy machine: its own gives up after five seconds, and
    starts then all the same."""

    def __init__(self, config, *arguments, **options):
        super().__init__(config, *arguments, **options)
        blocks = config.app.get_blocks()
        if hasattr(blocks, "settings"):     # by `serve`
            config.app = guard.around(config.app, blocks, blocks.settings, config.host, costly(blocks))
            config.proxy_headers = False    # the guard decides whom to believe; this would believe all on this machine

    def run_in_thread(self):
        deadline = time.monotonic() + START
        try:
            super().run_in_thread()
        except ServerFailedToStartError:
            while not self.started:
                if not self.thread.is_alive() or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


http_server.Server = PatientServer  # type: ignore[misc]  # there is no option for it: a class of Gradio's is replaced


def serve(blocks: gr.Blocks, settings: Settings = Settings(), **options) -> tuple:
    """`Blocks.launch` with the look and the limits that every way of serving the pages has; returns while it serves.

    Gradio has called its server by then, and waited for the answer; its second look at the page (`_frontend`) would
    give up after three seconds, and with it the app on a busy machine.
    """
    arenas.few()
    blocks.settings = settings  # type: ignore[attr-defined]  # for `PatientServer`, which Gradio makes
    # With this number of threads Gradio's own are not those that serve pages and files. What breaks unforeseen says
    # nothing to a visitor (`show_error`), for it may hold a path; what is said to people is a gr.Error.
    served = blocks.launch(
        theme=theme.theme(), head=theme.head(),
        footer_links=["api"], run_history=False, ssr_mode=False,
        show_error=False, max_threads=events.PLACES, state_session_capacity=sessions.CAPACITY, enable_monitoring=False,
        mcp_server=True, max_file_size=LIMITS.max_bytes, quiet=True, prevent_thread_lock=True,
        _frontend=False, **options)
    sent.mend_mcp(blocks)
    values.mend(blocks)
    return served


def others(settings: Settings) -> dict:
    """The judges that a visitor may choose beside the app's own: on one's own machine what it can run, and those
    that the owner names; on a Space none.

    On a Space the model is placed once, for everyone.
    """
    if os.environ.get("SPACE_ID"):
        return {}
    import torch

    own = [checkpoint.MINI, *([checkpoint.PUBLISHED] if torch.cuda.is_available() else [])]
    precisions = [precision for precision in weights.PRECISIONS if precision != "auto"]
    offered = [(name, precision) for name in own for precision in precisions]
    # Of one on a server visitors are told its name, not its address.
    return {text.MODEL_PRECISION.format(name=addresses.parse(name).name, precision=addresses.ON_SERVER)
            if addresses.is_remote(name) else text.MODEL_PRECISION.format(name=name, precision=precision):
            partial(vs2.load, name, precision, settings=settings)
            for name, precision in [*offered, *((name, settings.precision) for name in settings.judges)]}


def meanwhile(settings: Settings) -> dict:
    """The built-in judge beside one of the Hub's on a CPU, which has to be fetched and takes minutes for a clip."""
    if not hub.is_id(settings.model) or Path(settings.model).is_dir() or zero_gpu():
        return {}
    if weights.device().type != "cpu":
        return {}
    return {checkpoint.MINI: partial(vs2.load, checkpoint.MINI, settings=settings)}


def launch(settings: Settings | None = None, port: int | None = None) -> None:
    """Loads the judge, serves the pages, and returns when the server is stopped.

    settings: from the environment where None. port: else GRADIO_SERVER_PORT, else the first free one from 7860.
    Raises BadInput for a setting that cannot be used, Failure for a port that is taken.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    if not os.environ.get("GRADIO_TEMP_DIR"):  # Gradio asks for it whenever it makes a component or serves a file
        os.environ["GRADIO_TEMP_DIR"] = upload_folder()
        sweep(os.environ["GRADIO_TEMP_DIR"])
        keep_swept(os.environ["GRADIO_TEMP_DIR"])
    settings = settings or Settings.read()
    if settings.home is None:
        raise vs2.BadInput("This user has no home folder: set VS2_HOME to a folder for the evaluations and clips.")
    small = meanwhile(settings)
    host = Host(lambda: vs2.load(settings.model, settings.precision, settings=settings), small | others(settings),
                log=lambda error: _log.error("The app failed", exc_info=error), meanwhile=next(iter(small), None),
                own_name=settings.model)
    # ZeroGPU moves what is loaded when the app launches; anywhere else the page need not wait for the weights.
    host.start(background=not zero_gpu())
    # An address that nobody set is left to Gradio: a Space names its own.
    address = settings.host if settings.host != Settings.host else None
    blocks = build(Site(host, Store(settings.home), settings))
    try:
        _, url, _ = serve(blocks, settings, server_name=address, server_port=port, blocked_paths=private(settings))
    except OSError as error:
        raise vs2.Failure(f"The app cannot listen ({error}): choose another port with --port "
                          "(make app: PORT=...).") from error
    said = f"{text.TITLE} is at {url} (Ctrl+C stops it)"
    try:
        print(said, flush=True)
    except vs2.Failure:     # the pages are there, whether stdout takes this line or not
        print(said, file=sys.stderr, flush=True)
    blocks.block_thread()
