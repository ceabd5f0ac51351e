"""The suite `best-of`: what picking the best of N clips by the judge gains in true score over a random pick.

The rule is the paper's (arXiv 2509.22799, section on Best-of-N): the mean of the three scores, the highest wins. Here
the candidates are rendered scenes, whose true scores are known.
"""
from dataclasses import dataclass, replace

import numpy as np

from vs2.bench.scenes import read, scored
from vs2.bench.work import each
from vs2.rubric import KEYS
from vs2.scenes import words, world

FIRST = world.HELD_OUT + 4_000_000      # far from the seeds of the other suites
MOST = 1000                             # candidates of one prompt have seeds of their own
DRAWS = 2000                            # of the bootstrap
SAME = 1e-6                             # a difference that is only rounding is a tie


@dataclass(frozen=True)
class Contest:
    """A prompt and the clips that were made for it, some of them badly."""

    prompt: str
    candidates: tuple[world.Scene, ...]


def contest(number: int, size: int) -> Contest:
    """The contest `number` of `size` candidates: one thing asked, the three true scores of each drawn uniformly.

    A candidate shows what was asked but for 0 to 4 elements, and has a visual and a physical fault of strength 0 to 4.
    """
    if not 2 <= size <= MOST:
        raise ValueError(f"a contest has 2 to {MOST} candidates")
    first = FIRST + number * MOST
    asked = world.sample(first).shown
    return Contest(words.caption(asked, number), tuple(candidate(first + k, asked) for k in range(size)))


def candidate(seed: int, asked: world.Content) -> world.Scene:
    """A clip made for `asked`; its three true scores are uniform over 1 to 5. The same seed, the same clip."""
    rng = np.random.default_rng([seed, 11])
    visual, alignment, physical = (int(score) for score in rng.integers(1, 6, 3))
    shown = world.ask(rng, asked, alignment)
    while shown.beside == (shown.colour, shown.shape):      # the second object would be taken for one of the first
        shown = world.ask(rng, asked, alignment)
    kind = str(rng.choice(world.VISUAL_FAULTS))
    seen = world.Fault(kind, 5 - visual) if visual < 5 else None
    return replace(world.sample(seed), shown=shown, asked=asked, visual=seen,
                   physical=world.physical_fault(rng, shown, 5 - physical))


def judged(judge, item, **options) -> dict:
    """The row of one contest; item: its number and size. Scores are [candidates][3], `overall` [candidates]."""
    number, size = item
    made = contest(number, size)
    evaluations = [scored(judge, scene, [made.prompt], **options)[0] for scene in made.candidates]
    return {"seeds": [scene.seed for scene in made.candidates], "prompt": made.prompt,
            "true": [list(scene.scores) for scene in made.candidates],
            "expected": [read(evaluation)["expected"] for evaluation in evaluations],
            "overall": [evaluation.overall for evaluation in evaluations],
            "withheld": [bool(evaluation.withheld) for evaluation in evaluations]}


def picked(overall) -> list[int]:
    """The candidates that share the highest `overall`. One with an unread score (None) loses to any that was read."""
    best = max((score for score in overall if score is not None), default=None)
    return [n for n, score in enumerate(overall)
            if score == best or (score is not None and best - score <= SAME)]


