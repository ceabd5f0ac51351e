"""`vs2 duel rank`: a file of votes in, a table or JSON out."""
import json

import pytest

from tests.duels.test_judges import evaluation
from tests.duels.test_ranking import many, vote
from vs2.batch import results
from vs2.batch.table import Row
from vs2.cli.main import main
from vs2.duels.votes import to_csv, to_jsonl


@pytest.fixture
def votes(tmp_path):
    path = tmp_path / "votes.jsonl"
    said = many(3, "good", "bad", prompt="a ball") + many(1, "good", "bad", "b", prompt="a box")
    path.write_text(to_jsonl([*said, vote("good", "bad", "b", dimension="visual_quality")]))
    return path


def test_the_table_names_the_ranking(votes, capsys):
    assert main(["duel", "rank", str(votes)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["place", "generator", "rating"]
    assert lines[1].split()[:3] == ["1", "good", "1095"] and lines[2].split()[:3] == ["2", "bad", "905"]
    assert "4 votes on 2 prompts, by overall." in lines


def test_json_is_one_object_with_judges_and_what_was_left_out(votes, tmp_path, capsys):
    votes.write_text(votes.read_text() + "{}\n")
    made = [results.record(Row(n, f"{name}/clip.mp4", "a ball", {}), evaluation(f"{name}/clip.mp4", "a ball", value))
            for n, (name, value) in enumerate((("good", 5), ("bad", 2)))]
    results.write(made, scores := tmp_path / "scores.csv")
    assert main(["duel", "rank", str(votes), "--json", "--scores", str(scores)]) == 0
    out = capsys.readouterr()
    found = json.loads(out.out)
    assert [one["generator"] for one in found["standings"]] == ["good", "bad"] and found["left_out"] == 1
    assert found["judges"][0]["without_ties"] == 1 and found["judges"][0]["unjudged"] == 1
    assert "row 6 is left out: The vote lacks prompt" in out.err


def test_a_csv_and_a_dimension(tmp_path, capsys):
    path = tmp_path / "votes.csv"
    path.write_text(to_csv([vote("x", "y", "b", dimension="visual_quality")]))
    assert main(["duel", "rank", str(path), "--dimension", "visual_quality", "--resamples", "0"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[1].split()[1] == "y" and "a small ridge alone" in said and "No interval" in said


@pytest.mark.parametrize("change, said", [
    (["--dimension", "beauty"], "--dimension is 'beauty'"), (["--resamples", "-1"], "--resamples is -1"),
    (["--seed", "-1"], "--seed is -1"), (["--dimension", "text_alignment"], "no vote on text_alignment"),
    (["--scores", "nowhere.csv"], "cannot be read")])
def test_bad_options_are_one_line(votes, capsys, change, said):
    assert main(["duel", "rank", str(votes), *change]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_files_without_a_vote_are_one_line(tmp_path, capsys):
    for name, content in (("empty.jsonl", ""), ("wrong.jsonl", "[]\n"), ("x.csv", "a,b\n1,2\n"), ("x.txt", "")):
        (tmp_path / name).write_text(content)
        assert main(["duel", "rank", str(tmp_path / name)]) == 2
        assert "Traceback" not in capsys.readouterr().err
    assert main(["duel", "rank", str(tmp_path / "nowhere.jsonl")]) == 2
