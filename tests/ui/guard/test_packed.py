"""The page comes packed, files that are named by their content once, and nothing else is touched."""
import asyncio
import gzip

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.support import apart
from vs2.ui.guard import packed
from vs2.ui.guard.packed import FOREVER, Packed

PAGE, SCRIPT, NAME = "<p>page</p>" * 5000, "let a = 1;" * 1000, "/assets/Index-B1Gx_Y-r.js"


@pytest.fixture
def ask():
    """ask(path, **headers) -> the answer; `ask.reached`: what came to the app."""
    reached = []

    def page(request):
        reached.append("/")
        return Response(PAGE, media_type="text/html")

    def file(request):
        reached.append(request.url.path)
        if "gone" in request.url.path:
            return PlainTextResponse("no such file", 404)
        if request.headers.get("if-none-match") == "one":
            return Response(status_code=304)
        known = request.headers.get("accept-encoding", "")
        body = gzip.compress(SCRIPT.encode()) if "gzip" in known else SCRIPT.encode()
        return Response(body, media_type="text/javascript", headers={
            "etag": "one", **({"content-encoding": "gzip"} if "gzip" in known else {})})

    app = Packed(Starlette(routes=[Route("/", page), Route("/{rest:path}", file, methods=["GET", "POST"])]))

    def call(path, method="GET", **headers):
        async def one():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
                return await client.request(method, path, headers={"accept-encoding": "identity"} | headers)
        return apart.run(one())

    call.reached = reached
    return call


def test_the_page_is_packed_for_who_can_unpack_it(ask):
    plain, small = ask("/"), ask("/", **{"accept-encoding": "gzip, br"})
    assert plain.text == small.text == PAGE and "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip" and int(small.headers["content-length"]) < len(PAGE) / 20
    assert ask.reached == ["/", "/"] and "cache-control" not in small.headers, "it may be another one the next time"


def test_a_file_named_by_its_content_is_made_once_for_each_way_of_packing(ask):
    for known in ("gzip", "identity", "gzip, deflate", "identity"):
        found = ask(NAME, **{"accept-encoding": known})
        assert found.text == SCRIPT and found.headers["cache-control"] == FOREVER[1].decode()
        assert found.headers["etag"] == "one" and ("gzip" in known) == ("content-encoding" in found.headers)
    assert ask.reached == [NAME, NAME]


@pytest.mark.parametrize("path", ["/assets/Gone-gone1234.js", "/assets/plain.js", "/theme.css", "/file=a-12345678.js",
                                  "/assets/../Index-B1Gx_Y-r.js?a"])
def test_what_is_no_such_file_is_asked_for_each_time(ask, path):
    answers = [ask(path) for _ in range(2)]
    assert len(ask.reached) == 2 and not any("cache-control" in one.headers for one in answers)


def test_a_question_of_its_own_is_passed_on(ask):
    ask(NAME)
    assert ask(NAME, **{"if-none-match": "one"}).status_code == 304
    assert ask(NAME, range="bytes=0-9").status_code == 200 and ask(NAME, method="POST").status_code == 200
    assert ask(NAME, origin="https://elsewhere.example").status_code == 200, "who may read it differs"
    assert len(ask.reached) == 5


def test_what_is_kept_has_a_limit(ask, monkeypatch):
    monkeypatch.setattr(packed, "MOST", int(1.5 * len(SCRIPT)))
    names = ["/assets/One-aaaaaaaa.js", "/assets/Two-bbbbbbbb.js"]
    for name in (*names, *names):
        assert ask(name).text == SCRIPT
    assert len(ask.reached) == 4
    assert ask(names[1]).text == SCRIPT and len(ask.reached) == 4


def test_who_leaves_in_the_middle_leaves_nothing_broken(tmp_path):
    """Starlette ends a file for a visitor who has gone, as if that were all of it."""
    content = bytes(range(256)) * 12_000
    (tmp_path / "big.js").write_bytes(content)
    app = Packed(Starlette(routes=[Route("/{rest:path}", lambda request: FileResponse(tmp_path / "big.js"))]))
    scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "method": "GET", "headers": [],
             "path": "/assets/Big-aaaaaaaa.js", "raw_path": b"", "query_string": b"", "http_version": "1.1",
             "scheme": "http"}

    async def visit(stays: bool) -> bytes:
        got = []

        async def receive() -> dict:
            await asyncio.sleep(3600 if stays else 0)
            return {"type": "http.disconnect"}

        async def send(message: dict) -> None:
            got.append(message.get("body", b""))

        await app(scope, receive, send)
        return b"".join(got)

    async def both() -> list[bytes]:
        return list(await asyncio.gather(visit(False), visit(True))) + [await visit(True)]

    assert all(found == content for found in apart.run(both()))
