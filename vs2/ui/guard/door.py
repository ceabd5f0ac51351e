"""What is asked of the endpoints and the pages, before Gradio sees it: known ids only, and nobody takes every place.

Gradio answers an id that it does not know with an error of its own code and a traceback in the log, takes any number of
events from one client, and keeps those that nobody listens to.
"""
import contextlib
import json
import re
from collections import Counter
from urllib.parse import parse_qs

from gradio_client.utils import construct_args

from vs2.ui.guard import who
from vs2.ui.guard.answers import Refusal, say
from vs2.ui.guard.bodies import BODY
from vs2.ui.guard.events import Events

API = "/gradio_api/"
MOST_OPEN = 256         # requests of one address at a time, those included that only listen
SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")
JOIN = re.compile(r"queue/join|(run|api|call|call/v2)/(?P<name>[^/]+)")
HEAR = re.compile(r"queue/data|call/(v2/)?[^/]+/(?P<event>[^/]+)")

NO_JSON = "The request holds no JSON object with a list called data: see the page about the API."
NO_ENDPOINT = "There is no such endpoint: see the page about the API."
NO_SESSION = "There is no such session: load the page again."
NO_EVENT = "There is no such call, or its answer was fetched already: call the endpoint again."
NO_PART = "There is no such function on this page: load the page again."
NOT_QUEUED = "This endpoint is called through the queue, as /gradio_api/call: see the page about the API."
OPEN = "Too many requests of yours are open: close other windows of this app, or wait for them to end."


class Door:
    """Checks ids and counts, for one `gr.Blocks`. events: what runs and waits in its queue."""

    def __init__(self, app, blocks, events: Events):
        self.app, self.blocks, self.events = app, blocks, events
        self.open: Counter[str] = Counter()     # requests by address

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        address = scope[who.KEY]
        self.open[address] += 1
        try:
            if self.open[address] > MOST_OPEN and not scope[who.LOOP]:
                raise Refusal(429, OPEN)
            async with contextlib.AsyncExitStack() as held:
                await self._check(scope, held)
                await self.app(scope, receive, send)
        except Refusal as refusal:
            await say(send, refusal)
        finally:
            self.open[address] -= 1
            if not self.open[address]:
                del self.open[address]

    async def _check(self, scope: dict, held: contextlib.AsyncExitStack) -> None:
        """Raises Refusal. held: what is given back when the request has ended."""
        if not scope["path"].startswith(API):
            return
        path = scope["path"].removeprefix(API).rstrip("/")
        if scope["method"] == "POST":
            if found := JOIN.fullmatch(path):
                await self._join(scope, path, found["name"], held)
            elif path == "component_server":
                self._part(scope)
            elif path == "cancel":
                _object(scope)
        elif scope["method"] == "GET" and (found := HEAR.fullmatch(path)):
            held.enter_context(self.events.heard(self._session(scope, found["event"])))
        elif path.startswith("heartbeat/"):
            _session(path.removeprefix("heartbeat/"))

    async def _join(self, scope: dict, path: str, name: str | None, held: contextlib.AsyncExitStack) -> None:
        said = _object(scope)
        if path.startswith("call/v2/"):     # the arguments themselves, by their names
            self._named(said, name or "")
            said = {"data": []}
        if not isinstance(said.get("data"), list) or said.get("batched"):
            raise Refusal(400, NO_JSON)
        session = said.get("session_hash")
        if session is not None or path == "queue/join":
            _session(session)
        function = self._function(said.get("fn_index"), name)
        if session:
            self.blocks.state_holder.claim(session, scope[who.KEY])
        if path.startswith(("run/", "api/")):
            if function.queue:
                raise Refusal(404, NOT_QUEUED)
            return
        self.events.admit(function, scope[who.KEY], session or "", scope[who.LOOP])
        held.callback(self.events.entered, function, scope[who.KEY])

    def _named(self, said: dict, name: str) -> None:
        """Checks arguments that are given by their names."""
        known = self.blocks.get_api_info()["named_endpoints"].get(f"/{name}")
        if known is None:
            raise Refusal(404, NO_ENDPOINT)
        try:
            construct_args(known["parameters"], (), said)
        except (TypeError, ValueError) as error:
            raise Refusal(422, f"{str(error).rstrip('.')}: see the page about the API.") from error

    def _function(self, index: object, name: str | None):
        """A dependency of the blocks by its number, else by its endpoint's name."""
        if index is not None:
            if isinstance(index, bool) or not isinstance(index, int) or index not in self.blocks.fns:
                raise Refusal(404, NO_ENDPOINT)
            return self.blocks.fns[index]
        found = [one for one in self.blocks.fns.values() if name and one.api_name == name]
        if not found:
            raise Refusal(404, NO_ENDPOINT)
        return found[0]

    def _part(self, scope: dict) -> None:
        """A function that a part of a page serves to its script."""
        said = _object(scope)
        session = _session(said.get("session_hash"))
        part = said.get("component_id")
        if "data" not in said or isinstance(part, bool) or not isinstance(part, int) or part not in self.blocks.blocks:
            raise Refusal(404, NO_PART)
        function = getattr(self.blocks.blocks[part], str(said.get("fn_name")), None)
        if not getattr(function, "_is_server_fn", False):
            raise Refusal(404, NO_PART)
        self.blocks.state_holder.claim(session, scope[who.KEY])

    def _session(self, scope: dict, event: str | None) -> str:
        """The session that a listener names, by itself or by one of its events."""
        queue = self.blocks._queue
        if event is None:
            session = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[-1]
            if _session(session) not in queue.pending_messages_per_session:
                raise Refusal(404, NO_SESSION)
            return session
        if known := queue.event_ids_to_events.get(event):
            return known.session_hash
        session = next((one for one, ids in list(queue.pending_event_ids_session.items()) if event in ids), event)
        if session not in queue.pending_messages_per_session:
            raise Refusal(404, NO_EVENT)
        return session


def _object(scope: dict) -> dict:
    """The JSON object that the body holds."""
    try:
        said = json.loads(scope.pop(BODY, b""))
    except (ValueError, RecursionError) as error:
        raise Refusal(400, NO_JSON) from error
    if not isinstance(said, dict):
        raise Refusal(400, NO_JSON)
    return said


def _session(said: object) -> str:
    if not isinstance(said, str) or not SESSION.fullmatch(said):
        raise Refusal(400, NO_SESSION)
    return said
