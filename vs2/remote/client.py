"""HTTP with a server: many requests at once on one thread, each of which can be stopped at any moment.

A request that a server has not begun to answer is repeated, with growing pauses: nothing was lost but time. One that
broke off in the middle is `Broken`: whoever asked has shown its beginning, and has to say that it begins again.
A server closes a connection that it kept when it likes to (uvicorn after each answer of a fault of its own, and after
five idle seconds), and may not have read the request that came just then: it is sent again on a new connection.
A server that is slow is not asked twice, which would only make it slower.
"""
import asyncio
import json
import os
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import aclosing

import httpx

from vs2.errors import Failure, Problem
from vs2.remote import faults
from vs2.remote.address import Address

TRIES = 4               # to be heard at all
PAUSE = 0.5             # seconds before the second try, doubled each time
LONGEST_PAUSE = 30.0    # seconds, whatever Retry-After says
CONNECT = 10.0          # seconds
TICK = 0.2              # seconds between looks at `stop`
MOST_LINE, MOST = 8 * 2**20, 256 * 2**20     # bytes of a line, and of an answer: more is no reply
HEARD_NOT = (429, 502, 503)     # statuses of a request that nobody has worked on


class Client:
    """One server. patience: seconds without a byte after which it is given up. key: sent with each request, kept in
    no other place and in no text of this object."""

    def __init__(self, address: Address, key: str = "", patience: float = 300.0, pause: float = PAUSE):
        self.address, self._key, self._patience, self._pause = address, key, patience, pause
        self._owner, self._starting = 0, threading.Lock()
        self._loop: asyncio.AbstractEventLoop
        self._http: httpx.AsyncClient

    def __repr__(self) -> str:
        return f"Client(model={self.address.model!r})"

    def get(self, path: str, stop: Callable[[], bool] = lambda: False) -> dict:
        """What the server says at a path of its API. Raises Problem, Refused, Broken, Stopped."""
        return self._one("GET", path, None, stop)

    def ask(self, body: dict, stop: Callable[[], bool] = lambda: False) -> dict:
        """A chat completion, whole."""
        return self._one("POST", "/chat/completions", body, stop)

    def tokens(self, text: str, stop: Callable[[], bool] = lambda: False) -> list[int]:
        """The tokens of a text; none where the server does not say (vLLM does, beside its OpenAI paths)."""
        body = {"model": self.address.model, "prompt": text, "add_special_tokens": False}
        try:
            found = self._one("POST", "/../tokenize", body, stop).get("tokens")
        except (faults.Refused, Problem):
            return []
        return found if isinstance(found, list) and all(isinstance(one, int) for one in found) else []

    def stream(self, body: dict) -> Generator[dict | None, None, None]:
        """A chat completion's chunks as they come; None where none came for a moment. Closing it ends the request.

        Raises Problem, Refused; Broken where the chunks ended in the middle.
        """
        return self._begun("POST", "/chat/completions", body | {"stream": True}, True)

    def _one(self, method: str, path: str, body: dict | None, stop: Callable[[], bool]) -> dict:
        found: dict | None = None
        for message in (coming := self._begun(method, path, body, False)):
            if message is None and stop():
                coming.close()
                raise Stopped
            found = message or found
        if found is None:
            raise faults.garbage()
        return found

    def _begun(self, method: str, path: str, body: dict | None, streaming: bool) -> Generator[dict | None, None, None]:
        came: queue.Queue = queue.Queue()
        content = None if body is None else json.dumps(body).encode()
        self._start()

        async def work() -> None:
            try:
                async with aclosing(self._talk(method, path, content, streaming)) as messages:
                    async for message in messages:
                        came.put(message)
                came.put(_END)
            except asyncio.CancelledError:
                raise
            except Exception as error:      # is raised where it was asked
                came.put(error)

        running = asyncio.run_coroutine_threadsafe(work(), self._loop)
        try:
            while True:
                try:
                    message = came.get(timeout=TICK)
                except queue.Empty:
                    yield None
                    continue
                if message is _END:
                    return
                if isinstance(message, Exception):
                    raise message
                yield message
        finally:
            running.cancel()    # closes the connection, by which servers know that nobody listens

    async def _talk(self, method: str, path: str, content: bytes | None, streaming: bool) -> AsyncGenerator[dict, None]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self._key}"} if self._key else {})
        refused = new = False

        async def trace(name: str, _: dict) -> None:
            nonlocal new
            new = new or name.startswith("connection.connect_")

        attempt = 0
        while attempt < TRIES:
            new = begun = False
            pause = min(self._pause * 2**attempt, LONGEST_PAUSE)
            try:
                url = self.address.url.removesuffix("/v1") + path.removeprefix("/..") if path.startswith("/..") else \
                    self.address.url + path
                async with self._http.stream(method, url, content=content, headers=headers,
                                             extensions={"trace": trace}) as answer:
                    begun = True
                    if answer.status_code in HEARD_NOT:
                        refused, pause = True, _told_pause(answer, pause)
                    elif answer.status_code != 200:
                        raise faults.of_status(answer.status_code, (await _whole(answer))[:2**16], self._key)
                    else:
                        async for message in _events(answer) if streaming else _object(answer):
                            if "error" in message:
                                said = faults.told(json.dumps(message).encode(), self._key)
                                raise Failure(f"The judge's server failed while it wrote ({said}): look at its log.")
                            yield message
                        return
            except (httpx.ConnectError, httpx.ConnectTimeout):
                refused = False
            except (httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
                raise faults.slow(self._patience) from None
            except httpx.DecodingError:
                raise faults.garbage() from None
            except httpx.InvalidURL:
                raise faults.unreachable() from None
            except httpx.TransportError:
                if begun or new:
                    raise faults.Broken from None
                continue        # the kept connection is gone, and each that is left may be: at last there is a new one
            attempt += 1
            if attempt < TRIES:
                await asyncio.sleep(pause)
        raise faults.busy() if refused else faults.unreachable()

    def _start(self) -> None:
        """The thread on which the requests run; a fork needs one of its own."""
        with self._starting:
            if self._owner == os.getpid():
                return
            self._loop = asyncio.new_event_loop()
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=32)
            self._http = httpx.AsyncClient(timeout=httpx.Timeout(self._patience, connect=CONNECT), limits=limits)
            threading.Thread(target=self._loop.run_forever, daemon=True, name="judge's server").start()
            self._owner = os.getpid()


