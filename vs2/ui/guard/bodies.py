"""How much a request may bring: counted as it comes, before Gradio keeps any of it.

What is no upload is read here, whole, and handed on; an upload goes to the disk as it comes, and `uploads` counts it.
"""
import asyncio
import contextlib
from collections import Counter

from vs2.ui.guard import who
from vs2.ui.guard.answers import Refusal, header, say

MOST = 2**20            # bytes of a request to an endpoint or a page
MOST_MCP = 16 * 2**20   # a tool's call may hold a short clip itself
MOST_HELD = 128 * 2**20     # bytes of such requests in memory, all together
MOST_HELD_EACH = 48 * 2**20     # of one address
PATIENCE = 60.0         # seconds that a body which is no upload may take to come
DRAINED, DRAINING = 256 * 2**20, 20.0   # bytes and seconds that are read and dropped, so that a client sees the answer
UPLOAD = "/gradio_api/upload"
BODY = "vs2.body"       # of the ASGI scope: the bytes

TOO_LARGE = "The request is larger than {most}: upload files one by one, and send the rest in smaller parts."
HELD = "Too much is being sent to this app at the moment: try again in a minute."
SLOW = "The request took too long to come: send it again."
NO_FORM = "Files are only taken by the upload address: send JSON here."


def size(count: float) -> str:
    """Bytes for people."""
    return f"{count / 2**30:.3g} GB" if count >= 2**30 else f"{count / 2**20:.3g} MB"


class Bodies:
    """Bounds the bodies of requests. An upload is `uploads`' matter, an ASGI app around the same inner one."""

    def __init__(self, app, uploads):
        self.app, self.uploads = app, uploads
        self.held: Counter[str] = Counter()     # bytes by address

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
        elif scope["path"].rstrip("/") == UPLOAD:
            await self.uploads(scope, receive, send)
        else:
            await self._whole(scope, receive, send)

    async def _whole(self, scope, receive, send) -> None:
        address, most = scope[who.KEY], MOST_MCP if scope["path"].startswith(who.MCP) else MOST
        body = bytearray()
        try:
            try:
                if header(scope, b"content-type").lower().startswith("multipart/"):
                    raise Refusal(415, NO_FORM)
                if declared(scope) > most:
                    raise Refusal(413, TOO_LARGE.format(most=size(most)))
                await asyncio.wait_for(self._read(receive, body, address, most), PATIENCE)
            except (Refusal, asyncio.TimeoutError) as error:
                self._let_go(address, len(body))
                body.clear()
                await drain(receive)
                await say(send, error if isinstance(error, Refusal) else Refusal(408, SLOW))
                return
            except ConnectionError:
                return
            scope[BODY] = bytes(body)
            await self.app(scope, replayed(scope[BODY], receive), send)
        finally:
            self._let_go(address, len(body))

    async def _read(self, receive, body: bytearray, address: str, most: int) -> None:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError
            part = message.get("body", b"")
            body += part
            self.held[address] += len(part)
            if len(body) > most:
                raise Refusal(413, TOO_LARGE.format(most=size(most)))
            if self.held[address] > MOST_HELD_EACH:
                raise Refusal(429, HELD)
            if self.held.total() > MOST_HELD:
                raise Refusal(503, HELD)
            if not message.get("more_body"):
                return

    def _let_go(self, address: str, count: int) -> None:
        self.held[address] -= count
        if self.held[address] <= 0:
            del self.held[address]


def declared(scope: dict) -> int:
    """The length that the request says it has; 0 where it says none."""
    said = header(scope, b"content-length")
    return int(said) if said.isascii() and said.isdigit() else 0


def replayed(body: bytes, receive):
    """The `receive` of an app to which the whole body is given at once."""
    given = False

    async def again() -> dict:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def drain(receive) -> None:
    """Reads what is still coming and drops it, within limits: cut off at once, a client would see no answer."""
    async def read() -> None:
        dropped = 0
        while dropped < DRAINED:
            message = await receive()
            dropped += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return

    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(read(), DRAINING)

