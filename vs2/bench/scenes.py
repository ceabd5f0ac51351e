"""The suite `scenes`: held-out rendered clips, balanced over the scores of all three dimensions.

Each scene is written to a real video file and judged through the whole path that a visitor's file takes: container,
codec, sampling, resizing, the model's own words. Its seeds are never trained on.
"""
import tempfile
from pathlib import Path

from vs2.bench.metrics import agreement
from vs2.rubric import KEYS
from vs2.scenes import film, words, world


def held_out(count: int) -> list[world.Scene]:
    """`count` scenes; every 125 of them hold each combination of the three scores once."""
    return [world.sample(world.HELD_OUT + n, visual=n % 5 + 1, alignment=n // 5 % 5 + 1, physical=n // 25 % 5 + 1)
            for n in range(count)]


def run(judge, count: int = 500, progress=None, **options) -> dict:
    """Judge `count` held-out scenes: {suite, model, clips, metrics{dimension: {...}}, unread, rows}.

    options go to `judge.score`. progress: called with (done, count) after each clip. Raises what the judge raises.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for n, scene in enumerate(held_out(count)):
            path = film.write(scene, Path(folder) / f"scene{n}.mp4")
            evaluation = judge.score(path, words.caption(scene.asked, n), **options)
            path.unlink()
            rows.append({"seed": scene.seed, "true": list(scene.scores),
                         "value": [evaluation.scores[key].value for key in KEYS],
                         "expected": [evaluation.scores[key].expected for key in KEYS],
                         "rationale": evaluation.rationale})
            if progress:
                progress(n + 1, count)
    metrics = {key: agreement([row["true"][i] for row in rows], [row["value"][i] for row in rows],
                              [row["expected"][i] for row in rows]) for i, key in enumerate(KEYS)}
    return {"suite": "scenes", "model": judge.name, "clips": len(rows), "metrics": metrics,
            "unread": sum(value is None for row in rows for value in row["value"]), "rows": rows}
