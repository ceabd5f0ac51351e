"""What pages say in the place of a score that is not there: not judged, with the judge's reason, or not read."""
from collections.abc import Collection, Iterable, Mapping
from html import escape

from vs2.evaluation import Evaluation, Score
from vs2.rubric import KEYS
from vs2.rules import MEAN, Rule, dropped, unjudged, weighed
from vs2.ui import text, whose
from vs2.ui.said import worded

MOST = 400      # characters of a reason; it comes from a card, which anyone may have written

Scores = Mapping[str, Score]


def all_of(scores: Scores) -> bool:
    """Whether nothing at all was judged."""
    return not any(scores[key].judged for key in KEYS)


def reason(score: Score) -> str:
    """Why it was not judged, in one sentence; "" of what was."""
    words = " ".join((score.reason or "").split())
    return words if len(words) <= MOST else words[:MOST - 1].rstrip() + "…"


def why(score: Score) -> str:
    """The reason in the language of the page."""
    return worded(reason(score))


def reasons(scores: Scores) -> dict[str, tuple[str, ...]]:
    """Each reason once, with the dimensions that it holds for."""
    found: dict[str, tuple[str, ...]] = {}
    for key in KEYS:
        if not scores[key].judged:
            found[why(scores[key])] = (*found.get(why(scores[key]), ()), key)
    return found


def sentences(scores: Scores) -> list[str]:
    """What was not judged and why, a sentence a reason. Of all three, the names of the dimensions are left out."""
    found = reasons(scores)
    if all_of(scores) and len(found) == 1:
        return list(found)      # there is nothing that it does not hold for
    return [text.WITHHELD_SOME.format(names=text.LIST.join(text.SHORT[key] for key in keys), reason=because)
            for because, keys in found.items()]


def lacking(evaluation: Evaluation, key: str, keys: Collection[str] = KEYS) -> str:
    """What stands in the place of a dimension's number, or of one that is made of several (`keys`): "overall"."""
    withheld = not evaluation.scores[key].judged if key in KEYS else unjudged(evaluation, MEAN, keys)
    return text.WITHHELD if withheld else text.UNREAD


def of_some(value: str, rule: Rule, keys: Collection[str]) -> str:
    """A number that the rule makes of scores, or what such are called; of how many it is where some are left out.

    keys: the dimensions in which those are compared whose number it is (`vs2.rules.comparable`).
    """
    return text.OF_SOME.format(value=value, count=len(weighed(rule, keys)), of=len(weighed(rule))) \
        if dropped(rule, keys) else value


def short(evaluation: Evaluation) -> str:
    """For a list: whether all was not judged, or how many were not judged or not read; "" where all are there."""
    if all_of(evaluation.scores):
        return text.WITHHELD
    counts = ((text.WITHHELD_PART, len(evaluation.withheld)), (text.UNREAD_PART, len(evaluation.unread)))
    return text.LIST.join(form.format(count=count) for form, count in counts if count)


def cell(evaluation: Evaluation, key: str, keys: Collection[str] = KEYS) -> str:
    """What stands in a number's place in a table's cell, as HTML."""
    return f'<span class="vs-unread-cell">{lacking(evaluation, key, keys)}</span>'


def notice(scores: Scores) -> str:
    """What stands above the cards where nothing was judged: the reason, once, and what to do; else ""."""
    if not all_of(scores):
        return ""
    lines = "".join(f"<p>{escape(one)}</p>" for one in sentences(scores))
    return f'<div class="vs-not-judged" role="note"><h3>{text.WITHHELD_TITLE}</h3>{lines}<p>{whose.way()}</p></div>'


def listed(reasons: Iterable[tuple[str, str]]) -> str:
    """What was not judged of several clips: (HTML that says of which, sentence) each; "" for none."""
    lines = "".join(f"<li>{which}{escape(sentence)}</li>" for which, sentence in reasons)
    title = f"<h3>{text.WITHHELD_TITLE}</h3>"
    return f'<div class="vs-not-judged vs-why-not" role="note">{title}<ul>{lines}</ul></div>' if lines else ""


def mark(scores: Scores | None) -> str:
    """What stands before the words of a judge that judged nothing; else ""."""
    return f'<p class="vs-unknowing" role="note">{text.UNKNOWING}</p>' if scores and all_of(scores) else ""


def left_out(form: str, lacking_of: Iterable[tuple[Evaluation, str]]) -> str:
    """The sentence that says how many numbers were left out of a figure and why, "" where none was.

    form: with {count} and {why}. lacking_of: the evaluation and the dimension (or "overall") of each such number.
    """
    words = [lacking(evaluation, key) for evaluation, key in lacking_of]
    because = [one.format(count=words.count(kind)) for one, kind in
           ((text.LEFT_WITHHELD, text.WITHHELD), (text.LEFT_UNREAD, text.UNREAD)) if kind in words]
    return form.format(count=len(words), why=text.LIST.join(because)) if words else ""
