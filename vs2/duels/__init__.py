"""Blind duels: clips by several generators, pair by pair, people's votes, and the ranking that comes of them.

    votes, wrong = read("duel.jsonl")
    rank(votes).standings[0].generator, agreement("mini", votes, scores).without_ties

No page and no database is known here.
"""
from vs2.duels.judges import Agreement, agreement
from vs2.duels.ranking import Ranking, Standing, rank
from vs2.duels.votes import Vote, read

__all__ = ["Agreement", "Ranking", "Standing", "Vote", "agreement", "rank", "read"]
