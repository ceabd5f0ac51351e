"""The Review page without a browser: what it lists, shows, takes and refuses; what hostile text becomes."""
import csv
import html
import io
import json
import re
import zipfile
from pathlib import Path

import gradio as gr
import pytest

from tests.support import apart
from tests.ui.test_pages import HOSTILE, Scripted, site_of
from vs2.errors import BadInput
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.history import review_rows
from vs2.history.review_rows import Review
from vs2.rubric import KEYS
from vs2.ui import passages
from vs2.ui.review import access, data, layout
from vs2.ui.review import page as review_page
from vs2.ui.review.page import ReviewPage
from vs2.ui.text import review as text

ANN, BOB = {"visitor": "a" * 32}, {"visitor": "b" * 32}
SAID = ("A ball 🙂 rolls. It lasts 1.5 s.\nVisual quality: Sharp (very). Frame 2 is not…\n\nText alignment: as asked.\n"
        "**Physical consistency:** It floats at 9 s!\n")
AGREE = dict.fromkeys(KEYS, "agree")


def evaluation(values=(4, 5, 2), rationale=SAID, **more) -> Evaluation:
    scores = {key: Score(value) for key, value in zip(KEYS, values, strict=True)}
    return Evaluation(**{"video": "a.mp4", "prompt": "a ball", "model": "mini", "precision": "fp32", "scores": scores,
                         "rationale": rationale, "frames": 3, "seconds": Seconds(), "tokens": 9,
                         "frame_times": (0.0, 1.0, 2.0)} | more)


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Makes a page over a store of its own."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    for name in ("SPACE_ID", "OAUTH_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    stores = []

    def make(**settings) -> ReviewPage:
        site = site_of(Scripted(), tmp_path / "home", **settings)
        stores.append(site.store)
        with gr.Blocks():
            return ReviewPage(site, gr.HTML())

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def page(made):
    return made()


@pytest.fixture
def clip(tmp_path) -> Path:
    path = tmp_path / "given.mp4"
    path.write_bytes(b"a clip")
    return path


def keep(page, visitor=ANN, path=None, **more) -> str:
    return page.site.store.add(evaluation(**more), visitor["visitor"], path)


def say(page, id, reviewer="ann", profile=None, **more) -> dict:
    return page.save({"id": id, "reviewer": reviewer, "verdicts": AGREE, **more}, profile)


def account(name: str) -> gr.OAuthProfile:
    return gr.OAuthProfile({"name": name.title(), "preferred_username": name, "profile": "", "picture": ""})


def test_parts_are_the_whole_rationale_and_sentences_lie_in_them():
    parts = passages.parts(SAID)
    assert "".join(SAID[part.start:part.end] for part in parts) == SAID
    assert [part.heading for part in parts] == ["", *KEYS]
    assert [SAID[part.body:part.end] for part in parts][1:] == [
        "Sharp (very). Frame 2 is not…\n\n", "as asked.\n", "It floats at 9 s!\n"]
    assert [SAID[start:end] for start, end in passages.sentences(SAID)] == [
        "A ball 🙂 rolls.", "It lasts 1.5 s.", "Sharp (very).", "Frame 2 is not…", "as asked.", "It floats at 9 s!"]
    assert passages.parts("") == [] and passages.sentences(" \n\n ") == []
    assert [part.heading for part in passages.parts("Visual quality: a\nVisual quality: b")] == ["visual_quality"] * 2
    assert passages.merged([(5, 9), (0, 2), (2, 3), (6, 7), (8, 12)]) == [(0, 3), (5, 12)]


def test_the_text_that_is_shown_is_the_rationale_whatever_it_holds(page):
    said = f"{HOSTILE} 🙂 at 1.5 s\r\nVisual quality: {HOSTILE} in frame 2. & &amp; <br>\x00\n\n"
    detail = page.show({"id": keep(page, rationale=said)}, None)
    tags = {tag for part in detail["parts"] for tag in re.findall(r"<\s*/?\s*([a-zA-Z]+)", part["html"])}
    assert tags == {"button"}, "nothing but the times"
    shown = [html.unescape(re.sub(r"</?button[^>]*>", "", part["html"])) for part in detail["parts"]]
    assert "".join(shown) == said.replace("\0", "\ufffd"), "a parser of HTML would drop it"
    assert not any("\r" in part["html"] for part in detail["parts"]), "and this would become one with the line's end"
    starts = [sum(map(len, shown[:number])) for number in range(len(shown))]
    assert [part["start"] for part in detail["parts"]] == starts, "counted in characters, not in UTF-16"
    assert {part["key"] for part in detail["parts"]} == {"", "visual_quality"}
    times = re.findall(r'data-time="([\d.]+)"', "".join(part["html"] for part in detail["parts"]))
    assert times == ["1.500", "1.000"], "the second is frame 2"


