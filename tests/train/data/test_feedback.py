"""The published rows: each form, what cannot be used and its name, and a run that a bad video does not stop."""
import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from torch.utils.data import DataLoader

from tests.support.clips import moving_square
from tests.support.tiny import write_tiny
from train.data import feedback, files
from train.data.rows import IGNORED, Row
from vs2 import rubric, video
from vs2.errors import BadInput, Failure
from vs2.model.card import Card
from vs2.video.sampling import Sampling

PROMPT = "A cat, in {braces} for $5, drinks\n\n    Please output nothing."
COT = "\n<think>\nVisual Quality: 1\nThe cat is (score 2) blurred.\n</think>\n"
CARD = Card(sampling=Sampling(max_frames=4, min_pixels=28 * 28, max_pixels=56 * 56))


def sharegpt(name="a", text=None, reply=None, **more):
    text = rubric.ask(rubric.PUBLISHED_QUERY, PROMPT) if text is None else text
    reply = COT + rubric.REASONED.write((3, 4, 5)) if reply is None else reply
    return {"conversations": [{"from": "human", "value": f"<video>{text}"}, {"from": "gpt", "value": reply}],
            "videos": [f"videos/{name}.mp4"], **more}


def reinforced(name="a", scores=(3, 4, 5), text=None):
    answer = "visual quality: {}; text-to-video alignment: {}; physical/common-sense consistency: {}".format(*scores)
    return {"problem_id": name, "problem": rubric.ask(rubric.PUBLISHED_QUERY, PROMPT) if text is None else text,
            "data_type": "video", "problem_type": "video eval", "options": [], "data_source": "",
            "solution": f"<answer>{answer}</answer>", "path": f"./vs2_videos/{name}.mp4"}


def raw(name="a", scores=(3, 4, 5), thinking="The cat is there.", **more):
    return {"video_name": name, "video_url": "-", "prompt": PROMPT, "thinking": thinking,
            **dict(zip(("visual_score", "t2v_score", "phy_score"), scores, strict=True)), **more}


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return moving_square(tmp_path_factory.mktemp("clip") / "a.mp4", frames=4, size=(64, 48))


@pytest.fixture
def folder(tmp_path, clip):
    """Writes a folder of the dataset: folder(split, records, good names, broken names)."""
    def write(split, records, good=("a",), broken=()):
        (tmp_path / "videos").mkdir(exist_ok=True)
        for name in good:
            shutil.copy(clip, tmp_path / "videos" / f"{name}.mp4")
        for name in broken:
            (tmp_path / "videos" / f"{name}.mp4").write_bytes(clip.read_bytes()[:600])
        (tmp_path / feedback.FILES[split]).write_text(json.dumps(records), encoding="utf-8")
        return tmp_path
    return write


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from transformers import AutoConfig

    from vs2.model.inputs import load_processor

    start = write_tiny(tmp_path_factory.mktemp("tiny"))
    return load_processor(start), AutoConfig.from_pretrained(start)


def test_the_three_forms_give_the_same_row(folder):
    rows = {}
    for split, record in (("sft", sharegpt()), ("rl", reinforced()), ("test", raw())):
        found, bad = feedback.read(folder(split, [record]), split)
        assert not bad and len(found) == 1
        rows[split] = found[0]
        assert (found[0].key, found[0].prompt, found[0].query) == ("a", PROMPT, None)
        assert found[0].scores == (3, 4, 5) and found[0].video.samefile(folder(split, [record]) / "videos/a.mp4")
    assert rows["sft"].reply == COT + rubric.REASONED.write((3, 4, 5)), "byte for byte, not written anew"
    assert rows["rl"].reply is None
    assert rows["test"].reply == rubric.reply("The cat is there.", (3, 4, 5))


def test_a_question_in_other_words_is_kept_whole(folder):
    other = "\nYou are an expert.  Its text prompt: a cat.\n\nPlease think.\n"
    almost = rubric.ask(rubric.PUBLISHED_QUERY, "a cat").rstrip()
    for text in (other, almost):
        for split, record in (("sft", sharegpt(text=text)), ("rl", reinforced(text=text)),
                              ("rl", reinforced(text=f"\n<video>{text}"))):
            row, = feedback.read(folder(split, [record]), split)[0]
            assert (row.query, row.prompt) == (text, "")


