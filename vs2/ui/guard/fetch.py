"""Files that a request or a page names by an address: fetched by Gradio from public addresses alone, here with limits.

Gradio reads the whole answer into memory, however long it is, and waits for it as long as it comes.
"""
import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import gradio as gr
from gradio import processing_utils, route_utils
from gradio_client.utils import strip_invalid_filename_characters

from vs2.errors import BadInput, Failure, Problem
from vs2.ui.guard.bodies import size
from vs2.ui.guard.uploads import STEP, free
from vs2.video import Limits

MOST = Limits().max_bytes
PATIENCE = 120.0    # seconds for the whole of it
AT_ONCE = 4         # files that are fetched at a time
_places = asyncio.Semaphore(AT_ONCE)
allowed = True      # whether this process fetches at all; by `guard.around`, for Gradio asks without saying for whom

NOT_FETCHED = "The file could not be fetched from its address: upload it instead."
TOO_LARGE = "The file at this address is larger than {most}: upload a smaller one."
TOO_SLOW = "The file did not come from its address within {seconds:.0f} s: upload it instead."
NOT_ALLOWED = "This app takes no addresses of videos: upload the file instead."
NO_ROOM = "There is no room left on the server for this file: try again later."


async def fetched(url: str, cache_dir: str, counted: Callable[[int], None] = lambda came: None) -> str:
    """As `download`, for Gradio, whose errors are gr.Error."""
    try:
        return await download(url, cache_dir, counted)
    except Problem as problem:
        raise gr.Error(str(problem), print_exception=False) from problem


async def download(url: str, folder: str, counted: Callable[[int], None] = lambda came: None) -> str:
    """The path of the file at `url`, in a new folder of `folder`. Raises BadInput or Failure in one sentence.

    counted: told how many bytes have come; what it raises comes through.
    """
    if not allowed:
        raise BadInput(NOT_ALLOWED)
    try:
        name = strip_invalid_filename_characters(Path(unquote(urlsplit(url).path)).name) or "file"
    except ValueError as error:     # a bracket that is not closed, say
        raise BadInput(NOT_FETCHED) from error
    path = Path(folder) / secrets.token_hex(32) / name
    try:
        await asyncio.wait_for(_fetch(url, path, counted), PATIENCE)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if path.parent.exists():
            path.parent.rmdir()
        if isinstance(error, asyncio.TimeoutError):
            raise BadInput(TOO_SLOW.format(seconds=PATIENCE)) from error
        if isinstance(error, gr.Error | Problem) or not isinstance(error, Exception):
            raise
        raise BadInput(NOT_FETCHED) from error   # refused, unreachable, no such file
    return str(path)


async def _fetch(url: str, path: Path, counted: Callable[[int], None]) -> None:
    async with _places:
        asked = SimpleNamespace(method="GET", headers={})       # all that is looked at of a visitor's request
        answer = await route_utils.secure_url_stream_response(url, asked)  # type: ignore[arg-type]  # it stands for one
        try:
            if answer.status_code != 200:
                raise ValueError(answer.status_code)
            path.parent.mkdir(parents=True)
            came = looked = 0
            with path.open("wb") as file:
                async for part in answer.body_iterator:
                    came += len(part)
                    if came > MOST:
                        raise BadInput(TOO_LARGE.format(most=size(MOST)))
                    counted(came)
                    if came - looked >= STEP or not looked:
                        looked = came
                        left, reserve = free(path.parent)
                        if left < reserve:
                            raise Failure(NO_ROOM)
                    file.write(part)
        finally:
            await answer.background()


processing_utils.async_ssrf_protected_download = fetched    # there is no option for it
