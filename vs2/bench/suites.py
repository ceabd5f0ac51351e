"""The suites by name: what `vs2 bench` and `train/measure.py` run, and how a result reads."""
from collections.abc import Sequence
from pathlib import Path

from vs2 import metrics
from vs2.bench import best_of, best_of_n, faults, lengths, prompts, scenes, stability
from vs2.bench.people.show import BEYOND
from vs2.bench.spoiling.kinds import chosen
from vs2.errors import BadInput
from vs2.rubric import KEYS

SUITES = ("scenes", "faults", "prompts", "best-of")     # what a checkpoint's card tells of
NAMES = (*SUITES, "lengths", "best-of-n", "stability")
CLIPS = 500                 # scenes of the suite `scenes`, where nothing else is asked
PAIRS, CONTESTS = 5, 10     # scenes of the suite `scenes` to one pair of prompts, to one contest of 5
POOLS = 12                  # to one pool of `best-of-n`, or one scene of `lengths`


def run(judge, suite: str, clips: int, data: Path | None, progress=None, limit: int | None = None,
        kinds: Sequence[str] | None = None, beyond: bool = False, **options) -> dict:
    """The result of one suite (see its `run`). clips: how many for `scenes`; `prompts` and `best-of` take a share.

    data: a folder or table of clips, for `faults`, or None; for `best-of-n` one of clips with human scores, or None.
    limit: the most clips, pairs, contests or pools, whatever `clips` gives. kinds: names and groups of faults, for
    `faults` (all). beyond: whether `faults` asks for what the judge withholds, too.
    Raises BadInput for a limit below 1, and what the suite raises.
    """
    if limit is not None and limit < 1:
        raise BadInput(f"--limit {limit} leaves nothing to judge: give 1 or more.")
    options["progress"] = progress
    if suite == "faults":
        return faults.run(judge, data, None if kinds is None else chosen(kinds), limit, beyond=beyond, **options)
    if suite == "best-of-n":
        return best_of_n.run(judge, limit or (max(1, clips // POOLS) if data is None else None), data, **options)
    if suite == "stability":
        return stability.run(judge, limit, data, **options)
    if limit is not None:
        clips = limit * {"prompts": PAIRS, "best-of": CONTESTS}.get(suite, 1)
    if suite == "lengths":
        return lengths.run(judge, limit or max(1, clips // POOLS), **options)
    if suite == "prompts":
        return prompts.run(judge, max(1, clips // PAIRS), **options)
    if suite == "best-of":
        return best_of.run(judge, max(1, clips // CONTESTS), **options)
    return scenes.run(judge, clips, **options)


def table(result: dict) -> str:
    """A result for people, in Markdown."""
    if result["suite"] == "scenes":
        found = metrics.table(result["metrics"] | baselines(result["rows"]))
        return f"{found}\n\n{result['clips']} clips, {result['unread']} scores unread, {result['withheld']} not judged."
    if result["suite"] == "faults" and result["beyond"]:
        return (f"{faults.table(result['metrics'])}\n\n{BEYOND}, which is no judgement of this judge:\n\n"
                f"{faults.table(result['beyond'])}")
    return {"faults": faults, "prompts": prompts, "best-of": best_of, "lengths": lengths,
            "best-of-n": best_of_n, "stability": stability}[result["suite"]].table(result["metrics"])


def baselines(rows) -> dict[str, dict]:
    """What always saying 3, and drawing a score at random, would reach on the same clips."""
    import numpy as np

    true = [score for row in rows for score in row["true"]]
    drawn = np.random.default_rng(0).integers(1, 6, len(true)).tolist()
    return {"always 3": metrics.agreement(true, [3] * len(true)), "a random score": metrics.agreement(true, drawn)}


def summaries(results: dict[str, dict]) -> dict:
    """What vs2.json says of the results: of `scenes` the metrics by dimension, of the others a few numbers each."""
    said: dict[str, object] = {}
    if found := results.get("scenes"):
        said |= {"suite": "scenes", "clips": found["clips"], "withheld": found["withheld"]}
        said |= {key: found["metrics"][key] for key in KEYS}
    for suite, names in (("faults", ("pairs", "withheld", "fell", "fell_by_value", "constant")),
                         ("prompts", ("pairs", "withheld", "higher", "higher_by_value", "ties")),
                         ("lengths", ("clips", "withheld", "longest", "characters")),
                         ("best-of", ("contests", "size", "withheld", "picked", "random", "best", "uplift",
                                      "interval"))):
        if found := results.get(suite):
            said[suite] = {name: found["metrics"][name] for name in names} | \
                (_groups(found["metrics"]["groups"]) if suite == "faults" else {})
    return _rounded(said)


def _groups(groups: dict) -> dict:
    """Of each group of faults what a card tells."""
    return {"groups": {group: {
        **{name: row[name] for name in ("pairs", "withheld", "fell", "same", "interval")},
        "monotone": {name: row["monotone"][name] for name in ("steps", "lower", "same", "interval")}}
        for group, row in groups.items()}}


def _rounded(value):
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value