@pytest.mark.parametrize(("split", "record", "kind", "says"), [
    ("sft", sharegpt(reply=COT + "\n(1) visual quality: 3\n(2) text-to-video alignment: 6\n"), "scores",
     "text-to-video alignment and physical"),
    ("sft", sharegpt(reply="\n<think>\nvisual quality: 3\n"), "scores", "visual quality"),
    ("rl", reinforced(scores=(3, 0, 5)), "scores", "text-to-video alignment"),
    ("rl", reinforced(scores=(3, 3.5, 5)), "scores", "text-to-video alignment"),
    ("test", raw(scores=(3, None, 5)), "scores", "text-to-video alignment"),
    ("test", raw(scores=(3, 4, 2.5)), "scores", "physical"),
    ("test", raw(scores=(True, 4, 2)), "scores", "visual quality"),
    ("test", raw(prompt=" "), "form", "prompt is empty"),
    ("sft", sharegpt(text="<video> and again"), "form", "<video>"),
    ("sft", sharegpt(text="x" * 5000), "form", "5000 characters"),
    ("sft", sharegpt(conversations=[{"from": "human", "value": "<video>x"}]), "form", "one question and one reply"),
    ("sft", sharegpt(videos=["a.mp4", "b.mp4"]), "form", "one video"),
    ("sft", sharegpt(name="lost"), "missing", "no file lost.mp4"),
    ("sft", sharegpt(name="../../secret"), "missing", "no file secret.mp4"),
    ("sft", "text", "form", "lacks keys"),
])
def test_a_bad_row_is_named_with_its_reason_and_the_others_stay(folder, split, record, kind, says):
    good = {"sft": sharegpt, "rl": reinforced, "test": raw}[split]
    rows, bad = feedback.read(folder(split, [record, good("b")], good=("a", "b")), split)
    assert [row.key for row in rows] == ["b"]
    assert [one.kind for one in bad] == [kind] and says in bad[0].reason and bad[0].key


def test_whole_numbers_in_any_spelling_are_scores(folder):
    row, = feedback.read(folder("test", [raw(scores=(3.0, "4", 5))]), "test")[0]
    assert row.scores == (3, 4, 5)


def test_videos_are_found_where_the_row_says_or_else_by_name(folder):
    path = folder("rl", [reinforced("a"), reinforced("b")], good=("a", "b"))
    (path / "vs2_videos").mkdir()
    (path / "videos/b.mp4").rename(path / "vs2_videos/b.mp4")
    shutil.copy(path / "videos/a.mp4", path / "vs2_videos/a.mp4")
    (path / "vs2_videos/a.mp4").rename(path / "other.mp4")
    rows, bad = feedback.read(path, "rl")
    assert not bad and [row.video.relative_to(path).as_posix() for row in rows] == ["videos/a.mp4", "vs2_videos/b.mp4"]
    for place in ("more", "less"):
        (path / place).mkdir()
        shutil.copy(path / "videos/a.mp4", path / place / "a.mp4")
    assert not feedback.read(path, "rl")[1], "videos/ is where the archives are unpacked"
    (path / "videos/a.mp4").unlink()
    rows, bad = feedback.read(path, "rl")
    assert [row.key for row in rows] == ["b"] and "2 files are called a.mp4" in bad[0].reason
    (path / "vs2_videos" / feedback.FILES["rl"]).write_text(json.dumps([{**reinforced(), "path": "../other.mp4"}]))
    rows, bad = feedback.read(path / "vs2_videos", "rl")
    assert not rows and bad[0].kind == "missing", "no row points out of the folder"
    (path / "vs2_videos/videos").symlink_to(path / "more")
    (path / "vs2_videos" / feedback.FILES["rl"]).write_text(json.dumps([reinforced()]))
    rows, bad = feedback.read(path / "vs2_videos", "rl")
    assert not bad and rows[0].key == "a", "a linked folder of videos is looked into"


def test_rows_of_one_clip_keep_different_names(folder):
    rows, _ = feedback.read(folder("sft", [sharegpt(), sharegpt(), sharegpt("b")], good=("a", "b")), "sft")
    assert [row.key for row in rows] == ["a", "a#2", "b"]


