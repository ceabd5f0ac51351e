"""The suite `prompts`: is a scene's true prompt given a higher alignment than another scene's prompt?

Needs no scale of the judge's to be right, only its order: chance is one half.
"""
from vs2.bench.scenes import scored
from vs2.bench.work import each
from vs2.metrics import share
from vs2.scenes import words, world

KEY = "text_alignment"
FIRST = world.HELD_OUT + 2_000_000     # far from the seeds of the other suites
SAME = 1e-6                            # a difference that is only rounding is a tie


def pairs(count: int) -> list[tuple[world.Scene, world.Scene]]:
    """`count` pairs of held-out scenes that show different things; visual and physical faults as they come."""
    found = []
    for n in range(count):
        first, other = world.sample(FIRST + 100 * n), FIRST + 100 * n + 1
        while world.sample(other).shown == first.shown:
            other += 1
        found.append((first, world.sample(other)))
    return found


def judged(judge, item, **options) -> dict:
    """The row of one pair; item: its number (for the wording of the prompts) and the two scenes."""
    number, (scene, other) = item
    prompts = [words.caption(shown, number) for shown in (scene.shown, other.shown)]
    scores = [evaluation.scores[KEY] for evaluation in scored(judge, scene, prompts, **options)]
    return {"seed": scene.seed, "prompts": prompts, "value": [score.value for score in scores],
            "expected": [score.expected for score in scores], "withheld": not all(score.judged for score in scores)}


def summary(rows) -> dict:
    """{pairs, higher, higher_by_value, ties, unread, withheld}: shares of the pairs whose scores were not withheld.

    Ties and unread scores are no success.
    """
    judged_ = [row for row in rows if not row.get("withheld")]

    def part(count):
        return count / len(judged_) if judged_ else None

    def higher(name, margin):
        return part(sum(None not in row[name] and row[name][0] - row[name][1] > margin for row in judged_))

    read = [row["expected"] for row in judged_ if None not in row["expected"]]
    return {"pairs": len(rows), "higher": higher("expected", SAME), "higher_by_value": higher("value", 0),
            "ties": part(sum(abs(true - other) <= SAME for true, other in read)),
            "unread": len(judged_) - len(read), "withheld": len(rows) - len(judged_)}


def run(judge, count: int = 100, progress=None, **options) -> dict:
    """Judge `count` pairs: {suite, model, clips, metrics, rows}; metrics as in `summary`.

    judge: a Judge, or `vs2.bench.work.Processes`. options go to `judge.score`. progress: called with (done, count)
    after each pair. Raises what the judge raises.
    """
    rows = each(judge, judged, enumerate(pairs(count)), progress, **options)
    return {"suite": "prompts", "model": judge.name, "clips": len(rows), "metrics": summary(rows), "rows": rows}


def table(metrics: dict) -> str:
    """The summary as a Markdown table."""
    cells = [share(metrics[name]) for name in ("higher", "higher_by_value", "ties")]
    return ("| pairs | not judged | true prompt higher (expected) | by the digit | ties | unread |\n"
            "|---|---|---|---|---|---|\n"
            f"| {metrics['pairs']} | {metrics['withheld']} | {' | '.join(cells)} | {metrics['unread']} |")
