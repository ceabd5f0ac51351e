"""The Batch page without a browser: what is checked, judged, kept, resumed, filtered and saved."""
import csv
import io
import json
import re
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from gradio.blocks import Block
from gradio.utils import get_upload_folder

from tests.support.clips import moving_square
from tests.ui.test_pages import HOSTILE, SCORES, Scripted, eventually, site_of
from vs2.batch import results
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation
from vs2.ui.batch import job as batch_job
from vs2.ui.batch import kept
from vs2.ui.batch import page as module
from vs2.ui.batch.job import Job, Jobs, files_of
from vs2.ui.batch.page import BatchPage
from vs2.ui.batch.parts import wrong
from vs2.ui.text import batch as text

VISITOR = "0" * 32
OPENS = 'href="?e='       # of a row whose evaluation is stored


class ByPrompt(Scripted):
    """Fails as the prompt says; `prompts` are those that it was asked."""

    def __init__(self, **options):
        super().__init__(**options)
        self.prompts = []

    def stream(self, path, prompt, **options):
        self.prompts.append(prompt)
        self.problem = {"bad": BadInput("It is broken."), "ours": Failure("No memory.")}.get(prompt)
        yield from super().stream(path, prompt, **options)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "a.mp4", frames=4).read_bytes()


@pytest.fixture
def uploads(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    return tmp_path / "uploads"


@pytest.fixture
def given(uploads):
    """Puts files where uploads go; gives the value of the page's box."""
    def make(**files) -> dict:
        said = []
        for number, (name, data) in enumerate(files.items()):
            name = name.replace("__", ".")
            path = uploads / f"{number}-{len(list(uploads.iterdir()))}" / name
            path.parent.mkdir()
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
            said.append({"path": str(path), "name": name})
        return {"files": said, "turn": 1}
    return make


@pytest.fixture
def page_of(tmp_path_factory):
    import gradio as gr

    def make(judge, **settings) -> BatchPage:
        with gr.Blocks():
            return BatchPage(site_of(judge, tmp_path_factory.mktemp("home"), **settings), gr.HTML())
    return make


def packed(clip, *prompts, bad=0) -> bytes:
    """A zip with a table of these prompts, and `bad` rows without a clip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as members:
        rows = [("video", "prompt", "note"), *(("clips/a.mp4", prompt, "n") for prompt in prompts),
                *[("no.mp4", "p", "")] * bad]
        lines = io.StringIO()
        csv.writer(lines).writerows(rows)
        members.writestr("t.csv", lines.getvalue())
        members.writestr("clips/a.mp4", clip)
    return out.getvalue()


ADDRESS, VISIT = {"visitor": VISITOR}, SimpleNamespace(session_hash="s")


def merged(page, updates) -> dict:
    names = {component: name for name, component in vars(page).items() if isinstance(component, Block)}
    last = {}
    for update in [updates] if isinstance(updates, dict) else updates:
        last.update({names[component]: value for component, value in update.items()})
    return last


def check(page, value, address=ADDRESS):
    return merged(page, page.check(value, address, VISIT))


def judge(page, address=ADDRESS, **options):
    asked = {"think": True, "budget": 64, "samples": 1, "seed": 0, "judge": ""} | options
    return page.stream(*asked.values(), address, VISIT)


def test_a_zip_is_checked_judged_kept_and_saved(page_of, given, clip):
    page = page_of(ByPrompt())
    shown = check(page, given(t__zip=packed(clip, "one", "bad", "two", bad=1)))
    assert "3 of 4 rows can be judged" in shown["status"] and shown["box"]["problem"] == ""
    assert "Row 4" in shown["wrong"] and "no.mp4 is not in the zip" in shown["wrong"]
    assert shown["go"]["value"] == "Judge 3 rows" and shown["go"]["interactive"]
    last = merged(page, judge(page))
    assert "2 of 4 rows have scores" in last["status"] and 'aria-valuenow="4"' in last["status"]
    ids = re.findall(r'href="\?e=([\w-]{22})"', last["table"])
    stored = page.site.store.find(VISITOR)
    assert len(ids) == 2 and {one.id for one in stored} == set(ids)
    assert {(one.evaluation.video, one.evaluation.prompt) for one in stored} == {("clips/a.mp4", "one"),
                                                                                ("clips/a.mp4", "two")}
    assert page.site.store.clip(stored[0].clip).read_bytes() == clip
    assert "It is broken." in last["table"] and 'data-of="overall" data-worth="3.666667"' in last["table"]
    assert list(last["histogram"].data[0].y) == [0, 0, 0, 2, 0]
    assert (list(last["scatter"].data[0].x), list(last["scatter"].data[0].y)) == ([4.0], [5.0])
    assert not last["go"]["interactive"] and not last["halt"]["interactive"] and last["again"]["visible"]
    with open(last["csv"]["value"], encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert tuple(rows[0])[:len(results.COLUMNS)] == results.COLUMNS and rows[0]["note"] == "n"
    assert [row["error"] != "" for row in rows] == [False, True, False, True]
    with open(last["json"]["value"], encoding="utf-8") as file:
        records = json.load(file)
    assert [record["prompt"] for record in records] == ["one", "bad", "two", "p"]
    assert Evaluation.from_dict(records[0]).scores == SCORES


def test_a_table_finds_its_clips_among_the_uploads_and_nowhere_else(page_of, given, clip, tmp_path):
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(clip)
    lines = "video,prompt\n" + "".join(f"{name},p\n" for name in (
        "a.mp4", "some/folder/a.mp4", "C:\\clips\\a.mp4", secret, "../secret.mp4", "/etc/passwd", "b.mp4"))
    page = page_of(ByPrompt())
    shown = check(page, given(t__csv=lines, a__mp4=clip))
    assert "3 of 7 rows" in shown["status"] and shown["wrong"].count("was not added") == 4
    shown = check(page, given(t__csv=lines, a__mp4=clip, b__mp4=clip))
    assert "4 of 7 rows" in shown["status"]
    value = given(t__csv=lines, a__mp4=clip)
    value["files"].append({"path": str(secret), "name": "secret.mp4"})
    assert "no longer on the server" in check(page, value)["box"]["problem"]


def test_two_uploads_of_one_name_are_not_guessed_between(given, clip):
    one, two = (given(a__mp4=clip)["files"][0] for _ in range(2))
    table = given(t__csv="video,prompt\na.mp4,p\n")["files"]
    job = Job(files_of({"files": [*table, one, two]}))
    assert job.rows[0].problem == text.TWICE.format(name="a.mp4")
    job.close()


@pytest.mark.parametrize(("files", "says"), [
    ({}, "Add a table"), ({"a__mp4": b"x"}, "Add a table"), ({"t__csv": "video,prompt\n"}, "has no rows"),
    ({"t__csv": "a,b\n1,2\n"}, "no column `video`"), ({"t__csv": "x", "u__jsonl": "x"}, "2 tables"),
    ({"t__zip": b"x", "a__mp4": b"x"}, "A zip comes alone"), ({"t__zip": b"x"}, "no zip that can be read"),
    ({"t__csv": "video,prompt\n" + "a,b\n" * 201}, "more than 200 rows"), ({"t__csv": b"\xff\xfex"}, "not UTF-8"),
    ({"t__csv": "video,prompt," + "x," * 300_000 + "\n"}, "300003 columns, more than 200"),
    ({"t__parquet": b"PAR1"}, "no Parquet file"), ({"t__json": "{}"}, "holds no rows"),
])
def test_what_cannot_be_used_is_one_sentence_and_no_job(page_of, given, uploads, files, says):
    page = page_of(ByPrompt())
    shown = check(page, given(**files))
    said = shown["box"]["problem"]
    assert says in said and said.endswith(".") and "\n" not in said and page.jobs.get(VISITOR) is None
    assert not list(uploads.glob("vs2-batch-*"))
    assert text.NO_TABLE in merged(page, judge(page))["notice"]


@pytest.mark.parametrize("value", [None, 3, {"files": 3}, {"files": [3]}, {"files": [{}]}, {"files": [{"path": 1}]}])
def test_a_browser_that_says_nonsense_gets_a_sentence(page_of, uploads, value):
    assert check(page_of(ByPrompt()), value)["box"]["problem"].endswith(".")


def test_stop_keeps_what_is_finished_and_resume_does_the_rest(page_of, given, clip):
    go = threading.Event()
    page = page_of(scripted := ByPrompt(go=go))
    check(page, given(t__zip=packed(clip, "one", "two", "three")))
    go.set()
    updates, stream = [], judge(page)
    for update in stream:
        updates.append(update)
        if "href" in update.get(page.table, ""):
            go.clear()
            page.stop(ADDRESS, SimpleNamespace(session_hash="s"))
            break
    # A browser may skip all updates but the last: Stop can be pressed whichever that is.
    assert len(updates) > 2 and all(update[page.halt]["interactive"] for update in updates)
    # A page whose load is answered only now keeps it.
    late = merged(page, page.restore(ADDRESS, None, VISIT))
    assert late["halt"]["interactive"] and not late["go"]["interactive"] and "status" not in late
    updates += stream
    last = merged(page, updates)
    assert "Stopped with 1 of 3" in last["status"] and last["go"]["value"] == "Resume, 2 left"
    assert last["go"]["interactive"] and last["csv"]["interactive"]
    go.set()
    assert eventually(lambda: scripted.together == 0)
    scripted.prompts.clear()
    # A reload: the same visitor in another session finds the table, and goes on.
    again = merged(page, page.restore(ADDRESS, None, SimpleNamespace(session_hash="another")))
    assert again["box"]["kept"] == ["t.zip"] and again["table"].count(OPENS) == 1 and "Stopped" in again["status"]
    last = merged(page, judge(page, think=False, budget=16))
    assert scripted.prompts == ["two", "three"] and last["table"].count(OPENS) == 3
    assert "3 of 3 rows have scores" in last["status"]
    last = merged(page, judge(page))
    assert text.NOTHING_LEFT in last["notice"] and scripted.prompts == ["two", "three"]
    last = merged(page, page.restart(ADDRESS, VISIT))
    assert last["go"]["value"] == "Judge 3 rows" and "href" not in last["table"]


def test_a_table_outlives_the_server(page_of, given, clip):
    page = page_of(scripted := ByPrompt())
    shown = check(page, given(t__csv="video,prompt\na.mp4,p\nb.mp4,q\n", a__mp4=clip, b__mp4=clip))
    stream = judge(page)
    for update in stream:
        if "href" in update.get(page.table, ""):
            break
    stream.close()
    token = shown["box"]["run"]
    page.jobs.put(ADDRESS["visitor"], None)     # as a process that ended has none
    again = merged(page, page.restore(ADDRESS, {"run": token, "running": ["run"], "budget": 32}, VISIT))
    assert again["box"]["kept"] == ["t.csv", "a.mp4", "b.mp4"] and again["table"].count(OPENS) == 1
    assert text.RUN_LOST in again["notice"] and again["go"]["value"] == "Resume, 1 left"
    assert again["budget"]["value"] == 32
    scripted.prompts.clear()
    assert "2 of 2 rows have scores" in merged(page, judge(page))["status"] and scripted.prompts == ["q"]
    page.jobs.put(ADDRESS["visitor"], None)
    for nonsense in (7, {"run": 7}, {"run": "x" * 22}, {"run": "../../x"}):
        assert merged(page, page.restore(ADDRESS, nonsense, VISIT)).keys() == {"notice"}


def test_another_visitor_has_another_table(page_of, given, clip):
    page = page_of(ByPrompt())
    check(page, given(t__zip=packed(clip, "one")))
    other = {"visitor": "1" * 32}
    assert merged(page, page.restore(other, None, VISIT)).keys() == {"notice"}
    assert text.NO_TABLE in merged(page, judge(page, other))["notice"]
    nobody = {"visitor": ""}
    check(page, given(t__zip=packed(clip, "mine")), nobody)
    last = merged(page, judge(page, nobody))
    assert "1 of 1 row has scores" in last["status"] and OPENS not in last["table"], "nothing is stored"
    assert page.site.store.count(None) == 0


def test_a_file_that_comes_later_keeps_the_scores(page_of, given, clip):
    page = page_of(scripted := ByPrompt())
    value = given(t__csv="video,prompt\na.mp4,p\nb.mp4,q\n", a__mp4=clip)
    check(page, value)
    list(judge(page))
    value["files"] += given(b__mp4=clip)["files"]
    shown = check(page, value)
    assert shown["go"]["value"] == "Resume, 1 left" and shown["table"].count(OPENS) == 1
    list(judge(page))
    assert scripted.prompts == ["p", "q"]


def test_a_file_that_comes_after_a_reload_joins_the_others(page_of, given, clip):
    page = page_of(scripted := ByPrompt())
    check(page, given(t__csv="video,prompt\na.mp4,p\nb.mp4,q\n", a__mp4=clip))
    list(judge(page))
    box = page.restore(ADDRESS, None, VISIT)[page.box]
    assert box["kept"] == ["t.csv", "a.mp4"]
    shown = check(page, given(b__mp4=clip) | {"kept": [*box["kept"], "elsewhere.mp4", 3]})
    assert shown["go"]["value"] == "Resume, 1 left" and shown["table"].count(OPENS) == 1
    list(judge(page))
    assert scripted.prompts == ["p", "q"]


def test_files_that_cannot_be_used_leave_the_table_that_is_there(page_of, given, clip):
    page = page_of(ByPrompt())
    check(page, given(t__csv="video,prompt\na.mp4,p\n", a__mp4=clip))
    list(judge(page))
    shown = check(page, given(u__csv="video,prompt\na.mp4,p\n") | {"kept": ["t.csv", "a.mp4"]})
    assert "2 tables" in shown["box"]["problem"] and shown["box"]["kept"] == ["t.csv", "a.mp4"]
    assert "1 of 1 row has scores" in shown["status"] and len(page.jobs.get(VISITOR).scored) == 1


def test_the_last_files_win_however_long_a_check_takes(page_of, given, clip):
    page = page_of(ByPrompt())
    slow = page.check(given(t__zip=packed(clip, "one")), ADDRESS, VISIT)
    next(slow)
    check(page, given(u__zip=packed(clip, "two")))
    assert list(slow) == [] and page.jobs.get(VISITOR).names == ["u.zip"]
    assert len(list(Path(get_upload_folder()).glob("vs2-batch-*"))) == 1, "what was unpacked for the other is gone"
    slow = page.check(given(t__zip=packed(clip, "one")), ADDRESS, VISIT)
    next(slow)
    page.forget(ADDRESS, VISIT)
    assert list(slow) == [] and page.jobs.get(VISITOR) is None


def test_who_deletes_all_has_no_table_left(page_of, given, clip):
    page = page_of(ByPrompt())
    check(page, given(t__zip=packed(clip, "one")))
    token = page.jobs.get(VISITOR).token
    for forget in page.site.forgetting:
        forget(VISITOR, 5.0)
    assert page.jobs.get(VISITOR) is None and kept.standing(page, {"run": token}) is None
    for back in page.site.returning:
        back(VISITOR, 5.0)
    assert [row.number for row in kept.standing(page, {"run": token}).rows] == [1], "and it comes back with the rest"


def test_another_window_takes_a_run_over(page_of, given, clip):
    page = page_of(scripted := ByPrompt(words=["word "] * 500))
    check(page, given(t__zip=packed(clip, "one", "two")))
    first = judge(page)
    next(first), next(first)
    job = page.jobs.get(VISITOR)
    second = judge(page)
    next(second), next(second)
    assert list(first) == [] and job.judging and eventually(lambda: scripted.closed == 1)
    page.stop(ADDRESS, VISIT)
    assert "0 of 2" in list(second)[-1][page.status] and not job.judging


def test_failures_of_ours_are_tried_again_and_three_in_a_row_end_it(page_of, given, clip):
    page = page_of(scripted := ByPrompt())
    check(page, given(t__zip=packed(clip, "ours", "one", "ours", "ours", "ours", "never")))
    last = merged(page, judge(page))
    assert scripted.prompts == ["ours", "one", "ours", "ours", "ours"]
    assert "No memory." in last["notice"] and "3 rows" in last["notice"] and last["go"]["value"] == "Resume, 5 left"
    scripted.prompts.clear()
    list(judge(page))
    assert scripted.prompts == ["ours"] * 3


def test_a_visitor_who_leaves_stops_the_judge_and_a_new_run_takes_over(page_of, given, clip):
    page = page_of(scripted := ByPrompt(words=["word "] * 500))
    check(page, given(t__zip=packed(clip, "one", "two")))
    stream = judge(page)
    while not scripted.said:
        next(stream)
    stream.close()
    assert eventually(lambda: scripted.together == 0) and scripted.said < 500
    first = judge(page)
    while len(scripted.prompts) < 2:
        next(first)
    scripted.words = ["short."]
    last = merged(page, judge(page))
    assert "2 of 2 rows have scores" in last["status"] and scripted.most <= 2
    list(first)
    assert len(page.jobs.get(VISITOR).scored) == 2


def test_new_files_end_a_run_and_nothing_of_it_is_shown(page_of, given, clip):
    page = page_of(ByPrompt(words=["word "] * 500))
    check(page, given(t__zip=packed(clip, "one", "two")))
    old, stream = page.jobs.get(VISITOR), judge(page)
    next(stream), next(stream)
    check(page, given(t__zip=packed(clip, "three")))
    last, = list(stream)
    assert "three" in last[page.table] and ">one<" not in last[page.table], "the table that is there now"
    assert not old.folder.exists() and not old.scored
    page.forget(ADDRESS, VISIT)
    assert page.jobs.get(VISITOR) is None


def test_what_breaks_in_the_page_leaves_its_buttons_ready(page_of, given, clip, monkeypatch):
    page = page_of(ByPrompt())
    check(page, given(t__zip=packed(clip, "one")))
    logged = []
    page.host.log = logged.append

    def broken(*_):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(page, "_follow", broken)
    last = merged(page, judge(page))
    assert "secret" not in last["notice"] and "ZeroDivisionError" in last["notice"] and len(logged) == 1
    assert last["go"]["interactive"] and not last["halt"]["interactive"] and last["go"]["value"] == "Judge 1 row"


def test_a_wrong_option_is_said(page_of, given, clip):
    page = page_of(scripted := ByPrompt())
    check(page, given(t__zip=packed(clip, "one")))
    assert "budget is 0" in merged(page, judge(page, budget=0))["notice"] and not scripted.prompts


def test_a_filter_changes_rows_and_plots_while_the_downloads_stay_whole(page_of, given, clip):
    page = page_of(ByPrompt())
    check(page, given(t__zip=packed(clip, "a cat", "a DOG")))
    list(judge(page))
    shown = merged(page, page.show({"search": "dog"}, "overall", "visual_quality", ADDRESS, VISIT))
    assert "1 of 2 rows shown" in shown["table"] and list(shown["histogram"].data[0].y) == [0, 0, 0, 1, 0]
    assert list(shown["scatter"].data[0].x) == [3.7] and shown["scatter"].layout.xaxis.title.text == "Overall"
    assert merged(page, page.show({"search": "cow"}, "x", [], ADDRESS, VISIT))["table"].count(text.NOTHING_MATCHES) == 1
    assert shown.keys() == {"table", "histogram", "uncounted", "scatter", "undrawn", "groups"}


def test_what_a_table_holds_is_text_and_nothing_else(page_of, given, clip):
    page = page_of(ByPrompt(words=[HOSTILE]))
    lines = json.dumps({"video": "a.mp4", "prompt": HOSTILE}) + "\n" + json.dumps({"video": "<script>", "prompt": "p"})
    shown = check(page, given(t__jsonl=lines, a__mp4=clip))
    last = merged(page, judge(page))
    for html in (shown["wrong"], shown["table"], last["table"], last["status"], last["notice"]):
        assert "<script" not in html and "<img" not in html
    assert "&lt;script&gt;" in last["table"] and "&lt;script&gt;" in shown["wrong"]
    assert wrong([]) == ""


def test_the_endpoint_gives_a_record_a_row(page_of, given, clip):
    page = page_of(ByPrompt())
    value = given(t__csv="video,prompt,n\na.mp4,one,1\nb.mp4,two,2\na.mp4,bad,3\n", a__mp4=clip)
    paths = [file["path"] for file in value["files"]]
    *_, records = page.batch(paths, True, 64, 1, 0)
    assert [record["error"] is None for record in records] == [True, False, False] and records[0]["n"] == "1"
    assert records[0]["video"] == "a.mp4" and records[0]["scores"]["visual_quality"]["value"] == 4
    assert page.site.store.count(None) == 0
    import gradio as gr

    for files, options, says in ((None, (True, 64, 1, 0), "Add a table"), (paths, (True, 0, 1, 0), "budget is 0")):
        with pytest.raises(gr.Error, match=says):
            list(page.batch(files, *options))


def test_a_script_that_leaves_stops_the_judge(page_of, given, clip, uploads):
    page = page_of(scripted := ByPrompt(words=["word "] * 500))
    call = page.batch([given(t__zip=packed(clip, "one"))["files"][0]["path"]], True, 64, 1, 0)
    assert next(call) is None
    call.close()
    assert eventually(lambda: scripted.together == 0) and scripted.said < 500
    assert not list(uploads.glob("vs2-batch-*"))


def test_tables_are_kept_for_a_day_and_not_without_end(given, clip, uploads, monkeypatch):
    jobs, value = Jobs(), given(t__zip=packed(clip, "one"))
    monkeypatch.setattr(batch_job, "MOST_JOBS", 2)
    made = [Job(files_of(value)) for _ in range(3)]
    for number, job in enumerate(made):
        jobs.put(str(number), job)
    assert jobs.get("0") is None and not made[0].folder.exists() and jobs.get("2") is made[2]
    made[1].made -= batch_job.KEPT + 1
    assert jobs.get("1") is None and not made[1].folder.exists() and made[2].folder.exists()
    made[2].close()


def test_invented_visitors_push_out_each_others_tables(given, clip, uploads, monkeypatch):
    jobs, value = Jobs(), given(t__zip=packed(clip, "one"))
    monkeypatch.setattr(batch_job, "MOST_JOBS", 3)
    for visitor, address in (("honest", "a"), ("one", "b"), ("two", "b"), ("three", "b"), ("four", "b")):
        monkeypatch.setattr(batch_job.who, "here", lambda address=address: address)
        jobs.put(visitor, Job(files_of(value)))
    assert [name for name in ("honest", "one", "two", "three", "four") if jobs.get(name)] == ["honest", "three", "four"]
    for name in ("honest", "three", "four"):
        jobs.put(name, None)


def test_the_examples_are_a_table(page_of, uploads, clip, monkeypatch, tmp_path):
    file = tmp_path / "e.mp4"
    file.write_bytes(clip)
    monkeypatch.setattr(module, "examples", lambda: [{"file": str(file), "prompt": "a ball, red", "shows": "A fault"}])
    page = page_of(scripted := ByPrompt())
    shown = merged(page, page.try_examples(ADDRESS, VISIT))
    assert "1 of 1 row" in shown["status"] and shown["box"]["kept"] == ["examples.csv", "e.mp4"]
    list(judge(page))
    assert scripted.prompts == ["a ball, red"]


def test_a_slow_judge_says_the_whole_time_and_goes_on_after_a_reload(page_of, given, clip):
    from tests.ui.test_going import Slow

    page = page_of(slow := Slow())
    check(page, given(t__zip=packed(clip, "one", "two", "three")))
    stream, last = judge(page), {}
    while "left" not in last.get("status", ""):
        last |= merged(page, next(stream))
    assert re.search("about [89] min left", last["status"]), "of all three, before the first is judged"
    stream.close()      # the page is loaded again
    said = {"running": [kept.RUN]}
    back = merged(page, page.restore(ADDRESS, said, VISIT))
    assert text.RUN_LOST not in str(back.get("notice")) and back["halt"]["interactive"]
    watching = page.follow(ADDRESS, SimpleNamespace(session_hash="reloaded"))
    next(watching)
    slow.go.set()
    last = merged(page, watching)
    assert last["table"].count(OPENS) == 3 and 'data-state="done"' in last["status"]
    nothing, = page.follow(ADDRESS, VISIT)
    assert list(nothing) == [page.status]
