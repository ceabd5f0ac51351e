"""The candidates of the Compare page: many videos in one drop zone, or from the history, and their players in step.

The board's value is {"items": [{key, name, prompt, path, id, again, problem, rate}, ...]}, in the order shown. It comes
from the visitor's browser: take it only through `items`.
"""
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape

import gradio as gr

from vs2 import plots
from vs2.errors import BadInput, Problem
from vs2.history.store import Stored
from vs2.rubric import check_prompt
from vs2.ui import addresses, fields, player, whose, withheld
from vs2.ui import text as shared
from vs2.ui.compare import views
from vs2.ui.fields import WrongField
from vs2.ui.guard.served import QUICK, SLOW, served
from vs2.ui.said import worded
from vs2.ui.site import Site
from vs2.ui.text import compare as text
from vs2.ui.theme import script as script_of
from vs2.video.sampling import Sampling

MOST = 6
# Fields that a sentence may point at: that of the shared prompt, and what takes more videos.
PROMPT, MORE = "#compare-prompt textarea", "#compare-board :is(input[type=file], .vs-add)"
LISTED = 50  # evaluations that the history's list holds
SPEEDS = (0.25, 0.5, 1, 2)
_FIRST = Sampling(max_frames=4)  # enough to know that a file can be read, and its frame rate
# What the server says to the board goes through components of their own, so that no answer replaces another.
_TELL = """
const tell = () => {
  if (!props.value) return;
  const line = (window.vs2board ??= { waiting: [] });
  if (line.hear) line.hear(props.value); else line.waiting.push(props.value);
};
tell();
watch("value", tell);
"""


@dataclass(frozen=True)
class Item:
    """One candidate as the browser names it; nothing in it is to be trusted but its types, and of `rate` not even that.

    key: what tells it from the others. prompt: its own, "" for the shared one. path: of an upload. id: of a stored
    evaluation. again: judge a stored one again. problem: why its file was refused. rate: pictures a second, of a zip of
    them.
    """

    key: str
    name: str
    prompt: str = ""
    path: str = ""
    id: str = ""
    again: bool = False
    problem: str = ""
    rate: float | None = None