def summary(rows, draws: int = DRAWS, seed: int = 0) -> dict:
    """What the pick is worth: true mean scores (1 to 5) over the contests, and gains in percent of a random pick's.

    A tie counts as a draw between those that share it. {contests, size, picked, random, best, uplift, interval (the
    95 % bootstrap interval of uplift, contests drawn with replacement), possible (the uplift of always picking the
    best), hit (share of contests whose pick is a best one), dimensions {key: uplift}, unread (candidates), withheld
    (candidates with a score that was not judged: they lose, as unread ones do), empty (contests in which that was so of
    all of them: no pick was made, and they count in nothing else)}.
    """
    told = len(rows)
    unread, withheld = missing(rows)
    rows = [row for row in rows if not all(row.get("withheld", [False]))]
    counts = {"contests": told, "unread": unread, "withheld": withheld, "empty": told - len(rows)}
    if not rows:
        return counts | dict.fromkeys(("size", "picked", "random", "best", "uplift", "interval", "possible", "hit",
                                       "dimensions"))
    true = [np.array(row["true"], float) for row in rows]
    winners = [picked(row["overall"]) for row in rows]
    chosen = np.array([scores[which].mean(0) for scores, which in zip(true, winners, strict=True)])     # [contests, 3]
    chance = np.array([scores.mean(0) for scores in true])
    means = [scores.mean(1) for scores in true]
    best = np.array([scores.max() for scores in means])
    again = np.random.default_rng(seed).integers(0, len(rows), (draws, len(rows)))
    pick, blind = chosen.mean(1), chance.mean(1)
    drawn = 100 * (pick[again].mean(1) / blind[again].mean(1) - 1)
    hits = [np.mean(scores[which] >= top - SAME) for scores, which, top in zip(means, winners, best, strict=True)]
    return counts | {
        "size": max(len(scores) for scores in true), "picked": float(pick.mean()), "random": float(blind.mean()),
        "best": float(best.mean()), "uplift": _percent(pick, blind),
        "interval": [float(edge) for edge in np.percentile(drawn, (2.5, 97.5))],
        "possible": _percent(best, blind), "hit": float(np.mean(hits)),
        "dimensions": {key: _percent(chosen[:, i], chance[:, i]) for i, key in enumerate(KEYS)}}


def unjudged(metrics: dict) -> str:
    """What a summary says of candidates and prompts without scores."""
    return (f"Unread candidates: {metrics['unread']}, not judged: {metrics['withheld']}; prompts left out, for none of "
            f"theirs was judged: {metrics['empty']}.")


def missing(rows) -> tuple[int, int]:
    """How many candidates have no overall score: unread ones, and those that were not judged."""
    without = [bool(withheld) for row in rows
               for score, withheld in zip(row["overall"], row.get("withheld") or [False] * len(row["overall"]),
                                          strict=True) if score is None]
    return len(without) - sum(without), sum(without)


def _percent(scores: np.ndarray, base: np.ndarray) -> float:
    return float(100 * (scores.mean() / base.mean() - 1))


def run(judge, count: int = 60, size: int = 5, progress=None, **options) -> dict:
    """Judge `count` contests of `size` candidates: {suite, model, clips, metrics, rows}; metrics as in `summary`.

    judge: a Judge, or `vs2.bench.work.Processes`. options go to `judge.score`. progress: called with (done, count)
    after each contest. Raises what the judge raises.
    """
    rows = each(judge, judged, [(number, size) for number in range(count)], progress, **options)
    return {"suite": "best-of", "model": judge.name, "clips": count * size, "metrics": summary(rows), "rows": rows}


def table(metrics: dict) -> str:
    """The summary as a Markdown table."""
    if metrics["empty"] == metrics["contests"]:
        return f"{metrics['contests']} prompts; no candidate was judged."
    low, high = metrics["interval"]
    gains = ", ".join(f"{key} {gain:+.1f} %" for key, gain in metrics["dimensions"].items())
    return ("| pick | true mean score | over a random pick |\n|---|---|---|\n"
            f"| random | {metrics['random']:.3f} | |\n"
            f"| the judge's best of {metrics['size']} | {metrics['picked']:.3f} | {metrics['uplift']:+.1f} % "
            f"({low:+.1f} to {high:+.1f}) |\n"
            f"| the best there is | {metrics['best']:.3f} | {metrics['possible']:+.1f} % |\n\n"
            f"{metrics['contests']} prompts; the pick is a best one in {metrics['hit']:.3f}. By dimension: {gains}. "
            f"{unjudged(metrics)}")
