"""Reviews made in the app -> rows of training. The form of a review is vs2/history/review_rows.py.

The scores of a row are the reviewers'. Its reply is learned only where nobody disputed it: a rationale that a reviewer
found wrong must not be taught, so such a row has scores alone, which is what reinforcement learning needs.
"""
import sys
from fractions import Fraction
from pathlib import Path

from train.data.files import Bad, FileRows, unique, usable
from train.data.rows import Row
from vs2 import rubric
from vs2.errors import BadInput
from vs2.history import review_rows
from vs2.history.review_rows import AGREE, Review
from vs2.model.card import Card

OPTIONS = ("kind", "file")


def open_rows(options: dict, processor, model_config, card: Card, need: str, output: Path | None) -> FileRows:
    """Rows of a file of reviews: option `file`, a JSON Lines file. Otherwise as `train.data.feedback.open_rows`."""
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise BadInput(f"data: of kind reviews has no option {unknown[0]}: it has {', '.join(OPTIONS[1:])}.")
    if not options.get("file"):
        raise BadInput("data: of kind reviews needs file: a JSON Lines file of reviews.")
    rows, bad = read(Path(options["file"]))
    rows, without = usable(rows, need)
    found = FileRows(rows, bad + without, processor, model_config, card, output, "reviews")
    print(found.report(), file=sys.stderr)
    return found


def read(path: Path) -> tuple[list[Row], list[Bad]]:
    """The rows of a file of reviews, and what cannot be used. Opens no video."""
    reviews, wrong = review_rows.read(path)
    rows, bad = rows_of(reviews)
    return rows, [Bad(f"line {number}", "form", reason) for number, reason in wrong] + bad


def rows_of(reviews: list[Review]) -> tuple[list[Row], list[Bad]]:
    """One row a judgement, in the order of first mention; a row that lacks a score or its video is named instead.

    The reviews of one clip and prompt belong together, and within them those of one rationale and scores are one
    judgement. A later review of a judgement by the same reviewer replaces the earlier one. Every judgement of a clip
    and prompt gets the same scores: the median of all its reviews (see `settled`).
    """
    clips: dict[tuple, dict[tuple, dict[str, Review]]] = {}
    for review in reviews:
        judgement = (review.rationale, *(review.scores[key] for key in rubric.KEYS))
        said = clips.setdefault((Path(review.video), review.prompt), {}).setdefault(judgement, {})
        said[review.reviewer] = review
    groups = [(video, prompt, list(judgements.values())) for (video, prompt), judgements in clips.items()]
    keys = iter(unique([Path(video).stem for video, _, judgements in groups for _ in judgements]))
    rows, bad = [], []
    for video, prompt, judgements in groups:
        everyone = [review for judgement in judgements for review in judgement.values()]
        scores = tuple(settled(everyone, key) for key in rubric.KEYS)
        for judgement in judgements:
            key, first = next(keys), next(iter(judgement.values()))
            unknown = [dimension.wire for dimension, score in zip(rubric.DIMENSIONS, scores, strict=True)
                       if score is None]
            if unknown:
                bad.append(Bad(key, "scores", f"no reviewer says what is right for {' and '.join(unknown)}"))
            elif not video.is_file():
                bad.append(Bad(key, "missing", f"no file {video}"))
            else:
                rows.append(Row(key, video, prompt, _reply(list(judgement.values()), scores, first), scores))
    return rows, bad


def _reply(judgement: list[Review], scores: tuple, first: Review) -> str | None:
    """The judge's reply, where every reviewer let it stand and its scores are those that were settled on."""
    given = tuple(first.scores[key] for key in rubric.KEYS)
    if not first.rationale.strip() or given != scores or not all(review.undisputed for review in judgement):
        return None
    return rubric.reply(first.rationale, scores)


def settled(reviews: list[Review], key: str) -> int | None:
    """A dimension's score by the reviews of one clip and prompt: the median, a half rounded towards the judge's score.

    A reviewer who agrees stands for the judge's score, one who corrects for the corrected one; one who disagrees and
    gives no score does not count. None where nobody counts. Where several judgements differ, their mean is taken for
    the judge's score; a half that is as far from it on both sides goes down.
    """
    said = sorted(review.scores[key] if review.verdicts.get(key) == AGREE else review.corrected[key]
                  for review in reviews if review.verdicts.get(key) == AGREE or key in review.corrected)
    if not said:
        return None
    twice = said[(len(said) - 1) // 2] + said[len(said) // 2]
    if twice % 2 == 0:
        return twice // 2
    judged = [review.scores[key] for review in reviews if review.scores[key] is not None]
    judge = Fraction(sum(judged), len(judged)) if judged else Fraction(0)
    return twice // 2 + (judge > Fraction(twice, 2))
