"""How places are shared out, without a server: by address, by session, with and without a listener."""
import threading
import time
from collections import defaultdict
from types import SimpleNamespace

import pytest

from tests.support import apart
from tests.ui.test_pages import Scripted, eventually, hosted
from vs2.errors import Failure
from vs2.ui import host, judgement, text
from vs2.ui.desk import Desk
from vs2.ui.guard import events, served, who
from vs2.ui.guard.answers import Refusal
from vs2.ui.guard.origin import Origin
from vs2.ui.guard.sessions import EACH, Sessions
from vs2.ui.guard.uploads import Ledger

COSTLY, CHEAP = SimpleNamespace(_id=1), SimpleNamespace(_id=2)


class Crowd:
    """Gradio's queue as the guard sees it."""

    def __init__(self):
        self.line = SimpleNamespace(queue=[], concurrency_limit=8, current_concurrency=0)
        self.queue = SimpleNamespace(event_queue_per_concurrency_id={"f": self.line}, active_jobs=[],
                                     pending_event_ids_session=defaultdict(set), pending_messages_per_session={},
                                     event_ids_to_events={}, process_events=None)
        self.events = events.Events(SimpleNamespace(_queue=self.queue), {COSTLY._id})

    def join(self, address="a", session="", function=COSTLY, age=0.0, loop=False):
        async def admitted():
            self.events.admit(function, address, session, loop)
            self.events._watch.cancel()

        apart.run(admitted())
        number = f"e{len(self.queue.event_ids_to_events)}"
        made = SimpleNamespace(_id=number, fn=function, alive=True, session_hash=session or number, concurrency_id="f",
                               request=SimpleNamespace(scope={who.KEY: address}), enqueue_time=time.monotonic() - age)
        self.line.queue.append(made)
        self.queue.event_ids_to_events[number] = made
        self.queue.pending_event_ids_session[made.session_hash].add(number)
        self.events.entered(function, address)
        return made

    def fill(self, count, **more):
        return [self.join(**more) for _ in range(count)]


def test_one_address_takes_its_share_and_leaves_the_rest():
    crowd = Crowd()
    crowd.fill(events.COSTLY_EACH)
    with pytest.raises(Refusal, match="your address") as refused:
        crowd.join()
    assert refused.value.status == 429
    crowd.join(address="b")
    crowd.fill(events.CHEAP_EACH, function=CHEAP)
    for n in range(10):
        while len([one for one in crowd.line.queue if one.fn is COSTLY]) < events.COSTLY:
            crowd.join(address=f"c{n}-{len(crowd.line.queue)}")
    with pytest.raises(Refusal, match="busy") as refused:
        crowd.join(address="new")
    assert refused.value.status == 503
    crowd.join(address="new", function=CHEAP)
    assert host.MOST_WAITING < events.COSTLY and host.MOST_ADDRESS < events.COSTLY_EACH


def test_one_session_takes_its_share_but_for_that_of_the_mcp_server():
    crowd = Crowd()
    crowd.fill(events.COSTLY_SESSION, session="s")
    with pytest.raises(Refusal):
        crowd.join(session="s")
    crowd.join(session="t")
    crowd.join(session="s", loop=True)


def test_what_nobody_listens_to_makes_room_and_is_dropped_after_a_while():
    crowd = Crowd()
    old, *others = crowd.fill(events.COSTLY_EACH, age=events.PRESSED + 1)
    with crowd.events.heard(old.session_hash):
        crowd.join()
        assert old in crowd.line.queue and others[0] not in crowd.line.queue and not others[0].alive
        assert others[0]._id not in crowd.queue.event_ids_to_events
        crowd.events.tidy()
        assert others[1] in crowd.line.queue, "not yet"
        for one in crowd.line.queue:
            one.enqueue_time -= events.UNHEARD
        crowd.events.tidy()
        assert crowd.line.queue == [old] and list(crowd.queue.pending_event_ids_session) == [old.session_hash]
    crowd.events.tidy()
    assert crowd.line.queue == [old], "its listener has only just gone"


def test_many_at_the_same_moment_are_counted_before_they_are_in_the_queue():
    crowd = Crowd()

    async def rush():
        for _ in range(events.COSTLY_EACH):
            crowd.events.admit(COSTLY, "a", "", False)
        with pytest.raises(Refusal):
            crowd.events.admit(COSTLY, "a", "", False)
        crowd.events._watch.cancel()

    apart.run(rush())


def test_addresses_take_turns():
    crowd = Crowd()
    first = crowd.fill(12)
    other = crowd.join(address="b")
    started = []
    for _ in range(8):
        taken = crowd.events.next()
        if taken is None:
            break
        (one,), _, name = taken
        assert name == "f"
        crowd.queue.active_jobs.append([one])
        crowd.line.current_concurrency += 1
        started.append(one)
    assert started[:2] == [first[0], other] and len(started) == 7, "a place is left where one address has six"
    assert crowd.events.next() is None
    crowd.join(address="c")
    assert crowd.events.next()[0][0].request.scope[who.KEY] == "c"


