"""What a browser fetches before it shows anything: the page packed, and files that never change kept, here and there.

Gradio packs its scripts anew for each visitor, and its page, the largest of all, not at all; it does not say of files
that are named by their content that nobody need ask for them twice.
"""
import asyncio
import re

from starlette.middleware.gzip import GZipMiddleware

from vs2.ui.guard.answers import header

LEVEL = 4               # of gzip: a page of 900 KB becomes a sixth of it in ten milliseconds
MOST = 64 * 2**20       # bytes that are kept
NAMED = re.compile(r"/assets/[\w.-]+-[\w-]{8}\.(?:js|css|woff2?|svg|png|ttf)")      # by their content
APART = (b"if-none-match", b"if-modified-since", b"range", b"origin")    # a request with one has an answer of its own
FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")

Answer = tuple[dict, bytes]     # the message that begins it, and its body


class Packed:
    """Passes on all but the page itself and those files."""

    def __init__(self, app):
        self.app, self._page = app, GZipMiddleware(app, compresslevel=LEVEL)
        self._kept: dict[tuple[str, str], Answer] = {}      # by path and what the browser can unpack
        self._turns: dict[tuple[str, str], asyncio.Lock] = {}
        self._bytes = 0

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
        elif scope["path"] in ("", "/"):
            await self._page(scope, receive, send)
        elif NAMED.fullmatch(scope["path"]) and not any(
                header(scope, name) for name in APART):
            await self._file(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _file(self, scope, receive, send) -> None:
        known = header(scope, b"accept-encoding")
        key = scope["path"], "br" if "br" in known else "gzip" if "gzip" in known else ""
        if key not in self._kept:
            async with self._turns.setdefault(key, asyncio.Lock()):
                answer = self._kept.get(key) or await self._made(scope)
                if self._sound(*answer):
                    self._keep(key, answer)
            self._turns.pop(key, None)
            begun, body = self._kept.get(key, answer)
        else:
            begun, body = self._kept[key]
        await send({**begun, "headers": list(begun["headers"])})
        await send({"type": "http.response.body", "body": body})

    async def _made(self, scope) -> Answer:
        """The whole answer of the app, whoever has gone meanwhile: it is for others, too."""
        begun: dict = {}
        parts: list[bytes] = []

        async def stays() -> dict:
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

        async def take(message: dict) -> None:
            if message["type"] == "http.response.start":
                begun.update(message)
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                begun["whole"] = not message.get("more_body", False)

        await self.app(scope, stays, take)
        body = b"".join(parts)
        if not begun.pop("whole", False):
            raise RuntimeError(f"{scope['path']} was not answered to its end")
        return begun, body

    def _sound(self, begun: dict, body: bytes) -> bool:
        """Whether that is a file, and all of it."""
        declared = [int(value) for name, value in begun["headers"] if name.lower() == b"content-length"]
        return begun["status"] == 200 and declared in ([], [len(body)])

    def _keep(self, key: tuple[str, str], answer: Answer) -> None:
        if key in self._kept:
            return
        begun, body = answer
        if self._bytes + len(body) > MOST:
            self._kept.clear()
            self._bytes = 0
        headers = [*(pair for pair in begun["headers"] if pair[0].lower() != b"content-length"),
                   (b"content-length", str(len(body)).encode()), FOREVER]
        self._kept[key] = {**begun, "headers": headers}, body
        self._bytes += len(body)
