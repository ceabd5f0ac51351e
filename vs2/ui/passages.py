"""Where the parts and the sentences of a rationale are. Offsets count characters as Python does (Unicode code points).

A page that shows every part, one after the other, shows the rationale's exact text: what is marked there has offsets in
the rationale itself.
"""
import re
from collections.abc import Sequence
from dataclasses import dataclass

from vs2 import answer

# Up to the mark that ends it and the brackets behind that; a digit's point ends nothing. A line ends one too.
_SENTENCE = re.compile(r"[^\n]+?(?:[.!?\u2026\u3002\uff01\uff1f]{1,8}[\"')\]\u201d\u2019*]{0,8}(?=\s|$)|$)",
                       re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """One part of a rationale: what its heading names (a dimension's key, "prompt", ...; "" before the first heading).

    start, end: where it is, its heading and the line breaks after it included. body: where its heading is over.
    """

    heading: str
    start: int
    end: int
    body: int


def parts(rationale: str) -> list[Part]:
    """The parts in the order of the text; together they are all of it."""
    found, start, heading, body, at = [], 0, "", 0, 0
    for line in re.findall(r"[^\n]*\n|[^\n]+$", rationale):
        named, rest = next((pair for pair in answer.sections(line.rstrip("\n")).items() if pair[0]), ("", ""))
        if named:
            if at > start:
                found.append(Part(heading, start, at, body))
            start, heading, body = at, named, at + (line.rindex(rest) if rest else len(line))
        at += len(line)
    return [*found, Part(heading, start, len(rationale), body)] if rationale else []


def sentences(rationale: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence, without headings and the white space around it."""
    spans = []
    for part in parts(rationale):
        for found in _SENTENCE.finditer(rationale, part.body, part.end):
            said = found[0]
            start = found.start() + len(said) - len(said.lstrip())
            if end := len(said.strip()):
                spans.append((start, start + end))
    return spans


def merged(passages: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The passages in order, those that overlap or touch as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(passages):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
