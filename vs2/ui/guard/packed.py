"""What a browser fetches before it shows anything: the page packed, and files that never change kept, here and there.

Gradio packs its scripts anew for each visitor, and its page, the largest of all, not at all; it does not say of files
that are named by their content that nobody need ask for them twice.
"""
import re

from starlette.middleware.gzip import GZipMiddleware

from vs2.ui.guard.answers import header

LEVEL = 4               # of gzip: a page of 900 KB becomes a sixth of it in ten milliseconds
MOST = 64 * 2**20       # bytes that are kept
NAMED = re.compile(r"/assets/[\w.-]+-[\w-]{8}\.(?:js|css|woff2?|svg|png|ttf)")      # by their content
FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")


class Packed:
    """Passes on all but the page itself and those files."""

    def __init__(self, app):
        self.app, self._page = app, GZipMiddleware(app, compresslevel=LEVEL)
        self._kept: dict[tuple[str, str], tuple[dict, bytes]] = {}      # by path and what the browser can unpack
        self._bytes = 0

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
        elif scope["path"] in ("", "/"):
            await self._page(scope, receive, send)
        elif NAMED.fullmatch(scope["path"]) and not any(
                header(scope, name) for name in (b"if-none-match", b"if-modified-since", b"range")):
            await self._file(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _file(self, scope, receive, send) -> None:
        known = header(scope, b"accept-encoding")
        key = scope["path"], "br" if "br" in known else "gzip" if "gzip" in known else ""
        if key not in self._kept:
            begun: dict = {}
            parts: list[bytes] = []

            async def take(message: dict) -> None:
                if message["type"] == "http.response.start":
                    begun.update(message)
                elif message["type"] == "http.response.body":
                    parts.append(message.get("body", b""))

            await self.app(scope, receive, take)
            body = b"".join(parts)
            plain = [pair for pair in begun["headers"] if pair[0].lower() != b"content-length"]
            answer = {**begun, "headers": [*plain, (b"content-length", str(len(body)).encode())]}
            if begun["status"] != 200:
                await send(answer)
                await send({"type": "http.response.body", "body": body})
                return
            answer["headers"].append(FOREVER)
            if self._bytes + len(body) > MOST:
                self._kept.clear()
                self._bytes = 0
            self._kept[key] = answer, body
            self._bytes += len(body)
        answer, body = self._kept[key]
        await send({**answer, "headers": list(answer["headers"])})
        await send({"type": "http.response.body", "body": body})
