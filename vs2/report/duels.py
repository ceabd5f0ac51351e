"""A ranking of `vs2.duels` as a report has it."""
from collections.abc import Callable, Iterable

from vs2 import duels
from vs2.duels.ranking import CENTRE, SCALE
from vs2.duels.votes import OVERALL, Vote
from vs2.report import judges
from vs2.report.model import Agreement, Ranked, Ranking


def ranking(votes: Iterable[Vote], dimension: str = OVERALL, agreements: Iterable[duels.Agreement] = (),
            voters: int | None = None, knows: Callable[[str], str] = judges.knows) -> Ranking:
    """The ranking by the votes on a dimension. agreements: of judges with them.

    voters: how many people voted, None where nobody counted them. Raises BadInput where there are no votes on it.
    """
    found = duels.rank(votes, dimension)
    ranked = tuple(Ranked(one.generator, one.strength, _logits(one.low), _logits(one.high), one.wins, one.losses,
                          one.ties, one.win_rate) for one in found.standings)
    bad = sum(one.bad for one in found.standings) // 2      # a vote is in the standings of both
    ties = sum(one.ties for one in found.standings) // 2 - bad
    agreed = tuple(Agreement(one.judge, one.pairs, one.without_ties, one.with_ties, knows(one.judge))
                   for one in agreements)
    named = "" if dimension == OVERALL else dimension
    return Ranking(ranked, found.votes, ties, bad, voters, named, found.level, agreed)


def _logits(rating: float | None) -> float | None:
    """The end of an interval in the unit of the strengths."""
    return None if rating is None else float((rating - CENTRE) / SCALE)
