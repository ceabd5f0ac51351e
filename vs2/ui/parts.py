"""The pieces of a page as HTML. What a model, a file or a visitor wrote is escaped here, always, and never rendered."""
import base64
import io
import json
from collections.abc import Mapping
from html import escape
from pathlib import PurePath

import numpy as np
from PIL import Image

from vs2.errors import Problem
from vs2.evaluation import Evaluation, Score
from vs2.rubric import KEYS, SCALE
from vs2.ui import saving, text, whose, withheld
from vs2.ui.said import worded
from vs2.video import Clip

MOST_FRAMES = 48      # pictures in the strip; more would weigh megabytes
UNCUT, END = 11, 8   # characters of a name that is never cut, and of the end that one keeps (assets/tools.js)
FRAME_HEIGHT = 108    # pixels; the strip shows them at half that, sharp on a dense screen


def duration(seconds: float) -> str:
    """Seconds for people: tenths below a minute, then minutes and seconds."""
    if seconds < 60:
        return text.SECONDS.format(seconds=f"{seconds:.1f}")
    return text.MINUTES.format(minutes=int(seconds // 60), seconds=int(seconds % 60))


def status(stage: str, detail: tuple[str, ...] = (), state: str = "idle") -> str:
    """The line that says how far it is. Only `stage` is read out; the running figures beside it are not.

    state: "idle", "busy", "done", "stopped" or "failed".
    """
    figures = "".join(f"<span>{escape(item)}</span>" for item in detail)
    return (f'<div class="vs-status" data-state="{escape(state)}"><i aria-hidden="true"></i>'
            f'<strong role="status" aria-live="polite">{escape(stage)}</strong>'
            f'<span class="vs-figures" aria-hidden="true">{figures}</span></div>')


def problem(said: Problem | str) -> str:
    """One clear sentence about what went wrong, read out at once; the page points at the field that it is about."""
    field = getattr(said, "field", "")
    about = f' data-field="{escape(field)}"' if field else ""
    return f'<div class="vs-problem" role="alert"{about}>{escape(worded(str(said)))}</div>'


def name(said: str, kind: str = "vs-name") -> str:
    """A file's name. Where there is no room it is cut in its middle: names of a series differ at their ends."""
    if len(said) <= UNCUT:
        return f'<span class="{kind}">{escape(said)}</span>'
    return (f'<span class="{kind}" title="{escape(said)}"><span class="vs-start">{escape(said[:-END])}</span>'
            f'<span class="vs-end">{escape(said[-END:])}</span></span>')


def lost(sentence: str, button: str) -> str:
    """What was lost, and a button that starts it again by pressing that of the page. button: its selector."""
    return (f'<div class="vs-problem vs-lost" role="alert"><span>{escape(worded(sentence))}</span> '
            f'<button type="button" class="vs-action" data-press="{escape(button)}">{text.START_AGAIN}</button></div>')


def waits(button: str, field: str) -> str:
    """The line, at first hidden, of a press that waits for an upload (`early` in assets/tools.js).

    button, field: selectors of the button, and of the text box in which shift and Enter press it, "" for none.
    """
    return (f'<p class="vs-waits" role="status" data-button="{escape(button)}" data-field="{escape(field)}" '
            f'data-sending="{escape(text.WAITS_SENDING)}" data-checking="{escape(text.WAITS_CHECKING)}" hidden>'
            f'<span></span> <button type="button" class="vs-action vs-wait-not">{text.WAIT_NOT}</button></p>')


def earlier(said: str, prompt: str, scores: str) -> str:
    """The line, at first hidden, that says which scores are of an earlier prompt (`vs2.ui.scripts.EARLIER`).

    said: with {count} of them and {prompt}. prompt, scores: selectors of the prompt, and of what shows the scores.
    """
    return (f'<p class="vs-earlier" role="status" data-said="{escape(said)}" data-prompt="{escape(prompt)}" '
            f'data-scores="{escape(scores)}" hidden><span></span></p>')


def prompts(judged: dict[str, str]) -> str:
    """For that line: what was judged, by the key of a candidate, "" for the only one."""
    return f'<span hidden data-judged-by="{escape(json.dumps(judged))}"></span>' if judged else ""


def _bars(distribution: tuple[float, ...] | None, value: int | None) -> str:
    if distribution is None:
        said, heights = "", [0.0] * len(SCALE)
    else:
        heights = list(distribution)
        said = text.DISTRIBUTION + ", ".join(
            f"{score}: {p:.0%}" for score, p in zip(SCALE, distribution, strict=True))
    columns = "".join(
        f'<span class="vs-bar{" vs-top" if score == value else ""}" title="{score}: {p:.1%}">'
        f'<b style="height:{max(p, 0) * 100:.1f}%"></b><small>{score}</small></span>'
        for score, p in zip(SCALE, heights, strict=True))
    label = f'role="img" aria-label="{said}"' if said else 'aria-hidden="true"'
    return f'<div class="vs-bars" {label}>{columns}</div>'


def _confidence(score: Score) -> str:
    if score.confidence is None:
        return ""
    word = next(word for least, word in text.CONFIDENCE_WORDS if score.confidence >= least)
    said = text.CONFIDENCE.format(word=word, percent=round(score.confidence * 100))
    return f'<p class="vs-confidence">{escape(said)}</p>'


def _expected(score: Score) -> str:
    """The mean of the distribution; where it says no more than the digit does, it steps back."""
    if score.expected is None:
        return ""
    shown = f"{score.expected:.2f}"
    same = score.value is not None and shown == f"{score.value:.2f}"
    return (f'<p class="vs-expected{" vs-same" * same}"><abbr title="{text.EXPECTED_HINT}" tabindex="0">{text.EXPECTED}'
            f'</abbr> <b>{shown}</b></p>')


def _card(key: str, score: Score | None, why: bool = True) -> str:
    """why: whether the reason of what was not judged is said here."""
    if score is None:
        figure = '<p class="vs-digit vs-none">–</p>'
    elif not score.judged:
        figure = f'<p class="vs-digit vs-unread">{text.WITHHELD}</p>'
    elif score.value is None:
        figure = f'<p class="vs-digit vs-unread" title="{text.UNREAD_HINT}">{text.UNREAD}</p>'
    else:
        figure = f'<p class="vs-digit">{score.value}<small>/5</small></p>'
    distribution, value = (None, None) if score is None else (score.distribution, score.value)
    judged = score is None or score.judged
    reason = "" if score is None or judged or not why else f'<p class="vs-reason">{escape(withheld.why(score))}</p>'
    bars = _bars(distribution, value) if judged else ""
    told = f"{_expected(score)}{_confidence(score)}" if score else ""
    below = f'<div class="vs-told">{told}</div>' if judged else ""     # its place is there before there is a score
    return (f'<article class="vs-card" data-key="{key}" data-value="{"" if value is None else value}">'
            f'<h3 title="{escape(text.LABELS[key])}"><button type="button" data-said="{key}">{escape(text.SHORT[key])}'
            f'</button></h3><p class="vs-asks" title="{escape(text.ASKS[key])}">{escape(text.ASKS[key])}</p>'
            f'<div class="vs-row">{figure}{bars}</div>{reason}{below}</article>')


def scores(found: Mapping[str, Score] | None = None, overall: float | None = None) -> str:
    """The three score cards under their heading; those without a score yet hold their place."""
    all_there = found is not None and all(key in found for key in KEYS)
    none = found is not None and all_there and withheld.all_of(found)
    mean = ""
    if overall is not None:
        mean = (f'<p class="vs-overall" title="{text.OVERALL_HINT}">{text.OVERALL} <b>{overall:.2f}</b>'
                '<small>/5</small></p>')
    elif found and any(not score.judged for score in found.values()):
        mean = f'<p class="vs-overall">{text.OVERALL} <span>{text.WITHHELD}</span></p>'
    cards = "".join(_card(key, (found or {}).get(key), not none) for key in KEYS)
    return (f'<section class="vs-scores"{" data-judged=no" * none} aria-label="{text.SCORES}"><header>'
            f'<h2>{text.SCORES}</h2>{mean}</header>{withheld.notice(found) if found and none else ""}'
            f'<div class="vs-cards">{cards}</div></section>')


def _time(seconds: float) -> str:
    return f"{seconds:.2f}".rstrip("0").rstrip(".") or "0"


def _jpeg(frame: np.ndarray) -> str:
    image = Image.fromarray(frame)
    image.thumbnail((FRAME_HEIGHT * 3, FRAME_HEIGHT), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _frame(number: int, frame: np.ndarray, seconds: float) -> str:
    """One frame under its number from 1, by which a rationale may name it, and its time."""
    time = _time(seconds)
    return (f'<button type="button" data-time="{seconds:.3f}" title="{text.SEEK.format(time=time)}">'
            f'<img src="{_jpeg(frame)}" alt="{text.FRAME.format(number=number, time=time)}">'
            f'<small aria-hidden="true"><b>{number}</b> {text.FRAME_TIME.format(time=time)}</small>'
            '</button>')


def frames(clip: Clip | None = None, sized: bool = True) -> str:
    """The frames that the judge saw with their times, each a button that shows the video there.

    sized: whether the clip's frames have the size that the judge saw.
    """
    if clip is None:
        count, strip = "", f'<p class="vs-empty">{text.FRAMES_EMPTY}</p>'
    else:
        total, height, width = clip.frames.shape[:3]
        shown = np.unique(np.linspace(0, total - 1, min(total, MOST_FRAMES)).round().astype(int))
        said = text.FRAMES_COUNT if len(shown) == total else text.FRAMES_SHOWN
        count = said.format(count=total, shown=len(shown))
        count += text.FRAMES_SIZE.format(width=width, height=height) if sized else ""
        strip = "".join(_frame(i + 1, clip.frames[i], clip.times[i]) for i in shown)
    return (f'<section class="vs-frames" aria-label="{text.FRAMES}"><header><h2>{text.FRAMES}</h2><p>{count}</p>'
            f'</header><div class="vs-strip">{strip}</div></section>')


def actions(evaluation: Evaluation | None = None, kept: str = "") -> str:
    """What can be done with an evaluation: copy it, save its JSON, and, where it is `kept`, share or go on with it.

    The link that saves carries the data itself, so nothing is left on the server for it.
    """
    if evaluation is None:
        return ""
    record = json.dumps(whose.noted(evaluation.to_dict()), ensure_ascii=False, indent=2)
    data = base64.b64encode(record.encode("utf-8", "replace")).decode()
    name = escape(f"{PurePath(evaluation.video).stem or 'video'}.vs2.json", quote=True)
    made = [f'<button type="button" class="vs-action" data-copy="{escape(spoken(evaluation))}" '
            f'data-done="{text.COPIED}">{text.COPY}</button>',
            f'<a class="vs-action" download="{name}" href="data:application/json;base64,{data}">{text.DOWNLOAD}</a>',
            saving.button(saving.REPORT), saving.button(saving.CARD)]
    if kept:
        one = escape(kept)
        made += [f'<button type="button" class="vs-action" data-link="?e={one}" data-kept="{one}" '
                 f'data-done="{text.LINK_COPIED}">{text.LINK}</button>',
                 *(f'<a class="vs-action" data-open href="?show={page}&amp;e={one}">{label}</a>'
                   for page, label in (("compare", text.OPEN_COMPARE), ("review", text.OPEN_REVIEW)))]
    return f'<div class="vs-actions-row">{"".join(made)}{prompts({"": evaluation.prompt})}</div>'


def spoken(evaluation: Evaluation) -> str:
    """An evaluation as plain text, to be pasted anywhere: with whose it is, and why what was not judged was not."""
    scores = evaluation.scores
    lines = [text.SPOKEN.format(video=evaluation.video, prompt=evaluation.prompt),
             whose.sentence(evaluation.model, evaluation.precision)]
    for key in KEYS:
        score = scores[key].expected
        expected = "" if score is None else text.SPOKEN_EXPECTED.format(expected=f"{score:.2f}")
        value = withheld.lacking(evaluation, key) if scores[key].value is None else scores[key].value
        lines.append(text.SPOKEN_LINE.format(dimension=text.LABELS[key], value=value) + expected)
    lines += withheld.sentences(scores) if evaluation.withheld else []
    mark = [text.UNKNOWING] * (withheld.all_of(scores) and bool(evaluation.rationale.strip()))
    aside = [worded(evaluation.aside)] if evaluation.aside else []
    return "\n".join([*lines, "", *mark, *aside, evaluation.rationale]).strip()
