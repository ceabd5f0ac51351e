"""A run of Best of N by a slow judge: its whole time is said, and it goes on without the window that began it."""
import re
from types import SimpleNamespace

from tests.ui.best_of.test_page import page_of, run  # noqa: F401
from tests.ui.test_going import Slow, whole
from vs2.ui.best_of import kept


def test_a_slow_judge_says_the_whole_time_and_goes_on_after_a_reload(page_of):  # noqa: F811
    page, visitor, status, grid = page_of(slow := Slow()), "0" * 32, "", None
    stream = run(page, visitor=visitor)
    while not re.search("about [89] min", status):      # three judgements of three minutes each, said at the first one
        update = next(stream)
        status, grid = update.get(page.status, status), update.get(page.grid, grid)
    stream.close()      # the page is loaded again
    visit, address = SimpleNamespace(session_hash="reloaded"), {"visitor": visitor}
    back = kept.restored(page, address, {"run": grid["run"], "running": [kept.RUN]})
    assert page.notice not in back and page.grid not in back, "it is not lost"
    watching = page.follow(address, visit)
    shown = next(watching)
    assert "reloaded" in page._under_way
    slow.go.set()
    for update in watching:
        shown |= update
    assert 'data-state="done"' in shown[page.status] and page.site.store.count(visitor) == 3
    assert not page._under_way


def test_a_slow_judge_is_stopped_from_the_window_that_follows(page_of):  # noqa: F811
    page, visitor, status = page_of(Slow()), "0" * 32, ""
    stream = run(page, visitor=visitor)
    while "about" not in status:
        status = next(stream).get(page.status, status)
    stream.close()
    visit = SimpleNamespace(session_hash="reloaded")
    watching = page.follow({"visitor": visitor}, visit)
    shown = next(watching)
    page.stop(visit)
    for update in watching:
        shown |= update
    assert "Stopped after" in shown[page.status] and not page._under_way
    assert list(page.follow({"visitor": visitor}, visit)) == [{page.status: {"__type__": "update"}}]


def test_a_second_run_is_refused_and_the_first_is_still_found(page_of):  # noqa: F811
    page, visitor, status = page_of(slow := Slow()), "0" * 32, ""
    stream = run(page, visitor=visitor)
    while "about" not in status:
        status = next(stream).get(page.status, status)
    first = page.site.going.running((page.NAME, visitor))
    refused = whole(run(page, visitor=visitor, session="another"))
    assert "vs-problem" in refused[page.notice]
    assert page.site.going.running((page.NAME, visitor)) is first
    slow.go.set()
    assert 'data-state="done"' in [update for update in stream if page.status in update][-1][page.status]
    assert not page._under_way and "work" not in first.facts
