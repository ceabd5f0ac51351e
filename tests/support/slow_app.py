"""`python -m tests.support.slow_app`: the app with a judge that thinks until the file `go` lies in VS2_HOME.

For tests that kill it in the middle of a run. A clip whose name begins with "quick" is judged at once, and so is the
first of generated ones.
"""
import os
import time
from pathlib import Path

import vs2
from tests.ui.best_of.test_page import Films
from tests.ui.compare.test_page import evaluation
from tests.ui.test_pages import clip
from vs2 import events
from vs2.model.card import Card
from vs2.ui import app
from vs2.ui.generate.studio import Studio

GO = "go"


class Slow:
    """The judge."""

    name, precision, card = "mini", "fp32", Card(knows="It knows what a test tells it.")

    def stream(self, path, prompt, think=True, budget=1024, samples=1, seed=0, stop=lambda: False):
        yield events.Reading(path)
        yield events.FramesRead(clip())
        number, said = 0, ""
        while not stop():
            number += 1
            said += f"word{number} "
            yield events.Thought(f"word{number} ", number)
            if (Path(os.environ["VS2_HOME"]) / GO).exists() or quick(path):
                # Generated ones differ, so that none ties with another.
                better = Path(path).name.startswith("sketch-1")
                yield evaluation(5 if better else 4, 3, 2, video=path, prompt=prompt, rationale=said)
                return
            time.sleep(0.1)


def quick(path: str) -> bool:
    """Whether a clip is judged at once: by its name, or the first of the generated ones."""
    return Path(path).name.startswith(("quick", "sketch-0"))


if __name__ == "__main__":
    vs2.load = lambda *_, **__: Slow()
    app.others = lambda _: {}
    Studio.load = lambda self, name, token="": Films(None)
    app.launch()
