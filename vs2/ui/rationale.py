"""The judge's words as HTML: in sections, each beside its score, the times that it names as buttons. Always escaped."""
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

from vs2 import answer
from vs2.evaluation import Evaluation, Score
from vs2.rubric import KEYS
from vs2.ui import passages, text, timeline, withheld
from vs2.ui.said import worded

# A time as judges write it: 1.5 s, 2 seconds, 0:03; or a frame by its number, counted from 1.
_TIME = re.compile(r"\b(?:(?P<minutes>\d{1,2}):(?P<rest>[0-5]\d(?:\.\d+)?)|(?P<seconds>\d{1,4}(?:\.\d{1,3})?)[ \u00a0]?"
                   r"(?:s|secs?|seconds?)|frame[ \u00a0](?P<frame>\d{1,3}))\b", re.IGNORECASE)


@dataclass(frozen=True)
class Times:
    """What the clip's times are: those of the frames that the judge saw, in seconds. Later times are no links."""

    frames: Sequence[float] = ()

    def of(self, found: re.Match) -> float | None:
        """The moment in seconds that a time or a frame's number names, None where the clip has none such."""
        if found["frame"]:
            number = int(found["frame"])
            return float(self.frames[number - 1]) if 1 <= number <= len(self.frames) else None
        seconds = (int(found["minutes"]) * 60 + float(found["rest"]) if found["minutes"] else float(found["seconds"]))
        # The last frame seen is up to a frame's distance from the end.
        return seconds if self.frames and seconds <= self.frames[-1] + 1.0 else None


@dataclass(frozen=True)
class Sample:
    """One of several rationales: its number, from 1, in the order drawn, and the scores that it gave itself."""

    number: int
    scores: dict[str, Score] | None = None


def samples(evaluation: Evaluation) -> tuple[tuple[str, ...], tuple[Sample, ...]]:
    """The rationales of an evaluation beside the one shown, and what is known of each."""
    said, known = [], []
    for number, sample in enumerate(evaluation.samples):
        if number == evaluation.shown:
            continue
        values = sample.get("values") or {}
        said.append(str(sample.get("rationale", "")))
        known.append(Sample(number + 1, {key: score if not score.judged else Score(values.get(key))
                                         for key, score in evaluation.scores.items()} if values else None))
    return tuple(said), tuple(known)


def words(said: str, times: Times = Times(), part: str | None = None) -> str:
    """The judge's words, escaped, with a button in place of each time that the clip has.

    part: the heading of the section whose words these are, "" for none: then each button bears the name and the
    sentence of its mark on the player's bar (assets/timeline.js).
    """
    pieces, at = [], 0
    spans = passages.sentences(said) if part is not None else []
    for found in _TIME.finditer(said):
        if (seconds := times.of(found)) is not None:
            mark = ""
            if part is not None:
                number = int(found["frame"]) if found["frame"] else None
                sentence = next((said[start:end] for start, end in spans if start <= found.start() < end), found[0])
                named = timeline.mark(seconds, number, text.SHORT.get(part) or title(part) or text.RATIONALE)
                mark = f' data-mark="{escape(named)}" data-sentence="{escape(sentence)}"'
            pieces += [escape(said[at:found.start()]), f'<button type="button" class="vs-time" '
                       f'data-time="{seconds:.3f}"{mark}>{escape(found[0])}</button>']
            at = found.end()
    return "".join([*pieces, escape(said[at:])])


def title(heading: str) -> str:
    """What a section is called: a dimension's name, else the judge's own heading."""
    return text.LABELS[heading] if heading in KEYS else heading[:1].upper() + heading[1:]


def chip(score: Score | None) -> str:
    """A dimension's digit beside its section; a dash until it is known."""
    if score is None:
        return '<span class="vs-chip vs-none" aria-hidden="true">–</span>'
    if score.value is None:
        return f'<span class="vs-chip vs-none">{text.UNREAD if score.judged else text.WITHHELD}</span>'
    return f'<span class="vs-chip">{score.value}<small>/5</small></span>'


def sections(said: str, scores: dict[str, Score] | None = None, times: Times = Times(),
             differing: Mapping[str, int | None] = MappingProxyType({})) -> str:
    """The sections of a rationale, each to be folded: the prompt, the three dimensions with their scores, the rest.

    differing: the digits that this rationale's own reply gave where they are not the scores (`Evaluation.differing`).
    """
    made = []
    for heading, body in answer.sections(said).items():
        shown = f'<p>{words(body, times, heading)}</p>' if body else ""
        if not heading:
            made.append(shown)
            continue
        beside = chip(scores[heading] if scores else None) if heading in KEYS else ""
        if heading in differing:
            own = text.OWN_SCORE.format(value=differing[heading] or text.UNREAD)
            beside += f'<span class="vs-own">{escape(own)}</span>'
        made.append(f'<details class="vs-part" data-part="{escape(heading)}" open><summary>'
                    f'<span>{escape(title(heading))}</span>{beside}</summary>{shown}</details>')
    return "".join(made)


def rationale(said: str = "", live: bool = False, empty: str | None = None, others: tuple[str, ...] = (),
              notes: tuple[str, ...] = (), scores: dict[str, Score] | None = None, times: Times = Times(),
              sampled: Sequence[Sample] = (), aside: str = "",
              differing: Mapping[str, int | None] = MappingProxyType({})) -> str:
    """The whole rationale under its heading, whatever markup the judge wrote. `live`: more is coming.

    others: the further rationales of several samples; sampled: what is known of each of them, in the same order. notes:
    what else is to be said of the judgement. aside, differing: where this rationale gave other scores (`Evaluation`).
    """
    body = (withheld.mark(scores) + sections(said, scores, times, differing) if said.strip() else
            f'<p class="vs-empty">{escape(text.RATIONALE_EMPTY if empty is None else empty)}</p>')
    body = (f'<p class="vs-aside">{escape(worded(aside))}</p>' if aside else "") + body
    known = sampled or [Sample(number) for number in range(2, len(others) + 2)]
    more = "".join(f"<h3>{text.SAMPLE.format(number=one.number)}</h3>{sections(other, one.scores, times)}"
                   for one, other in zip(known, others, strict=True))
    if more:
        more = (f'<details class="vs-more"><summary>{text.MORE_RATIONALES.format(count=len(others))}</summary>{more}'
                '</details>')
    listed = "".join(f"<li>{escape(worded(note))}</li>" for note in notes)
    listed = f'<ul class="vs-notes">{listed}</ul>' if listed else ""
    return (f'<section class="vs-rationale" aria-label="{text.RATIONALE}"><header><h2>{text.RATIONALE}</h2></header>'
            f'<div class="vs-said{" vs-live" if live else ""}">{body}{more}</div>{listed}</section>')
