"""Judging a table: every row comes out once, in one process or several, and what is kept outlives a kill."""
import csv
import functools
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.support.fake_judge import FakeJudge
from tests.support.patience import HANGING
from vs2 import batch
from vs2.batch import engines, results, table
from vs2.batch.journal import Journal
from vs2.batch.table import Row
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation, Score
from vs2.rubric import KEYS


def row(number, prompt="p", problem="", **other) -> Row:
    return Row(number, f"clips/{number}.mp4", prompt, other, None if problem else Path(f"{number}.mp4"), problem)


def says(path: Path, prompt: str):
    """Scores by the prompt; some prompts are traps."""
    if prompt == "bad":
        raise BadInput(f"{path.name} cannot be read.")
    if prompt == "defect":
        raise ZeroDivisionError("oops")
    if prompt == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if prompt.startswith("once ") and not os.path.exists(prompt[5:]):
        Path(prompt[5:]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if prompt == "wait":
        time.sleep(HANGING)
    return (int(path.stem) % 5 + 1, 3.5, None if prompt == "unread" else 2)


def load(note: Path | None = None) -> FakeJudge:
    if note:
        with note.open("a") as file:
            file.write(f"{os.getpid()} {os.environ.get('OMP_NUM_THREADS')}\n")
    return FakeJudge(says)


def no_judge():
    raise BadInput("There is no judge.")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def numbers(found) -> list[int]:
    return [result.row.number for result in found]


ROWS = [row(1), row(2, "bad"), row(3, problem="It is not there."), row(4, "defect"), row(5, "unread")]


def test_each_row_has_a_result_and_the_impossible_ones_come_first():
    judge = FakeJudge(says)
    found = list(batch.run(ROWS, judge, budget=64, seed=3))
    assert numbers(found) == [3, 1, 2, 4, 5]
    by = {result.row.number: result for result in found}
    assert by[1].evaluation.video == "clips/1.mp4" and by[1].error is None and by[1].row.path == Path("1.mp4")
    assert by[2].error == "2.mp4 cannot be read." and by[3].error == "It is not there." and by[2].evaluation is None
    assert "ZeroDivisionError" in by[4].error and isinstance(by[4].problem, Failure)
    assert by[5].evaluation.scores[KEYS[2]].value is None
    assert judge.options == [{"budget": 64, "seed": 3}] * 4


def test_stop_begins_no_further_row_and_options_are_checked():
    seen = []
    for result in batch.run([row(n) for n in range(1, 9)], FakeJudge(says), stop=lambda: len(seen) >= 2):
        seen.append(result)
    assert numbers(seen) == [1, 2]
    with pytest.raises(BadInput, match="budget is 0"):
        next(batch.run(ROWS, FakeJudge(says), budget=0))
    for wrong in ({"workers": 2}, {"engine": "ray"}, {"engine": "cloud"}):
        with pytest.raises(BadInput):
            list(batch.run([row(1)], FakeJudge(says), **wrong))
    with pytest.raises(BadInput, match="0 workers"):
        list(batch.run([row(1)], load, workers=0))


def test_no_judge_is_loaded_for_rows_that_cannot_be_judged():
    found = list(batch.run([row(1, problem="Gone.")], lambda: pytest.fail("loaded")))
    assert [result.error for result in found] == ["Gone."]
    found = list(batch.run([Row(7, "a.mp4", "a ball", {})], lambda: pytest.fail("loaded")))
    assert [(result.row.number, result.error) for result in found] == [(7, "The row names no file to judge.")]


def test_processes_share_the_rows_and_a_dead_one_loses_only_its_own(tmp_path):
    note = tmp_path / "loaded"
    rows = [row(n, "die" if n in (2, 15) else "bad" if n == 3 else "p") for n in range(1, 40)]
    found = {result.row.number: result
             for result in batch.run(rows, functools.partial(load, note), workers=2)}
    assert sorted(found) == list(range(1, 40))
    assert sorted(number for number in found if found[number].error == engines.CRASHED) == [2, 15]
    assert found[3].error == "3.mp4 cannot be read." and isinstance(found[3].problem, BadInput)
    assert all(found[number].evaluation.video == f"clips/{number}.mp4" for number in (1, 4, *range(16, 40)))
    loaded = [line.split() for line in note.read_text().splitlines()]
    # Three deaths at least, for each is tried twice and the first may take both along; after the last one there may be
    # nothing left, so that none is started in its place.
    assert 4 <= len({pid for pid, _ in loaded}) <= 6 and str(os.getpid()) not in dict(loaded)
    assert all(int(threads) >= 1 for _, threads in loaded)


def test_a_judge_that_does_not_load_ends_the_run():
    with pytest.raises(BadInput, match="There is no judge"):
        list(batch.run([row(1), row(2)], no_judge, workers=2))
    with pytest.raises(Failure, match="fewer workers"):
        list(batch.run([row(1), row(2)], die, workers=2))


def test_leaving_ends_the_processes_at_once():
    import multiprocessing

    started = time.monotonic()
    run = batch.run([row(1), row(2, "wait"), row(3, "wait")], load, workers=2)
    assert next(run).row.number == 1
    run.close()
    assert time.monotonic() - started < HANGING / 2 and not multiprocessing.active_children()


def test_what_a_process_lost_is_tried_again_alone_and_only_once(tmp_path):
    """Its neighbours have their scores; a row that kills its process once has them too."""
    rows = [row(n, f"once {tmp_path / 'note'}" if n == 7 else "p") for n in range(1, 30)]
    found = [(result.row.number, result.error) for result in batch.run(rows, load, workers=1 + 1)]
    assert sorted(found) == [(n, None) for n in range(1, 30)]


def test_one_worker_a_gpu():
    with pytest.raises(BadInput, match="there is 1: give --workers 1"):
        list(batch.run([row(1)], load, workers=2, gpus=1))


HOW = {"model": "fake", "budget": 64}


def made(number, error=None, prompt="p", **other) -> dict:
    one = row(number, prompt, **other)
    evaluation = None if error else FakeJudge(says).score(one.path, prompt)
    return results.record(one, evaluation, error, results.key(one, HOW))


def test_a_record_keeps_the_evaluation_and_the_other_columns():
    record = made(4, **{"model": "theirs", "overall": 1, "input model": "x", "tag": ["a"], "visual_quality_value": 9})
    again = Evaluation.from_dict(record)
    assert again.scores[KEYS[0]] == Score(5, 5.0) and record["model"] == "fake" and record["error"] is None
    assert record["input model"] == "theirs" and record["input input model"] == "x" and record["tag"] == ["a"]
    flat = results.flat(record)
    assert tuple(flat)[:len(results.COLUMNS)] == results.COLUMNS
    assert flat["input overall"] == 1 and flat["visual_quality_value"] == 5 and flat["input visual_quality_value"] == 9
    json.dumps(record, allow_nan=False)


def test_csv_is_safe_in_a_spreadsheet_and_reads_back(tmp_path):
    evil = "=HYPERLINK(\"http://x\",\"y\")"
    record = made(1, prompt="@SUM(A1)", **{"=cmd": "+1+1", "n": -5, "empty": None, "list": ["="], "'-q": "'=q"})
    record |= {"rationale": f"{evil}\nsecond, \"line\"", "warnings": ["-w", "two"], "overall": 1 / 3}
    failed = made(2, error="=It, failed.")
    out = tmp_path / "out.csv"
    results.write([record, failed], out)
    with out.open(newline="", encoding="utf-8") as lines:
        cells = list(csv.reader(lines))
    assert not any(cell.startswith(("=", "+", "@", "-")) and cell != "-5" for line in cells for cell in line)
    first, second = results.read_csv(out)
    assert tuple(first)[:len(results.COLUMNS)] == results.COLUMNS
    assert first["rationale"] == record["rationale"] and first["prompt"] == "@SUM(A1)" and first["=cmd"] == "+1+1"
    assert first["n"] == "-5" and first["empty"] == "" and first["'-q"] == "'=q" and first["list"] == '["="]'
    assert first["warnings"] == "-w\ntwo" and first["overall"] == "0.333333" and first["truncated"] == "false"
    assert first["text_alignment_expected"] == "3.5" and first["text_alignment_value"] == "4"
    assert first["seconds"] == "0" and second["error"] == "=It, failed."
    assert second["overall"] == second["model"] == second["text_alignment_value"] == ""
    assert results.to_csv([record, failed]).encode() == out.read_bytes()


def keys(count, how=HOW) -> dict[int, str]:
    return {number: results.key(row(number), how) for number in range(1, count + 1)}


def test_each_format_holds_the_same_records(tmp_path):
    from pyarrow import parquet

    record = made(1, prompt="-x, \t\"y\"", n=3, half=1.5, big=10**30, tag=["a"], none=None, odd="\ud800")
    record |= {"overall": 2, "rationale": "a\nb", "warnings": ["w"]}
    mixed = made(2, error="It failed.", n=2.5, half=None, big=1, tag="b", only=True)
    for suffix in table.SUFFIXES:
        results.check_out(tmp_path / f"OUT{suffix.upper()}")
        results.write([record, mixed], tmp_path / f"OUT{suffix.upper()}")
    assert json.loads((tmp_path / "OUT.JSON").read_text()) == [record, mixed]
    assert [json.loads(line) for line in (tmp_path / "OUT.JSONL").read_text().splitlines()] == [record, mixed]
    assert results.read_csv(tmp_path / "OUT.TSV") == results.read_csv(tmp_path / "OUT.CSV")
    assert (tmp_path / "OUT.TSV").read_text().startswith("video\tprompt\t")
    held = parquet.read_table(tmp_path / "OUT.PARQUET")
    first, second = held.to_pylist()
    kinds = {name: str(held.schema.field(name).type) for name in held.column_names}
    assert tuple(held.column_names)[:len(results.COLUMNS)] == results.COLUMNS
    assert first["prompt"] == record["prompt"] and first["warnings"] == "w" and first["rationale"] == "a\nb"
    assert kinds["overall"] == kinds["seconds"] == kinds["visual_quality_expected"] == "double"
    assert kinds["frames"] == kinds["visual_quality_value"] == "int64" and kinds["truncated"] == "bool"
    assert (first["overall"], second["overall"], second["error"]) == (2.0, None, "It failed.")
    assert [kinds[name] for name in ("n", "half", "big", "tag", "none", "only")] == [
        "double", "double", "string", "string", "string", "bool"]
    assert first["n"] == 3 and first["big"] == str(10**30) and first["tag"] == '["a"]' and first["odd"] == "?"


def test_what_was_not_judged_reads_back_from_every_format(tmp_path):
    from pyarrow import parquet

    one, why = row(1), "=It, \"knows\" nothing of this."
    record = results.record(one, FakeJudge(lambda path, prompt: (why, 4, None)).score(one.path, "p"), None, "k")
    assert Evaluation.from_dict(record).withheld == (KEYS[0],)
    for suffix in table.SUFFIXES:
        results.write([record], tmp_path / f"out{suffix}")
    assert Evaluation.from_dict(json.loads((tmp_path / "out.json").read_text())[0]).scores[KEYS[0]] == Score(reason=why)
    for name in ("out.csv", "out.tsv"):
        found, = results.read_csv(tmp_path / name)
        assert found[f"{KEYS[0]}_reason"] == why and found[f"{KEYS[0]}_value"] == found[f"{KEYS[1]}_reason"] == ""
    held = parquet.read_table(tmp_path / "out.parquet")
    assert str(held.schema.field(f"{KEYS[1]}_reason").type) == "string"
    found, = held.to_pylist()
    assert [found[f"{key}_reason"] for key in KEYS] == [why, None, None]
    assert [found[f"{key}_value"] for key in KEYS] == [None, 4, None]


def test_a_result_of_no_known_format_and_one_without_its_package(tmp_path, monkeypatch):
    with pytest.raises(BadInput, match="must be .csv or .tsv or .jsonl or .json or .parquet"):
        results.check_out(tmp_path / "out.xlsx")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadInput, match="pip install pyarrow"):
        results.check_out(tmp_path / "out.parquet")


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet"])
def test_the_journal_keeps_scores_and_forgets_what_was_cut_or_failed(tmp_path, name):
    out = tmp_path / name
    with Journal(out, keys(4), False) as journal:
        for record in (made(3), made(1), made(2, error="It failed.")):
            journal.add(record)
    with journal.path.open("ab") as file:
        file.write(b'{"row": 4, "key": "cut')
    with Journal(out, keys(4), True) as journal:
        assert sorted(journal.records) == [1, 3]
        journal.add(made(4))
        journal.add(made(2))
        journal.finish()
    lines = [] if name.endswith("parquet") else out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == {"out.jsonl": 4, "out.csv": 5, "out.parquet": 0}[name]
    with Journal(out, keys(4), True) as journal:
        assert sorted(journal.records) == [1, 2, 3, 4]
    if name.endswith("jsonl"):
        assert [json.loads(line)["row"] for line in lines] == [1, 2, 3, 4]


