"""VideoScore2 as software: a judge watches a video, reads its prompt, thinks aloud and scores it.

`vs2.load("mini").score("clip.mp4", "a red ball bounces on grass")` gives an `Evaluation`. Importing this
package is cheap: torch and transformers are imported by the first call that needs them.
"""
from typing import TYPE_CHECKING

from vs2.errors import BadInput, Failure, Problem
from vs2.evaluation import Evaluation, Score

if TYPE_CHECKING:
    from vs2.judging import Judging
    from vs2.settings import Settings

__version__ = "0.1.0"
__all__ = ["BadInput", "Evaluation", "Failure", "Problem", "Score", "load"]


def load(name: str = "auto", precision: str = "auto", settings: "Settings | None" = None) -> "Judging":
    """A judge (`vs2.judging.Judging`): `name` is "auto", "mini", a Hub id, a checkpoint folder, or `openai:URL#NAME`
    for one on a server (see `vs2.judge.load`)."""
    from vs2.judge import load as load_judge

    return load_judge(name, precision, settings)
