"""How the pages' functions are connected to events: settings that many of them share, as Gradio's listeners take them.
"""
from typing import Literal, TypedDict

import gradio as gr
from gradio.context import Context


class Private(TypedDict):
    """Of a listener that is no endpoint, and draws no veil over its outputs."""

    api_visibility: Literal["private"]
    show_progress: Literal["hidden"]


class Quiet(Private):
    """... and that runs as often at once as it is asked for."""

    concurrency_limit: None


PRIVATE: Private = {"api_visibility": "private", "show_progress": "hidden"}
QUIET: Quiet = {**PRIVATE, "concurrency_limit": None}


def blocks() -> gr.Blocks:
    """The pages that are being made; to be called inside their context."""
    if Context.root_block is None:
        raise RuntimeError("there are no gr.Blocks around this")
    return Context.root_block
