"""Rows written for other trainers, and read back: nothing may be lost on the way."""
import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.clips import moving_square
from train.data import feedback
from train.data.rows import Row
from train.export import __main__ as command
from train.export import export, llamafactory
from train.export.rows import WRAPPER, Export
from train.export.verl import Records
from vs2 import rubric
from vs2.errors import BadInput
from vs2.history import review_rows
from vs2.model.card import Card

REPLY = rubric.reply("Sharp – “quoted”.\nIt moves.", (3, 4, 5))


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> list[Row]:
    folder = tmp_path_factory.mktemp("a folder") / "videos"
    folder.mkdir()
    for name in "abc":
        moving_square(folder / f"{name}.mp4", frames=4, size=(64, 48))
    return [Row("a", folder / "a.mp4", "a $5 {cat}\n", REPLY, (3, 4, 5)),
            Row("b", folder / "b.mp4", "", REPLY, (3, 4, 5), query=" Other words.\nEnd "),
            Row("c", folder / "c.mp4", "a dog", None, (1, 2, 3))]


def same(found: list[Row], expected: list[Row], replies=True):
    assert [(row.key, row.video, row.prompt, row.query, row.scores, row.reply) for row in found] == \
        [(row.key, row.video, row.prompt, row.query, row.scores, row.reply if replies else None) for row in expected]


def test_llamafactory_rows_read_back_as_the_published_ones(rows, tmp_path):
    (tmp_path / "dataset_info.json").write_text('{"identity": {"file_name": "identity.json"}}', encoding="utf-8")
    paths, kept, bad = export(rows, "llamafactory", tmp_path)
    assert kept == rows[:2] and [(one.key, one.kind) for one in bad] == [("c", "form")]
    found, wrong = feedback.rows_of(feedback.records(tmp_path / "vs2.json"), feedback.Videos(tmp_path))
    same(found, rows[:2])
    assert not wrong and paths == [tmp_path / name for name in ("vs2.json", "dataset_info.json", "vs2.yaml",
                                                                "vs2_zero3.json", "vs2.sh")]
    info = json.loads((tmp_path / "dataset_info.json").read_text(encoding="utf-8"))
    assert info["identity"] == {"file_name": "identity.json"}, "the data sets that were there stay"
    entry = info["vs2"]
    record = json.loads((tmp_path / entry["file_name"]).read_text(encoding="utf-8"))[0]
    turns = record[entry["columns"]["messages"]]
    assert entry["formatting"] == "sharegpt" and len(record[entry["columns"]["videos"]]) == 1
    assert [turn[entry["tags"]["role_tag"]] for turn in turns] == [entry["tags"]["user_tag"],
                                                                   entry["tags"]["assistant_tag"]]
    assert turns[0][entry["tags"]["content_tag"]].count("<video>") == 1


def test_swift_rows_read_back(rows, tmp_path):
    paths, kept, bad = export(rows, "ms-swift", tmp_path, "mine")
    assert kept == rows and not bad and [path.name for path in paths] == [
        "mine_sft.jsonl", "mine_sft.sh", "mine_grpo.jsonl", "mine_grpo.sh", "mine_reward.py"]
    paths = [path for path in paths if path.suffix == ".jsonl"]

    def back(path, reply, scores):
        return [Row(Path(record["videos"][0]).stem, Path(record["videos"][0]), **{"prompt": "", **feedback.asked(
            record["messages"][0]["content"])}, reply=reply(record), scores=feedback.scores_of(scores(record)))
                for record in map(json.loads, path.read_text(encoding="utf-8").splitlines())]

    learned = back(paths[0], lambda record: record["messages"][1]["content"],
                   lambda record: record["messages"][1]["content"])
    same(learned, rows[:2])
    rewarded = back(paths[1], lambda record: None, lambda record: record["solution"][len("<answer>"):-len("</answer>")])
    same(rewarded, rows, replies=False)
    for path, roles in zip(paths, (["user", "assistant"], ["user"]), strict=True):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert [turn["role"] for turn in json.loads(line)["messages"]] == roles


