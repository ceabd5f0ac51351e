"""What the command line shows: a status line, text as it comes, and the scores as a small table.

Text of a model, a file's name and a prompt are untrusted: what could move the cursor, recolour the screen or
reverse the writing is taken out before they reach a terminal.
"""
import re
import sys
from collections.abc import Collection, Iterable

from vs2.candidates import overall
from vs2.evaluation import Evaluation, Score
from vs2.rubric import BY_KEY, KEYS, SCALE
from vs2.rules import MEAN, Rule, dropped, unjudged, weighed

# Control characters but tab and newline, and the marks that reverse or hide the direction of text.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ESCAPES = re.compile("\x1b\\[[0-9;:?<=>]{0,64}[ -/]{0,4}[@-~]|\x1b\\][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\\\)?|\x1b.")
BLOCKS = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
TENTHS = "0123456789"
INSTEAD = ("For real footage take a judge that knows it: --model TIGER-Lab/VideoScore2 on a GPU, --model with a "
           "checkpoint's folder, or a Space that runs one (docs/spaces.md).")


def plain(text: str) -> str:
    """The text without escape sequences and control characters; newlines and tabs stay."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n")))


class Status:
    """One line on stderr that says what is going on; it overwrites itself in a terminal."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self._shown = ""

    def show(self, text: str, fleeting: bool = False) -> None:
        """Says `text`; what is fleeting (a counter) is only said in a terminal."""
        text = plain(text).replace("\n", " ")
        if text == self._shown or fleeting and not self.live:
            return
        self._shown = text
        self.stream.write(f"\r\x1b[K{text[:100]}" if self.live else f"{text}\n")
        self.stream.flush()

    def clear(self) -> None:
        """Takes the line away before something else is printed."""
        if self.live and self._shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
        self._shown = ""


def bars(distribution: tuple[float, ...] | None, encoding: str | None) -> str:
    """p(1) to p(5) as five columns: blocks, or tenths where the terminal cannot write blocks."""
    if distribution is None:
        return "-" * len(SCALE)
    try:
        BLOCKS.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "".join(TENTHS[min(9, int(p * 10))] for p in distribution)
    return "".join(BLOCKS[min(8, round(p * 8))] for p in distribution)


def table(evaluation: Evaluation, encoding: str | None) -> str:
    """The three scores, what they rest on, and the warnings, as lines."""
    wide = max(len(dimension.label) for dimension in BY_KEY.values())
    lines = [f"{'':{wide}}  score       expected  12345"]
    for key in KEYS:
        score = evaluation.scores[key]
        value = lacking(score) if score.value is None else f"{score.value} of {SCALE[-1]}"
        expected = "-" if score.expected is None else f"{score.expected:.2f}"
        sure = "" if score.confidence is None else f"  confidence {score.confidence:.0%}"
        line = f"{BY_KEY[key].label:{wide}}  {value:10}  {expected:>8}  {bars(score.distribution, encoding)}{sure}"
        lines.append(line.rstrip())
    lines += [f"{'Overall':{wide}}  {'':8}  {mean(evaluation):>10}", *not_judged([evaluation]), ""]
    if evaluation.published is not None:
        said = ", ".join("none" if evaluation.published[key].soft is None else f"{evaluation.published[key].soft:.4f}"
                         for key in KEYS)
        lines.append(f"The soft scores of the published script: {said}")
    lines.append(summary(evaluation))
    lines += [f"Note: {plain(warning)}" for warning in evaluation.warnings]
    return "\n".join(lines)


def lacking(score: Score) -> str:
    """What stands for a score that is not there."""
    return "not read" if score.judged else "not judged"


def mean(evaluation: Evaluation, keys: Collection[str] = KEYS) -> str:
    """The overall score, or what stands for it. keys: the dimensions that it is of, where it is compared in fewer."""
    value = overall(evaluation, MEAN, keys)
    if value is not None:
        return f"{value:.2f}"
    return "not judged" if unjudged(evaluation, MEAN, keys) else "not read"


def from_some(rule: Rule, keys: Collection[str]) -> str:
    """What follows a number that the rule makes of some of its dimensions only, as in ", from 2 of 3 scores"."""
    return f", from {len(weighed(rule, keys))} of {len(weighed(rule))} scores" if dropped(rule, keys) else ""


def cells(evaluation: Evaluation, keys: Collection[str] = KEYS) -> list[str]:
    """The three expected scores and the overall one, or what stands for them. keys: as of `mean`."""
    scores = [evaluation.scores[key] for key in KEYS]
    return [*(lacking(score) if score.expected is None else f"{score.expected:.2f}" for score in scores),
            mean(evaluation, keys)]


def not_judged(evaluations: Iterable[Evaluation]) -> list[str]:
    """Lines on what was not judged of them: why, each reason once, and what to do; none where all was judged."""
    reasons = dict.fromkeys(score.reason for evaluation in evaluations for score in evaluation.scores.values()
                            if score.reason is not None)
    return ["", *(f"Not judged: {' '.join(plain(reason).split())}" for reason in reasons), INSTEAD] if reasons else []


def summary(evaluation: Evaluation) -> str:
    """One line: what was judged, by what, in how long."""
    seconds = evaluation.seconds
    several = f" in {len(evaluation.samples)} replies" if evaluation.samples else ""
    where = "where it repeated itself" if evaluation.looped else "at its budget"
    cut = f", thinking cut {where}" if evaluation.truncated else ""
    return (f"{plain(evaluation.model)} at {evaluation.precision}: {evaluation.frames} frames, "
            f"{evaluation.tokens} tokens{several}{cut}; {seconds.read:.1f} s reading, {seconds.think:.1f} s judging")
