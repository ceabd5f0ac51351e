"""Two files of results of one suite: what the second one's judge gains, in paired differences, and where they differ.

Each clip is judged twice, so that the difference is measured clip by clip and its interval is narrower than two
intervals side by side. Only clips that both files have are compared; a miss of either counts as one.
"""
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vs2.bench.people import mapping, said, show
from vs2.bench.people.files import table
from vs2.bench.people.mapping import scored
from vs2.bench.people.said import Said
from vs2.bench.people.show import Section
from vs2.bench.people.view import View
from vs2.errors import BadInput
from vs2.metrics import bootstrap, share
from vs2.metrics.agreement import hits, pearson, spearman
from vs2.metrics.pairs import without_ties
from vs2.video import display_name

MOST = 10       # clips that are named
PARTS = ("exact", "within_one", "pearson", "spearman", "pairs_without_ties")


def read(first: Path, second: Path) -> dict:
    """The differences of two files of rows (`--rows`). Raises BadInput where they are not of one suite."""
    suite, other = suite_of(first), suite_of(second)
    if suite != other:
        raise BadInput(f"{display_name(first)} is of the suite {suite} and {display_name(second)} of {other}: compare "
                       "two results of one suite.")
    return compared(suite, said.read(first, suite), said.read(second, suite),
                    (display_name(first), display_name(second)))


def suite_of(path: Path) -> str:
    """Of which suite a file of rows is. Raises BadInput."""
    if not Path(path).is_file():
        raise BadInput(f"There is no file of results {display_name(path)}: check the path.")
    row = table(Path(path))[0]
    if not isinstance(name := row.get("suite"), str) or name not in mapping.MAPPING:
        raise BadInput(f"{display_name(path)} holds no rows of vs2 bench: make them with --rows.")
    return name


def compared(suite: str, first: Sequence[Said], second: Sequence[Said], names: tuple[str, str],
             draws: int = bootstrap.DRAWS) -> dict:
    """{suite, names, clips, only: [of the first, of the second], metrics: {question: {part: {first, second, difference,
    interval, clips}}}, farthest: [{clip, prompt, first, second, by}]}; difference: second less first."""
    left, right = ({one.clip: one for one in found} for found in (first, second))
    both = [(left[clip], right[clip]) for clip in left if clip in right]
    if not both:
        raise BadInput("The two files have no clip in common: compare results of the same clips.")
    metrics = {question.name: _question(question, both, draws) for question in scored(suite)}
    for asked in mapping.preferred(suite):
        if cell := _pairs(asked, both, draws):
            metrics.setdefault(asked.name, {})["pairs_without_ties"] = cell
    return {"suite": suite, "names": list(names), "clips": len(both),
            "only": [len(left) - len(both), len(right) - len(both)],
            "metrics": {name: cells for name, cells in metrics.items() if cells}, "farthest": _farthest(both)}


def _question(question: mapping.Scored, both: list[tuple[Said, Said]], draws: int) -> dict:
    view = View()
    rows = [(pair, truth) for pair in both if (truth := question.truth(pair[0].human)) is not None]
    if not rows:
        return {}
    groups, true = [pair[0].prompt for pair, _ in rows], np.array([truth for _, truth in rows], float)
    found: dict = {}
    digits = [[question.digit([view.numbers(pair[side], key)[0] for key in question.of]) for pair, _ in rows]
              for side in (0, 1)]
    if question.exact:
        for part, at in (("exact", 0), ("within_one", 1)):
            a, b = (hits(true, one)[at].astype(float) for one in digits)
            found[part] = _cell(float(a.mean()), float(b.mean()), bootstrap.share(b - a, groups, draws), len(rows))
    known = [i for i, (pair, _) in enumerate(rows) if not any(view.lacking(one, question.of) for one in pair)]
    soft = [np.array([np.mean([view.numbers(rows[i][0][side], key)[1] for key in question.of]) for i in known])
            for side in (0, 1)]
    of = true[known]
    for part, measured in (("pearson", pearson), ("spearman", spearman)):
        a_, b_ = measured(of, soft[0]), measured(of, soft[1])
        if a_ is None or b_ is None:
            continue

        def difference(at: np.ndarray, measured=measured) -> dict[str, float | None]:
            one, other = measured(of[at], soft[0][at]), measured(of[at], soft[1][at])
            return {"": None if one is None or other is None else other - one}

        interval = bootstrap.intervals(difference, [groups[i] for i in known], draws).get("")
        found[part] = _cell(a_, b_, interval, len(known))
    return found


def _pairs(question: mapping.Preferred, both: list[tuple[Said, Said]], draws: int) -> dict | None:
    by_id = [{pair[side].clip: pair[side] for pair in both} for side in (0, 1)]
    asked = [(one.clip, other, liked[question.against], one.prompt) for one, _ in both for other, liked in one.pairs
             if question.against in liked and other in by_id[0] and liked[question.against] != 0]
    if not asked:
        return None
    view, right = View(), []
    for side in (0, 1):
        ahead = []
        for first, second, *_ in asked:
            signed = [(sign, view.numbers(by_id[side][clip], key)[1]) for sign, clip in ((1, first), (-1, second))
                      for key in question.of]
            known = [sign * soft for sign, soft in signed if soft is not None]
            ahead.append(round(sum(known), 9) if len(known) == len(signed) else None)
        right.append(without_ties([way for _, _, way, _ in asked], ahead)[0].astype(float))
    return _cell(float(right[0].mean()), float(right[1].mean()),
                 bootstrap.share(right[1] - right[0], [prompt for *_, prompt in asked], draws), len(asked))


def _cell(first: float, second: float, interval, clips: int) -> dict:
    return {"first": first, "second": second, "difference": second - first, "interval": interval, "clips": clips}


def _farthest(both: list[tuple[Said, Said]]) -> list[dict]:
    """The clips whose scores are farthest apart, by the sum over the dimensions that both have."""
    view = View()
    found: list[tuple[float, dict]] = []
    for one, other in both:
        first, second = ({key: view.numbers(said_, key)[1] for key in said_.scores} for said_ in (one, other))
        apart = [abs(a - b) for key, a in first.items() if a is not None and (b := second.get(key)) is not None]
        if (by := round(sum(apart), 4)) > 0:
            found.append((by, {"clip": one.clip, "prompt": one.prompt, "first": first, "second": second, "by": by}))
    return [row for _, row in sorted(found, key=lambda pair: -pair[0])[:MOST]]


def sections(found: dict) -> list[Section]:
    """For people."""
    first, second = found["names"]
    rows = [("", "", "first", "second", "second less first", "clips or pairs")]
    for name, cells in found["metrics"].items():
        for part, cell in cells.items():
            within = cell["interval"]
            sure = f" ({within[0]:+.3f} to {within[1]:+.3f})" if within else ""
            rows.append((name, part.replace("_", " "), share(cell["first"]), share(cell["second"]),
                         f"{cell['difference']:+.3f}{sure}", str(cell["clips"])))
    far = [("clip", "first", "second", "apart")]
    for row in found["farthest"]:
        far.append((row["clip"], *(" / ".join("-" if value is None else f"{value:.2f}" for value in row[side].values())
                                   for side in ("first", "second")), f"{row['by']:.2f}"))
    return [show.Section(f"{found['suite']}: {second} against {first}", tuple(rows), (
        f"{found['clips']} clips are in both files, {found['only'][0]} only in the first, {found['only'][1]} only in "
        "the second; 95 % intervals of the paired difference, by bootstrap over prompts.",)),
        show.Section("The clips where they differ most (visual / text / physical)", tuple(far))]
