"""`vs2 batch` as people run it: files in, files out, exit statuses, and kill -9 in the middle."""
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import pytest

from tests.support.clips import moving_square
from tests.support.fake_judge import FakeJudge
from tests.support.patience import HANGING, eventually
from tests.support.tiny import write_judge
from vs2.batch import results, table
from vs2.cli import batch, judging, main
from vs2.cli.terminal import INSTEAD, Status
from vs2.errors import BadInput, Failure


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_judge(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "square.mp4", size=(112, 84))


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("VS2_MODEL", "VS2_PRECISION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(clip, tmp_path):
    """A table of six rows, two of them impossible, beside its clip."""
    (tmp_path / "a.mp4").write_bytes(clip.read_bytes())
    (tmp_path / "broken.mp4").write_bytes(clip.read_bytes()[:300])
    (tmp_path / "t.csv").write_text("\ufeffvideo,prompt,note\na.mp4,a red square,=x\nno.mp4,p,\nbroken.mp4,p,\n"
                                    "a.mp4,a blue ball,n\na.mp4, ,n\na.mp4,a cow,n\n", encoding="utf-8")
    return tmp_path


def run(folder, model, *more, table="t.csv", out="out.jsonl"):
    return main.main(["batch", str(folder / table), "--out", str(folder / out), "--model", str(model), "--budget", "12",
                     *more])


def records(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def timeless(found) -> list[dict]:
    return [{**record, "seconds": None} for record in found]


def alike(one, other) -> bool:
    """Whether records or cells are the same, whatever clips they shared a batch with: sums differ in their last digits.
    """
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    try:
        return one == other or float(one) == pytest.approx(float(other), abs=1e-4)
    except (TypeError, ValueError):
        return False


def test_a_table_becomes_a_table(folder, model, capfd):
    assert run(folder, model) == 0
    out, err = capfd.readouterr()
    assert out == "" and "\x1b" not in err and "Traceback" not in err
    said = err.splitlines()
    assert said[1].startswith("Row 2: no.mp4 does not exist") and said[2].startswith("Row 5: The prompt is empty")
    assert "4 of 6 rows to judge" in err and said[-1].endswith("out.jsonl: 3 rows with scores, 3 without (`error` "
                                                               "says why)")
    found = records(folder / "out.jsonl")
    assert [record["row"] for record in found] == [1, 2, 3, 4, 5, 6]
    assert [record["error"] is None for record in found] == [True, False, False, True, False, True]
    assert found[0]["video"] == "a.mp4" and found[0]["model"] == str(model) and found[0]["note"] == "=x"
    assert len(found[0]["scores"]) == 3 and found[0]["truncated"] is True and "broken.mp4" in found[2]["error"]
    assert run(folder, model, out="out.csv") == 0
    rows = results.read_csv(folder / "out.csv")
    assert [row["overall"] for row in rows] == ["" if r["overall"] is None else f"{r['overall']:.6g}" for r in found]
    assert rows[0]["note"] == "=x" and rows[4]["error"].startswith("The prompt is empty")
    assert timeless(records(folder / "out.csv.journal")) != [] and run(folder, model, "--resume", out="out.csv") == 0


@pytest.mark.parametrize("suffix", [".tsv", ".json", ".parquet"])
def test_every_format_is_read_and_written_and_goes_on(folder, model, suffix, monkeypatch, capsys):
    from pyarrow import Table, parquet

    rows = [{"video": "a.mp4", "prompt": "a, b", "n": 1}, {"video": "no.mp4", "prompt": "p", "n": 2},
            {"video": "a.mp4", "prompt": "stop", "n": 3}]
    if suffix == ".parquet":
        parquet.write_table(Table.from_pylist(rows), folder / "in.parquet")
    else:
        lines = ["\t".join(map(str, row.values())) for row in rows]
        text = json.dumps(rows) if suffix == ".json" else "\n".join(["video\tprompt\tn", *lines])
        (folder / f"in{suffix}").write_text(text)
    judged = []

    def says(path, prompt):
        judged.append(prompt)
        if prompt == "stop" and len(judged) == 2:
            raise KeyboardInterrupt
        return 1, 2, 3

    monkeypatch.setattr(judging, "load", Load(says))
    given = {"table": f"in{suffix}", "out": f"out{suffix}"}
    assert run(folder, model, **given) == 130 and not (folder / f"out{suffix}").exists()
    assert run(folder, model, "--resume", **given) == 0 and judged == ["a, b", "stop", "stop"]
    out = folder / f"out{suffix}"
    found = parquet.read_table(out).to_pylist() if suffix == ".parquet" else (
        json.loads(out.read_text()) if suffix == ".json" else results.read_csv(out))
    assert [row["prompt"] for row in found] == ["a, b", "p", "stop"] and [str(row["n"]) for row in found] == [*"123"]
    assert [str(row["overall"] or "") for row in found] == (["2.0", "", "2.0"] if suffix != ".tsv" else ["2", "", "2"])
    assert "no.mp4 does not exist" in found[1]["error"]


def test_two_processes_find_the_same(folder, model, capfd):
    assert run(folder, model) == 0 and run(folder, model, "--workers", "2", out="two.jsonl") == 0
    assert alike(timeless(records(folder / "two.jsonl")), timeless(records(folder / "out.jsonl")))


MANY = 40       # rows, more than two batches


def wait_for(holds, process):
    assert eventually(lambda: holds() or process.poll() is not None, 120) and process.poll() is None


@pytest.mark.slow
@pytest.mark.parametrize("out", ["out.jsonl", "out.csv"])
def test_a_killed_run_goes_on_and_scores_no_row_twice(folder, model, out, monkeypatch, capfd):
    text = "video,prompt\n" + "".join(f"a.mp4,prompt {n}\n" for n in range(MANY)) + "no.mp4,p\n"
    (folder / "many.csv").write_text(text)
    command = [sys.executable, "-m", "vs2", "batch", folder / "many.csv", "--out", folder / out, "--model", model,
               "--budget", "60"]
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL, start_new_session=True)
    journal = folder / (out if out.endswith("jsonl") else f"{out}.journal")
    wait_for(lambda: journal.exists() and journal.read_bytes().count(b"\n") >= 3, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(HANGING)
    kept = [line for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")]
    kept = {found["row"]: found for found in map(json.loads, kept) if found["error"] is None}
    assert 2 <= len(kept) < MANY and (out.endswith("jsonl") or not (folder / out).exists())
    judged = []
    real = judging.load

    def counting(*given):
        judge = real(*given)
        score, many = judge.score_clip, judge.score_many
        judge.score_clip = lambda clip, prompt, **options: judged.append(prompt) or score(clip, prompt, **options)
        judge.score_many = lambda clips, prompts, **options: judged.extend(prompts) or many(clips, prompts, **options)
        return judge

    monkeypatch.setattr(judging, "load", counting)
    arguments = {"table": "many.csv", "out": out}
    assert run(folder, model, "--budget", "60", **arguments) == 2 and not judged, "it is there already"
    assert run(folder, model, "--budget", "61", "--resume", **arguments) == 2 and not judged, "other options"
    assert run(folder, model, "--budget", "60", "--resume", **arguments) == 0
    assert judged == [f"prompt {n}" for n in range(MANY) if n + 1 not in kept]
    whole = "whole." + out.split(".")[1]
    assert run(folder, model, "--budget", "60", table="many.csv", out=whole) == 0
    if out.endswith("jsonl"):
        assert alike(timeless(records(folder / out)), timeless(records(folder / whole)))
        assert {row: found for row, found in enumerate(records(folder / out), 1) if row in kept} == kept
    else:
        one, two = (results.read_csv(folder / name) for name in (out, whole))
        one, two = ([{**row, "seconds": ""} for row in rows] for rows in (one, two))
        assert alike(one, two) and len(one) == MANY + 1
    judged.clear()
    before = (folder / out).read_bytes()
    assert run(folder, model, "--budget", "60", "--resume", **arguments) == 0 and not judged
    assert (folder / out).read_bytes() == before


def test_a_zip_is_judged_and_named_as_in_its_table(folder, model, clip, capfd):
    with zipfile.ZipFile(folder / "t.zip", "w") as packed:
        packed.writestr("in/t.jsonl", '{"video": "../clips/a.mp4", "prompt": "p"}\n{"video": "../../a.mp4", '
                                      '"prompt": "p"}')
        packed.write(clip, "clips/a.mp4")
    assert run(folder, model, "--no-think", table="t.zip") == 0
    good, bad = records(folder / "out.jsonl")
    assert good["video"] == "../clips/a.mp4" and good["error"] is None and good["scores"]
    assert "outside the zip" in bad["error"] and "vs2-batch-" not in json.dumps([good, bad])


@pytest.mark.parametrize(("arguments", "says"), [
    (["no.csv", "--out", "OUT/o.csv"], "no table no.csv"), (["TABLE", "--out", "OUT/o.txt"], "must be .csv or .tsv or"),
    (["TABLE", "--out", "OUT/o.csv", "--workers", "0"], "0 workers"),
    (["TABLE", "--out", "OUT/o.csv", "--workers", "0-2"], "0 workers"),
    (["TABLE", "--out", "OUT/o.csv", "--budget", "0"], "budget is 0"),
    (["TABLE", "--out", "OUT/o.csv", "--model", "no such judge"], "There is no judge"),
    (["TABLE", "--out", "OUT/no/o.csv"], "cannot be written"), (["TABLE", "--out", "TABLE"], "is there already"),
    (["TABLE", "--out", "TABLE", "--resume"], "no journal"),
])
def test_bad_input_is_one_line_and_status_2(folder, model, arguments, says, monkeypatch, capsys):
    monkeypatch.setattr(judging, "load", lambda *_: pytest.fail("the judge was loaded"))
    before = set(folder.iterdir())
    arguments = [part.replace("TABLE", str(folder / "t.csv")).replace("OUT", str(folder)) for part in arguments]
    model = [] if "--model" in arguments else ["--model", str(model)]
    assert main.main(["batch", *arguments, *model]) == 2
    out, err = capsys.readouterr()
    last = err.splitlines()[-1]
    assert out == "" and last.startswith("vs2: ") and says in last and set(folder.iterdir()) == before


def test_ray_that_is_not_there_is_said_at_once(folder, model, monkeypatch, capsys):
    monkeypatch.setattr(batch, "find_spec", lambda name: None)
    assert run(folder, model, "--engine", "ray") == 2 and "Ray is not installed" in capsys.readouterr().err


class Load:
    """Stands for the loading of a judge that says three things."""

    def __init__(self, says):
        self.judge = FakeJudge(says)

    def __call__(self, *_):
        return self.judge


def test_a_table_without_any_scores_is_written_and_is_no_success(folder, model, monkeypatch, capsys):
    def fails(path, prompt):
        raise Failure("Memory ran out.")

    monkeypatch.setattr(judging, "load", Load(fails))
    assert run(folder, model) == 1
    assert "None of the 6 rows has scores" in capsys.readouterr().err and len(records(folder / "out.jsonl")) == 6
    (folder / "t.csv").write_text("video,prompt\nno.mp4,p\n")
    assert run(folder, model, out="o.csv") == 2 and "row 1: no.mp4 does not exist" in capsys.readouterr().err
    assert results.read_csv(folder / "o.csv")[0]["video"] == "no.mp4"


def test_rows_that_were_not_judged_are_counted_say_why_and_are_kept(folder, model, monkeypatch, capsys):
    why = "It knows nothing of this."
    says = Load(lambda path, prompt: (why, why, why) if prompt == "a cow" else (4, why, 2))
    monkeypatch.setattr(judging, "load", says)
    assert run(folder, model, out="out.csv") == 0
    err = capsys.readouterr().err
    assert "0 rows with scores, 2 without (`error` says why), 4 not judged in all or part (`..._reason` says" in err
    assert INSTEAD in err
    rows = results.read_csv(folder / "out.csv")
    assert [row["text_alignment_reason"] for row in rows].count(why) == 4
    told = [(row["visual_quality_value"], row["visual_quality_reason"]) for row in rows]
    assert told.count(("4", "")) == 3 and told.count(("", why)) == 1 and all(row["overall"] == "" for row in rows)
    monkeypatch.setattr(judging, "load", Load(lambda path, prompt: pytest.fail("it was judged again")))
    assert run(folder, model, "--resume", out="out.csv") == 0


def test_ctrl_c_keeps_what_is_finished(folder, model, monkeypatch, capsys):
    def says(path, prompt):
        if prompt == "a cow":
            raise KeyboardInterrupt
        return 1, 2, 3

    monkeypatch.setattr(judging, "load", Load(says))
    assert run(folder, model, out="out.csv") == 130
    assert "--resume goes on" in capsys.readouterr().err and not (folder / "out.csv").exists()
    monkeypatch.setattr(judging, "load", Load(lambda path, prompt: (5, 5, 5)))
    assert run(folder, model, "--resume", out="out.csv") == 0
    assert [row["overall"] for row in results.read_csv(folder / "out.csv")] == ["2", "", "2", "2", "", "5"]


class Screen(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_counts_rows_and_tells_the_time_left():
    progress = batch.Progress(Status(Screen()), 10, 2, 6)
    row = table.Row(1, "a", "p", {}, None, "")
    for error in (None, None, BadInput("x")):
        evaluation = None if error else SimpleNamespace(withheld=())
        progress.step(SimpleNamespace(row=row, evaluation=evaluation, error=error and str(error), problem=error))
    assert progress.line(30.0) == "[##########..........] 5 of 10 rows, 6 a minute, 30 s left, 1 without scores"
    assert len(progress.status.stream.getvalue().split("\r\x1b[K")) == 4
    assert [batch.duration(seconds) for seconds in (0.4, 59.4, 61, 3600, 86400)] == [
        "0 s", "59 s", "1 min 1 s", "1 h 0 min", "24 h 0 min"]


def test_many_bad_rows_are_counted_and_terminals_are_safe(folder, model, capsys):
    (folder / "t.csv").write_text("video,prompt\n" + "\u202e\x9b31mno.mp4,p\n" * 30, encoding="utf-8")
    assert run(folder, model) == 2
    err = capsys.readouterr().err
    assert err.count("does not exist") == batch.MOST_LISTED + 1 and "10 more rows cannot be judged" in err
    assert not set(err) & {"\u202e", "\x9b"}