def verl_back(record: dict) -> Row:
    video, = record["videos"]
    turn, = record["prompt"]
    assert video["type"] == "video" and video["video"].startswith("file:///") and turn["role"] == "user"
    assert record["reward_model"]["style"] == "rule" and record["data_source"] and record["ability"]
    asked = feedback.asked(turn["content"])
    assert record["extra_info"]["t2v_prompt"] == asked["prompt"]
    return Row(record["extra_info"]["key"], Path(video["video"].removeprefix("file://")), **asked,
               reply=record["extra_info"]["reply"], scores=feedback.scores_of(record["reward_model"]["ground_truth"]))


def test_verl_records_hold_the_rows(rows):
    records = [Records(Export(Path("out"))).grpo(row, index) for index, row in enumerate(rows)]
    same([verl_back(record) for record in records], rows)
    assert [record["extra_info"]["index"] for record in records] == [0, 1, 2]


def test_verl_files_read_back(rows, tmp_path):
    from pyarrow import parquet

    paths, kept, bad = export(rows, "verl", tmp_path)
    assert kept == rows and not bad and [path.name for path in paths] == [
        "vs2.parquet", "vs2_grpo.sh", "vs2_reward.py", "vs2_sft.parquet", "vs2_sft.sh"]
    same([verl_back(record) for record in parquet.read_table(paths[0]).to_pylist()], rows)
    learned = parquet.read_table(paths[3]).to_pylist()
    assert [[turn["role"] for turn in record["messages"]] for record in learned] == [["user", "assistant"]] * 2
    same([Row(Path(record["videos"][0]["video"]).stem, Path(record["videos"][0]["video"].removeprefix("file://")),
              **feedback.asked(record["messages"][0]["content"]), reply=record["messages"][1]["content"],
              scores=feedback.scores_of(record["messages"][1]["content"])) for record in learned], rows[:2])


