"""Measuring: the command, what it writes into a card, and several processes that say what one says."""
import json
import shutil

import pytest

from tests.support.fake_judge import FakeJudge
from train import measure
from vs2 import judge
from vs2.bench import scenes, work
from vs2.cli import models
from vs2.errors import BadInput
from vs2.model import catalogue, checkpoint
from vs2.model.card import Card
from vs2.rubric import KEYS

MINI = checkpoint.ASSETS / "mini"


class Together(FakeJudge):
    """Stands for the processes of the command."""

    def __init__(self, name, count):
        super().__init__(lambda path, prompt: (3, 3 + len(prompt) % 2, None))
        self.count = count

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def folder(tmp_path):
    """A checkpoint's folder that may be written to."""
    return shutil.copytree(MINI, tmp_path / "model")


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(measure, "Processes", Together)


def card(folder) -> dict:
    return json.loads((folder / "vs2.json").read_text(encoding="utf-8"))


def results(*suites, value=0.123456):
    found = {"scenes": {"clips": 7, "withheld": 0, "metrics": {key: {"exact": value, "pearson": None} for key in KEYS}},
             "prompts": {"metrics": {"pairs": 3, "withheld": 0, "higher": value, "higher_by_value": 1.0, "ties": 0.0,
                                     "unread": 0}}}
    return {suite: found[suite] for suite in suites}


def test_the_command_measures_all_suites_prints_and_writes_them(fake, folder, tmp_path, capsys):
    rows = tmp_path / "rows.json"
    before = card(folder)
    status = measure.main([str(folder), "--suite", "all", "--clips", "10", "--data", str(tmp_path), "--write",
                           "--rows", str(rows), "--processes", "1"])
    said = capsys.readouterr().out
    assert status == 0 and "faults is left out" in said
    assert all(f"## {suite}" in said for suite in ("scenes", "prompts", "best-of")) and "## faults" not in said
    assert "10 clips, 10 scores unread, 0 not judged." in said and "| always 3 |" in said
    found = json.loads(rows.read_text())
    assert list(found) == ["scenes", "prompts", "best-of"] and len(found["scenes"]["rows"]) == 10
    assert found["scenes"]["model"] == str(folder)
    written = card(folder)
    assert {name: value for name, value in written.items() if name != "metrics"} == {
        name: value for name, value in before.items() if name != "metrics"}
    metrics = Card.read(folder).metrics
    assert metrics["suite"] == "scenes" and metrics["clips"] == 10 and metrics["mode"] == "think"
    assert set(metrics[KEYS[0]]) == {"exact", "within_one", "pearson", "spearman"}
    assert metrics[KEYS[2]]["exact"] == 0 and metrics["prompts"]["pairs"] == 2 and metrics["best-of"]["contests"] == 1
    listed = catalogue._mini() | {"metrics": metrics}
    text = models.text({"models": [listed], "default": "mini", "why": "it is here"})
    assert "Visual quality: exact 0.20" in text and "best-of" not in text.split("Generators")[0]


def test_numbers_of_other_suites_stay_with_the_weights_they_are_of(folder):
    measure.write(folder, results("scenes"))
    measure.write(folder, results("prompts"))
    both = Card.read(folder).metrics
    assert both[KEYS[0]] == {"exact": 0.1235, "pearson": None} and both["prompts"]["higher"] == 0.1235
    with open(folder / "model.safetensors", "r+b") as file:     # another model: one byte of its weights is changed
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    measure.write(folder, results("prompts"))
    assert "suite" not in Card.read(folder).metrics and KEYS[0] not in Card.read(folder).metrics


def test_numbers_without_thinking_do_not_mix_with_those_of_reasoned_replies(folder):
    measure.write(folder, results("scenes"))
    measure.write(folder, results("prompts"), think=False)
    found = Card.read(folder).metrics
    assert found["mode"] == "no-think" and "suite" not in found and "prompts" in found


def test_a_folder_without_a_card_gets_one_and_keeps_the_published_values(folder):
    (folder / "vs2.json").unlink()
    measure.write(folder, results("scenes"))
    assert Card.read(folder).query == Card().query and Card.read(folder).metrics["clips"] == 7


def test_a_broken_card_is_left_alone(folder):
    (folder / "vs2.json").write_text('{"query": 3}')
    with pytest.raises(BadInput, match="not a checkpoint card"):
        measure.write(folder, results("scenes"))
    assert (folder / "vs2.json").read_text() == '{"query": 3}'


@pytest.mark.parametrize("arguments, said", [
    (["mini", "--clips", "1"], "too few"), (["mini", "--suite", "faults", "--data", "nowhere"], "videos.csv"),
    (["mini", "--processes", "-1"], "give 1 or more"), (["no/such/folder"], "no/such/folder"),
])
def test_what_cannot_be_measured_is_one_sentence(arguments, said, capsys):
    assert measure.main(arguments) == 2
    err = capsys.readouterr().err
    assert said in err and err.startswith("measure: ") and err.count("\n") == 1


def test_each_keeps_the_order_and_tells_the_progress():
    told = []
    rows = work.each("judge", lambda judge, item, plus: (judge, item + plus), [3, 1, 2],
                     lambda *done: told.append(done), plus=10)
    assert rows == [("judge", 13), ("judge", 11), ("judge", 12)] and told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.slow
def test_two_processes_with_mini_say_what_one_judge_says(monkeypatch):
    """The whole path: scenes to files, files to scores, in other processes; and the true scores beside them."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = scenes.run(judge.load("mini"), 2, think=False)
    with work.Processes("mini", 2) as several:
        spread = scenes.run(several, 2, think=False)
        assert [row["value"] for row in spread["rows"]] == [row["value"] for row in alone["rows"]]
        for one, other in zip(spread["rows"], alone["rows"], strict=True):
            assert one["true"] == other["true"] and one["expected"] == pytest.approx(other["expected"], abs=1e-3)
        assert spread["model"] == "mini" and all(1 <= digit <= 5 for row in spread["rows"] for digit in row["value"])


@pytest.mark.slow
def test_what_a_process_cannot_do_is_said_in_the_callers_words(tmp_path):
    with work.Processes(str(tmp_path / "none"), 1) as several, pytest.raises(BadInput, match="none"):
        scenes.run(several, 2)