def test_nothing_is_overwritten_or_mixed_up(tmp_path):
    out = tmp_path / "out.jsonl"
    with Journal(out, keys(2), False) as journal:
        journal.add(made(1))
        with pytest.raises(BadInput, match="Another run is writing"):
            Journal(out, keys(2), True)
    with pytest.raises(BadInput, match="is there already"):
        Journal(out, keys(2), False)
    before = out.read_bytes()
    for other in (keys(2, HOW | {"budget": 65}), {1: results.key(row(1, "another"), HOW)}, {2: keys(2)[2]}):
        with pytest.raises(BadInput, match="another table or other options"):
            Journal(out, other, True)
    assert out.read_bytes() == before
    for theirs in (b"video,prompt\n", b'{"a": 1}\n', b"[]\n", b"\xff\n"):
        (tmp_path / "t.jsonl").write_bytes(theirs)
        with pytest.raises(BadInput, match="no run of `vs2 batch` wrote"):
            Journal(tmp_path / "t.jsonl", keys(2), True)
        assert (tmp_path / "t.jsonl").read_bytes() == theirs
    (tmp_path / "out.csv").write_text("a,b\n")
    with pytest.raises(BadInput, match="no journal beside it"):
        Journal(tmp_path / "out.csv", keys(2), True)
    with pytest.raises(BadInput, match="cannot be written"):
        Journal(tmp_path / "no" / "out.csv", keys(2), False)


def test_a_run_that_kept_nothing_leaves_nothing(tmp_path):
    with Journal(tmp_path / "out.csv", keys(2), True):
        pass
    assert not list(tmp_path.iterdir())