def test_half_a_character_does_not_break_the_page(page):
    id = keep(page, rationale="a\ud83d b.", prompt="\udc00", video="\ud800.mp4")
    detail = page.show({"id": id}, None)
    json.dumps(detail, ensure_ascii=False).encode()
    assert detail["parts"][0]["html"] == "a? b." and detail["sentences"] == [(0, 2), (3, 5)]
    json.dumps(page.find({"address": ANN}, None), ensure_ascii=False).encode()
    say(page, id, note="\ud83d", wrong_passages=[{"start": 0, "end": 2}])
    for kind in data.FILES:
        data.export(page.seen_reviews(ANN), kind, page.site.store)


def test_the_list_is_ones_own_and_what_a_link_names(page):
    mine, theirs = keep(page), keep(page, BOB, values=(1, 1, 1))
    listed = page.find({"address": ANN}, None)
    assert [item["id"] for item in listed["items"]] == [mine] and listed["count"] == 1 and listed["named"] == 0
    assert listed["items"][0] | {"id": "", "created": 0} == {
        "id": "", "video": "a.mp4", "prompt": "a ball", "model": "mini", "scores": [4, 5, 2], "reviews": 0,
        "mine": False, "created": 0, "lacking": ["not read"] * 3, "withheld": ""}
    listed = page.find({"address": ANN | {"e": [theirs, mine, "x" * 22]}}, None)
    assert [item["id"] for item in listed["items"]] == [theirs, mine] and listed["named"] == 1
    searched = page.find({"address": ANN | {"e": [theirs]}, "filter": {"text": "a ball"}}, None)
    assert [item["id"] for item in searched["items"]] == [mine]
    nobody = page.find({"address": {"visitor": "", "e": [theirs]}}, None)
    assert [item["id"] for item in nobody["items"]] == [theirs] and nobody["models"] == []
    for address in ({}, None, "x", {"visitor": "../../etc"}, {"visitor": ["a"]}):
        with pytest.raises(BadInput):
            page.find({"address": address}, None)


def test_everyones_are_listed_where_the_history_is_shared(made):
    page = made(shared_history=True)
    first, second = keep(page), keep(page, BOB)
    assert [item["id"] for item in page.find({"address": {"visitor": ""}}, None)["items"]] == [second, first]


def test_the_filter(page):
    ids = {name: keep(page, values=values, model=model, prompt=f"prompt {name}", rationale=said)
           for name, values, model, said in (("one", (1, 2, 3), "mini", "x"), ("two", (5, 5, 5), "7B", "A Dög."),
                                             ("three", (None, 4, 4), "mini", "y"))}
    say(page, ids["two"])

    def found(**wanted):
        listed = page.find({"address": ANN, "filter": wanted}, None)["items"]
        return {name for name, id in ids.items() if id in {item["id"] for item in listed}}

    assert found() == set(ids) and page.find({"address": ANN}, None)["models"] == [["7B", "7B"], ["mini", "mini"]]
    assert found(model="mini") == {"one", "three"}
    assert found(text=" dög ") == {"two"} and found(text="PROMPT ON") == {"one"}
    assert found(reviewed=True) == {"two"} and found(reviewed=False) == {"one", "three"}
    assert found(scores={"visual_quality": [2, 5]}) == {"two"}
    assert found(scores={"visual_quality": [1, 5]}) == set(ids), "the whole range leaves unread scores in"
    assert found(scores={"visual_quality": [1, 5], "text_alignment": [4, 5]}) == {"two", "three"}
    for nonsense in ({"scores": 7}, {"scores": {"visual_quality": [1]}}, {"scores": {"x": [1, 2]}}, {"reviewed": "no"},
                     {"scores": {"visual_quality": [True, 2]}}, {"text": ["x"]}, {"model": None}):
        assert found(**nonsense) == set(ids)


def test_a_page_of_the_list_at_a_time(page, monkeypatch):
    monkeypatch.setattr("vs2.ui.review.page.PAGE", 2)
    ids = [keep(page) for _ in range(3)]
    first = page.find({"address": ANN}, None)
    rest = page.find({"address": ANN | {"e": [ids[0]]}, "offset": 2}, None)
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1] and rest["named"] == 0
    assert first["count"] == 3
    assert len(page.find({"address": ANN, "offset": -5}, None)["items"]) == 2


