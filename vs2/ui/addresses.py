"""The address of a video in place of a file: fetched by the server, on the same terms as an upload.

Where the owner allows it (VS2_ADDRESSES). What may be asked for, and for how long, is vs2/ui/guard/fetch.py's matter.
"""
from html import escape

import gradio as gr
from gradio.context import LocalContext
from gradio.utils import get_upload_folder

from vs2.errors import Failure
from vs2.ui import text
from vs2.ui.guard import fetch as fetching
from vs2.ui.guard import who
from vs2.ui.guard.bodies import size
from vs2.ui.guard.served import SLOW
from vs2.ui.guard.uploads import QUOTA, Ledger

LONGEST = 2000      # characters of an address


def field(allowed: bool) -> str:
    """Where a visitor writes an address; nothing where the owner does not allow it. assets/tools.js reads it."""
    return (f'<form class="vs-by-address"><input type="url" required maxlength="{LONGEST}" '
            f'aria-label="{escape(text.ADDRESS)}" placeholder="{escape(text.ADDRESS)}">'
            f'<button type="submit" class="vs-action">{escape(text.FETCH)}</button></form>') if allowed else ""


async def fetch(said) -> dict:
    """For a page's script, which says {address}: {path} of the file on the server, or {problem} in one sentence."""
    address = said.get("address") if isinstance(said, dict) else None
    if not isinstance(address, str) or not address.strip().startswith(("http://", "https://")) \
            or len(address) > LONGEST:
        return {"problem": text.NO_ADDRESS}
    ledger, visitor = getattr(LocalContext.blocks.get(None), "ledger", None), who.here()
    try:
        with SLOW.one(visitor):
            return {"path": await _counted(address.strip(), ledger, visitor)}
    except (Failure, gr.Error) as error:
        return {"problem": getattr(error, "message", None) or str(error)}


async def _counted(address: str, ledger: Ledger | None, visitor: str) -> str:
    """Fetches; `ledger` counts it among what the visitor has uploaded, for as long as it is here."""
    if ledger is None:      # blocks that are served without the guard
        return await fetching.fetched(address, get_upload_folder())
    entry, kept = ledger.add(visitor, 0), False

    def counted(came: int) -> None:
        entry[1] = came
        if ledger.held(visitor) > ledger.most:
            raise gr.Error(QUOTA.format(most=size(ledger.most)), print_exception=False)

    try:
        path = await fetching.fetched(address, get_upload_folder(), counted)
        kept = True
        return path
    finally:
        if not kept:
            ledger.forget(visitor, entry)
