"""Work that outlasts its visitor: watched from anywhere, stopped, kept for a while; the judges on offer meanwhile."""
import threading
from types import SimpleNamespace

import pytest

from tests.support.patience import eventually
from tests.ui.test_pages import ANN, Scripted, merged, page_of, run_page, uploaded  # noqa: F401
from vs2 import events, loading
from vs2.errors import Failure
from vs2.estimate import Estimate
from vs2.ui import going, host, judgement, judges, text, whose
from vs2.ui.evaluate import kept


class Slow(Scripted):
    """A judge of minutes: it says how long it takes, and goes on when `go` is set."""

    slow = True

    def __init__(self, **options):
        super().__init__(**options)
        self.go = threading.Event()

    def stream(self, path, prompt, stop=lambda: False, **options):
        yield events.Estimated(Estimate(tower=60.0, prefill=60.0, token=1.0, tokens=60, most=100))
        yield events.Progressed("tower", 30, 100)
        while not self.go.wait(0.01):
            if stop():
                return
        yield from super().stream(path, prompt, stop=stop, **options)


def whole(updates) -> dict:
    """What stands there after all updates, by component."""
    return {part: value for update in updates for part, value in update.items()}


def test_whoever_watches_gets_what_was_shown_and_then_what_is():
    step, work = threading.Semaphore(0), going.Going()

    def updates():
        for number in range(4):
            assert step.acquire(timeout=60)
            yield {"a": number, **({"b": "first"} if number == 0 else {})}

    work.begin(updates())
    step.release(2)
    assert eventually(lambda: work._number == 2)
    late = work.watch()
    assert next(late) == {"a": 1, "b": "first"}, "all at once, the newest of each"
    step.release(2)
    assert {key: value for update in late for key, value in update.items()} == {"a": 3}
    assert list(work.watch()) == [{"a": 3, "b": "first"}] and work.ended is not None
    assert list(work.watch(lambda: False)) == []


def test_what_has_ended_is_forgotten_and_what_goes_on_is_not(monkeypatch):
    monkeypatch.setattr(going, "MOST", 2)
    found, go = going.All(), threading.Event()
    first = going.Going()

    def waiting():
        go.wait(60)
        yield {}

    first.begin(waiting())
    found.put("first", first)
    ended = [going.Going() for _ in range(3)]
    for number, one in enumerate(ended):
        one.begin({} for _ in ())
        assert eventually(lambda one=one: one.ended is not None)
        found.put(number, one)
    assert found.get("first") is first and found.get(0) is None and found.get(2) is ended[2]
    monkeypatch.setattr(going, "KEPT", -1)
    assert found.get(2) is None and found.get("first") is first
    go.set()


def test_a_slow_judgement_goes_on_without_its_visitor_and_is_found_by_its_link(page_of, uploaded):  # noqa: F811
    judge = Slow()
    page = page_of(judge)
    stream = run_page(page, uploaded, visitor=ANN)
    first = next(stream)
    while page.status not in first or "%" not in first[page.status]:
        first |= next(stream)
    assert "30 %" in first[page.status] and "about 3 min" in first[page.status]
    link = first[page.actions]
    assert text.STAYS in first[page.status]
    id = link.split('data-kept="')[1].split('"')[0]
    stream.close()          # the visitor has gone
    assert not judge.closed and page.site.store.find(ANN) == []
    address = {"visitor": "f" * 32, "e": [id]}      # of someone else, who was given the link
    shown = dict(zip(page.opens, page.open(address), strict=True))
    assert shown[page.prompt] == "a prompt" and shown[page.video]["name"] == "my clip.mp4"
    watching = page.follow(address, SimpleNamespace(session_hash="other"))
    assert "30 %" in next(watching)[page.status]
    page.stop(SimpleNamespace(session_hash="other"))        # they may look, and not stop it
    judge.go.set()
    last = whole(watching)
    assert 'data-state="done"' in last[page.status] and f'data-kept="{id}"' in last[page.actions]
    assert id not in str(last[page.history.list]) and not last[page.halt]["interactive"]
    assert [stored.id for stored in page.site.store.find(ANN)] == [id]
    assert page.site.named(address)[0].evaluation.prompt == "a prompt" and page.underway(address) is None
    assert next(page.follow(address, SimpleNamespace(session_hash="other")))[page.status]["__type__"] == "update"
    assert not page._runs and not page._watched


def test_stop_ends_it_from_wherever_it_is_watched(page_of, uploaded):  # noqa: F811
    page = page_of(Slow())
    stream = run_page(page, uploaded, visitor=ANN)
    id = next(stream)[page.actions].split('data-kept="')[1].split('"')[0]
    stream.close()
    watching = page.follow({"visitor": ANN, "e": [id]}, SimpleNamespace(session_hash="reloaded"))
    next(watching)
    assert eventually(lambda: page._runs)
    again = SimpleNamespace(session_hash="reloaded")
    assert eventually(lambda: page.stop(again) or page.site.going.get(id).ended is not None)
    assert 'data-state="stopped"' in whole(watching)[page.status] and page.site.store.find(ANN) == []


