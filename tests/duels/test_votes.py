"""Votes as rows: written and read again in both forms; what is no vote is named."""
import json

import pytest

from tests.duels.test_ranking import vote
from vs2.duels import read
from vs2.duels.votes import to_csv, to_jsonl
from vs2.errors import BadInput

GOOD = vote("one", "two", "both_bad", dimension="visual_quality", left="b", time="2026-11-26T09:30:00+00:00")


@pytest.mark.parametrize("suffix, write", [(".jsonl", to_jsonl), (".csv", to_csv)])
def test_what_is_written_is_read_again(tmp_path, suffix, write):
    votes = [GOOD, vote("=1+1", "-two", prompt='a "ball",\n=cmd() 球'), vote("a", "b", "tie")]
    path = tmp_path / f"votes{suffix}"
    path.write_text(write(votes), encoding="utf-8", newline="")
    assert read(path) == (votes, [])


def test_no_cell_of_the_csv_is_a_formula():
    for line in to_csv([vote("=1+1", "@two", prompt="+x")]).splitlines():
        assert not any(cell.startswith(("=", "@", "+")) for cell in line.split(","))


@pytest.mark.parametrize("change, said", [
    ({"preference": "c"}, "preference is 'c'"), ({"preference": None}, "lacks preference"),
    ({"prompt": " "}, "prompt is empty"), ({"generator_b": "one"}, "between two generators"),
    ({"dimension": "beauty"}, "dimension is 'beauty'"), ({"left": "left"}, "left is 'left'"),
    ({"time": "yesterday"}, "time is 'yesterday'"), ({"video_a": 3}, "video_a is 3"), ({"video_a": "  "}, "is empty")])
def test_a_row_that_is_no_vote_is_named_and_the_others_are_read(tmp_path, change, said):
    path = tmp_path / "votes.jsonl"
    path.write_text(to_jsonl([GOOD]) + json.dumps(GOOD.to_json() | change) + "\n{\n[1]\n" + to_jsonl([GOOD]))
    votes, wrong = read(path)
    assert votes == [GOOD, GOOD] and [number for number, _ in wrong] == [2, 3, 4]
    assert said in wrong[0][1] and wrong[1][1] == "The line is not JSON." and "JSON object" in wrong[2][1]


@pytest.mark.parametrize("name, content, said", [
    ("votes.txt", b"", "no file of votes"), ("missing.jsonl", None, "cannot be read"),
    ("votes.csv", b"\xff\xfe\x00\xd8", "UTF-8"), ("votes.csv", b'prompt,"a\nb', "no CSV")])
def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=said):
        read(tmp_path / name)


def test_other_columns_do_no_harm(tmp_path):
    path = tmp_path / "votes.jsonl"
    path.write_text(json.dumps(GOOD.to_json() | {"voter": "ann"}))
    assert read(path) == ([GOOD], [])