def items(value) -> list[Item]:
    """The candidates on the board, at most `MOST`, whatever a browser says."""
    said = value.get("items") if isinstance(value, dict) else None
    found = [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []

    def text_of(one: dict, name: str) -> str:
        return str(one.get(name) or "")

    return [Item(text_of(one, "key"), text_of(one, "name"), text_of(one, "prompt"), text_of(one, "path"),
                 text_of(one, "id"), one.get("again") is True, text_of(one, "problem"), one.get("rate"))
            for one in found[:MOST]]


def own_prompts(value, prompt: str = "") -> list[tuple[str, str]]:
    """The prompts that candidates have of their own, each with what the candidate is called."""
    return [(f"{text.CANDIDATE} {number}", item.prompt) for number, item in enumerate(items(value), 1)
            if item.prompt.strip() and item.prompt != prompt]


class Board:
    """The component and what its script asks the server for. Made inside a `gr.Blocks` context.

    `box` has the value and its `select` says that the set of candidates has changed. An output to `opened` puts
    stored evaluations on the board, one to `told` says how far each candidate is.
    """

    def __init__(self, site: Site):
        self.site = site

        @served(SLOW)
        def prepare(said) -> dict:
            return self.prepare(said)

        @served(QUICK)
        def past(said) -> dict:
            return self.past(said)

        @served(SLOW)
        def recall(said) -> dict:
            return {"items": self.recall(said if isinstance(said, dict) else {})}

        self.box = gr.HTML({"items": []}, html_template=_template(site.settings.addresses), js_on_load=_script(),
                           apply_default_css=False, elem_id="compare-board",
                           server_functions=[prepare, past, recall, addresses.fetch])
        self.told, self.opened = (gr.HTML(None, html_template="<span hidden></span>", js_on_load=_TELL,
                                          apply_default_css=False, elem_classes="vs-silent") for _ in range(2))

    def prepare(self, said) -> dict:
        """An upload that was looked at: {path, fps, player} with a copy that browsers play, or {problem}."""
        value = said if isinstance(said, dict) else {}
        try:
            path, _ = player.given(value)
            rate = player.rate(path, value.get("rate"))
            fps = player.look(path, _FIRST, rate).metadata.fps
        except Problem as problem:
            return {"problem": worded(str(problem))}
        done = player.prepare({"path": path, "name": str(value.get("name") or ""), "fps": rate}, self.box)
        return {"problem": done["problem"]} if done.get("problem") else {
            "path": path, "fps": fps, "rate": rate, "player": done.get("player", "")}

    def past(self, said) -> dict:
        """The visitor's newest evaluations, to choose from: {rows: [{id, name, ...}]}, or {problem}."""
        visitor = self.site.visitor(said)
        if not visitor:
            return {"problem": text.PAST_NONE}
        try:
            found = self.site.store.find(None if self.site.settings.shared_history else visitor, limit=LISTED)
        except Problem as problem:
            return {"problem": worded(str(problem))}
        return {"rows": [_facts(stored) for stored in found]}

    def recall(self, address: dict) -> list[dict]:
        """The stored evaluations that an address names, as items of the board with their clips."""
        made = []
        for stored in self.site.named(address):
            rate = stored.evaluation.given_fps
            item = {**_facts(stored), "fps": 0, "rate": rate}
            if path := self.site.store.clip(stored.clip):
                try:
                    kept = player.kept(path, stored.evaluation.video, self.box, rate)
                    item |= {"path": kept["path"], "player": kept.get("player") or kept["path"],
                             "fps": player.look(path, _FIRST, rate).metadata.fps}
                except (Problem, OSError):  # its scores can be compared without its pictures
                    item["note"] = text.NO_CLIP
            made.append(item)
        return made


def _facts(stored: Stored) -> dict:
    evaluation = stored.evaluation
    when = datetime.fromtimestamp(stored.created, timezone.utc)
    overall = withheld.short(evaluation) if evaluation.overall is None else f"{evaluation.overall:.2f}"
    return {"id": stored.id, "name": evaluation.video, "prompt": evaluation.prompt, "overall": overall,
            "by": text.BY.format(model=whose.shown(evaluation.model), when=shared.WHEN.format(when=when))}


def checked(item: Item, prompt: str, number: int = 0) -> tuple[str, str, float | None]:
    """The path, the prompt and the rate that an item is judged with, `prompt` being the shared one. Raises BadInput.

    number: its place on the board, from 0, for the field that is wrong.
    """
    if not item.path:
        raise BadInput(text.STILL_SENDING)
    path, _ = player.given({"path": item.path, "name": item.name})
    asked = item.prompt if item.prompt.strip() else prompt
    if not asked.strip():
        raise WrongField(text.NO_PROMPT, PROMPT)
    own = f"#compare-board .vs-tile:nth-child({number + 1}) .vs-own textarea"
    with fields.asked(own if item.prompt.strip() else PROMPT):
        return path, check_prompt(asked), player.rate(path, item.rate)


def _button(name: str, label: str, icon: str) -> str:
    return (f'<button type="button" class="{name}" aria-label="{escape(label)}" title="{escape(label)}">'
            f'<svg viewBox="0 0 16 16" width="16" height="16" fill="currentColor" aria-hidden="true">{icon}</svg>'
            '</button>')


def _template(by_address: bool) -> str:
    formats = shared.FORMATS.format(megabytes=player.MEGABYTES, minutes=round(player.LIMITS.max_seconds / 60))
    speeds = "".join(f'<option value="{speed:g}"{" selected" * (speed == 1)}>{speed:g}×</option>' for speed in SPEEDS)
    return (
        f'<section class="vs-board" aria-label="{text.BOARD}"><div class="vs-zone" data-state="empty">'
        f'<label class="vs-drop"><input type="file" multiple accept="{player.ACCEPT}">'
        f'<strong>{text.DROP.format(most=MOST)}</strong><span>{text.CHOOSE}</span><small>{escape(formats)}</small>'
        f'</label></div><p class="vs-problem vs-zone-problem" role="alert" hidden></p>'
        f'<div class="vs-players" tabindex="0" role="group" aria-label="{escape(text.PLAYERS)}" hidden>'
        f'{views.toolbar()}{views.stage()}<ol class="vs-tiles"></ol><div class="vs-transport">'
        + _button("vs-play", text.PLAY, '<path class="vs-if-paused" d="M4 2.5v11l9-5.5z"/>'
                  '<path class="vs-if-playing" d="M4 2.5h3v11H4zM9 2.5h3v11H9z"/>')
        + _button("vs-back", text.BACK, '<path d="M3 3h2v10H3zM13 3v10L6 8z"/>')
        + _button("vs-forward", text.FORWARD, '<path d="M11 3h2v10h-2zM3 3v10l7-5z"/>')
        + f'<input type="range" class="vs-seek" min="0" max="1" step="0.01" value="0" aria-label="{text.POSITION}">'
        f'<span class="vs-clock">0.00 / 0.00 s</span>'
        f'<label>{text.SPEED} <select class="vs-speed">{speeds}</select></label>'
        f'<label><input type="checkbox" class="vs-loop"> {text.LOOP}</label></div></div>'
        f'<div class="vs-board-foot"><button type="button" class="vs-action vs-add" hidden>{text.ADD}</button>'
        f'<button type="button" class="vs-action vs-past">{text.ADD_PAST}</button>'
        f'<span class="vs-count" role="status"></span><small class="vs-keys" hidden>{text.KEYS}</small></div>'
        f'{addresses.field(by_address)}'
        f'<dialog class="vs-picker" aria-label="{text.PAST}"><header><h2>{text.PAST}</h2>'
        f'<button type="button" class="vs-action vs-close">{text.CLOSE}</button></header>'
        f'<p class="vs-problem" role="alert" hidden></p><ul class="vs-past-list"></ul></dialog></section>')


def _script() -> str:
    names = ("ADD", "FULL", "TOO_MANY", "REMOVE", "SENDING", "PREPARING", "LOST", "UNPLAYABLE", "NO_CLIP", "OWN_PROMPT",
             "OWN_PROMPT_HINT", "OWN_PROMPT_LABEL", "AGAIN", "PLAY", "PAUSE", "COUNT", "PAST_ADD", "PAST_ADDED",
             "PAST_EMPTY", "PAST_FAILED")
    words = {name: getattr(text, name) for name in names}
    words |= {"TOO_LARGE": shared.TOO_LARGE.format(megabytes=player.MEGABYTES), "megabytes": player.MEGABYTES,
              "FETCHING": shared.FETCHING, "most": MOST, "colours": plots.COLOURS, "RATE_FIELD": player.rate_field(),
              "RATE_WRONG": player.rate_wrong()}
    return script_of(words | views.words(), "compare", *views.SCRIPTS)
