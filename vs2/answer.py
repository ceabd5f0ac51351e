"""Reads a reply: the rationale, its sections, the three scores, and where in the text their digits are.

The text is untrusted: it may quote the prompt, list scores while it thinks, or never answer. Scores are read
only after the last `</think>`; what cannot be read is None, never a guess. Every pattern here is bounded or
anchored, so the time is linear in the text.
"""
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from vs2.rubric import KEYS, THINK_CLOSE, THINK_OPEN

_GAP = r"[ \t\u00a0]{1,3}"
_DASH = r"[-\u2010-\u2015 ]"
_LABELS = {
    "visual_quality": rf"visual{_GAP}quality",
    "text_alignment": rf"(?:text(?:{_DASH}to{_DASH}video)?|t2v){_GAP}alignment",
    "physical_consistency":
        rf"physical(?:[ \t]?(?:/|and|&)[ \t]?common{_DASH}?sense)?{_GAP}consistency",
}
_LABEL = re.compile("|".join(f"(?P<{key}>{pattern})" for key, pattern in _LABELS.items()), re.IGNORECASE)
# What may stand before a label on its line: bullets, numbers, bold, "Dim-1"; and between two scores on one line.
_BEFORE = re.compile(r"[\s>#*_\u2022\u00b7()\[\].:0-9-]*(?:dim(?:ension)?[- ]?[1-3][\s.:)*_-]*)?", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s;,.*_()\[\]0-9\u2022-]*(?:and\s)?\s*(?:\([1-3]\)\s*)?", re.IGNORECASE)
_LONGEST_BEFORE = 40
# After a label: bold, "score", a qualifier after a dash or in brackets ("– clarity, smoothness"), the colon.
_COLON = re.compile(r"[*_ \t]{0,6}(?:(?:score|rating)[*_ \t]{0,6})?(?:[-\u2010-\u2015(][^:\uff1a\n]{0,200})?"
                    r"[*_ \t]{0,6}[:\uff1a=]", re.IGNORECASE)
_NUMBER = re.compile(r"[\s*_`\[(<\"']{0,8}(?P<minus>[-\u2212+]?)(?P<number>[0-9]+)")
# What makes a number something other than a digit score: a fraction, a range, a unit, another scale.
_NOT_A_SCORE = re.compile(r"[.,][0-9]|[A-Za-z%]|[ \t]?[-\u2010-\u2015~][ \t]?[0-9]")
_SCALE = re.compile(r"[*_ \t]{0,4}(?:/|out of)[ \t]{0,3}(?P<most>[0-9]+)", re.IGNORECASE)
_TAGS = re.compile(r"</?think>")
_PROMPT = re.compile(r"(?:video[ \t])?prompt\b[*_]*:?[*_]*", re.IGNORECASE)
_HEADING = re.compile(r"#{1,6}[ \t]+(?P<hash>.{1,80})|\*\*(?P<bold>[^*]{1,80})\*\*:?|(?P<plain>[^:.!?*]{1,60}):")


@dataclass(frozen=True)
class Answer:
    """A reply, read.

    rationale: what was thought, without tags and without the answer lines.
    sections: heading -> text: a dimension's key, or the heading in lower case ("prompt", "final scoring");
        "" for what stands before the first heading.
    values: each dimension's digit, 1 to 5, or None. spans: where each of these digits is in the reply.
    closed: the thinking ended; False for a reply that opened `<think>` and was cut.
    """

    rationale: str
    sections: dict[str, str] = field(default_factory=dict)
    values: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(KEYS))
    spans: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(KEYS))
    closed: bool = True

    @property
    def complete(self) -> bool:
        """Whether all three scores were read."""
        return None not in self.values.values()


@dataclass(frozen=True)
class _Item:
    """One `label: number`: the dimension, its digit (None if the number is no score), where the digit is."""

    key: str
    value: int | None
    at: int
    end: int


