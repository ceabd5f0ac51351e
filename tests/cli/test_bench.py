"""`vs2 bench`: the contract of its JSON, its table, and what it refuses before anything is loaded."""
import json

import pytest

from tests.support import tiny
from tests.support.clips import moving_square
from tests.support.rated import write_csv
from vs2.bench import suites
from vs2.cli import bench, main
from vs2.rubric import KEYS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny.write_tiny(tmp_path_factory.mktemp("tiny")))


def test_the_command_knows_every_suite():
    assert bench.NAMES == suites.NAMES


def told(capsys, *arguments) -> dict:
    assert main.main(["bench", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_a_suite_of_people_is_judged_kept_counted_again_and_gated(folder, tmp_path, capsys):
    names = [f"{name}-0.mp4" for name in ("a square", "a cube")]
    for name in names:
        (tmp_path / "one").mkdir(exist_ok=True)
        moving_square(tmp_path / "one" / name)
    table = write_csv(tmp_path / "one" / "table.csv", [
        {"video": name, "prompt": name[:-6], "visual_quality": 3} for name in names])
    rows, judging = tmp_path / "rows.jsonl", ("--model", folder, "--no-think", "--workers", "1")
    got = told(capsys, "table", "--data", table, "--rows", rows, *judging)
    assert got["suite"] == "table" and got["model"] == folder and got["clips"] == 2
    assert {"exact", "within_one", "pearson", "spearman"} <= got["metrics"]["visual_quality"].keys()
    again = told(capsys, "table", "--results", rows)
    assert again["metrics"] == got["metrics"]
    assert told(capsys, "diff", rows, rows)["metrics"]["visual_quality"]["exact"]["difference"] == 0
    arguments = ["bench", "prompts-suite", "--generator", f"mine={tmp_path / 'one'}", *judging, "--json", "--rows",
                 str(tmp_path / "board.jsonl"), "--at-least"]
    assert main.main([*arguments, "overall=5"]) == 1
    told_, error = capsys.readouterr()
    assert json.loads(told_)["board"]["groups"][0]["name"] == "mine" and "--at-least is missed: mine has" in error
    assert main.main([*arguments, "overall=1"]) == 0


@pytest.mark.slow
def test_the_json_is_what_the_contract_says(folder, capsys):
    assert main.main(["bench", "scenes", "--model", folder, "--limit", "4", "--no-think", "--workers", "1",
                     "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["suite"] == "scenes" and found["model"] == folder and found["clips"] == 4 and "rows" not in found
    assert list(found["metrics"]) == list(KEYS)
    for metrics in found["metrics"].values():
        assert metrics.keys() == {"exact", "within_one", "pearson", "spearman"}
        assert 0 <= metrics["exact"] <= metrics["within_one"] <= 1


@pytest.mark.parametrize(("arguments", "said"), [
    (["faults", "--kinds", "smear"], "smear"), (["scenes", "--kinds", "jpeg"], "--kinds"),
    (["scenes", "--limit", "0"], "--limit 0"), (["scenes", "--model", "/no/such"], "/no/such"),
    (["faults", "--data", "/no/such"], "/no/such"), (["films"], "films"), (["scenes", "--budget", "0"], "budget"),
    (["scenes", "--workers", "-1"], "-1 processes"), (["fetv"], "--data"),
    (["fetv", "--data", "/no/such"], "no folder such"),
    (["diff", "a.jsonl"], "name both"), (["diff", "a.jsonl", "b.jsonl"], "no file of results"),
    (["scenes", "a.jsonl"], "takes no files"), (["scenes", "--rows", "a.jsonl"], "--rows"),
    (["fetv", "--results", "/no/such"], "no file of results"), (["all", "--data", "/no/such"], "no suite"),
    (["prompts-suite"], "--generator"), (["prompts-suite", "--generator", "sketch"], "--prompts"),
    (["prompts-suite", "--generator", "a", "--generator", "b/a"], "'a'"),
    (["prompts-suite", "--generator", "/no/such"], "no folder"),
    (["prompts-suite", "--generator", "a", "--at-least", "x=3"], "--at-least")])
def test_bad_input_is_one_line_and_status_2(arguments, said, capsys):
    with_model = arguments if "--model" in arguments else [*arguments, "--model", "mini"]
    try:
        status = main.main(["bench", *with_model])
    except SystemExit as error:  # of argparse
        status = error.code
    error = capsys.readouterr().err.strip().split("\n")[-1]
    assert status == 2 and error.startswith("vs2: ") and said in error
