"""A judge for tests of the benchmarks: it says what a function of the file and the prompt tells it to."""
from pathlib import Path

from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS


class FakeJudge:
    """says(path, prompt) -> three scores: floats, None for an unread one, or why one was not judged.

    `expected` is the score, `value` the nearest digit.
    """

    name = "fake"

    def __init__(self, says):
        self.says, self.options = says, []

    def score(self, path, prompt: str, **options) -> Evaluation:
        self.options.append(options)
        scores = {key: Score() if said is None else Score(reason=said) if isinstance(said, str)
                  else Score(round(said), float(said))
                  for key, said in zip(KEYS, self.says(Path(path), prompt), strict=True)}
        return Evaluation(str(path), prompt, self.name, "none", "Seen.", scores, 8, Seconds(), 1)
