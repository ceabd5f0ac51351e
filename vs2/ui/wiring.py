"""How the pages' functions are connected to events: settings that many of them share, as Gradio's listeners take them.
"""
from collections.abc import Sequence
from typing import Literal, TypedDict

import gradio as gr
from gradio.components import Component
from gradio.context import Context


class Private(TypedDict):
    """Of a listener that is no endpoint, and draws no veil over its outputs."""

    api_visibility: Literal["private"]
    show_progress: Literal["hidden"]
    show_progress_on: Sequence[Component]


class Quiet(Private):
    """... and that runs as often at once as it is asked for."""

    concurrency_limit: None


# On no component at all: whenever a listener begins, says something or ends, Gradio's page goes through all components
# for each one that shows progress, hidden or not.
PRIVATE: Private = {"api_visibility": "private", "show_progress": "hidden", "show_progress_on": []}
QUIET: Quiet = {**PRIVATE, "concurrency_limit": None}


def blocks() -> gr.Blocks:
    """The pages that are being made; to be called inside their context."""
    if Context.root_block is None:
        raise RuntimeError("there are no gr.Blocks around this")
    return Context.root_block