def test_a_review_is_stored_and_found_again(page):
    id = keep(page)
    start = SAID.index("🙂")
    marks = [{"start": start + 2, "end": start + 7}, {"start": start, "end": start + 3}]
    verdicts = AGREE | {"text_alignment": "disagree"}
    answer = say(page, id, "  Ann \u202e  B\n", verdicts=verdicts, corrected={"text_alignment": 1}, note=" é🙂\n ",
                 wrong_passages=marks)
    assert answer["reviewer"] == "Ann B" and answer["reviews"] == 1
    stored = page.site.store.review(id, "Ann B")
    assert stored.wrong_passages == ((start, start + 7),) and stored.rationale[start:start + 7] == "🙂 rolls"
    assert stored.note == "é🙂" and stored.corrected == {"text_alignment": 1} and stored.scores["text_alignment"] == 5
    shown = page.show({"id": id, "reviewer": "Ann B"}, None)
    assert shown["review"] == answer["review"] and shown["reviews"] == 1
    assert page.show({"id": id, "reviewer": "bob"}, None)["review"] is None
    assert page.find({"address": ANN, "reviewer": "Ann B"}, None)["items"][0]["mine"]
    say(page, id, "Ann B")
    assert page.site.store.review(id, "Ann B").undisputed, "the later one replaces the earlier"
    assert page.remove({"id": id, "reviewer": "Ann B"}, None) == {"reviews": 0}
    assert page.show({"id": id, "reviewer": "Ann B"}, None)["review"] is None


@pytest.mark.parametrize(("more", "says"), [
    ({"verdicts": AGREE | {"text_alignment": "maybe"}}, "verdict"), ({"verdicts": {}}, "verdicts must be given"),
    ({"verdicts": None}, "verdicts must be given"), ({"verdicts": [1]}, "verdicts must be given"),
    ({"verdicts": AGREE | {"physical_consistency": ["agree"]}}, "verdict"),
    ({"corrected": {"visual_quality": 2}}, "corrected and agreed"), ({"corrected": "abc"}, "corrected must be given"),
    ({"verdicts": AGREE | {"visual_quality": "disagree"}, "corrected": {"visual_quality": 2.5}}, "whole number"),
    ({"wrong_passages": [{"start": 0, "end": len(SAID) + 1}]}, "does not lie"),
    ({"wrong_passages": [[0, 3]]}, "list of"), ({"wrong_passages": 7}, "list of"),
    ({"wrong_passages": [{"start": "0", "end": 3}]}, "whole numbers"), ({"note": "x" * 4001}, "shorten it to 4000"),
    ({"wrong_passages": [{"start": 0, "end": 1}] * 201}, "mark at most 200"),
    ({"reviewer": " \n"}, "Write your name"), ({"reviewer": None}, "Write your name"),
    ({"reviewer": "x" * 81}, "shorten it to 80"), ({"id": "x" * 22}, "no longer stored"), ({"id": None}, "no longer"),
    ({"id": "' OR 1=1 --"}, "no longer"), ({"id": ["x"]}, "no longer"),
])
def test_what_is_no_review_is_refused_in_a_sentence(page, more, says):
    id = keep(page)
    with pytest.raises(BadInput, match=says) as refused:
        say(page, **{"id": id} | more)
    assert str(refused.value).endswith(".") and page.site.store.reviews() == []


def test_an_unread_score_cannot_be_agreed_with(page):
    id = keep(page, values=(4, None, 2))
    with pytest.raises(BadInput, match="gave no score"):
        say(page, id)
    answer = say(page, id, verdicts=AGREE | {"text_alignment": "disagree"}, corrected={"text_alignment": 3})
    assert answer["review"]["corrected"] == {"text_alignment": 3}


