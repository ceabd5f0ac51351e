"""How far the judge and those who review it agree, and the reviewers among themselves.

    pairs = [(evaluation id, Review), ...]                    # as Store.reviews gives them
    with_judge(pairs)["visual_quality"].kappa, between_reviewers(pairs)["visual_quality"].matrix
"""
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from itertools import combinations

from vs2 import metrics
from vs2.history.review_rows import AGREE, Review
from vs2.rubric import KEYS, SCALE


@dataclass(frozen=True)
class Agreement:
    """Pairs of scores from 1 to 5, compared.

    n: pairs. unscored: pairs left out because one of the two gave no score: a reviewer who disagreed and did not say
    what is right, a judge whose score was not read. withheld: those left out because the judge did not judge.
    exact, within_one: fractions of n. kappa: quadratic weighted. pearson, spearman: correlations. Each of them is None
    where it is not defined.
    matrix: 5 x 5 counts, matrix[first - 1][second - 1].
    """

    n: int
    unscored: int
    exact: float | None
    within_one: float | None
    kappa: float | None
    pearson: float | None
    spearman: float | None
    matrix: tuple[tuple[int, ...], ...]
    withheld: int = 0

    def to_dict(self) -> dict:
        """Plain JSON values."""
        return asdict(self) | {"matrix": [list(row) for row in self.matrix]}


def held_right(review: Review, key: str) -> int | None:
    """The score that a reviewer holds right: the judge's if agreed with, else the corrected one; None if not said."""
    return review.scores[key] if review.verdicts.get(key) == AGREE else review.corrected.get(key)


def with_judge(reviews: Iterable[tuple[str, Review]]) -> dict[str, Agreement]:
    """Each dimension's agreement of the judge (the matrix's rows) with its reviewers (the columns), a pair a review."""
    everyone = [review for said in _latest(reviews).values() for review in said.values()]
    found = {}
    for key in KEYS:
        judged = [review for review in everyone if key not in review.not_judged]
        compared = _compare([(review.scores[key], held_right(review, key)) for review in judged])
        found[key] = replace(compared, withheld=len(everyone) - len(judged))
    return found


def between_reviewers(reviews: Iterable[tuple[str, Review]]) -> dict[str, Agreement]:
    """Each dimension's agreement of any two reviewers of one evaluation, a pair for every two of them.

    Neither of two reviewers comes first, so each pair counts in both orders: the matrix is symmetric and holds each
    pair twice, and kappa and the correlations are of both orders together.
    """
    latest = _latest(reviews)
    return {key: _compare([(held_right(one, key), held_right(other, key)) for said in latest.values()
                           for one, other in combinations(said.values(), 2)], both_orders=True) for key in KEYS}


def _latest(reviews: Iterable[tuple[str, Review]]) -> dict[str, dict[str, Review]]:
    """The reviews by evaluation and reviewer; of two by the same reviewer the later one."""
    found: dict[str, dict[str, Review]] = {}
    for evaluation, review in reviews:
        found.setdefault(evaluation, {})[review.reviewer] = review
    return found


def _compare(pairs: list[tuple[int | None, int | None]], both_orders: bool = False) -> Agreement:
    scored = [pair for pair in pairs if None not in pair]
    unscored, n = len(pairs) - len(scored), len(scored)
    if both_orders:
        scored += [(second, first) for first, second in scored]
    scored.sort()  # the same sums whatever the order of the reviews
    matrix = tuple(tuple(scored.count((first, second)) for second in SCALE) for first in SCALE)
    if not scored:
        return Agreement(0, unscored, None, None, None, None, None, matrix)
    first, second = zip(*scored, strict=True)
    figures = metrics.agreement(first, second)
    return Agreement(n, unscored, figures["exact"], figures["within_one"], metrics.quadratic_kappa(first, second),
                     figures["pearson"], figures["spearman"], matrix)
