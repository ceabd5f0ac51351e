"""`vs2 best-of`: what it writes where, its exit statuses, its folder, and that a token stays where it was."""
import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.best_of_parts import PROMPT, StreamJudge, flat, seed
from vs2.cli import judging, main
from vs2.errors import BadInput
from vs2.rubric import KEYS

SMALL = ("--seconds", "1", "--size", "96x64")


@pytest.fixture
def judge(monkeypatch, tmp_path):
    made = StreamJudge(flat)
    made.card = SimpleNamespace(knows="Digits \x1b[2Jonly.")
    monkeypatch.setattr(judging, "load", lambda *_: made)
    for name in ("VS2_MODEL", "VS2_PRECISION", "VS2_HOME", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return made


def best_of(*arguments):
    try:
        return main.main(["best-of", *map(str, arguments)])
    except SystemExit as error:     # of argparse
        return error.code


def small(count, *more):
    return best_of(count, "--prompt", PROMPT, "--model", "mini", *SMALL, *more)


def test_json_is_one_object_on_stdout(judge, capfd):
    assert small(3, "--out", "clips", "--seed", 7, "--json", "--budget", 9) == 0
    out, err = capfd.readouterr()
    record = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert out.count("\n") == 1 and {"prompt", "candidates", "ranking", "winner"} <= record.keys()
    assert record["prompt"] == PROMPT and record["ranking"] == [2, 1, 0] and record["winner"] == 2
    assert [entry["seed"] for entry in record["candidates"]] == [7, 8, 9]
    for entry in record["candidates"]:
        assert Path(entry["file"]).is_file() and entry["evaluation"]["scores"].keys() == set(KEYS)
    assert judge.asked[0][1] == {"think": True, "budget": 9, "samples": 1, "seed": 0}
    lines = [line for line in err.splitlines() if ": visual" in line]
    assert [line.split(":")[0] for line in lines] == [
        "Candidate 1, seed 7", "Candidate 2, seed 8", "Candidate 3, seed 9"]
    assert "3 clips to make, 3 judgements: how long one takes is not known" in err and "true" not in err


def test_text_is_a_line_each_then_the_table_the_winner_and_the_reason(judge, capfd):
    assert small(2, "--out", "clips") == 0
    out, _ = capfd.readouterr()
    rows = out.splitlines()
    assert rows[0].split() == ["place", "candidate", "seed", "visual", "alignment", "physical", "overall", "file"]
    assert rows[1].split()[:7] == ["1", "2", "1", "1.33", "1.33", "1.33", "1.33"]
    assert "Candidate 2 wins: better visual quality" in out and "\x1b" not in out and "fake: Digits only." in out
    winner = next(line for line in rows if line.startswith("Winner: ")).removeprefix("Winner: ")
    assert Path(winner).is_file() and seed(winner) == 1
    table = Path("clips/best-of.csv").read_text().splitlines()
    assert len(table) == 3 and table[0].startswith("video,prompt") and "overall" in table[0]


def test_the_same_command_goes_on_where_it_ended(judge, capfd):
    assert small(2) == 0 and small(3) == 0
    assert [number for number, _ in judge.asked] == [0, 1, 2]
    out, err = capfd.readouterr()
    assert "Candidate 1, seed 0, of an earlier run: visual" in err
    folder, = Path().glob("best-of-*")
    assert len(list(folder.glob("*.mp4"))) == 3
    assert best_of(2, "--prompt", "a blue box", "--model", "mini", *SMALL, "--out", folder) == 2
    assert "the prompt was different" in capfd.readouterr().err


def test_passes_rules_and_the_adaptive_stop_are_options(judge, capfd):
    assert small(6, "--fast", 1, "--adaptive", 4, "--rule", "visual_quality=2,text_alignment=1", "--json") == 0
    record = json.loads(capfd.readouterr().out)
    assert record["ended"] == "early" and record["finalists"] == [2] and len(record["ranking"]) == 3
    assert record["rule"] == {"visual_quality": 2.0, "text_alignment": 1.0} and "Stopped after 3 of 6" in record["note"]
    assert [options["think"] for _, options in judge.asked] == [False, False, False, True]


def test_a_tie_is_broken_or_left(judge, capfd):
    judge._says = lambda path, prompt, options: [3.0 + seed(path) * (options["samples"] > 1)] * 3
    assert small(2, "--out", "one") == 0
    assert "Candidates 1 and 2 tied; by a second judgement of 4 sampled replies each, candidate 2 wins" in \
        capfd.readouterr().out
    assert small(2, "--out", "two", "--tie-samples", 0) == 0
    assert "candidate 1 is taken, the first of them." in capfd.readouterr().out


def test_all_failed_is_a_failure_with_the_first_sentence(judge, capfd):
    def says(*_):
        raise BadInput("Nothing can\nbe seen.")

    judge._says = says
    assert small(2) == 1
    out, err = capfd.readouterr()
    assert err.splitlines()[-1] == "vs2: None of the 2 candidates could be judged; the first: Nothing can be seen."
    assert "Candidate 1, seed 0: failed. Nothing can be seen." in err and "No candidate wins" in out


def test_a_candidate_that_was_not_judged_is_said_as_such_and_does_not_win(judge, capfd):
    why = "It knows nothing of this."
    judge._says = lambda path, prompt, options: (why, why, why) if seed(path) else (1, 1, 1)
    assert small(3) == 0
    out, err = capfd.readouterr()
    rows = out.splitlines()
    assert rows[1].split()[:7] == ["1", "1", "0", "1.00", "1.00", "1.00", "1.00"]
    assert rows[2].split()[3:11] == ["not", "judged"] * 4
    assert "Candidate 2, seed 1: visual not judged, alignment not judged, physical not judged, overall not" in err
    assert out.count(f"Not judged: {why}") == 1 and "Winner: " in out
    judge._says = lambda path, prompt, options: (why, why, why)
    assert small(2, "--out", "none") == 0
    assert "No candidate wins" in (out := capfd.readouterr().out) and "Winner: " not in out


def test_an_interrupt_keeps_what_is_finished(judge, capfd):
    def says(path, prompt, options):
        if seed(path) == 1 and len(judge.asked) < 3:
            os.kill(os.getpid(), signal.SIGINT)
        return flat(path, prompt, options)

    judge._says = says
    before = signal.getsignal(signal.SIGINT)
    assert small(30, "--json") == 130
    out, err = capfd.readouterr()
    record = json.loads(out)
    assert record["ended"] == "stopped" and record["ranking"][-1] == 0 and len(record["ranking"]) < 30
    assert "the same command goes on" in err and signal.getsignal(signal.SIGINT) is before
    assert small(2) == 0


def test_a_token_goes_to_the_provider_and_nowhere_else(judge, capfd, monkeypatch, tmp_path):
    asked = ("--generator", "provider:fal-ai/Wan-AI/Wan2.2-TI2V-5B", "--out", "clips")
    assert best_of(1, "--prompt", PROMPT, "--model", "mini", *asked) == 2
    assert "HF_TOKEN" in capfd.readouterr().err
    monkeypatch.setenv("HF_TOKEN", "hf_verysecret")
    monkeypatch.setattr("vs2.generate.provider.Provider._ask", lambda self, job, stop: iter(()))
    given = []
    monkeypatch.setattr("vs2.generate.provider.Provider._stream", lambda self, request, stop: (
        given.append(self._token), (_ for _ in ()).throw(BadInput("The provider says no.")))[1])
    assert best_of(1, "--prompt", PROMPT, "--model", "mini", *asked) == 1
    out, err = capfd.readouterr()
    assert given == ["hf_verysecret"] and "the provider charges for 1 clip" in err
    everything = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert "verysecret" not in out + err + everything and "The provider says no." in everything


@pytest.mark.parametrize(("count", "options", "said"), [
    (0, {}, "count is 0"), (65, {}, "count is 65"), ("two", {}, "invalid int"), (2, {"prompt": None}, "--prompt"),
    (2, {"prompt": " "}, "prompt is empty"), (2, {"prompt": "x" * 4001}, "4001 characters"),
    (2, {"generator": "film"}, "no generator 'film'"), (2, {"rule": "best"}, "no rule 'best'"),
    (2, {"size": "big"}, "--size is 'big'"), (2, {"size": "1x1"}, "size is (1, 1)"), (2, {"seed": -1}, "seed is -1"),
    (2, {"seconds": 0}, "seconds is 0.0"), (2, {"fast": 1, "no-think": None}, "first pass"),
    (2, {"budget": 0}, "budget"), (2, {"batch": 0}, "--batch is 0"), (2, {"adaptive": 9}, "gain is"),
    (2, {"tie-samples": 1}, "replies is 1"),
    (2, {"model": "/no/such"}, "/no/such")])
def test_bad_input_is_one_line_and_status_2_before_anything_is_loaded(count, options, said, capfd, monkeypatch,
                                                                      tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(judging, "load", lambda *_: pytest.fail("loaded"))
    options = {"prompt": "x"} | options
    if options["prompt"] is None:
        del options["prompt"]
    given = [f"--{name}" if value is None else f"--{name}={value}" for name, value in options.items()]
    assert best_of(count, *given) == 2
    out, err = capfd.readouterr()
    assert not out and err.count("\n") == 1 and err.startswith("vs2: ") and said in err
    assert not list(tmp_path.iterdir())
