"""The fold "Or generate one" of the Evaluate page: a clip from the page's prompt, put into its video box."""
import base64
import json
import re
import secrets
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from html import escape

import gradio as gr

from vs2.errors import BadInput, Problem
from vs2.generate import Generated, Notice, Progress, Record
from vs2.rubric import check_prompt
from vs2.ui import fields, given, parts, player, sent
from vs2.ui.generate.choice import Choice, account
from vs2.ui.generate.studio import Studio, Work
from vs2.ui.judgement import clock
from vs2.ui.said import worded
from vs2.ui.site import Site
from vs2.ui.text import generate as text
from vs2.ui.wiring import PRIVATE, QUIET

PROMPT = "#prompt textarea"    # the page's, which the fold has no own one of
PAUSE = 0.25    # seconds between updates of the page
MOST_CALLS = 2  # calls from scripts at a time
# What of a sketch's details gives its true scores away: whoever judges or reviews the clip is not to know them.
TELLING = ("shown", "visual_fault", "physical_fault")


@dataclass(frozen=True)
class Clip:
    """A generated clip where uploads are. value: for a video box."""

    value: dict
    record: Record


def public(record: Record) -> dict:
    """How a clip was made, without its true scores or what tells them."""
    made = record.to_dict()
    if made.pop("truth") is not None:
        made["details"] = {name: value for name, value in made["details"].items() if name not in TELLING}
    return made


def line(event: Progress | None, seconds: float) -> str:
    """The status line while it runs, over a bar where the share that is done is known."""
    stage, _, rest = (event.stage if event else text.STARTING).partition(": ")
    fraction = event.fraction if event else None
    shown = parts.status(worded(stage), (*filter(None, [worded(rest)]), parts.duration(seconds)), "busy")
    if fraction is None:
        return shown
    percent = round(100 * min(max(fraction, 0), 1))
    return (f'{shown}<div class="vs-meter" role="progressbar" aria-label="{text.PROGRESS}" aria-valuemin="0" '
            f'aria-valuemax="100" aria-valuenow="{percent}"><b style="width:{percent}%"></b></div>')


def notes(said: list[str]) -> str:
    """What the generator wants known."""
    items = "".join(f"<li>{escape(worded(sentence))}</li>" for sentence in dict.fromkeys(said))
    return f'<ul class="vs-notes" aria-label="{text.NOTES}">{items}</ul>' if items else ""


def how(record: Record) -> str:
    """How the clip was made, to read and to keep."""
    written = json.dumps(public(record), ensure_ascii=False, indent=1)
    data = base64.b64encode(written.encode("utf-8", "replace")).decode()
    name = escape(_file(record).removesuffix(".mp4"))
    return (f'<div class="vs-origin"><details class="vs-made"><summary>{text.RECORD}</summary>'
            f'<pre tabindex="0" role="region" aria-label="{text.RECORD}">{escape(written)}</pre></details>'
            f'<a class="vs-action" download="{name}.json" href="data:application/json;base64,{data}">'
            f'{text.DOWNLOAD}</a></div>')


def _file(record: Record) -> str:
    """What the clip is called where people see it."""
    return text.FILE.format(generator=re.sub(r"[^A-Za-z0-9.-]+", "-", record.generator), seed=record.seed)