def test_without_pyarrow_the_package_is_named(rows, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadInput, match="pip install pyarrow"):
        export(rows, "verl", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_mark_in_a_text_would_be_a_second_medium_so_the_row_is_named(rows, tmp_path):
    for field, text, mark in (("prompt", "a <video> shop", "<video>"),
                              ("reply", REPLY.replace("moves", "<image>"), "<image>"), ("query", "<audio>", "<audio>")):
        bad_row = Row(**{**vars(rows[0]), "key": "bad", field: text})
        for to in ("llamafactory", "ms-swift", "verl"):
            _, kept, bad = export([bad_row, rows[0]], to, tmp_path)
            assert kept == [rows[0]] and [one.key for one in bad] == ["bad"] and mark in bad[0].reason


def test_a_card_asks_in_its_own_words(rows, tmp_path):
    export(rows, "llamafactory", tmp_path, card=Card(query="Judge: $t2v_prompt"))
    records = json.loads((tmp_path / "vs2.json").read_text(encoding="utf-8"))
    asked = [record["conversations"][0]["value"] for record in records]
    assert asked == ["<video>Judge: a $5 {cat}\n", "<video> Other words.\nEnd "], "but not for a row with its own"


def test_the_command_exports_both_sources(rows, tmp_path, capsys):
    source = tmp_path / "data"
    shutil.copytree(rows[0].video.parent, source / "videos")
    records = [llamafactory.record(row, Export(tmp_path)) for row in rows[:2]]
    (source / feedback.FILES["sft"]).write_text(json.dumps([*records, {}]), encoding="utf-8")
    assert command.main([str(source), "--to", "llamafactory", "--out", str(tmp_path / "one")]) == 0
    assert "3 rows: 2 good, 1 not of the known form" in capsys.readouterr().out
    assert "row 3" in (tmp_path / "one/skipped.csv").read_text(encoding="utf-8")
    said = review_rows.Review(rows[0].video, "a cat", "mini", "Sharp.", dict.fromkeys(rubric.KEYS, 3), "ann",
                              dict.fromkeys(rubric.KEYS, "agree"))
    review_rows.write([said], tmp_path / "reviews.jsonl")
    assert command.main([str(tmp_path / "reviews.jsonl"), "--to", "ms-swift", "--out", str(tmp_path / "two")]) == 0
    assert "1 rows: 1 good" in capsys.readouterr().out and len(list((tmp_path / "two").glob("*.jsonl"))) == 2
    assert command.main([str(tmp_path / "none"), "--to", "ms-swift", "--out", str(tmp_path / "two")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert command.main([str(tmp_path / "reviews.jsonl"), "--to", "verl", "--out", "two", "--file", "x.json"]) == 2
    assert "--file" in capsys.readouterr().err


def test_another_file_of_the_folder_can_be_exported(rows, tmp_path, capsys):
    shutil.copytree(rows[0].video.parent, tmp_path / "data/videos")
    (tmp_path / "data/mine.json").write_text(json.dumps([{
        "problem": rubric.ask(rubric.PUBLISHED_QUERY, "a cat"), "solution": "<answer>visual quality: 3; "
        "text-to-video alignment: 4; physical/common-sense consistency: 5</answer>", "path": "./vs2_videos/a.mp4"}]),
        encoding="utf-8")
    assert command.main([str(tmp_path / "data"), "--file", "mine.json", "--to", "ms-swift", "--out",
                         str(tmp_path / "out"), "--wrapper"]) == 0
    said = capsys.readouterr().out
    assert "1 rows: 1 good" in said and "vs2_grpo.sh" in said and "end in the text of the authors' script" in said
    record = json.loads((tmp_path / "out/vs2_grpo.jsonl").read_text(encoding="utf-8"))
    assert record["messages"][0]["content"] == "<video>" + rubric.ask(rubric.PUBLISHED_QUERY, "a cat") + WRAPPER
    assert command.main([str(tmp_path / "data"), "--file", "none.json", "--to", "verl", "--out", "out"]) == 2
    assert "none.json does not exist" in capsys.readouterr().err


def test_the_wrapper_is_for_questions_of_reinforcement_learning_alone(rows, tmp_path):
    from pyarrow import parquet

    export(rows, "ms-swift", tmp_path, wrapper=True)
    export(rows, "verl", tmp_path, wrapper=True)
    questions = {path: [json.loads(line)["messages"][0]["content"] for line in
                        (tmp_path / path).read_text(encoding="utf-8").splitlines()]
                 for path in ("vs2_sft.jsonl", "vs2_grpo.jsonl")}
    plain = [Export(tmp_path).asks(row) for row in rows]
    assert questions["vs2_sft.jsonl"] == plain[:2]
    assert questions["vs2_grpo.jsonl"] == [text + WRAPPER for text in plain]
    table = parquet.read_table(tmp_path / "vs2.parquet").to_pylist()
    assert [record["prompt"][0]["content"] for record in table] == [text + WRAPPER for text in plain]
    learned = parquet.read_table(tmp_path / "vs2_sft.parquet").to_pylist()
    assert [record["messages"][0]["content"] for record in learned] == plain[:2]
    assert "--wrapper" in (tmp_path / "vs2_grpo.sh").read_text(encoding="utf-8")
    assert "--wrapper" not in (tmp_path / "vs2_sft.sh").read_text(encoding="utf-8")
    with pytest.raises(BadInput, match="LLaMA-Factory has none"):
        export(rows, "llamafactory", tmp_path, wrapper=True)


@pytest.mark.parametrize("name", ["", "a b", "../a", "-a", "a;b", "$(a)", "a'b", ".a"])
def test_a_name_that_a_command_would_misread_is_refused(rows, tmp_path, name):
    with pytest.raises(BadInput, match="name"):
        export(rows, "verl", tmp_path / "out", name)
    assert not (tmp_path / "out").exists()
