"""Agreement of judge and reviewers: by hand and against the textbook; the table that spreadsheets open safely."""
import csv
import io
import json
import random
import zipfile
from pathlib import Path

import pytest

from vs2.history import agreement, review_export, review_rows
from vs2.history.review_rows import AGREE, DISAGREE, Review
from vs2.metrics import quadratic_kappa
from vs2.plots import agreement as agreement_plots
from vs2.rubric import KEYS, SCALE

KEY, ANOTHER, THIRD = KEYS


def review(reviewer="ann", judge=3, right=3, **more) -> Review:
    """A review whose first dimension the reviewer holds to be `right`; None: disagrees and does not say."""
    agrees = judge == right and judge is not None
    return Review(**{
        "video": Path("/srv/data/a.mp4"), "prompt": "a cat", "model": "mini", "rationale": "It is sharp.",
        "scores": {KEY: judge, ANOTHER: 4, THIRD: 2}, "reviewer": reviewer,
        "verdicts": {KEY: AGREE if agrees else DISAGREE, ANOTHER: AGREE, THIRD: AGREE},
        "corrected": {} if agrees or right is None else {KEY: right}} | more)


def textbook_kappa(first, second) -> float:
    """Cohen's weighted kappa written out with both 5 x 5 matrices."""
    n = len(first)
    observed = [[sum(1 for a, b in zip(first, second, strict=True) if (a, b) == (i, j)) / n for j in SCALE]
                for i in SCALE]
    expected = [[(first.count(i) / n) * (second.count(j) / n) for j in SCALE] for i in SCALE]
    weights = [[(i - j) ** 2 / 16 for j in SCALE] for i in SCALE]
    total = [sum(weights[i][j] * which[i][j] for i in range(5) for j in range(5)) for which in (observed, expected)]
    return 1 - total[0] / total[1]


def test_kappa_by_hand():
    # Squared differences seen: 0, 1, 1, 0, mean 1/2. By chance, over all 16 pairs of (1, 2, 4, 5) with (1, 3, 3, 5):
    # 0+4+4+16, 1+1+1+9, 9+1+1+1, 16+4+4+0 = 72, mean 9/2. Kappa 1 - 1/9.
    assert quadratic_kappa([1, 2, 4, 5], [1, 3, 3, 5]) == pytest.approx(8 / 9)
    assert quadratic_kappa([1, 2, 3], [1, 2, 3]) == 1
    assert quadratic_kappa([1, 5], [5, 1]) == -1
    assert quadratic_kappa([1, 1, 5, 5], [1, 5, 1, 5]) == 0, "what chance gives"
    assert quadratic_kappa([2, 2], [4, 4]) == 0, "never agreed, and could not have"
    assert quadratic_kappa([3, 3], [3, 3]) is None and quadratic_kappa([], []) is None


def test_kappa_is_the_textbooks():
    dice = random.Random(5)
    for n in (2, 3, 10, 200):
        for _ in range(20):
            first = [dice.choice(SCALE) for _ in range(n)]
            second = [min(5, max(1, score + dice.choice((-2, -1, 0, 0, 1)))) for score in first]
            if len(set(first + second)) > 1:
                assert quadratic_kappa(first, second) == pytest.approx(textbook_kappa(first, second), abs=1e-12)
                assert quadratic_kappa(first, second) == pytest.approx(quadratic_kappa(second, first), abs=1e-12)


def test_the_judge_with_its_reviewers():
    reviews = [("e1", review(judge=3, right=3)), ("e1", review("bob", judge=3, right=4)),
               ("e2", review(judge=5, right=2)), ("e3", review(judge=1, right=1)),
               ("e4", review(judge=2, right=None)), ("e5", review(judge=None, right=4))]
    found = agreement.with_judge(reviews)
    first = found[KEY]
    assert (first.n, first.unscored) == (4, 2), "one did not say what is right, one judge's score was not read"
    assert first.exact == 0.5 and first.within_one == 0.75
    assert first.matrix == ((1, 0, 0, 0, 0), (0, 0, 0, 0, 0), (0, 0, 1, 1, 0), (0, 0, 0, 0, 0), (0, 1, 0, 0, 0))
    judge, right = [3, 3, 5, 1], [3, 4, 2, 1]
    assert first.kappa == pytest.approx(textbook_kappa(judge, right))
    # Deviations 0, 0, 2, -2 and 0.5, 1.5, -0.5, -1.5: products 2, squares 8 and 5.
    assert first.pearson == pytest.approx(2 / (8 * 5) ** 0.5)
    # Ranks 2.5, 2.5, 4, 1 and 3, 4, 2, 1: deviations 0, 0, 1.5, -1.5 and 0.5, 1.5, -0.5, -1.5.
    assert first.spearman == pytest.approx(1.5 / (4.5 * 5) ** 0.5)
    assert found[ANOTHER].n == 6 and found[ANOTHER].exact == 1
    assert found[ANOTHER].kappa is None and found[ANOTHER].pearson is None, "all the same: not defined"


