"""What runs and waits in Gradio's queue: each address has a share, and what nobody listens to is dropped.

Events that cost much (judging, generating, looking at a clip) leave places to those that cost little, for without the
latter no page opens. Below these limits stand the ones of the judge's line (vs2/ui/host.py), which say on the page
itself what is the matter; these are for those who do not use the page.
"""
import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Iterator

from vs2.ui.guard import who
from vs2.ui.guard.answers import Refusal

COSTLY, COSTLY_EACH, COSTLY_SESSION = 64, 24, 12    # events together, of one address, of one session
CHEAP, CHEAP_EACH = 56, 28
PLACES = COSTLY + CHEAP         # threads, and places in the queue: so there is always one for what is admitted
UNHEARD = 30.0      # seconds after which an event without a listener is dropped
PRESSED = 3.0       # and where its place is wanted
LOOK = 5.0          # seconds between two looks
KEPT = 900.0        # seconds that an answer waits to be fetched

EACH = "{count} requests of your address run or wait already: wait for one of them to end."
FULL = "This app is busy with {count} other requests: try again in a minute."


class Events:
    """The events of one `gr.Blocks`. costly: numbers of those of its functions that cost much."""

    def __init__(self, blocks, costly: set[int]):
        self.blocks, self.costly = blocks, costly
        self._heard: Counter[str] = Counter()       # listeners by session
        self._last: dict[str, float] = {}           # when somebody listened last, or first came
        self._entering: Counter[tuple[bool, str]] = Counter()   # admitted, not in the queue yet
        self._watch: asyncio.Task | None = None
        self._process = blocks._queue.process_events
        blocks._queue.get_events, blocks._queue.process_events = self.next, self.processed

    @contextlib.contextmanager
    def heard(self, session: str) -> Iterator[None]:
        """While somebody listens to a session."""
        self._heard[session] += 1
        try:
            yield
        finally:
            self._heard[session] -= 1
            if not self._heard[session]:
                del self._heard[session]
            self._last[session] = time.monotonic()

    def living(self) -> list:
        """The events that wait, and those that run."""
        queue = self.blocks._queue
        waiting = [event for line in queue.event_queue_per_concurrency_id.values() for event in line.queue]
        return waiting + [event for job in queue.active_jobs if job for event in job]

    async def processed(self, events: list, *arguments) -> None:
        """As Gradio does it, which keeps the last event until the next one comes, with all that a visitor sent."""
        try:
            await self._process(events, *arguments)
        finally:
            for event in events:
                event.data = event.request = None

    def next(self) -> tuple[list, bool, str] | None:
        """What runs next, in place of Gradio's first come, first served: of those who wait for a function, the one
        whose address has least that runs; and no address has all of a function's places. (events, False, line's id).
        """
        lines = list(self.blocks._queue.event_queue_per_concurrency_id.items())
        random.shuffle(lines)
        running = Counter((event.concurrency_id, who.of(event.request)) for job in self.blocks._queue.active_jobs if job
                          for event in job)
        for name, line in lines:
            limit = line.concurrency_limit
            if not line.queue or (limit is not None and line.current_concurrency >= limit):
                continue
            first = min(line.queue, key=lambda event: running[name, who.of(event.request)])     # the oldest of equals
            if limit is None or running[name, who.of(first.request)] < max(1, limit * 3 // 4):
                line.queue.remove(first)
                return [first], False, name
        return None

    def admit(self, function, address: str, session: str, loop: bool) -> None:
        """Takes a place, until `entered`. Raises Refusal where there is none.

        loop: the call comes from the MCP server, whose callers share one session.
        """
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self._look())
        costly = function._id in self.costly
        all_of, each = (COSTLY, COSTLY_EACH) if costly else (CHEAP, CHEAP_EACH)
        alike = [event for event in self.living() if (event.fn._id in self.costly) == costly]
        own = [event for event in alike if who.of(event.request) == address]
        of_session = [event for event in own if session and event.session_hash == session and not loop]
        entering = self._entering[costly, address]
        together = len(alike) + sum(count for (kind, _), count in self._entering.items() if kind == costly)
        limit = each if not costly or len(of_session) < COSTLY_SESSION else 0
        if len(own) + entering >= limit and not self._make_room(of_session if not limit else own):
            raise Refusal(429, EACH.format(count=len(own) + entering))
        if together >= all_of and not self._make_room(alike):
            raise Refusal(503, FULL.format(count=together))
        self._entering[costly, address] += 1

    def entered(self, function, address: str) -> None:
        """The event is in the queue, or was refused there."""
        key = function._id in self.costly, address
        self._entering[key] -= 1
        if not self._entering[key]:
            del self._entering[key]

    def _unheard(self, event, seconds: float) -> bool:
        since = max(event.enqueue_time, self._last.get(event.session_hash, 0.0))
        return event.alive and not self._heard[event.session_hash] and time.monotonic() - since > seconds

    def _make_room(self, events: list) -> bool:
        """Drops the oldest one that nobody listens to; whether there was one."""
        found = sorted((one for one in events if self._unheard(one, PRESSED)), key=lambda one: one.enqueue_time)
        if found:
            self._drop(found[0])
        return bool(found)

    def _drop(self, event) -> None:
        """What waits leaves the queue; what runs ends at its next step."""
        queue = self.blocks._queue
        event.alive = False
        line = queue.event_queue_per_concurrency_id.get(event.concurrency_id)
        if line is not None and event in line.queue:
            line.queue.remove(event)
            queue.event_ids_to_events.pop(event._id, None)
        self._forget(event.session_hash, event._id)

    def _forget(self, session: str, event: str | None = None) -> None:
        """What is kept for the listeners of a session, where no event of it is left."""
        queue = self.blocks._queue
        ids = queue.pending_event_ids_session.get(session, set())
        ids.discard(event)
        if not ids or event is None:
            queue.pending_event_ids_session.pop(session, None)
            queue.pending_messages_per_session.pop(session, None)
            self._last.pop(session, None)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            self.tidy()

    def tidy(self) -> None:
        """Drops what nobody has listened to for long, and answers that nobody has fetched."""
        queue, now = self.blocks._queue, time.monotonic()
        living = self.living()
        for event in living:
            if self._unheard(event, UNHEARD):
                self._drop(event)
        used = {event.session_hash for event in living}
        for session in list(queue.pending_event_ids_session):
            if session not in used and not self._heard[session] \
                    and now - self._last.setdefault(session, now) > KEPT:
                self._forget(session)
        for session in [one for one in self._last if one not in queue.pending_event_ids_session]:
            del self._last[session]
