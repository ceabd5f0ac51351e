"""What the authors of VideoScore2 published, as data: every figure with what it was measured on and where it stands.

None of these was measured by this project; what it measured itself is in the card of a checkpoint (vs2/model/card.py).
"""
from dataclasses import dataclass

TITLE = "VideoScore2: Think before You Score in Generative Video Evaluation"
ARXIV = "2509.22799"
YEAR = 2025


@dataclass(frozen=True)
class Source:
    """Where a figure can be looked up: its name for people and its address."""

    name: str
    url: str


PAPER = Source(f"arXiv {ARXIV}", f"https://arxiv.org/abs/{ARXIV}")
MODEL = Source("VideoScore2 on the Hub", "https://huggingface.co/TIGER-Lab/VideoScore2")
DATA = Source("VideoFeedback2 on the Hub", "https://huggingface.co/datasets/TIGER-Lab/VideoFeedback2")


@dataclass(frozen=True)
class Figure:
    """One published result. value: percent, of clips or (`gain`) of a random pick's score.

    judge: who was measured. metric: what was counted. data: on which clips.
    """

    key: str
    judge: str
    metric: str
    data: str
    value: float
    source: Source
    about: bool = False  # given as a round number
    gain: bool = False   # a difference to a random pick, no share of clips


@dataclass(frozen=True)
class Fact:
    """One published size of the model or its data, as its authors write it."""

    name: str
    value: str
    source: Source


_BENCH = "VideoScore-Bench-v2, the 500 videos of VideoFeedback2 that were held out"
FIGURES = (
    Figure("accuracy", "VideoScore2", "accuracy", _BENCH, 44.35, PAPER),
    Figure("next_best", "the next best judge", "accuracy", _BENCH, 38.41, PAPER),
    Figure("out_of_domain", "VideoScore2", "mean of four benchmarks from elsewhere",
           "VideoGenReward-Bench, T2VQA-DB (as pairs), MJ-Bench-Video, VideoPhy2-test", 50.37, PAPER),
    Figure("best_of_5", "VideoScore2", "Best of N: gain over a random pick, in each dimension",
           "5 clips a prompt; the highest mean of the three scores wins", 5.0, PAPER, about=True, gain=True),
)
BY_KEY = {figure.key: figure for figure in FIGURES}

FACTS = (
    Fact("Model", "Qwen2.5-VL-7B-Instruct, 8.3 billion parameters, about 16 GB in bfloat16", MODEL),
    Fact("Data", "VideoFeedback2: 27,168 videos, of which about 26,600 rows for training", DATA),
    Fact("Training", "supervised fine-tuning, then reinforcement learning (GRPO)", PAPER),
    Fact("Licence of weights and data", "Apache-2.0", MODEL),
)


def bibtex() -> str:
    """The paper as a BibTeX entry."""
    return (f"@misc{{videoscore2,\n  title         = {{{TITLE}}},\n  year          = {{{YEAR}}},\n"
            f"  eprint        = {{{ARXIV}}},\n  archivePrefix = {{arXiv}},\n  url           = {{{PAPER.url}}}\n}}")
