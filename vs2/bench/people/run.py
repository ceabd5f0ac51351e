"""One suite from beginning to end: judged, or read from a file of results; then measured, with what is beside it."""
from collections.abc import Callable
from pathlib import Path

from vs2.bench.people import baselines, catalogue, judging, said
from vs2.bench.people.measure import measure
from vs2.bench.people.suite import Suite
from vs2.bench.people.view import View
from vs2.metrics import bootstrap

SHOWN = 5       # sentences of clips that failed


def judged(judge, name: str, data: Path | None, *, limit: int | None = None, rows: Path | None = None,
           beyond: bool = False, published: bool = False, draws: int = bootstrap.DRAWS, look: bool = True,
           progress: Callable[[int, int], None] | None = None, say: Callable[[str], None] = lambda text: None,
           how: dict | None = None, **options) -> dict:
    """The result of a suite whose clips are judged now: see `result`. options: of `judge.score`; others as in the
    modules that do it. Raises BadInput, and what the judge raises."""
    suite = catalogue.first(catalogue.opened(name, data, say), limit)
    if published:       # judged as the authors' script does, too
        options["published"] = True
    records = judging.run(judge, suite, rows, beyond, progress, how, **options)
    return result(name, judge.name, said.of_records(records), suite, published=published, draws=draws, look=look)


def read(name: str, path: Path, data: Path | None = None, *, published: bool = False,
         draws: int = bootstrap.DRAWS) -> dict:
    """The result of a suite that a file of results holds, nothing judged. Raises BadInput."""
    suite = catalogue.opened(name, data) if data is not None else None
    found = said.read(path, name, suite)
    models = dict.fromkeys(one.model for one in found if one.model)
    return result(name, ", ".join(models) or Path(path).stem, found, suite, published=published, draws=draws)


def result(name: str, model: str, found: list[said.Said], suite: Suite | None = None, *, published: bool = False,
           draws: int = bootstrap.DRAWS, look: bool = True) -> dict:
    """{suite, model, rule, clips, dropped, prompts, metrics, pairs, all_exact, both, beyond, beside, left_out, errors}.

    metrics and pairs as in measure.py; beyond: the same with what was withheld, where the rows have it; beside: as in
    baselines.py, with the pictures' statistics where `look`. left_out: rows of the suite's files that are in no figure.
    errors: how many clips have none, and the first sentences why.
    """
    view = View(published=published)
    further = any(one.unscoped for one in found)
    errors = [one.error for one in found if one.error]
    return {"suite": name, "model": model, "rule": "published" if published else "ours",
            **measure(name, found, view, draws), "prompts": len({one.prompt for one in found}),
            "beyond": measure(name, found, View(published, beyond=True), draws) if further else None,
            "beside": baselines.beside(suite if look else None, name, found, draws),
            "left_out": dict(suite.left_out) if suite else {},
            "errors": {"clips": len(errors), "first": list(dict.fromkeys(errors))[:SHOWN]}}