def test_two_reviewers_of_one_evaluation_are_one_pair_in_both_orders():
    reviews = [("e1", review("ann", right=3)), ("e1", review("bob", right=4)), ("e1", review("cat", right=1)),
               ("e2", review("ann", right=5)), ("e3", review("bob", right=None)), ("e3", review("ann", right=2))]
    first = agreement.between_reviewers(reviews)[KEY]
    assert (first.n, first.unscored) == (3, 1), "ann-bob, ann-cat, bob-cat; bob did not say on e3; e2 has one reviewer"
    assert first.exact == 0 and first.within_one == pytest.approx(1 / 3)
    assert first.matrix == ((0, 0, 1, 1, 0), (0,) * 5, (1, 0, 0, 1, 0), (1, 0, 1, 0, 0), (0,) * 5)
    assert first.kappa == pytest.approx(textbook_kappa([3, 4, 3, 1, 4, 1], [4, 3, 1, 3, 1, 4]))
    again = agreement.between_reviewers(reversed(reviews))[KEY]
    assert again == first, "whoever reviewed first"


def test_a_reviewer_counts_once_and_the_last_word_holds():
    reviews = [("e1", review(right=5)), ("e1", review(right=3))]
    assert agreement.with_judge(reviews)[KEY].exact == 1
    assert agreement.between_reviewers(reviews)[KEY].n == 0


def test_nothing_reviewed_is_undefined_and_plain_json():
    for found in (agreement.with_judge([]), agreement.between_reviewers([("e1", review())])):
        record = json.loads(json.dumps(found[KEY].to_dict()))
        assert record.pop("matrix") == [[0] * 5] * 5 and record.pop("n") == 0
        assert record.pop("unscored") == record.pop("withheld") == 0
        assert set(record.values()) == {None}


def test_the_heat_map_has_the_judge_downwards_and_the_reviewers_across():
    matrix = agreement.with_judge([("e1", review(judge=5, right=2)), ("e2", review(judge=5, right=2))])[KEY].matrix
    figure = agreement_plots.confusion(matrix, "Judge", "Reviewers")
    heat, = figure.data
    assert heat.z[4][1] == 2 and heat.text[4][1] == "2" and heat.text[0][0] == ""
    assert list(heat.x) == list(heat.y) == ["1", "2", "3", "4", "5"]
    assert figure.layout.yaxis.autorange == "reversed" and figure.layout.yaxis.title.text == "Judge"
    assert agreement_plots.confusion(((0,) * 5,) * 5, "a", "b").data[0].zmax == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\n=", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(start):
    words = f'{start}HYPERLINK("http://example.invalid","x")'
    made = review(words, prompt=words, model=words, rationale=words, note=words, wrong_passages=((0, len(words)),),
                  video=Path("/srv") / words.strip().replace("/", "_"))
    row, = csv.DictReader(io.StringIO(review_export.table([("e1", made)]), newline=""))
    for column in ("reviewer", "prompt", "model", "rationale", "note", "wrong_passages"):
        assert row[column] == f"'{words}", column
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row.values())


def test_the_table_holds_what_was_said():
    made = review("ann", right=4, note='He said "no",\nand left; é 🙂', wrong_passages=((0, 2), (6, 11)))
    text = review_export.table([("e1", made), ("e2", review("bob", judge=None, right=None))])
    one, two = csv.DictReader(io.StringIO(text, newline=""))
    assert list(one) == list(review_export.COLUMNS)
    assert one["evaluation"] == "e1" and one["video"] == "a.mp4" and one["note"] == made.note
    assert [one[f"{KEY}_{what}"] for what in ("judge", "verdict", "corrected")] == ["3", "disagree", "4"]
    assert one["wrong_passages"] == "It\nsharp"
    assert [two[f"{KEY}_{what}"] for what in ("judge", "verdict", "corrected")] == ["", "disagree", ""]


def test_records_are_reviews_with_their_evaluation_and_no_place_on_the_server():
    made = review(right=4, note="é", wrong_passages=((0, 2),))
    record, = json.loads(json.dumps(review_export.records([("e1", made)])))
    assert record.pop("evaluation") == "e1" and record["video"] == "a.mp4"
    assert Review.from_json(record).corrected == {KEY: 4}


def test_the_archive_reads_again_wherever_it_is_unpacked(tmp_path):
    clip, other = tmp_path / "0a1b.mp4", tmp_path / "c.webm"
    clip.write_bytes(b"one")
    other.write_bytes(b"two")
    clips = {"e1": clip, "e2": clip, "e3": other, "e4": None, "e5": tmp_path / "gone.mp4"}
    reviews = [("e1", review()), ("e1", review("bob")), ("e2", review(note="é 🙂")),
               ("e3", review(video=Path("../x.m/../../e.MP4$"))), ("e4", review()), ("e5", review())]
    left_out = review_export.archive(reviews, tmp_path / "out.zip", clips.get)
    assert left_out == 2
    with zipfile.ZipFile(tmp_path / "out.zip") as file:
        assert sorted(file.namelist()) == ["clips/00001.mp4", "clips/00002.webm", "reviews.jsonl"]
        file.extractall(tmp_path / "there")
    found, wrong = review_rows.read(tmp_path / "there" / "reviews.jsonl")
    assert not wrong and [said.video.read_bytes() for said in found] == [b"one"] * 3 + [b"two"]
    assert [said.reviewer for said in found] == ["ann", "bob", "ann", "ann"] and found[2].note == "é 🙂"
