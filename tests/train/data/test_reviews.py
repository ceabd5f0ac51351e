"""Reviews: their exchanged form, and the rows that come of them; what was disputed is not taught."""
import json
import shutil
from pathlib import Path

import pytest

from tests.support.clips import moving_square
from train.data import reviews
from vs2 import rubric
from vs2.errors import BadInput
from vs2.history import review_rows
from vs2.history.review_rows import Review
from vs2.model.card import Card

SCORES = dict(zip(rubric.KEYS, (3, 4, 2), strict=True))
AGREED = dict.fromkeys(rubric.KEYS, "agree")
THOUGHT = "The cat is sharp. It flies."


def review(video="a.mp4", disagree=(), **more):
    return Review(**{"video": Path(video), "prompt": "a cat", "model": "mini", "rationale": THOUGHT, "scores": SCORES,
                     "reviewer": "ann", "verdicts": AGREED | dict.fromkeys(disagree, "disagree")} | more)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return moving_square(tmp_path_factory.mktemp("clip") / "a.mp4", frames=4, size=(64, 48))


@pytest.fixture
def folder(tmp_path, clip):
    for name in ("a", "b"):
        shutil.copy(clip, tmp_path / f"{name}.mp4")
    return tmp_path


def rows(folder, *given):
    review_rows.write(given, folder / "reviews.jsonl")
    return reviews.read(folder / "reviews.jsonl")


