"""What the overlap of making and judging is worth: `python -m perf.best_of [N]`.

One Best-of-N run of the sketch and mini, without rationales, beside the same clips made and then judged one after
another in the same process. Each makes its clips anew; the judge is loaded and warm before. Said beside it: the sum of
the run's own parts (seconds in the generator and in the judge), and what `vs2.best_of` had estimated before the start.
"""
import argparse
import tempfile
import time

import vs2
from vs2 import best_of, generate
from vs2.options import Options

PROMPT = "two red balls bounce on grass"
DIRECT = Options(think=False)


def plain(judge, count: int) -> float:
    """Seconds for `count` clips, made and then judged, one after another."""
    sketch, started = generate.load("sketch"), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            judge.score(sketch.generate(PROMPT, seed=seed, folder=folder).path, PROMPT, think=False)
    return time.perf_counter() - started


def overlapped(judge, count: int):
    """What the run of the same clips spent."""
    with tempfile.TemporaryDirectory() as folder:
        run = best_of.Run(best_of.Plan(PROMPT, count, judging=DIRECT, replies=0), judge, folder)
        for event in run.events():
            if isinstance(event, best_of.Lost):
                raise SystemExit(str(event.problem))
    return run.outcome().spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", nargs="?", type=int, default=8, metavar="N")
    count = parser.parse_args().count
    judge = vs2.load("mini")
    plain(judge, 1)
    estimate = best_of.forecast(best_of.Plan(PROMPT, count, judging=DIRECT, replies=0), judge.name)
    spent, after = overlapped(judge, count), plain(judge, count)
    parts = spent.generating + spent.judging
    print(f"Best of {count}: {spent.seconds:.1f} s in all; its parts {spent.generating:.1f} s making + "
          f"{spent.judging:.1f} s judging = {parts:.1f} s, ratio {parts / spent.seconds:.2f}; one after another "
          f"{after:.1f} s, ratio {after / spent.seconds:.2f}; estimated before {estimate.seconds:.1f} s")


if __name__ == "__main__":
    main()
