"""Votes as preference pairs: ties, several votes, clips that are not there; and the accuracy of a reward."""
import json

import pytest

from tests.duels.test_ranking import vote
from tests.support.clips import moving_square
from train.data import duels
from vs2.duels.votes import to_csv, to_jsonl
from vs2.errors import BadInput


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("one", "two", "three")):
        (tmp_path / name).mkdir()
        moving_square(tmp_path / name / "clip.mp4", frames=3, size=(64, 48), colour=(90 * number, 200, 30))
    return tmp_path


VOTES = [vote("one", "two"), vote("two", "one", "b"), vote("one", "two", "both_bad"), vote("one", "three", "tie"),
         vote("two", "three", "b"), vote("one", "two", "b", dimension="visual_quality")]


def test_pairs_are_what_most_people_prefer(folder):
    (folder / "votes.jsonl").write_text(to_jsonl(VOTES) + "{}\n")
    pairs, bad = duels.read(folder / "votes.jsonl")
    said = [(one.chosen.parent.name, one.rejected.parent.name, round(one.margin, 3), one.votes) for one in pairs]
    assert said[0] == ("one", "two", 0.667, 3) and pairs[1].tied and said[2] == ("three", "two", 1.0, 1)
    assert [one.key for one in bad] == ["row 7"]
    (folder / "votes.csv").write_text(to_csv(VOTES))
    other, _ = duels.read(folder / "votes.csv", dimension="visual_quality")
    assert [(one.chosen.parent.name, one.margin) for one in other] == [("two", 1)]
    with pytest.raises(BadInput, match="no dimension 'beauty'"):
        duels.read(folder / "votes.csv", dimension="beauty")


def test_clips_that_are_not_there_or_lead_elsewhere_are_named(folder, tmp_path_factory):
    strange = [vote("one", "two"), vote("gone", "two")]
    for name in ("../one/clip.mp4", "/etc/hostname", str(folder / "one" / "clip.mp4")):
        strange.append(type(VOTES[0])("p", name, "two/clip.mp4", "x", "two", "a"))
    path = tmp_path_factory.mktemp("votes") / "votes.jsonl"
    path.write_text(to_jsonl(strange))
    pairs, bad = duels.read(path, folder)
    assert len(pairs) == 1 and len(bad) == 4 and {one.kind for one in bad} == {"missing"}


def test_a_reward_is_right_half_right_or_wrong(folder):
    pairs, _ = duels.pairs_of(VOTES, folder)        # one > two, one = three, three > two
    for values, expected in (({"one": 3, "two": 1, "three": 2}, 1), ({"one": 1, "two": 1, "three": 2}, 0.75),
                             ({"one": 0, "two": 1, "three": 0}, 0)):
        assert duels.reward_accuracy(pairs, lambda path, _, values=values: values[path.parent.name]) == expected
    assert duels.reward_accuracy([pairs[1]], lambda *_: 0) is None


def test_the_command_checks_every_clip_and_writes_the_pairs(folder, capsys):
    (folder / "three" / "clip.mp4").write_bytes(b"no video")
    (folder / "votes.jsonl").write_text(to_jsonl(VOTES))
    assert duels.main([str(folder / "votes.jsonl"), "--check", "--out", str(folder / "pairs.jsonl")]) == 0
    out = capsys.readouterr()
    assert "3 rows: 1 good, 2 whose video cannot be read; 1 with a preference, 0 ties" in out.out
    assert out.err.count("\n") == 2
    made, = map(json.loads, (folder / "pairs.jsonl").read_text().splitlines())
    assert made["prompt"] == "a ball" and made["chosen"].endswith("one/clip.mp4") and made["votes"] == 3


def test_the_command_says_what_is_wrong(folder, capsys):
    assert duels.main([str(folder / "nowhere.jsonl")]) == 2
    (folder / "votes.jsonl").write_text(to_jsonl(VOTES))
    assert duels.main([str(folder / "votes.jsonl"), "--clips", str(folder / "one")]) == 2
    assert "Traceback" not in capsys.readouterr().err
