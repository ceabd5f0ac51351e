"""What a page says of a prompt before it is judged: that it is longer than those that the judge was measured with."""
from collections.abc import Callable, Sequence
from html import escape

import gradio as gr

from vs2.ui import text
from vs2.ui.host import Host
from vs2.ui.said import worded
from vs2.ui.wiring import QUIET


class PromptNote:
    """A line under a page's prompt, "" while there is nothing to say. Made inside a `gr.Blocks` context."""

    def __init__(self, host: Host, name: str):
        self.host = host
        self.line = gr.HTML("", elem_id=name, elem_classes="vs-prompt-note", apply_default_css=False)

    def watch(self, prompt: gr.Textbox, judge: gr.Dropdown | gr.Radio, more: Sequence = (),
              others: Callable[[object, str], list[tuple[str, str]]] | None = None, box=None) -> None:
        """Says it when the prompt or the judge is another, or after one of the events `more`.

        others: of `box`'s value and the prompt: further prompts, each with what it is called.
        """
        def said(asked: str, named: str, value=None) -> str:
            return self.said(asked, named, others(value, asked) if others else ())

        gr.on([prompt.change, judge.change, *more], said, [prompt, judge, *([box] if others else [])], self.line,
              trigger_mode="always_last", **QUIET)

    def said(self, prompt: str, judge: str = "", others: Sequence[tuple[str, str]] = ()) -> str:
        """The line. others: (what it is called, prompt) of further ones."""
        found = [self.host.too_long(prompt or "", judge or "")]
        for name, own in others:
            if sentence := self.host.too_long(own, judge or ""):
                found.append(text.PROMPT_OF.format(name=name, sentence=worded(sentence)))
        return "".join(f'<p role="status">{escape(worded(sentence))}</p>' for sentence in found if sentence)
