"""Evaluations, and a judge, that withhold scores: what the pages are tried with."""
import time

from tests.ui.test_pages import Scripted, clip
from vs2 import events, video
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.model.card import Card
from vs2.rubric import KEYS
from vs2.ui.whose import mini_card

FOREIGN = "The clip is no rendered scene of the kind that this judge was trained on."
UNSURE = "This judge's scores for visual quality were not found to be worth anything on such clips."
SAID = "It starts.\nVisual quality: a ball.\nText alignment: Nothing in it has a name.\nPhysical consistency: it falls."


def scores(*values) -> dict:
    """Three scores: a digit, None for one that was not read, a text for one that was not judged, with that reason."""
    def one(value) -> Score:
        if isinstance(value, str):
            return Score(reason=value)
        return Score() if value is None else Score.of(value, [float(s == value) for s in range(1, 6)], True)

    return {key: one(value) for key, value in zip(KEYS, values, strict=True)}


def evaluation(*values, video="a.mp4", prompt="p", model="mini", rationale=SAID) -> Evaluation:
    """An evaluation with `scores(*values)`."""
    return Evaluation(video, prompt, model, "fp32", rationale, scores(*values), 8, Seconds(1, 2, 3), 12,
                      frame_times=(0.0, 0.5, 1.0))


# By the prompt's first word.
KINDS = {"none": (FOREIGN,) * 3, "part": (4, FOREIGN, FOREIGN), "mixed": (UNSURE, FOREIGN, FOREIGN),
         "unread": (4, None, 2), "whole": (4, 5, 2), "better": (5, 5, 4)}


class Withholding(Scripted):
    """A judge called mini whose scores are those of `KINDS` for the file's first letters, else the prompt's first word.

    real: whether it reads the clip, for pictures of the pages. pause: seconds between two words.
    """

    card = mini_card() or Card()

    def __init__(self, real: bool = False, pause: float = 0.01):
        super().__init__(words=SAID.split(" "))
        self.real, self.pause = real, pause

    def stream(self, path, prompt, think=True, budget=1024, samples=1, seed=0, stop=lambda: False):
        yield events.Reading(path)
        yield events.FramesRead(video.read(path, self.card.sampling) if self.real else clip())
        for number, word in enumerate(self.words, 1):
            if stop():
                return
            yield events.Thought(f"{word} ", number)
            time.sleep(self.pause)
        name = str(path).rsplit("/", 1)[-1]
        kind = next((kind for kind in KINDS if name.startswith(kind)), prompt.split(" ")[0])
        found = scores(*KINDS.get(kind, KINDS["whole"]))
        yield events.Scored(found)
        yield Evaluation(str(path), prompt, self.name, self.precision, SAID, found, 8, Seconds(1, 2, 3), 12,
                         frame_times=(0.0, 0.5, 1.0))
