"""How far judges agree with votes, worked out by hand; and the files of results that scores are read from."""
import json

import pytest

from tests.duels.test_ranking import vote
from vs2.batch import results
from vs2.batch.table import Row
from vs2.duels import agreement
from vs2.duels.judges import matched, read_scores, scores_of
from vs2.errors import BadInput
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS


def scores(**by_generator):
    return {(f"{name}/clip.mp4", "a ball"): {"overall": value} for name, value in by_generator.items()}


def test_pair_accuracy_with_and_without_ties_by_hand():
    """Scores 4, 3, 3.004 (3.00 at two decimals). Votes: A>B right, B>A wrong, B>C undecided, B=C right as a tie,
    A and B both bad wrong as a tie."""
    votes = [vote("A", "B"), vote("A", "B", "b"), vote("B", "C"), vote("B", "C", "tie"), vote("A", "B", "both_bad")]
    found = agreement("mini", votes, scores(A=4, B=3, C=3.004))
    assert (found.pairs, found.unjudged, found.decided, found.undecided) == (5, 0, 3, 1)
    assert found.without_ties == pytest.approx((1 + 0.5) / 3)
    assert found.with_ties == pytest.approx(2 / 5)
    # Up to a difference of 1 all are ties: both ties right, no other. That is no better than 0, so it is 0.
    assert (found.calibrated, found.threshold) == (pytest.approx(2 / 5), 0)


def test_calibration_finds_the_threshold_that_agrees_best():
    votes = [vote("A", "B", "tie"), vote("A", "B", "tie"), vote("A", "C")]
    found = agreement("mini", votes, scores(A=4, B=3.8, C=2))
    assert found.with_ties == pytest.approx(1 / 3) and found.calibrated == 1 and found.threshold == pytest.approx(0.2)


def test_what_is_not_judged_is_counted_and_nothing_else_is_made_of_it():
    votes = [vote("A", "B"), vote("A", "C"), vote("A", "D")]
    found = agreement("mini", votes, scores(A=4, B=3) | {("C/clip.mp4", "a ball"): {"overall": None}})
    assert (found.pairs, found.unjudged, found.without_ties) == (1, 2, 1)
    none = agreement("mini", votes, {})
    assert (none.pairs, none.unjudged) == (0, 3)
    assert none.without_ties is none.with_ties is none.calibrated is none.threshold is None


def evaluation(video, prompt="a ball", value=4, **more):
    made = {key: Score(value, expected=value + 0.25, distribution=None) for key in KEYS} | more
    return Evaluation(video, prompt, "mini", "fp32", "r", made, 8, Seconds(1, 1, 1), 3)


def test_scores_of_an_evaluation_are_the_expected_ones_and_none_where_withheld():
    found = scores_of(evaluation("x", physical_consistency=Score(None, reason="not known")))
    assert found["visual_quality"] == 4.25 and found["physical_consistency"] is None


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".json"])
def test_files_of_a_batch_are_read(tmp_path, suffix):
    rows = [(name, evaluation(name, prompt, value)) for name, prompt, value in
            (("one/=clip.mp4", "a ball", 2), ("two/clip.mp4", "a ball", 4), ("two/other.mp4", "-a box", 5))]
    records = [results.record(Row(number, name, one.prompt, {}), one) for number, (name, one) in enumerate(rows, 1)]
    records.append(results.record(Row(4, "bad.mp4", "a ball", {}), None, "It is no video."))
    results.write(records, path := tmp_path / f"scores{suffix}")
    found = read_scores(path)
    assert set(found) == {"mini"} and set(found["mini"]) == {(one.video, one.prompt) for _, one in rows}
    assert found["mini"][("two/other.mp4", "-a box")]["visual_quality"] == 5.25


@pytest.mark.parametrize("name, content, said", [
    ("x.csv", "video,prompt\na.mp4,a ball\n", "holds no results"), ("x.txt", "", "no file of results"),
    ("x.json", json.dumps([{"video": "a", "prompt": "b", "model": 3}]), "holds no results"),
    ("x.csv", b"\xff\xfe\xff", "UTF-8"), ("missing.csv", None, "cannot be read")])
def test_files_that_are_no_results_are_refused_in_a_sentence(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput, match=said):
        read_scores(path)


def test_scores_find_their_clips_by_the_whole_name_and_by_the_file_where_that_is_enough():
    judged = {("a.mp4", "p"): {"overall": 1}, ("x/b.mp4", "p"): {"overall": 2}, ("c.mp4", "p"): {"overall": 3}}
    clips = [("one/a.mp4", "p"), ("x/b.mp4", "p"), ("one/c.mp4", "p"), ("two/c.mp4", "p"), ("one/a.mp4", "q")]
    found = matched(judged, clips)
    assert found == {("one/a.mp4", "p"): {"overall": 1}, ("x/b.mp4", "p"): {"overall": 2}}, "c.mp4 may be either's"