def test_on_a_space_a_reviewer_is_who_is_logged_in(page, monkeypatch):
    id = keep(page)
    monkeypatch.setenv("SPACE_ID", "me/space")
    with pytest.raises(BadInput, match="has no login"):
        say(page, id, "ann")
    monkeypatch.setenv("OAUTH_CLIENT_ID", "x")
    monkeypatch.setattr(access, "find_spec", lambda name: name)
    for attempt in (lambda: say(page, id, "ann"), lambda: page.remove({"id": id, "reviewer": "ann"}, None)):
        with pytest.raises(BadInput, match="Sign in"):
            attempt()
    assert say(page, id, "bob", account("ann"))["reviewer"] == "ann"
    assert [review.reviewer for _, review in page.site.store.reviews()] == ["ann"]
    assert page.show({"id": id, "reviewer": "bob"}, account("ann"))["review"]
    assert page.show({"id": id, "reviewer": "ann"}, None)["review"] is None
    with pytest.raises(gr.Error, match="Sign in"):
        page.review(id, "ann", AGREE, {}, [], "", None)


def test_a_space_has_a_login_button_and_no_place_for_a_name(made, monkeypatch):
    def buttons(page):
        return [block for block in page.desk.parent.children if isinstance(block, gr.LoginButton)]

    assert not buttons(made()) and "name=\"reviewer\"" in layout.template(False)
    monkeypatch.setenv("SPACE_ID", "me/space")
    assert not buttons(made()), "Gradio refuses to start with the button where there is no login"
    monkeypatch.setenv("OAUTH_CLIENT_ID", "x")
    monkeypatch.setattr(access, "find_spec", lambda name: None)
    assert not buttons(made()), "nor without what it needs"
    monkeypatch.setattr(access, "find_spec", lambda name: name)
    monkeypatch.setattr("gradio.routes.attach_oauth", lambda app: None)  # it asks for the whole of a Space's login
    assert len(buttons(made())) == 1 and "name=\"reviewer\"" not in layout.template(True)


def test_the_functions_for_the_browser_answer_in_sentences(page):
    served = {function.__name__: function for function in page.desk.server_fns}
    assert set(served) == {"review_find", "review_show", "review_clip", "review_save", "review_remove", "review_export"}
    for name, function in served.items():
        for nonsense in (None, [], "x", {}, {"id": 7, "address": 7, "filter": 7, "offset": "x"}):
            answer = apart.run(function(*[nonsense, *[None] * (name not in ("review_clip", "review_export"))]))
            assert set(answer) == {"problem"} and answer["problem"].endswith("."), (name, nonsense)


def test_the_endpoint_does_what_the_page_does(page):
    id = keep(page)
    record = page.review(id, "ann", AGREE | {"visual_quality": "disagree"}, {"visual_quality": 1},
                       [{"start": 0, "end": 6}], "why", None)
    assert record["evaluation"] == id and record["video"] == "a.mp4" and record["wrong_passages"] == [
        {"start": 0, "end": 6}]
    del record["evaluation"]
    assert Review.from_json(record).note == "why"
    assert page.site.store.review(id, "ann").corrected == {"visual_quality": 1}
    for wrong in ((id, "", AGREE, {}, [], ""), (None, "ann", AGREE, {}, [], ""), (id, "ann", None, None, None, None)):
        with pytest.raises(gr.Error) as refused:
            page.review(*wrong, None)
        assert refused.value.message.endswith(".")


def test_the_endpoint_is_documented_without_what_the_server_adds(page):
    endpoints = page.desk.parent.get_api_info()["named_endpoints"]
    assert list(endpoints) == ["/review"]
    assert [one["parameter_name"] for one in endpoints["/review"]["parameters"]] == [
        "id", "reviewer", "verdicts", "corrected", "passages", "note"]


def test_figures_stand_on_what_a_visitor_may_see(page):
    mine, theirs = keep(page), keep(page, BOB)
    figures, picture, _, table = page.agree(ANN, review_page.JUDGE, "visual_quality")
    assert text.AGREEMENT_NONE in figures and picture["visible"] is False and table == ""
    say(page, mine, "<b>ann</b>")
    say(page, mine, "bob", verdicts=AGREE | {"visual_quality": "disagree"}, corrected={"visual_quality": 1})
    say(page, theirs)
    assert {id for id, _ in page.seen_reviews(ANN)} == {mine}
    assert {id for id, _ in page.seen_reviews(ANN | {"e": [theirs, mine]})} == {mine, theirs}
    assert len(page.seen_reviews(ANN | {"e": [theirs, mine]})) == 3 and page.seen_reviews({}) == []
    figures, picture, matrix, table = page.agree(ANN, review_page.JUDGE, "visual_quality")
    assert "Reviews: 2. Reviewers: 2. Evaluations: 1." in figures and picture["visible"] is True
    assert list(matrix.data[0].z[3]) == [1, 0, 0, 1, 0] and "<td>1</td><td>0</td><td>0</td><td>1</td>" in table
    _, _, matrix, table = page.agree(ANN, review_page.REVIEWERS, "visual_quality")
    assert list(matrix.data[0].z[0]) == [0, 0, 0, 1, 0] and matrix.layout.yaxis.title.text == text.ONE_AXIS
    page.agree(ANN, "nonsense", "nonsense")