def test_in_the_judges_line_too(monkeypatch):
    go, judge = threading.Event(), Scripted()
    judge.go, shared = go, hosted(judge)

    def run(address: str, prompt: str) -> host.Run:
        monkeypatch.setattr(who, "here", lambda: address)
        made = host.Run(judgement.Request("v", prompt), shared)
        assert eventually(lambda: made in shared._line)
        return made

    runs = [run(address, f"{address}{n}") for n, address in enumerate(["a", "a", "a", "a", "b", "c", "b"])]
    assert [one.request.prompt for one in shared._line] == ["a0", "b4", "c5", "a1", "b6", "a2", "a3"]
    for one in runs[1:]:
        one.stop()
    monkeypatch.setattr(host, "MOST_ADDRESS", 1)
    with pytest.raises(Failure, match="from your network"):
        monkeypatch.setattr(who, "here", lambda: "a")
        list(host.Run(judgement.Request("v", "p"), shared).events())
    go.set()
    assert [event for event in runs[0].events() if event is not None]


def test_a_desk_is_shared(monkeypatch):
    desk, at, most = Desk(at_once=3, each=2, waiting=3, patience=0.3), threading.local(), []
    monkeypatch.setattr(who, "here", lambda: at.address)
    go, inside = threading.Event(), []

    def sit(address: str) -> None:
        at.address = address
        try:
            with desk.place():
                inside.append(address)
                go.wait(20)
        except Failure as failure:
            most.append((address, str(failure)))

    threads = [threading.Thread(target=sit, args=(address,)) for address in "aaab"]
    for one in threads:
        one.start()
        time.sleep(0.02)
    assert eventually(lambda: len(inside) == 3) and sorted(inside) == ["a", "a", "b"]
    assert eventually(lambda: most == [("a", text.DESK_FULL)]), "its turn did not come in time"
    go.set()
    for one in threads:
        one.join()
    at.address = "a"
    with desk.place():
        assert desk._busy == {"a": 1, "b": 0}
    assert not desk._line


def test_places_for_calls_are_shared():
    places = served.Places(3, 2)
    with places.one("a"), places.one("a"):
        with pytest.raises(Failure, match="for you already"), places.one("a"):
            raise AssertionError("there was a place")
        with places.one("b"), pytest.raises(Failure, match="busy"), places.one("c"):
            raise AssertionError("there was a place")
    assert not places._taken


@pytest.mark.parametrize(("said", "found"), [
    ("203.0.113.7", "203.0.113.7"), ("1.1.1.1, 8.8.8.8", "8.8.8.8"), ("6.6.6.6, 8.8.8.8, 10.0.0.3", "8.8.8.8"),
    ("nonsense, 8.8.8.8", "8.8.8.8"), ("8.8.8.8, unknown", "8.8.8.8"), ("10.0.0.1, 10.0.0.2", "10.0.0.2"), ("", "")])
def test_a_forwarded_address_is_the_one_that_the_proxy_saw(said, found):
    assert who.forwarded(said) == found


def test_one_network_counts_as_one():
    assert who.share("2001:db8:1:2:3::4") == who.share("2001:db8:1:2:ffff::9") == "2001:db8:1:2::"
    assert who.share("2001:db8:1:3::1") != who.share("2001:db8:1:2::1")
    assert who.share("::ffff:10.1.2.3") == who.share("10.1.2.3") == "10.1.2.3"
    assert who.share("::1") == "::1" and who.share("fe80::1%eth0") == "fe80::" and who.share("unix") == "unix"


