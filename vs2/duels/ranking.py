"""People's votes -> a ranking of generators by the model of Bradley and Terry, with intervals over prompts.

P(i is preferred to j) = 1 / (1 + exp(s_j - s_i)); the strengths s have mean 0. Bradley and Terry, Biometrika 39 (1952).

Ties, and two clips that are both bad, count half for each side. The strengths then fit the score, wins and half of the
ties, which is all that the model of Davidson (1970), too, takes from votes where every pair is met equally often; and
no further parameter has to be learned from few votes. s_i - s_j is the log odds of that score.

A small ridge, `RIDGE` / 2 * sum s^2 taken off the log likelihood, keeps the strength of whoever won or lost all finite.
Where only the ridge does (Ford, 1957: the generators can be parted so that one part took no point from the other) the
interval is open on that side: None.
"""
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from vs2.duels.votes import BAD, OVERALL, TIE, A, B, Vote
from vs2.errors import BadInput

RIDGE = 0.01
RESAMPLES = 1000
LEVEL = 0.95
SCALE, CENTRE = 400 / np.log(10), 1000.0     # of ratings, as in chess: 400 points are odds of 10 to 1
MOST_GENERATORS = 200


@dataclass(frozen=True)
class Standing:
    """One generator. place: 1 the best; who has the same rounded rating shares a place. strength: log odds, mean 0.

    rating: 1000 + 400 / ln 10 * strength. low, high: the rating's interval, an end None where the votes leave it open
    (see the module), both None and `interval` false where there is none. wins, ties, losses: its votes; `bad` of the
    ties are "both bad". win_rate: wins and half of the ties, of all its votes.
    """

    generator: str
    place: int
    strength: float
    rating: float
    low: float | None
    high: float | None
    votes: int
    wins: int
    ties: int
    losses: int
    bad: int
    win_rate: float


@dataclass(frozen=True)
class Meeting:
    """Two generators that met. wins: of the first; losses: of the second."""

    first: str
    second: str
    votes: int
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True)
class Ranking:
    """The generators, the best first. votes, prompts: how much it stands on.

    interval: whether the standings have intervals: from two prompts on. whole: whether the votes alone hold all
    strengths finite. groups: into how many parts the generators fall that never met; over parts nothing is compared.
    """

    dimension: str
    standings: tuple[Standing, ...]
    meetings: tuple[Meeting, ...]
    votes: int
    prompts: int
    interval: bool
    whole: bool
    groups: int
    level: float = LEVEL
    ridge: float = RIDGE

    def to_dict(self) -> dict:
        """Plain JSON values."""
        return asdict(self)


def strengths(points: np.ndarray, ridge: float = RIDGE) -> np.ndarray:
    """Strengths, float64 [..., n], that fit points [..., n, n]: points[i, j] is what i took from j.

    By Newton's method, from 0, halving steps that make it worse. With ridge 0 they must be finite: see `Ranking.whole`.
    """
    points = np.asarray(points, np.float64)
    n = points.shape[-1]
    met = points + points.swapaxes(-1, -2)
    # The ones hold the mean, which the likelihood does not know, where it is: at 0.
    still = ridge * np.eye(n) + np.full((n, n), 1 / n)
    found = np.zeros(points.shape[:-1])
    value = _likelihood(points, found, ridge)
    for _ in range(100):
        odds = _preferred(found)
        slope = (points - met * odds).sum(-1) - ridge * found
        weight = met * odds * (1 - odds)
        bend = weight.sum(-1)[..., None] * np.eye(n) - weight + still
        step = np.linalg.solve(bend, slope[..., None])[..., 0]
        size = np.ones(found.shape[:-1] + (1,))
        for _ in range(30):
            new = found + size * step
            now = _likelihood(points, new, ridge)
            worse = now < value - 1e-12
            if not np.any(worse):
                break
            size = np.where(worse[..., None], size / 2, size)
        found, value = new, now
        if np.max(np.abs(step), initial=0.0) < 1e-10:
            break
    return found - found.mean(-1, keepdims=True)


