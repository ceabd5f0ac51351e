"""The suite `best-of-n`: does Best of N help? The true score of the judge's pick, a random one, the best.

For many prompts the sketch makes a pool of clips whose true scores it knows, and the judge scores each from its file.
Whatever N is up to the size of the pool, the pick of a pool's every subset of N counts alike: a candidate that the
judge ranks r-th of M is the pick of C(M - r, N - 1) of the C(M, N) subsets. So one pool tells of every N, without the
chance of which N were drawn. The rule is the paper's (arXiv 2509.22799, section on Best-of-N): the highest mean of the
three scores. Candidates that share a score share its ranks; an unread one ranks last.

A folder of ready-made clips can take the sketch's place: `videos.csv` with the columns file, prompt and, of human
scores, visual_quality, text_alignment and physical_consistency; the clips of one prompt are a pool. A prompt with fewer
clips than N says nothing of that N.
"""
import csv
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vs2.bench.best_of import missing, unjudged
from vs2.bench.clips import TABLE, listed
from vs2.bench.scenes import read
from vs2.bench.work import each
from vs2.errors import BadInput
from vs2.generate.sketch import Sketch
from vs2.rubric import KEYS
from vs2.scenes import words, world

SIZES = (1, 2, 4, 5, 8, 16)         # 5 is the paper's
FIRST = world.HELD_OUT + 9_000_000  # of the contents that the prompts ask for, far from the other suites'
DRAWS = 2000                        # of the bootstrap
SAME = 1e-6                         # a difference that is only rounding is a tie
ALL = "overall"


@dataclass(frozen=True)
class Pool:
    """The ready-made clips of one prompt and their human scores [clips][3], 1 to 5."""

    prompt: str
    paths: tuple[Path, ...]
    true: tuple[tuple[float, ...], ...]


def prompt(number: int) -> str:
    """What pool `number` is asked for."""
    return words.caption(world.sample(FIRST + number).shown, number)


def pools(folder) -> list[Pool]:
    """The ready-made pools in a folder, without prompts of one clip. Raises BadInput, naming what is missing."""
    clips = listed(folder)
    found: dict[str, list[tuple[Path, tuple[float, ...]]]] = {}
    with open(Path(folder) / TABLE, newline="", encoding="utf-8-sig") as file:
        for clip, row in zip(clips, csv.DictReader(file), strict=True):
            found.setdefault(clip.prompt, []).append((clip.path, _scores(row, clip.path.name, folder)))
    ready = [Pool(text, *zip(*rows, strict=True)) for text, rows in found.items() if len(rows) > 1]
    if not ready:
        raise BadInput(f"{Path(folder) / TABLE} has no prompt with two or more clips: there is nothing to choose from.")
    return ready


def _scores(row: dict, name: str, folder) -> tuple[float, ...]:
    try:
        scores = tuple(float(row.get(key) or "") for key in KEYS)
    except ValueError:
        scores = ()
    if len(scores) != 3 or not all(1 <= score <= 5 for score in scores):
        raise BadInput(f"{Path(folder) / TABLE} needs the columns {', '.join(KEYS)} with a human score from 1 to 5 in "
                       f"every row; the row of {name} lacks one.")
    return scores


def judged(judge, item, **options) -> dict:
    """The row of one pool; item: (number, size) for the sketch's, or a `Pool`. Scores are [clips][3], or [clips].

    The judge gets the file and the prompt; the true scores are read after it has spoken. A clip of a folder that it
    cannot judge has no scores, and `errors` says why.
    """
    errors: list[str] = []
    if isinstance(item, Pool):
        said = [_said(judge, path, item.prompt, errors, options) for path in item.paths]
        asked, true = item.prompt, [list(scores) for scores in item.true]
    else:
        number, size = item
        asked, sketch, said, true = prompt(number), Sketch(), [], []
        with tempfile.TemporaryDirectory() as folder:
            for k in range(size):
                made = sketch.generate(asked, seed=number * size + k, folder=folder)
                said.append(judge.score(made.path, asked, **options))
                truth = made.record.truth or {}     # of a sketch it is known
                true.append([truth[key] for key in KEYS])
                made.path.unlink()
    return {"prompt": asked, "true": true, "expected": [one and read(one)["expected"] for one in said],
            "overall": [one and one.overall for one in said],
            "withheld": [bool(one and one.withheld) for one in said], "errors": errors}


def _said(judge, path: Path, prompt: str, errors: list[str], options: dict):
    """What the judge says of a clip; None, and a sentence more in `errors`, where the clip is at fault."""
    try:
        return judge.score(path, prompt, **options)
    except BadInput as problem:
        errors.append(f"{path.name}: {problem}")
        return None


