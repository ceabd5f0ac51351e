"""Who may ask, from where, and how much: before anything of a request is kept."""
import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse

from vs2.serve.line import LONGEST_WAIT
from vs2.serve.sources import LIMITS
from vs2.ui.guard.answers import Refusal, header
from vs2.ui.guard.bodies import declared, drain, size
from vs2.ui.guard.origin import Origin
from vs2.ui.guard.uploads import OVERHEAD, STEP, free

OPEN = ("/health",)     # asked by what watches over servers, which has no token
MOST_JSON = LIMITS.max_bytes * 4 // 3 + OVERHEAD        # bytes: a file of the largest size in base64
MOST_HELD = 3 * 2**29   # bytes of such requests in memory, all together
PATIENCE = 120.0        # seconds that a request may take to come
AGAIN = 10              # seconds after which to come back, where nothing tells it better

NO_TOKEN = "This server wants its token: send it as `Authorization: Bearer TOKEN`."
NO_JSON = "Send JSON, as application/json, or files, as multipart/form-data."
TOO_LARGE = "The request is larger than {most}: send fewer clips at once, or smaller ones."
HELD = "Too much is being sent to this server at the moment: try again in {seconds} s."
SLOW = "The request took too long to come: send it again."
DISK = "There is no room left on the server for this file: try again later, or send a smaller one."
CUT = "The request was cut off."


def refused(refusal: Refusal) -> JSONResponse:
    """The answer that says so; with Retry-After where it is worth coming back."""
    headers = {}
    if refusal.status in (429, 503):
        seconds = getattr(refusal, "seconds", AGAIN)
        headers["Retry-After"] = str(min(LONGEST_WAIT, max(1, seconds)))
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": str(refusal)}, refusal.status, headers)


class Guard:
    """ASGI: refuses pages of other sites, other names (`vs2.ui.guard.origin`), and who lacks the token.

    host: the address listened on. names: of a proxy in front.
    """

    def __init__(self, app, token: str, host: str, names: tuple[str, ...] = ()):
        self.app, self.origin = app, Origin(app, host, names)
        self._token = token.encode()

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http":
            try:
                self.origin.check(scope)
                if self._token and scope["path"] not in OPEN and not self._known(scope):
                    raise Refusal(401, NO_TOKEN)
            except Refusal as refusal:
                await drain(receive)
                await refused(refusal)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _known(self, scope: dict) -> bool:
        kind, _, said = header(scope, b"authorization").partition(" ")
        same = hmac.compare_digest(said.strip().encode("latin-1"), self._token)
        return kind.lower() == "bearer" and same


class Bodies:
    """Reads requests, and counts what of them is in memory at a time."""

    def __init__(self, most: int = MOST_JSON, held: int = MOST_HELD, patience: float = PATIENCE):
        self.most, self.most_held, self.patience, self.held = most, held, patience, 0

    @asynccontextmanager
    async def json(self, request: Request) -> AsyncIterator[bytes]:
        """The bytes of a request in JSON; they count as held until the end of the block. Raises Refusal."""
        body = bytearray()
        try:
            if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
                raise Refusal(415, NO_JSON)
            if declared(dict(request.scope)) > self.most:
                raise Refusal(413, TOO_LARGE.format(most=size(self.most)))
            try:
                await asyncio.wait_for(self._read(request, body), self.patience)
            except asyncio.TimeoutError as error:
                raise Refusal(408, SLOW) from error
            yield bytes(body)
        finally:
            self.held -= len(body)

    async def _read(self, request: Request, body: bytearray) -> None:
        async for part in request.stream():
            body += part
            self.held += len(part)
            if len(body) > self.most:
                raise Refusal(413, TOO_LARGE.format(most=size(self.most)))
            if self.held > self.most_held:
                raise Refusal(429, HELD.format(seconds=AGAIN))

    def counted(self, request: Request, folder) -> Request:
        """A request whose body is counted while it goes to the disk: as much as one file, and as there is room."""
        most, total, looked = LIMITS.max_bytes + OVERHEAD, 0, -STEP
        if declared(dict(request.scope)) > most:
            raise Refusal(413, TOO_LARGE.format(most=size(most)))

        async def receive():
            nonlocal total, looked
            message = await request.receive()
            total += len(message.get("body", b""))
            if total > most:
                raise Refusal(413, TOO_LARGE.format(most=size(most)))
            if total - looked >= STEP:
                looked = total
                left, reserve = free(folder)
                if left < reserve:
                    raise Refusal(507, DISK)
            return message

        return Request(request.scope, receive)