def rank(votes: Iterable[Vote], dimension: str = OVERALL, resamples: int = RESAMPLES, seed: int = 0,
         ridge: float = RIDGE) -> Ranking:
    """The ranking by the votes on one dimension. Raises BadInput where there are none.

    resamples: of the prompts, with replacement, for the intervals, drawn from `seed`; 0 for none.
    """
    mine = [vote for vote in votes if vote.dimension == dimension]
    if not mine:
        raise BadInput(f"There is no vote on {dimension} to rank by.")
    names = sorted({name for vote in mine for name in (vote.generator_a, vote.generator_b)})
    if len(names) > MOST_GENERATORS:
        raise BadInput(f"The votes name {len(names)} generators: rank at most {MOST_GENERATORS} together.")
    prompts = list(dict.fromkeys(vote.prompt for vote in mine))
    at, of = ({name: place for place, name in enumerate(known)} for known in (names, prompts))
    by_prompt = np.zeros((len(prompts), len(names), len(names)))
    for vote in mine:
        first, second, prompt = at[vote.generator_a], at[vote.generator_b], of[vote.prompt]
        by_prompt[prompt, first, second] += vote.points
        by_prompt[prompt, second, first] += 1 - vote.points
    points = by_prompt.sum(0)
    found = strengths(points, ridge)
    groups = connected_components(points + points.T > 0, directed=False)[0]
    parts = connected_components(points > 0, connection="strong")[1]
    interval = resamples > 0 and len(prompts) > 1
    ends = _interval(by_prompt, resamples, seed, ridge) if interval else None
    rating = CENTRE + SCALE * found
    order = sorted(range(len(names)), key=lambda one: (-rating[one], names[one]))
    standings = []
    for one in order:
        inside = parts == parts[one]
        beaten, scored = points[~inside][:, inside].any(), points[inside][:, ~inside].any()
        alone = inside.all()
        low = float(ends[0][one]) if ends is not None and (alone or scored) else None
        high = float(ends[1][one]) if ends is not None and (alone or beaten) else None
        place = 1 + sum(round(float(other)) > round(float(rating[one])) for other in rating)
        standings.append(Standing(names[one], place, float(found[one]), float(rating[one]), low, high,
                                  **_counts(mine, names[one])))
    return Ranking(dimension, tuple(standings), _meetings(mine), len(mine), len(prompts), interval,
                   bool(parts.max(initial=0) == 0), int(groups), LEVEL, ridge)


def _preferred(found: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(np.clip(found[..., None, :] - found[..., :, None], -500, 500)))


def _likelihood(points: np.ndarray, found: np.ndarray, ridge: float) -> np.ndarray:
    ahead = found[..., :, None] - found[..., None, :]
    return -(points * np.logaddexp(0, -ahead)).sum((-1, -2)) - ridge / 2 * (found ** 2).sum(-1)


def _interval(by_prompt: np.ndarray, resamples: int, seed: int, ridge: float) -> np.ndarray:
    """The ratings' percentiles [2, n] over drawn sets of prompts; those in which a generator has no vote say nothing
    of it."""
    prompts, n, _ = by_prompt.shape
    generator, drawn = np.random.default_rng(seed), []
    block = max(1, 4_000_000 // (n * n))
    for start in range(0, resamples, block):
        times = generator.multinomial(prompts, np.full(prompts, 1 / prompts), size=min(block, resamples - start))
        points = (times.astype(np.float64) @ by_prompt.reshape(prompts, -1)).reshape(-1, n, n)
        absent = (points + points.swapaxes(-1, -2)).sum(-1) == 0
        drawn.append(np.where(absent, np.nan, CENTRE + SCALE * strengths(points, ridge)))
    tail = 100 * (1 - LEVEL) / 2
    return np.nanpercentile(np.concatenate(drawn), [tail, 100 - tail], axis=0)


def _counts(votes: list[Vote], name: str) -> dict:
    """Wins, ties, losses of a generator."""
    mine = [(vote, vote.generator_a == name) for vote in votes if name in (vote.generator_a, vote.generator_b)]
    wins = sum(vote.preference == (A if first else B) for vote, first in mine)
    bad = sum(vote.preference == BAD for vote, _ in mine)
    ties = bad + sum(vote.preference == TIE for vote, _ in mine)
    return {"votes": len(mine), "wins": wins, "ties": ties, "losses": len(mine) - wins - ties, "bad": bad,
            "win_rate": (wins + ties / 2) / len(mine)}


def _meetings(votes: list[Vote]) -> tuple[Meeting, ...]:
    found: dict[tuple[str, str], list[float]] = {}
    for vote in votes:
        names = (vote.generator_a, vote.generator_b)
        first = min(names)
        found.setdefault((first, max(names)), []).append(vote.points if names[0] == first else 1 - vote.points)
    return tuple(Meeting(*names, len(points), points.count(1.0), points.count(0.5), points.count(0.0))
                 for names, points in sorted(found.items()))
