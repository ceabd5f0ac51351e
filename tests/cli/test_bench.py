"""`vs2 bench`: the contract of its JSON, its table, and what it refuses before anything is loaded."""
import json

import pytest

from tests.support import tiny
from vs2.bench import suites
from vs2.cli import bench, main
from vs2.rubric import KEYS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny.write_tiny(tmp_path_factory.mktemp("tiny")))


def test_the_command_knows_every_suite():
    assert bench.NAMES == suites.NAMES


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
    (["faults"], "--data"), (["scenes", "--limit", "0"], "--limit 0"), (["scenes", "--model", "/no/such"], "/no/such"),
    (["faults", "--data", "/no/such"], "/no/such"), (["films"], "films"), (["scenes", "--budget", "0"], "budget"),
    (["scenes", "--workers", "-1"], "-1 processes")])
def test_bad_input_is_one_line_and_status_2(arguments, said, capsys):
    with_model = arguments if "--model" in arguments else [*arguments, "--model", "mini"]
    try:
        status = main.main(["bench", *with_model])
    except SystemExit as error:  # of argparse
        status = error.code
    error = capsys.readouterr().err.strip().split("\n")[-1]
    assert status == 2 and error.startswith("vs2: ") and said in error