def test_what_cannot_be_opened_at_all_is_one_sentence(folder, model, tmp_path):
    path = folder("sft", [sharegpt("lost")])

    def opened(need="reply", **options):
        return feedback.open_rows({"kind": "feedback", **options}, *model, CARD, need, None)

    for options, says in (({}, "needs a folder"), ({"folder": tmp_path / "none"}, "does not exist"),
                          ({"folder": path, "splitt": "sft"}, "no option splitt"),
                          ({"folder": path, "split": "dev"}, "no split"),
                          ({"folder": path}, "1 without their video"),
                          ({"folder": path, "split": "rl"}, "RL.json does not exist")):
        with pytest.raises(BadInput, match=says) as told:
            opened(**options)
        assert "\n" not in str(told.value)
    (path / feedback.FILES["rl"]).write_text('[{"prompt": "x"}]', encoding="utf-8")
    with pytest.raises(BadInput, match="no known form"):
        opened(folder=path, split="rl")
    (path / feedback.FILES["rl"]).write_text('[{"pro', encoding="utf-8")
    with pytest.raises(BadInput, match="not a JSON file"):
        opened(folder=path, split="rl")
    with pytest.raises(BadInput, match="no reply to learn"):
        opened(folder=folder("rl", [reinforced()]), split="rl")
    assert len(opened("scores", folder=path, split="rl")) == 1


def test_a_row_becomes_tensors_that_learn_its_reply(folder, model):
    other = "You are an expert. a cat"
    rows = feedback.open_rows({"kind": "feedback", "folder": folder("sft", [sharegpt(), sharegpt(text=other)])}, *model,
                              CARD, "reply", None)
    tokenizer = model[0].tokenizer
    for index, asked in enumerate((rubric.ask(CARD.query, PROMPT), other)):
        made = rows[index]
        learned = made["labels"] != IGNORED
        assert tokenizer.decode(made["labels"][learned]) == rows.rows[index].reply + tokenizer.eos_token
        assert f"<|vision_end|>{asked}<|im_end|>" in tokenizer.decode(made["input_ids"][~learned])
    assert rows.lengths()[0] > rows.lengths()[1] > len(COT) // 4


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_goes_on_past_videos_that_cannot_be_read(folder, model, tmp_path, workers):
    names = ["bad1", "good1", "bad2", "bad3", "good2"]
    path = folder("sft", [sharegpt(name) for name in [*names, "lost"]], good=("good1", "good2"),
                  broken=("bad1", "bad2", "bad3"))
    output = tmp_path / "run"
    for _ in range(2):      # a second run of the same output starts its names anew
        rows = feedback.open_rows({"kind": "feedback", "folder": path}, *model, CARD, "reply", output)
        assert len(rows) == 5
        for _ in range(2):  # and a second pass over the data does not name a row twice
            loader = DataLoader(rows, batch_size=None, num_workers=workers)
            got = [made["pixel_values_videos"].shape for made in loader]
            assert len(got) == 5
        assert [rows.row(index).key for index in range(5)] == ["good1", "good1", "good2", "good2", "good2"]
        with (output / files.SKIPPED).open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        found = {(line["kind"], line["key"]) for line in lines}
        assert found == {("missing", "lost"), *(("unreadable", name) for name in names if "bad" in name)}
        assert all(line["reason"] for line in lines)
        assert rows.report().startswith(
            "feedback sft: 6 rows: 2 good, 1 without their video, 3 whose video cannot be read; the names are in ")


def test_names_are_counted_once_whoever_writes_them(tmp_path):
    path, bad = tmp_path / files.SKIPPED, files.Bad("a, \"b\"\n", "unreadable", "line\nbreak")
    first, second, other = (files.Skipped(path, source) for source in ("rows", "rows", "others"))
    for one in (first, second, other):
        one.start([])
    for one in (first, second, first, other):
        one.add(bad)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3, "a header and one line a source"
    with path.open("a", encoding="utf-8") as file:      # two processes that added at the same moment
        file.write(path.read_text(encoding="utf-8").splitlines()[1] + "\n")
    assert [one.key for one in first.all()] == ['a, "b"'] and len(other.all()) == 1
    files.Skipped(path, "rows").start([])
    assert not first.all() and len(other.all()) == 1