def test_a_reload_loses_no_slow_run_and_a_killed_server_says_so(page_of, uploaded):  # noqa: F811
    page = page_of(Slow())
    stream = run_page(page, uploaded, visitor=ANN)
    id = next(stream)[page.actions].split('data-kept="')[1].split('"')[0]
    stream.close()
    draft = {"video": uploaded, "prompt": "a prompt", "e": [id], "running": [kept.RUN]}
    values = kept.restored(page, {"visitor": ANN, "e": [id]}, draft)
    assert text.RUN_LOST not in str(values.get(page.notice)) and values[page.prompt] is not None
    page.site.going.drop(lambda one: True)
    gone = kept.restored(page, {"visitor": ANN, "e": [id]}, draft)
    assert text.RUN_LOST in gone[page.notice] and text.NOT_KNOWN not in gone[page.notice]


def test_who_deletes_all_has_nothing_come_to_it_later(page_of, uploaded):  # noqa: F811
    page = page_of(judge := Slow())
    stream = run_page(page, uploaded, visitor=ANN)
    next(stream)
    stream.close()
    for forget in page.site.forgetting:
        forget(ANN, 0.0)
    assert eventually(lambda: judge.closed or not page._runs)
    judge.go.set()
    assert page.site.store.find(ANN) == []


def test_without_a_place_to_keep_it_a_slow_run_ends_with_its_visitor(page_of, uploaded):  # noqa: F811
    judge = Slow()
    page = page_of(judge)
    stream = run_page(page, uploaded)
    assert "data-kept" not in next(stream)[page.actions]
    next(stream)
    stream.close()
    assert not page._runs


@pytest.fixture
def two():
    """A host whose own judge is fetched until `there` is set, and mini, which answers at once."""
    there, small, own = threading.Event(), Scripted(words=["Small."]), Slow()
    own.go.set()

    def load():
        loading.tell(loading.FETCHING, 4_200_000_000, 16_600_000_000)
        assert there.wait(60)
        if there.problem:
            raise there.problem
        return own

    there.problem = None
    made = host.Host(load, {"mini": lambda: small}, meanwhile="mini", own_name="TIGER-Lab/VideoScore2")
    made.start()
    assert eventually(lambda: made.stage is not None)
    yield made, there, small
    there.set()
    assert eventually(lambda: made.loaded)


def test_the_page_says_what_is_fetched_and_who_answers_until_then(two):
    made, there, small = two
    said = judges.loading(made)
    assert "Fetching TIGER-Lab/VideoScore2" in said and "4.2 of 16.6 GB" in said and "25 %" in said
    assert made.stands_in is small and whose.line("mini") .split("</p>")[0][:20] in said
    assert judges.box(made, "judge", open=True).choices == [
        ("TIGER-Lab/VideoScore2: in minutes", ""), ("mini: at once", "mini")]
    assert made.has("mini") and not made.has("") and not made.slow("mini")
    run = host.Run(judgement.Request("v", "p", judge="mini"), made)
    assert [event for event in run.events() if event is not None][-1].prompt == "p", "it is not waited for"
    there.set()
    *_, last = judges.shown(made)
    assert made.stands_in is None and made.slow("") and "vs-model" in last


def test_a_quick_judgement_does_not_wait_behind_slow_ones(two):
    made, there, small = two
    there.set()
    assert eventually(lambda: made.loaded)
    made.own.go.clear()
    slow = host.Run(judgement.Request("v", "slow"), made)
    assert eventually(lambda: made._line)
    quick = host.Run(judgement.Request("v", "quick", judge="mini"), made)
    assert [event for event in quick.events() if event is not None][-1].prompt == "quick"
    behind = host.Run(judgement.Request("v", "behind"), made)
    assert eventually(lambda: behind.ahead() == 1)
    made.own.go.set()
    assert [event for event in behind.events() if event is not None][-1].prompt == "behind"
    slow.stop()


def test_where_the_model_cannot_be_had_it_is_said_and_the_other_stays(two):
    made, there, small = two
    there.problem = Failure("The disk is full: make room.")
    there.set()
    *_, last = judges.shown(made)
    assert "The disk is full" in last and made.has("mini")
    run = host.Run(judgement.Request("v", "p", judge="mini"), made)
    assert [event for event in run.events() if event is not None][-1].prompt == "p"


def test_what_stands_in_is_named_on_the_result(uploaded, two, tmp_path):  # noqa: F811
    import gradio as gr

    from tests.ui.test_pages import Settings, Site, Store
    from vs2.ui.evaluate.page import EvaluatePage

    made, there, small = two
    with gr.Blocks():
        page = EvaluatePage(Site(made, Store(tmp_path / "home"), Settings()), gr.HTML())
    last = merged(page, run_page(page, uploaded, visitor=ANN))
    assert "TIGER-Lab/VideoScore2 was not there yet, so mini judged this." in last["rationale"]