@pytest.mark.parametrize("proxied", [False, True])
def test_a_client_cannot_choose_its_address_by_a_header(proxied):
    seen = []

    async def app(scope, receive, send):
        seen.append((scope[who.KEY], scope[who.LOOP], dict(scope["headers"])))

    def ask(path="/", **headers):
        scope = {"type": "http", "path": path, "client": ("10.0.0.9", 1), "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]}
        apart.run(who.Who(app, proxied)(scope, None, None))
        return seen[-1]

    address, loop, headers = ask(x_forwarded_for="8.8.8.8", x_vs2_for="guess 9.9.9.9", x_forwarded_host="evil.example")
    assert address == ("8.8.8.8" if proxied else "10.0.0.9") and not loop
    assert (b"x-forwarded-host" in headers) == proxied and b"x-vs2-for" not in headers
    signed = ask(f"{who.MCP}/", x_forwarded_for="8.8.8.8")[2][b"x-vs2-for"].decode()
    assert ask(x_vs2_for=signed)[:2] == (address, True), "the MCP server's own call, for whom it is made"


@pytest.mark.parametrize(("listens", "names", "host", "known"), [
    ("127.0.0.1", (), "localhost:7860", True), ("127.0.0.1", (), "a.example", False),
    ("127.0.0.1", ("a.example",), "a.example", True), ("127.0.0.1", ("a.example",), "b.example", False),
    ("0.0.0.0", (), "anything.example", True), ("0.0.0.0", ("a.example",), "anything.example", False),
    ("0.0.0.0", ("a.example",), "127.0.0.1:1", True), ("::", (), "[2001:db8::1]:7860", True),
    ("0.0.0.0", (), "", False),
    ("192.168.1.5", (), "192.168.1.5:7860", True), ("192.168.1.5", (), "a.example", False)])
def test_names_that_the_app_answers_to(monkeypatch, listens, names, host, known):
    for name in ("SPACE_ID", "SPACE_HOST"):
        monkeypatch.delenv(name, raising=False)
    scope = {"headers": [(b"host", host.encode())], "path": "/", "method": "GET"}
    try:
        Origin(None, listens, names).check(scope)
        assert known
    except Refusal as refusal:
        assert not known and refusal.status == 421


@pytest.mark.parametrize(("origin", "host", "foreign"), [
    ("https://me-space.hf.space", "me-space.hf.space", False), ("https://a.example", "me-space.hf.space", False),
    ("https://me-space.hf.space", "10.0.0.1:7860", False), ("https://huggingface.co", "me-space.hf.space", True),
    ("https://other-space.hf.space", "me-space.hf.space", True), ("null", "me-space.hf.space", True),
    ("https://me-space.hf.space.evil.example", "me-space.hf.space", True), ("", "me-space.hf.space", False),
    ("https://me-space.hf.space@evil.example", "me-space.hf.space", True)])
def test_pages_that_are_a_spaces_own(monkeypatch, origin, host, foreign):
    monkeypatch.setenv("SPACE_ID", "me/space")
    monkeypatch.setenv("SPACE_HOST", "me-space.hf.space,a.example")
    scope = {"headers": [(b"host", host.encode()), *[(b"origin", origin.encode())] * bool(origin)],
             "path": "/gradio_api/queue/join", "method": "POST"}
    if foreign:
        with pytest.raises(Refusal, match="another site"):
            Origin(None, "0.0.0.0", ()).check(scope)
    else:
        Origin(None, "0.0.0.0", ()).check(scope)


def test_the_way_back_from_the_login_is_open(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "me/space")
    moved = [(b"host", b"me-space.hf.space"), (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"navigate")]
    for path, query, taken in (("/login/callback", b"state=1", True), ("/", b"", True), ("/logout", b"", False),
                               ("/login/huggingface", b"", False), ("/login/huggingface", b"_nb_redirects=1", True)):
        scope = {"headers": moved, "path": path, "method": "GET", "query_string": query}
        if taken:
            Origin(None, "0.0.0.0", ()).check(scope)
        else:
            with pytest.raises(Refusal):
                Origin(None, "0.0.0.0", ()).check(scope)


def test_an_upload_counts_for_a_day(monkeypatch):
    ledger, now = Ledger(100), [1000.0]
    monkeypatch.setattr("vs2.ui.guard.uploads.time.monotonic", lambda: now[0])
    ledger.add("a", 60)
    entry = ledger.add("a", 0)
    entry[1] = 30
    assert ledger.held("a") == 90 and ledger.held("b") == 0
    ledger.forget("a", entry)
    assert ledger.held("a") == 60
    now[0] += 24 * 3600 + 1
    assert ledger.held("a") == 0 and not ledger._given


def test_sessions_of_one_address_make_place_for_its_own():
    import gradio as gr

    with gr.Blocks() as blocks:
        gr.Textbox()
    blocks.state_session_capacity = 1000
    kept = Sessions()
    kept.set_blocks(blocks)
    for number in range(EACH + 5):
        kept[f"a{number}"]
        kept.claim(f"a{number}", "a")
        kept["of b"]
        kept.claim("of b", "b")
    assert len(kept.session_data) == EACH + 1 and "of b" in kept and "a0" not in kept and f"a{EACH + 4}" in kept


def test_a_second_clip_does_not_wait_for_the_first(tmp_path):
    """No address has all of a function's places: so what the page itself does is limited at the desk instead."""
    from tests.ui.test_pages import site_of
    from vs2.ui import app

    blocks = app.build(site_of(Scripted(), tmp_path))
    uploaded = next(one for one in blocks.fns.values() if any(event == "upload" for _, event in one.targets))
    prepared = [one for one in blocks.fns.values() if one.trigger_after == uploaded._id]
    assert prepared and all(one.concurrency_limit is None for one in prepared)