def test_a_disk_that_is_gone_stops_the_run(tmp_path, model):
    rows = [Row(f"{number}", tmp_path / f"{number}.mp4", "a cat", COT, (1, 1, 1)) for number in range(200)]
    gone = files.FileRows(rows, [], *model, CARD)
    with pytest.raises(Failure, match="64 videos one after another"):
        gone[0]


def test_a_fault_of_the_machine_is_tried_again_and_not_held_against_the_file(tmp_path, model, clip, monkeypatch):
    rows = files.FileRows([Row(key, clip, "a cat", COT, (1, 1, 1)) for key in "ab"], [], *model, CARD)
    real, fails = video.read, []

    def read(path, sampling):
        if len(fails) < limit:
            fails.append(path)
            raise Failure("no memory")
        return real(path, sampling)

    monkeypatch.setattr(video, "read", read)
    limit = 1
    assert rows.row(0).key == "a" and not rows.skipped.all(), "the second attempt works"
    fails.clear()
    limit = 2
    assert rows.row(1).key == "a", "the next row stands in"
    fails.clear()
    limit = 0
    assert rows.row(0).key == "a" and rows.row(1).key == "b", "and b is read once the machine has memory again"


def test_a_bad_file_is_opened_once_and_a_row_asked_for_twice_too(model, clip, tmp_path, monkeypatch):
    (tmp_path / "bad.mp4").write_bytes(clip.read_bytes()[:600])
    rows = files.FileRows([Row("bad", tmp_path / "bad.mp4", "a cat", COT, (1, 1, 1)),
                           Row("a", clip, "a cat", COT, (1, 1, 1))], [], *model, CARD)
    real, opened = video.read, []
    monkeypatch.setattr(video, "read", lambda path, *rest: opened.append(path.name) or real(path, *rest))
    assert [rows.row(index).key for index in (0, 0, 1, 0, 0)] == ["a"] * 5
    assert opened == ["bad.mp4", "a.mp4", "a.mp4", "a.mp4"]


def test_the_check_reads_every_video_and_writes_the_names(folder, tmp_path, capsys):
    path = folder("sft", [sharegpt("a"), sharegpt("bad"), sharegpt("lost"), sharegpt("a", reply="no score")],
                  broken=("bad",))
    out = tmp_path / "names.csv"
    assert feedback.main([str(path), "--split", "sft", "--check", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "4 rows: 1 good, 1 without readable scores, 1 without their video, 1 whose video cannot be read" in said
    assert [line.split(",")[1:3] for line in out.read_text(encoding="utf-8").splitlines()[1:]] == [
        ["missing", "lost"], ["scores", "a#2"], ["unreadable", "bad"]]
    assert feedback.main([str(path), "--out", str(out)]) == 0 and "2 good" in capsys.readouterr().out
    assert feedback.main([str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_published_query_is_the_one_that_prompts_are_taken_from(shared):
    query = (shared / "golden" / "query.txt").read_text(encoding="utf-8")
    assert feedback.asked("<video>" + rubric.ask(query, "a cat")) == {"prompt": "a cat"}


def test_frames_are_sampled_as_the_card_says(clip, model):
    rows = files.FileRows([Row("a", clip, "a cat", COT, (1, 1, 1))], [], *model, CARD)
    assert len(rows.row(0).frames(CARD)) == 4
    pair = replace(CARD, sampling=replace(CARD.sampling, min_frames=2, max_frames=2))
    assert len(files.FileRows(rows.rows, [], *model, pair).row(0).frames(pair)) == 2




@pytest.mark.parametrize("before", ["\n<video>\n", "<video>\n", " <video> ", "\n<video>\r\n", "<video>\n\n"])
def test_the_published_query_is_known_after_a_mark_on_a_line_of_its_own(before):
    assert feedback.asked(before + rubric.ask(rubric.PUBLISHED_QUERY, " a cat\n")) == {"prompt": " a cat\n"}


def test_a_query_that_is_nearly_the_published_one_stays_a_query():
    asked, empty = (rubric.ask(rubric.PUBLISHED_QUERY, prompt) for prompt in ("a cat", ""))
    for text in (asked.lstrip(), "\n" + asked + "\n", "\n" + asked.rstrip(), "\n" + asked + "Think.", "\n" + empty):
        assert feedback.asked("\n<video>" + text) == {"prompt": "", "query": text}