def test_the_page_opens(page):
    id = keep(page)
    say(page, id)
    values = page.open(ANN | {"page": "review", "e": [id]})
    assert len(values) == len(page.opens) and "Reviews: 1." in values[1]
    assert page.open(ANN)[0] != page.open(ANN)[0], "another value each time, or the browser would not notice"


def test_every_word_of_the_script_is_given():
    source = layout.script()
    words = json.loads(re.match(r"const words = (.*);\n", source)[1])
    used = set(re.findall(r"\bwords\.(\w+)", source)) | {"agree", "disagree"}
    assert used == set(words)
    assert "${" not in layout.template(False) and "{{" not in layout.template(False)


def test_exports_hold_what_was_said(page, clip):
    id = keep(page, path=clip, video="C:\\me\\my clip.mp4")
    without = keep(page, prompt="=1+1")
    say(page, id, "=cmd()", wrong_passages=[{"start": 0, "end": 6}], note="@SUM(1)")
    say(page, without)
    keep(page, BOB)
    made = {kind: page.export({"address": ANN, "kind": kind}) for kind in data.FILES}
    assert all(Path(one["path"]).name == one["name"] == data.FILES[kind] for kind, one in made.items())
    assert all(one["path"] in page.desk.temp_files for one in made.values())
    rows = list(csv.DictReader(io.StringIO(Path(made["csv"]["path"]).read_text(encoding="utf-8"), newline="")))
    assert {(row["reviewer"], row["video"], row["prompt"]) for row in rows} == {
        ("'=cmd()", "my clip.mp4", "a ball"), ("ann", "a.mp4", "'=1+1")}
    records = json.loads(Path(made["json"]["path"]).read_text(encoding="utf-8"))
    assert {record["evaluation"] for record in records} == {id, without}
    assert str(page.site.settings.home) not in json.dumps(records)
    with zipfile.ZipFile(made["training"]["path"]) as file:
        assert sorted(file.namelist()) == ["clips/00001.mp4", "reviews.jsonl"]
        assert file.read("clips/00001.mp4") == b"a clip"
    training = made["training"]
    assert (training["count"], training["lacking"]) == (1, 1) and "are not kept" in training["said"]
    for said in ({"address": BOB, "kind": "csv"}, {"address": ANN, "kind": "exe"}, {"address": {}, "kind": "csv"},
                 {"address": ANN, "kind": ["csv"]}, {"address": ANN, "kind": {}}, {"address": ANN}):
        with pytest.raises(BadInput):
            page.export(said)


def test_a_clip_is_given_only_where_it_is_kept(page, tmp_path):
    from tests.support.clips import moving_square

    id = keep(page, path=moving_square(tmp_path / "b.mp4"))
    path = Path(page.clip({"id": id})["path"])
    assert path.is_relative_to(tmp_path / "uploads") and path.read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert page.clip({"id": keep(page)}) == {"path": None}
    with pytest.raises(BadInput):
        page.clip({"id": "../../etc/passwd"})


def test_a_review_keeps_its_form_in_the_browser(page):
    """What the browser sends and what it gets are the same, so that it can tell a draft from what is stored."""
    sent = {"verdicts": AGREE | {"visual_quality": "disagree"}, "corrected": {"visual_quality": 2}, "note": "n",
            "wrong_passages": [{"start": 3, "end": 9}, {"start": 20, "end": 22}]}
    assert say(page, keep(page), **sent)["review"] == sent


def test_review_rows_can_read_the_table_of_lines(page, clip, tmp_path):
    say(page, keep(page, path=clip))
    with zipfile.ZipFile(page.export({"address": ANN, "kind": "training"})["path"]) as file:
        file.extractall(tmp_path / "out")
    (read,), wrong = review_rows.read(tmp_path / "out" / "reviews.jsonl")
    assert not wrong and read.video == (tmp_path / "out" / "clips" / "00001.mp4").resolve() and read.video.is_file()


def test_names_of_people_are_told_apart():
    assert access.reviewer("  a\tb  ", None) == "a b"
    assert access.known("", None) == ""