def read(reply: str) -> Answer:
    """The rationale and the scores of a reply, in every form seen in real ones.

    After a think block each dimension's first score line counts, wherever it is. Without one the scores come
    first: the first unbroken run of score lines counts and the rest is the explanation. A number that is not
    a digit 1 to 5 (0, 6, 10, 3.5, 3/10) is unread, not clamped.
    """
    closed_at = reply.rfind(THINK_CLOSE)
    if closed_at >= 0:
        rationale = _untagged(reply[:closed_at])
        items = list(_lines(reply, closed_at + len(THINK_CLOSE)))
    elif THINK_OPEN in reply:
        cut = _open_tag(reply)
        rationale = _untagged(reply[:-cut] if cut > 1 else reply)
        return Answer(rationale, sections(rationale), closed=False)
    else:
        items, start, end = _first_block(reply)
        rationale = (reply[:start].strip() + "\n" + reply[end:].strip()).strip()
    first: dict[str, _Item] = {}
    for item in items:
        first.setdefault(item.key, item)
    read_items = {key: item for key, item in first.items() if item.value is not None}
    return Answer(rationale, sections(rationale), {key: getattr(read_items.get(key), "value", None) for key in KEYS},
                  {key: getattr(read_items.get(key), "at", None) for key in KEYS})


def read_as_published(reply: str) -> tuple[int, int, int] | None:
    """What the authors' script reads: the first `label: number` of each dimension in order, anywhere.

    It is here to reproduce published numbers and their faults: it reads score lines inside the think block,
    does not check the range, and gives all three or nothing.
    """
    scores: list[int] = []
    at = 0
    for wire in ("visual quality", "text-to-video alignment", "physical/common-sense consistency"):
        found = re.compile(rf"{re.escape(wire)}:\s*([0-9]{{1,9}})", re.IGNORECASE).search(reply, at)
        if found is None:
            return None
        scores.append(int(found[1]))
        at = found.end()
    visual, text, physical = scores
    return visual, text, physical


def is_score_line(line: str) -> bool:
    """Whether the line holds a `label: number` and so belongs to an answer, not to a rationale."""
    return bool(_items(line, 0))


def _untagged(text: str) -> str:
    return _TAGS.sub("", text).strip()


def _lines(text: str, start: int) -> Iterator[_Item]:
    """The items of each line from `start` on, in order."""
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield from _items(text[start:end], start)
        start = end + 1


def _first_block(text: str) -> tuple[list[_Item], int, int]:
    """The first unbroken run of score lines (blank lines allowed): its items, and where it starts and ends."""
    items: list[_Item] = []
    block_start, block_end, start = 0, 0, 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        found = _items(text[start:end], start)
        if found:
            block_start = block_start if items else start
            items += found
            block_end = end
        elif items and text[start:end].strip():
            break
        start = end + 1
    return items, block_start, block_end


def _items(line: str, offset: int) -> list[_Item]:
    """The `label: number` items of one line; `offset` is where the line starts in the reply."""
    items: list[_Item] = []
    labels = list(_LABEL.finditer(line))
    for order, label in enumerate(labels):
        before = line[items[-1].end - offset if items else 0:label.start()]
        allowed = _BETWEEN if items else _BEFORE
        if len(before) > _LONGEST_BEFORE or not allowed.fullmatch(before):
            break
        until = labels[order + 1].start() if order + 1 < len(labels) else len(line)
        colon = _COLON.match(line, label.end(), until)
        number = colon and _NUMBER.match(line, colon.end(), until)
        if not number:
            break
        end = number.end()
        scale = _SCALE.match(line, end, until)
        digit = number["number"]
        good = (len(digit) == 1 and digit in "12345" and not number["minus"]
                and not _NOT_A_SCORE.match(line, end, until) and (scale is None or scale["most"] == "5"))
        items.append(_Item(_dimension(label), int(digit) if good else None, offset + number.start("number"),
                           offset + (scale.end() if scale else end)))
    return items


def _dimension(label: re.Match[str]) -> str:
    """The key of the dimension that a label was found to name."""
    return next(key for key, found in label.groupdict().items() if found is not None)


def sections(rationale: str) -> dict[str, str]:
    """The rationale by its headings; a heading that comes twice keeps both texts."""
    sections: dict[str, list[str]] = {"": []}
    heading = ""
    for line in rationale.split("\n"):
        found = None if is_score_line(line) else _heading(line.strip())
        if found:
            heading, line = found
        sections.setdefault(heading, []).append(line)
    texts = {heading: "\n".join(lines).strip() for heading, lines in sections.items()}
    return {heading: text for heading, text in texts.items() if text or heading}