class Stopped(Exception):
    """The caller's `stop` said so."""


_END = object()


async def _whole(answer: httpx.Response) -> bytes:
    found = bytearray()
    async for piece in answer.aiter_bytes():
        found += piece
        if len(found) > MOST_LINE:
            raise faults.garbage()
    return bytes(found)


async def _object(answer: httpx.Response) -> AsyncIterator[dict]:
    yield _parsed(await _whole(answer))


async def _events(answer: httpx.Response) -> AsyncIterator[dict]:
    """The messages of a stream of server-sent events. Raises Broken where it ends without an end."""
    held, count, finished = b"", 0, False
    async for piece in answer.aiter_bytes():
        count += len(piece)
        *lines, held = (held + piece).split(b"\n")
        if len(held) > MOST_LINE or count > MOST:
            raise faults.garbage()
        for line in map(bytes.strip, lines):
            if not line or line.startswith((b":", b"event:", b"id:", b"retry:")):
                continue
            if not line.startswith(b"data:"):
                raise faults.garbage()
            said = line.removeprefix(b"data:").strip()
            if said == b"[DONE]":
                return
            message = _parsed(said)
            choices = message.get("choices")
            finished = finished or isinstance(choices, list) and any(
                isinstance(choice, dict) and choice.get("finish_reason") for choice in choices)
            yield message
    if not finished:        # some servers say no [DONE]
        raise faults.Broken


def _parsed(said: bytes) -> dict:
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise faults.garbage()
    return found


def _told_pause(answer: httpx.Response, pause: float) -> float:
    """What the server asks for, within reason; else ours."""
    try:
        return min(max(float(answer.headers.get("Retry-After", "")), 0.0), LONGEST_PAUSE)
    except ValueError:
        return pause