def shares(scores, count: int) -> np.ndarray:
    """Of all subsets of `count` of the candidates with these scores, the share in which each has the highest: [M]."""
    values = np.array([-math.inf if score is None else score for score in scores], float)
    total, found = len(values), np.zeros(len(values))
    order = np.argsort(-values, kind="stable")
    at_rank = np.array([math.comb(total - rank, count - 1) / math.comb(total, count) for rank in range(1, total + 1)])
    start = 0
    while start < total:
        end = start + 1
        while end < total and (values[order[end]] == values[order[start]]
                               or values[order[start]] - values[order[end]] <= SAME):
            end += 1
        found[order[start:end]] = at_rank[start:end].mean()
        start = end
    return found


def summary(rows, sizes=SIZES, draws: int = DRAWS, seed: int = 0) -> dict:
    """{prompts, clips, unread, withheld, empty, sizes: {N: {prompts, overall and each dimension: a cell}}}.

    unread, withheld: candidates. One with a score that was not judged ranks last, as an unread one does. empty: the
    prompts with none that was judged; no pick was made of them, and no cell counts them.
    A cell: picked, random, best (true scores, 1 to 5, means over the prompts that have N clips; `best` is the best
    of each subset in that very dimension), gain (picked less random), gain_interval, uplift (percent of random) and
    uplift_interval (95 %, bootstrap over prompts; None of a single one), possible (the uplift of always taking the
    best).
    """
    found, (unread, withheld) = {}, missing(rows)
    picked_from = [row for row in rows if not all(row.get("withheld", [False]))]
    for size in sizes:
        able = [row for row in picked_from if len(row["true"]) >= size]
        if able:
            again = np.random.default_rng(seed).integers(0, len(able), (draws, len(able)))
            worth = np.array([_worth(row, size) for row in able])       # [prompts, 3 (picked, random, best), 4]
            found[str(size)] = {"prompts": len(able)} | {
                name: _cell(worth[:, :, i], again) for i, name in enumerate((*KEYS, ALL))}
    return {"prompts": len(rows), "clips": sum(len(row["true"]) for row in rows),
            "unread": unread, "withheld": withheld, "empty": len(rows) - len(picked_from), "sizes": found}


def _worth(row: dict, size: int) -> np.ndarray:
    """Of one pool: [picked, random, best] x [dimensions, overall]."""
    true = np.array(row["true"], float)
    true = np.hstack([true, true.mean(1, keepdims=True)])
    best = [shares(column.tolist(), size) @ column for column in true.T]
    return np.array([shares(row["overall"], size) @ true, true.mean(0), best])


def _cell(worth: np.ndarray, again: np.ndarray) -> dict:
    picked, random, best = (worth[again, i].mean(1) for i in range(3))
    mean = worth.mean(0)
    return {"picked": float(mean[0]), "random": float(mean[1]), "best": float(mean[2]),
            "gain": float(mean[0] - mean[1]), "gain_interval": _interval(picked - random, len(worth)),
            "uplift": float(100 * (mean[0] / mean[1] - 1)),
            "uplift_interval": _interval(100 * (picked / random - 1), len(worth)),
            "possible": float(100 * (mean[2] / mean[1] - 1))}


def _interval(drawn: np.ndarray, prompts: int) -> list[float] | None:
    return [float(edge) for edge in np.percentile(drawn, (2.5, 97.5))] if prompts > 1 else None


def run(judge, count: int | None = 40, folder=None, sizes=SIZES, progress=None, **options) -> dict:
    """Judge `count` prompts' pools (None: all of a folder): {suite, model, clips, metrics, rows}; see `summary`.

    folder: of ready-made clips; else the sketch makes as many a prompt as the largest of `sizes`. judge: a Judge, or
    `vs2.bench.work.Processes`. options go to `judge.score`. progress: called with (done, count) after each prompt.
    Raises BadInput for a folder that cannot be used, and what the judge raises.
    """
    if folder is None and count is None:
        raise BadInput("No count was given: without a folder of clips, say how many prompts the sketch draws for.")
    items = pools(folder)[:count] if folder is not None else [(n, max(sizes)) for n in range(count or 0)]
    rows = each(judge, judged, items, progress, **options)
    metrics = summary(rows, sizes)
    return {"suite": "best-of-n", "model": judge.name, "clips": metrics["clips"], "metrics": metrics, "rows": rows}


def table(metrics: dict) -> str:
    """The summary as a Markdown table, a row for each N and dimension."""
    lines = ["| N | | random | the judge's pick | the best there is | gain over random | possible |",
             "|---|---|---|---|---|---|---|"]
    for size, found in metrics["sizes"].items():
        for name in (ALL, *KEYS):
            cell = found[name]
            known = cell["uplift_interval"]
            within = " ({:+.1f} to {:+.1f})".format(*known) if known else ""
            lines.append(f"| {size} | {name} | {cell['random']:.2f} | {cell['picked']:.2f} | {cell['best']:.2f} | "
                         f"{cell['uplift']:+.1f} %{within} | {cell['possible']:+.1f} % |")
    told = (f"True scores, 1 to 5, of {metrics['prompts']} prompts with {metrics['clips']} clips; 95 % intervals over "
            f"prompts. {unjudged(metrics)}")
    return "\n".join([*lines, "", told])
