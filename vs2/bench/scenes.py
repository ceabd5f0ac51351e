"""The suite `scenes`: held-out rendered clips, balanced over the scores of all three dimensions.

Each scene is written to a real video file and judged through the whole path that a visitor's file takes: container,
codec, sampling, resizing, the model's own words. Its seeds are never trained on.
"""
import tempfile
from pathlib import Path

from vs2.bench.work import each
from vs2.metrics import METRICS, agreement
from vs2.rubric import KEYS
from vs2.scenes import film, words, world


def held_out(count: int) -> list[world.Scene]:
    """`count` scenes; every 125 of them hold each combination of the three scores once."""
    return [world.sample(world.HELD_OUT + n, visual=n % 5 + 1, alignment=n // 5 % 5 + 1, physical=n // 25 % 5 + 1)
            for n in range(count)]


def scored(judge, scene: world.Scene, prompts, **options) -> list:
    """An `Evaluation` of the scene, as a video file, for each of the prompts."""
    with tempfile.TemporaryDirectory() as folder:
        path = film.write(scene, Path(folder) / f"scene{scene.seed}.mp4")
        return [judge.score(path, prompt, **options) for prompt in prompts]


def read(evaluation) -> dict[str, list]:
    """What is kept of an Evaluation: `value`, `expected` of the three dimensions, None if unread or `withheld`."""
    scores = [evaluation.scores[key] for key in KEYS]
    return {"value": [score.value for score in scores], "expected": [score.expected for score in scores],
            "withheld": [not score.judged for score in scores]}


def judged(judge, item, **options) -> dict:
    """The row of one scene; item: its number (for the wording of the prompt) and the scene."""
    number, scene = item
    evaluation, = scored(judge, scene, [words.caption(scene.asked, number)], **options)
    return {"seed": scene.seed, "true": list(scene.scores), **read(evaluation), "rationale": evaluation.rationale}


def run(judge, count: int = 500, progress=None, **options) -> dict:
    """Judge `count` held-out scenes: {suite, model, clips, metrics{dimension: {...}}, unread, withheld (scores), rows}.

    judge: a Judge, or `vs2.bench.work.Processes`. options go to `judge.score`. progress: called with (done, count)
    after each clip. Raises what the judge raises.
    """
    rows = each(judge, judged, enumerate(held_out(count)), progress, **options)
    withheld = sum(sum(row["withheld"]) for row in rows)
    return {"suite": "scenes", "model": judge.name, "clips": len(rows),
            "metrics": {key: _agreement(rows, i) for i, key in enumerate(KEYS)},
            "unread": sum(value is None for row in rows for value in row["value"]) - withheld, "withheld": withheld,
            "rows": rows}


def _agreement(rows, i: int) -> dict[str, float | None]:
    """Of dimension i, over the clips that were judged in it."""
    judged_ = [row for row in rows if not row["withheld"][i]]
    if not judged_:
        return dict.fromkeys(METRICS)
    return agreement(*([row[name][i] for row in judged_] for name in ("true", "value", "expected")))
