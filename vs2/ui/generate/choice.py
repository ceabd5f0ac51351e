"""The choice of a generator: those that are usable here, the others with what they need, a visitor's own token."""
import os
import time
from dataclasses import replace
from html import escape

import gradio as gr

from vs2.errors import BadInput
from vs2.generate import Listed, listing
from vs2.settings import zero_gpu
from vs2.ui.loan import MOST_SECONDS
from vs2.ui.said import worded
from vs2.ui.text import generate as text
from vs2.ui.wiring import QUIET, blocks

FIRST = "sketch"
# The server is only told whether there is a token: the token itself goes with the request that uses it alone. So the
# browser writes that into a field of its own, for with an event of the token's field Gradio would send the text along.
GIVEN = "(token) => token && token.trim() ? 'given' : ''"


def account(request: gr.Request | None) -> str:
    """The token of whoever is logged in with Hugging Face on a Space; "" for anyone else, and anywhere else."""
    inner = getattr(request, "request", None)
    if inner is None or "session" not in getattr(inner, "scope", {}):
        return ""
    found = inner.session.get("oauth_info") or {}
    return "" if (found.get("expires_at") or float("inf")) < time.time() else str(found.get("access_token") or "")


def offered(token: bool) -> list[Listed]:
    """`vs2.generate.listing`, with what a ZeroGPU Space cannot run."""
    listed = listing(token)
    if not zero_gpu():
        return listed
    reason = text.ZERO_GPU.format(seconds=MOST_SECONDS)
    return [replace(one, usable=False, reason=reason, remedy=text.ZERO_GPU_REMEDY)
            if one.name.startswith("diffusers:") else one for one in listed]


def others(listed: list[Listed]) -> str:
    """The generators that cannot be used here, each with the reason and what would make it usable."""
    alike: dict[tuple[str, str], list[str]] = {}
    for one in listed:
        if not one.usable:
            alike.setdefault((one.reason, one.remedy), []).append(one.label)
    rows = "".join(f"<li><b>{escape(text.JOIN.join(map(worded, labels)))}</b>"
                   f"<span>{escape(worded(reason))} {escape(worded(remedy))}</span></li>"
                   for (reason, remedy), labels in alike.items())
    if not rows:
        return f'<p class="vs-empty">{text.OTHERS_NONE}</p>'
    return f'<p class="vs-lead">{text.NOT_HERE}</p><ul class="vs-cannot">{rows}</ul>'


class Choice:
    """The components. Made inside a `gr.Blocks` context; `inputs` go to a handler, which hands them to `named`.

    prefix: what the components' ids begin with.
    """

    def __init__(self, prefix: str):
        listed = offered(False)
        self.generator = gr.Dropdown(_choices(listed), value=FIRST, label=text.GENERATOR, filterable=False,
                                     elem_id=f"{prefix}-generator")
        self.what = gr.HTML(_what(listed, FIRST), apply_default_css=False, elem_classes="vs-what")
        self.model = gr.Textbox(label=text.MODEL, info=text.MODEL_HINT, visible=False, elem_id=f"{prefix}-model")
        with gr.Accordion(text.OTHERS, open=False, elem_classes="vs-settings vs-others"):
            self.token = gr.Textbox(type="password", label=text.TOKEN, info=text.TOKEN_HINT, elem_id=f"{prefix}-token",
                                    html_attributes=gr.InputHTMLAttributes(autocomplete="off", spellcheck=False))
            if os.environ.get("OAUTH_CLIENT_ID"):  # a Space whose README asks for it
                gr.LoginButton(size="sm")
            given = gr.Textbox("", visible="hidden")
            self.others = gr.HTML(others(listed), apply_default_css=False)
        self.inputs = [self.generator, self.model, self.token]
        # For what is found wrong (`fields.placed`).
        self.places = {name: f"#{prefix}-{name} :is(input,textarea)"
                       for name in ("generator", "model", "token", "seed", "seconds")}
        self.generator.change(self.describe, self.generator, [self.what, self.model], **QUIET)
        shown = [self.generator, self.others, self.what, self.model]
        self.token.change(None, self.token, given, js=GIVEN, **QUIET)
        given.change(self.offer, [given, self.generator], shown, trigger_mode="always_last", **QUIET)
        if os.environ.get("OAUTH_CLIENT_ID"):
            blocks().load(self.offer, [given, self.generator], shown, **QUIET)

    def offer(self, given: str, name: str, request: gr.Request) -> tuple:
        """The choice with or without a token; `given` says whether there is one, and is not the token."""
        listed = offered(bool(given or account(request)))
        if not any(one.usable and one.name == name for one in listed):
            name = FIRST
        return gr.update(choices=_choices(listed), value=name), others(listed), *self._described(listed, name)

    def describe(self, name: str) -> tuple:
        """What is said of the generator that was chosen, and the field for a provider's model."""
        return self._described(offered(True), name)

    @staticmethod
    def _described(listed: list[Listed], name: str) -> tuple:
        provider = str(name or "").endswith("/")
        example = next((one.example.removeprefix(one.name) for one in listed if one.name == name), "")
        return _what(listed, name), gr.update(visible=provider, value=example)

    @staticmethod
    def named(name: str, model: str, token: str) -> str:
        """The whole name for `vs2.generate.load`. Raises BadInput for a generator that is not usable here."""
        one = next((one for one in offered(bool(token)) if one.name == name), None)
        if one is None:
            raise BadInput(text.NO_GENERATOR, about="generator")
        if not one.usable:
            raise BadInput(text.REFUSED.format(label=one.label, reason=worded(one.reason), remedy=worded(one.remedy)),
                           about="generator")
        return name + str(model or "").strip() if name.endswith("/") else name

    @staticmethod
    def checked(whole: str, token: str) -> str:
        """A generator's whole name as a script gives it. Raises BadInput for one that is not usable here."""
        whole = str(whole or "").strip()
        name = next((one.name for one in offered(bool(token)) if one.name.endswith("/") and whole.startswith(one.name)),
                    whole)
        return Choice.named(name, whole.removeprefix(name), token)


def _choices(listed: list[Listed]) -> list[tuple[str, str]]:
    return [(worded(one.label), one.name) for one in listed if one.usable]


def _what(listed: list[Listed], name: str) -> str:
    return f"<p>{escape(worded(next((one.what for one in listed if one.name == name), '')))}</p>"