class Maker:
    """The fold. Made inside a `gr.Blocks` context; `connect` says where the clip goes."""

    def __init__(self, site: Site, studio: Studio, address: gr.HTML):
        self.site, self.studio, self.address = site, studio, address
        self._works: dict[str | None, Work] = {}  # by visitor's session, so that Stop finds its work
        with gr.Accordion(text.FOLD, open=False, elem_id="generate", elem_classes="vs-settings vs-generate"):
            gr.HTML(f"<p>{text.HINT}</p>", apply_default_css=False, elem_classes="vs-what")
            self.choice = Choice("generate")
            with gr.Row(elem_classes="vs-two"):
                self.seed = gr.Number(0, label=text.SEED, info=text.SEED_HINT, precision=0, elem_id="generate-seed",
                                      min_width=120)
                self.seconds = gr.Number(0, label=text.LENGTH, info=text.LENGTH_HINT, elem_id="generate-seconds",
                                         min_width=120)
            with gr.Row(elem_classes="vs-actions"):
                self.go = gr.Button(text.GENERATE, elem_id="generate-go", scale=3, min_width=120)
                self.halt = gr.Button(text.STOP, interactive=False, elem_id="generate-stop", scale=1, min_width=88)
            self.status = gr.HTML("", elem_id="generate-status", apply_default_css=False)
            self.notes = gr.HTML("", elem_id="generate-notes", apply_default_css=False)
            self.made = gr.HTML("", elem_id="generate-made", apply_default_css=False)

    def connect(self, prompt: gr.Textbox, box: gr.HTML, outputs: list, placed: Callable[[dict], dict],
                occupied: Callable[[str | None], bool]) -> None:
        """placed: the values of `outputs` when the box's value is there. occupied: whether a session judges now."""
        self.box, self.placed, self.occupied = box, placed, occupied
        ended = self.go.click(self.stream, [prompt, *self.choice.inputs, self.seed, self.seconds, self.address],
                              [self.status, self.notes, self.made, self.go, self.halt, *outputs], trigger_mode="once",
                              **QUIET)
        # Only now: Gradio drops a click that comes before it has counted the run as ended.
        ended.then(lambda: gr.update(interactive=True), None, self.go, queue=False, **PRIVATE)
        self.halt.click(self.stop, None, None, queue=False, **PRIVATE)
        with gr.Row(visible=False):  # the same for scripts: one call, one record
            generator = gr.Textbox("sketch", label="generator")
            token = gr.Textbox("", type="password", label="token")
            record = gr.JSON(label="clip")
            call = gr.Button()
        given.strict(prompt=prompt, generator=generator, token=token, seed=self.seed, seconds=self.seconds)
        call.click(self.generate, [prompt, generator, token, self.seed, self.seconds], record, api_name="generate",
                   api_description=text.API, concurrency_limit=MOST_CALLS)

    def busy(self, session: str | None) -> bool:
        """Whether a session generates now."""
        return session in self._works

    def stop(self, request: gr.Request) -> None:
        """What the Stop button does; the page's box keeps what it had."""
        if work := self._works.get(request.session_hash):
            work.stop()

    def stream(self, prompt: str, name: str, model: str, token: str, seed: int, seconds: float | None,
               address: dict | None, request: gr.Request) -> Iterator[dict]:
        """What the Generate button does: updates of the page until the clip is in the box, a problem, or a stop."""
        session, elapsed = request.session_hash, clock()
        work: Work | None = None
        said: list[str] = []
        over = {self.halt: gr.update(interactive=False)}
        try:
            if self.occupied(session):
                raise BadInput(text.WHILE_EVALUATING)
            own = (token or "").strip() or account(request)
            whole = Choice.named(name, model, own)
            with fields.asked(PROMPT):
                check_prompt(prompt or "")
            with self.studio.place(self.site.visitor(address) or session or ""):
                yield {self.status: line(None, 0), self.notes: "", self.made: "",
                       self.go: gr.update(interactive=False), self.halt: gr.update(interactive=True)}
                options = {"seed": given.whole("seed", seed, 0),
                           "seconds": given.number("seconds", seconds, 0) or None}
                work = Work(lambda stop: self._make(whole, own, prompt or "", options, stop), self.site.host.log)
                self._works[session] = work
                made = yield from self._follow(work, said, elapsed)
            spent = parts.duration(elapsed())
            if made is None:
                yield {self.status: parts.status(text.STOPPED.format(seconds=spent), (), "stopped"), **over}
                return
            yield {self.status: parts.status(text.DONE.format(seconds=spent), (), "done"),
                   self.made: how(made.record), **over, **self.placed(made.value)}
        except Exception as error:
            places = {**self.choice.places, "prompt": PROMPT}
            problem = parts.problem(self._sentence(fields.placed(error, places)))
            yield {self.status: parts.status(text.NOT_GENERATED, (), "failed") + problem, **over}
        finally:  # also when the visitor has gone
            if work:
                work.stop()
            if self._works.get(session) is work:
                self._works.pop(session, None)

    def generate(self, prompt: str, generator: str = "sketch", token: str = "", seed: int = 0, seconds: float = 0,
                 request: gr.Request | None = None) -> Iterator[dict | None]:
        """The endpoint `/generate`: a clip's address and how it was made, after it has been made. Nothing is stored.

        Parameters:
            prompt: what the video should show.
            generator: sketch, diffusers:ID or provider:NAME/OWNER/MODEL, as far as this server can run it.
            token: your own token, for a provider; it is used for this call alone.
            seed: the same seed makes the same sketch.
            seconds: length of the video, or 0 for the generator's own.
        """
        work = None
        try:
            own = (token or "").strip() or account(request)
            name = Choice.checked(generator, own)
            with self.studio.place(request and request.session_hash or secrets.token_hex(8)):
                options = {"seed": given.whole("seed", seed, 0),
                           "seconds": given.number("seconds", seconds, 0) or None}
                work = Work(lambda stop: self._make(name, own, check_prompt(prompt or ""), options, stop),
                            self.site.host.log)
                for event in work.events(1):
                    if isinstance(event, Clip):
                        path, _ = player.given(event.value)
                        yield {"file": sent.SERVED + path, **public(event.record)}
                    else:
                        yield None  # nothing yet: here Gradio ends the call of a client that has gone
        except Exception as error:
            raise gr.Error(str(self._sentence(error)), print_exception=False) from error
        finally:
            if work:
                work.stop()

    def _sentence(self, error: Exception) -> Problem | str:
        """What to say of it: a Problem says it itself; the log keeps the traceback of anything else."""
        if isinstance(error, Problem):
            return error
        self.site.host.log(error)
        return text.FAILED.format(kind=type(error).__name__)

    def _follow(self, work: Work, said: list[str],
                elapsed: Callable[[], float]) -> Generator[dict, None, Clip | None]:
        """Updates while it runs; returns the `Clip`, None where it was stopped."""
        progress = None
        for event in work.events(PAUSE):
            if isinstance(event, Clip):
                return event
            update = {}
            if isinstance(event, Notice):
                said.append(event.text)
                update[self.notes] = notes(said)
            elif isinstance(event, Progress):
                progress = event
            # Stop each time: a browser may skip all updates but the last.
            yield {self.status: line(progress, elapsed()), self.halt: gr.update(interactive=True), **update}
        return None

    def _make(self, name: str, token: str, prompt: str, options: dict, stop: Callable[[], bool]) -> Iterator:
        """On the work's thread, for loading may take minutes: the generator's events, and last the `Clip`.

        Only the clip goes to where uploads are, which are served; its record, which may hold its true scores, does not.
        """
        generator = self.studio.load(name, token)
        if stop():
            return
        with tempfile.TemporaryDirectory(prefix="vs2-clip-") as folder:
            for event in generator.stream(prompt, folder=folder, stop=stop, **options):
                if isinstance(event, Generated):
                    yield Clip(player.kept(event.path, _file(event.record), self.box), event.record)
                else:
                    yield event