def _heading(line: str) -> tuple[str, str] | None:
    """A heading's name and what follows it on its line; None for any other line."""
    label = _LABEL.search(line[:_LONGEST_BEFORE + 60])
    if label and label.start() <= _LONGEST_BEFORE and _BEFORE.fullmatch(line[:label.start()]):
        colon = _COLON.match(line, label.end())
        rest = line[colon.end() if colon else label.end():].strip("*_ \t")
        if colon or not rest or line[:1] in "#*(" or rest[:1] in "-\u2013\u2014(":
            return _dimension(label), rest if colon else ""
        return None
    before = _BEFORE.match(line[:_LONGEST_BEFORE])
    plain = before.end() if before else 0
    prompt = _PROMPT.match(line, plain)
    if prompt and (":" in prompt[0] or prompt.end() == len(line)):
        return "prompt", line[prompt.end():].strip()
    heading = _HEADING.fullmatch(line)
    if heading is None:
        return None
    return next(part for part in heading.groups() if part).strip("*_: \t").lower(), ""


class Rationale:
    """Turns a reply that arrives in pieces into the pieces of its rationale: no tags, no answer lines.

    Joined, what `feed` and `finish` give is `read(reply).rationale` for a reply of one think block. A scores-first
    reply is shown from its explanation on. White space at the end of a piece waits for what follows it.
    """

    _NAMED_BY = 64       # a score line names its dimension within so many characters
    _LONGEST_LINE = 300  # and has its digit within so many

    def __init__(self) -> None:
        self._held = ""        # text not yet given: a possible tag, a line that may hold a score
        self._space = ""       # white space that waits for what follows
        self._thinks: bool | None = None    # whether the reply opened a think block; None until that is known
        self._closed = False
        self._scored = False   # in a scores-first reply: whether a score line was seen
        self._explains = False  # ... and whether its block of score lines is over
        self._midline = False  # ... and whether the line that is coming holds no score, and is shown as it comes
        self._started = False

    def feed(self, text: str) -> str:
        """The rationale that `text`, the next piece of the reply, adds."""
        if self._closed:
            return ""
        self._held += text
        if self._thinks is None:
            opening = self._held.lstrip()
            if opening.startswith(THINK_OPEN):
                self._thinks, self._held = True, opening[len(THINK_OPEN):]
            elif THINK_OPEN.startswith(opening):
                return ""
            else:
                self._thinks = False
        closed_at = self._held.find(THINK_CLOSE)
        if closed_at >= 0:
            self._held, self._closed = self._held[:closed_at], True
            return self.finish()
        if not (self._thinks or self._explains):
            return self._whole_lines()
        return self._give(len(self._held) - _open_tag(self._held))

    def finish(self) -> str:
        """What was held back, now that nothing follows."""
        if self._thinks is None:
            return ""
        given = "" if self._thinks or self._explains else self._whole_lines()
        if is_score_line(self._held) and not self._thinks:
            return given
        cut = 0 if self._closed else _open_tag(self._held)
        return given + self._give(len(self._held) - (cut if cut > 1 else 0))

    def _whole_lines(self) -> str:
        """The lines known to hold no score; stops holding lines once the answer's block is over."""
        given = ""
        while "\n" in self._held or self._midline or self._no_score():
            end = self._held.find("\n") + 1
            line = self._held[:end or len(self._held)]
            if not self._midline and is_score_line(line):
                self._scored, self._held = True, self._held[len(line):]
                continue
            if self._scored and line.strip():
                self._explains = True
                return given + self._give(len(self._held) - _open_tag(self._held))
            self._midline = not end
            given += self._give(len(line) if end else len(line) - _open_tag(line))
            if not end:
                break
        return given

    def _no_score(self) -> bool:
        """Whether the unfinished line that is held cannot become a score line."""
        return len(self._held) > self._LONGEST_LINE or (
            len(self._held) > self._NAMED_BY and not _LABEL.search(self._held))

    def _give(self, end: int) -> str:
        """Takes what is held up to `end`, less the white space at its end."""
        text = self._space + self._held[:end]
        text = text if self._started else text.lstrip()
        kept = text.rstrip()
        self._space, self._held = text[len(kept):], self._held[end:]
        self._started = self._started or bool(kept)
        return kept


def _open_tag(text: str) -> int:
    """How many characters at the end of the text may be the start of a closing tag."""
    return next((n for n in range(len(THINK_CLOSE) - 1, 0, -1) if text.endswith(THINK_CLOSE[:n])), 0)