def test_a_review_survives_the_file(folder):
    absolute = folder.parent / "elsewhere.mp4"
    said = [review(folder / "a.mp4"), review(absolute, note="dé\nja", wrong_passages=((0, 3), (18, 27))),
            review(folder / "b.mp4", ("visual_quality",), corrected={"visual_quality": 5},
                   scores=SCORES | {"visual_quality": None})]
    review_rows.write(said, folder / "reviews.jsonl")
    found, wrong = review_rows.read(folder / "reviews.jsonl")
    assert found == said and not wrong
    lines = [json.loads(line) for line in (folder / "reviews.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["video"] for line in lines] == ["a.mp4", absolute.as_posix(), "b.mp4"], "a folder may be moved"
    assert lines[1]["wrong_passages"] == [{"start": 0, "end": 3}, {"start": 18, "end": 27}]


@pytest.mark.parametrize(("more", "says"), [
    ({"scores": {"visual_quality": 3}}, "scores must be given by dimension"),
    ({"scores": SCORES | {"visual_quality": 0}}, "visual quality is 0"),
    ({"scores": SCORES | {"visual_quality": 3.0}}, "visual quality is 3.0"),
    ({"scores": SCORES | {"visual_quality": None}}, "nobody can agree"),
    ({"verdicts": AGREED | {"text_alignment": "perhaps"}}, "verdict on text-to-video alignment is 'perhaps'"),
    ({"verdicts": {}}, "verdicts must be given"),
    ({"corrected": {"visual_quality": 2}}, "corrected and agreed"),
    ({"disagree": ("visual_quality",), "corrected": {"visual_quality": True}}, "corrected score .* is True"),
    ({"disagree": ("visual_quality",), "corrected": {"sound": 2}}, "corrected must be given by dimension"),
    ({"wrong_passages": ((5, 5),)}, "does not lie in the rationale"),
    ({"wrong_passages": ((0, 999),)}, "does not lie in the rationale"),
    ({"prompt": ""}, "prompt is empty"), ({"reviewer": None}, "reviewer must be a text"),
])
def test_a_review_that_cannot_be_is_refused(more, says):
    with pytest.raises(BadInput, match=says):
        review(**more)


def test_a_line_that_is_no_review_is_named_and_the_others_stay(folder):
    good = review(folder / "a.mp4").to_json(folder)
    lines = [json.dumps(good), "{", "[1]", "", json.dumps(good | {"stars": 3}),
             json.dumps({key: value for key, value in good.items() if key != "verdicts"}),
             json.dumps(good | {"video": ""}), json.dumps(good | {"wrong_passages": [1]}),
             json.dumps(good | {"wrong_passages": [{"start": 0.5, "end": 2}]}),
             json.dumps(good | {"prompt": "a dog", "video": "none.mp4"})]
    (folder / "reviews.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found, bad = reviews.read(folder / "reviews.jsonl")
    assert [row.key for row in found] == ["a"]
    assert [(one.key, one.kind) for one in bad] == [
        *((f"line {number}", "form") for number in (2, 3, 5, 6, 7, 8, 9)), ("none", "missing")]
    reasons = ("not JSON", "JSON object", "'stars'", "lacks verdicts", "no video", "list of", "whole numbers",
               "no file")
    assert all(words in one.reason for words, one in zip(reasons, bad, strict=True))
    with pytest.raises(BadInput, match="cannot be read as a file of reviews"):
        reviews.read(folder / "none.jsonl")


def test_only_what_nobody_disputes_is_learned(folder):
    cases = {"agreed": (review(folder / "a.mp4"), (3, 4, 2), True),
             "a passage is wrong": (review(folder / "a.mp4", wrong_passages=((0, 3),)), (3, 4, 2), False),
             "corrected": (review(folder / "a.mp4", ("text_alignment",), corrected={"text_alignment": 1}),
                           (3, 1, 2), False),
             "nothing was thought": (review(folder / "a.mp4", rationale=" "), (3, 4, 2), False)}
    for name, (said, scores, learned) in cases.items():
        (row,), bad = rows(folder, said)
        assert not bad and row.scores == scores and row.video.samefile(folder / "a.mp4"), name
        assert row.reply == (rubric.reply(THOUGHT, scores) if learned else None), name
    found, bad = rows(folder, review(folder / "a.mp4", ("text_alignment",)))
    assert not found and bad[0].kind == "scores" and "text-to-video alignment" in bad[0].reason


@pytest.mark.parametrize(("judge", "said", "settled"), [
    (3, [3], 3), (3, [1, 1, 5], 1), (2, [4, 5], 4), (5, [4, 3], 4), (4, [4, 1], 3), (1, [1, 4], 2), (3, [2, 3], 3),
    (3, [1, 5], 3), (None, [2, 3], 2), (None, [5], 5), (4, [None, 2], 2), (3, [None], None),
])
def test_several_reviewers_give_the_median_and_a_half_goes_to_the_judge(judge, said, settled):
    """`said`: what each reviewer holds right; None disagrees and does not say."""
    key = "visual_quality"
    made = []
    for number, score in enumerate(said):
        agrees = score == judge and score is not None
        made.append(review(scores=SCORES | {key: judge}, reviewer=f"{number}", disagree=() if agrees else (key,),
                           corrected={} if agrees or score is None else {key: score}))
    assert reviews.settled(made, key) == settled


def test_a_clip_and_prompt_is_one_row_and_one_reviewer_has_one_voice(folder):
    a, other = folder / "a.mp4", "The cat walks."
    found, bad = rows(folder, review(a), review(a, reviewer="bob"), review(a, prompt="a dog"),
                      review(folder / "b.mp4", wrong_passages=((0, 3),)), review(folder / "b.mp4"))
    assert not bad and [(row.key, row.prompt) for row in found] == [("a", "a cat"), ("a#2", "a dog"), ("b", "a cat")]
    assert all(row.reply for row in found), "ann took back that a passage of b is wrong"
    found, _ = rows(folder, review(a), review(a, reviewer="bob", wrong_passages=((0, 3),)))
    assert [row.reply for row in found] == [None], "one of two disputes it"
    five = SCORES | {"visual_quality": 5}
    found, _ = rows(folder, review(a), review(a, rationale=other, scores=five, disagree=("visual_quality",),
                                              corrected={"visual_quality": 3}))
    assert [row.scores for row in found] == [(3, 4, 2)] * 2
    assert [row.reply for row in found] == [rubric.reply(THOUGHT, (3, 4, 2)), None], "each judgement on its own"


def test_rows_open_for_training(folder, tmp_path):
    review_rows.write([review(folder / "a.mp4"), review(folder / "b.mp4", wrong_passages=((0, 3),))],
                      folder / "reviews.jsonl")
    options = {"kind": "reviews", "file": folder / "reviews.jsonl"}
    learned = reviews.open_rows(options, None, None, Card(), "reply", tmp_path / "run")
    assert [row.key for row in learned.rows] == ["a"] and [one.key for one in learned.skipped.all()] == ["b"]
    scored = reviews.open_rows(options, None, None, Card(), "scores", tmp_path / "run")
    assert [row.key for row in scored.rows] == ["a", "b"] and not scored.skipped.all()
    assert scored.row(1).frames(Card()).shape[0] == 4
    for wrong in ({"kind": "reviews"}, options | {"folder": "x"}):
        with pytest.raises(BadInput):
            reviews.open_rows(wrong, None, None, Card(), "reply", None)
