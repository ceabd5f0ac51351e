"""The figures of a report as SVG inside its HTML: a radar, bars of a distribution, intervals. No script, no style.

Colours, dashes and type are the stylesheet's, by class: `c0` to `c5` are the candidates, in order, told apart by their
dashes too, for print without colours and where they lie on each other.
"""
from collections.abc import Mapping, Sequence
from html import escape
from math import cos, pi, sin

from vs2.evaluation import Score
from vs2.report import words
from vs2.rubric import KEYS, SCALE

SERIES = 6                          # classes of candidates
WIDE, HIGH, RADIUS = 264, 222, 98   # units of the radar's picture; the radius of its outermost ring
CENTRE = (WIDE / 2, 144)
DOT, LARGER = 3.6, 1.8              # the radius of a corner's dot, and what each later one that lies on it adds
SAME = 0.04                         # scores closer than that lie on each other
ROOM = 0.6                          # rings are drawn from 1 at this share of one step off the middle

Values = Mapping[str, float | None]


def values(scores: Mapping[str, Score]) -> dict[str, float | None]:
    """Where scores lie on their axes: expected, else the digit, else nowhere; never beyond the axis."""
    found = {}
    for key in KEYS:
        score = scores[key]
        number = score.value if score.expected is None else score.expected
        found[key] = None if number is None else min(max(float(number), SCALE[0]), SCALE[-1])
    return found


def radar(series: Sequence[tuple[str, Values | None]], lacking: Mapping[str, str] | None = None) -> str:
    """(name, value from 1 to 5 by dimension) of each, None keeping its colour. A corner that is None is not drawn, nor
    the edges to it. lacking: what stands under the name of a dimension that has no value, for one alone."""
    drawn = [(index, found) for index, (_, found) in enumerate(series) if found]
    rings = "".join(f'<polygon class="ring" points="{_points([_corner(at, value) for at in range(len(KEYS))])}"/>'
                    for value in SCALE)
    spokes = "".join(_line("ring", _corner(at, SCALE[0]), _corner(at, SCALE[-1])) for at in range(len(KEYS)))
    ticks = "".join(f'<text class="tick" x="{CENTRE[0] - 8:.1f}" y="{_corner(0, value)[1] + 3:.1f}" '
                    f'text-anchor="end">{value}</text>' for value in SCALE)
    shapes = "".join(_shape(index, found, [other for _, other in drawn[at + 1:]])
                     for at, (index, found) in enumerate(drawn))
    names = "".join(_axis(at, key, (lacking or {}).get(key, "")) for at, key in enumerate(KEYS))
    return (f'<svg class="radar" viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{escape(described(series))}">'
            f'{rings}{spokes}{ticks}{shapes}{names}</svg>')


def described(series: Sequence[tuple[str, Values | None]]) -> str:
    """What a radar shows, in words."""
    lines = []
    for name, found in series:
        said = ", ".join(f"{words.SHORT[key]} {'–' if found[key] is None else format(found[key], '.2f')}"
                         for key in KEYS) if found else words.NO_SCORES
        lines.append(f"{name}: {said}")
    return words.RADAR.format(said="; ".join(lines) or words.NO_SCORES)


def bars(distribution: Sequence[float] | None, value: int | None) -> str:
    """p(1) to p(5) as five columns with their digits; the judge's own digit stands out. "" without a distribution."""
    if distribution is None:
        return ""
    said = words.DISTRIBUTION.format(said=", ".join(f"{score}: {p:.0%}" for score, p in
                                                    zip(SCALE, distribution, strict=True)))
    made = ""
    for at, (score, p) in enumerate(zip(SCALE, distribution, strict=True)):
        height = 36 * min(max(p, 0.0), 1.0)
        top = " top" * (score == value)
        made += (f'<rect class="well" x="{at * 24}" y="0" width="18" height="36" rx="2"/>'
                 f'<rect class="bar{top}" x="{at * 24}" y="{36 - height:.1f}" width="18" height="{height:.1f}" rx="2"/>'
                 f'<text class="tick{top}" x="{at * 24 + 9}" y="49" text-anchor="middle">{score}</text>')
    return f'<svg class="bars" viewBox="0 0 114 52" role="img" aria-label="{escape(said)}">{made}</svg>'


def interval(mean: float | None, low: float | None, high: float | None, least: float, most: float, index: int = 0,
             marks: Sequence[float] = ()) -> str:
    """A mean as a dot with its interval as a line, on an axis from `least` to `most`; `marks` are ticks on it. It is
    said in the cell beside it, so nobody needs to hear it."""
    if mean is None or most <= least:
        return ""

    def at(value: float) -> float:
        return 4 + 112 * (min(max(value, least), most) - least) / (most - least)

    ticks = "".join(f'<line class="ring" x1="{at(mark):.1f}" y1="3" x2="{at(mark):.1f}" y2="15"/>' for mark in marks)
    line = "" if low is None or high is None else (f'<line class="span c{index % SERIES}" x1="{at(low):.1f}" y1="9" '
                                                   f'x2="{at(high):.1f}" y2="9"/>')
    return (f'<svg class="interval" viewBox="0 0 120 18" aria-hidden="true"><line class="ring" x1="4" y1="9" x2="116" '
            f'y2="9"/>{ticks}{line}<circle class="dot c{index % SERIES}" cx="{at(mean):.1f}" cy="9" r="3.6"/></svg>')


def key(index: int) -> str:
    """A candidate's line and dot, for a legend."""
    return (f'<svg class="key" viewBox="0 0 28 10" aria-hidden="true"><line class="line c{index % SERIES}" x1="1" '
            f'y1="5" x2="27" y2="5"/><circle class="dot c{index % SERIES}" cx="14" cy="5" r="3.4"/></svg>')


def _corner(at: int, value: float) -> tuple[float, float]:
    steps = SCALE[-1] - SCALE[0]
    radius = RADIUS * (value - SCALE[0] + ROOM) / (steps + ROOM)
    angle = -pi / 2 + 2 * pi * at / len(KEYS)
    return CENTRE[0] + radius * cos(angle), CENTRE[1] + radius * sin(angle)


def _line(kind: str, one: tuple[float, float], two: tuple[float, float]) -> str:
    return (f'<line class="{kind}" x1="{one[0]:.1f}" y1="{one[1]:.1f}" x2="{two[0]:.1f}" y2="{two[1]:.1f}"/>')


def _points(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _shape(index: int, found: Values, above: Sequence[Values]) -> str:
    kind = f"c{index % SERIES}"
    corners = [None if (value := found[key]) is None else _corner(at, value) for at, key in enumerate(KEYS)]
    there = [corner for corner in corners if corner is not None]
    if len(there) == len(KEYS):
        made = f'<polygon class="area {kind}" points="{_points(there)}"/>'
    else:       # the edges between the corners that are there
        pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
        made = "".join(_line(f"line {kind}", one, two) for one, two in pairs if one and two)
    for at, corner in enumerate(corners):
        if corner is not None:
            hidden = sum(_same(found[KEYS[at]], other[KEYS[at]]) for other in above)
            made += (f'<circle class="dot {kind}" cx="{corner[0]:.1f}" cy="{corner[1]:.1f}" '
                     f'r="{DOT + LARGER * hidden:.1f}"/>')
    return made


def _same(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) < SAME


def _axis(at: int, key: str, lacking: str) -> str:
    x, y = _corner(at, SCALE[-1])
    y += (-12 - 13 * bool(lacking)) if at == 0 else 20
    x += (0, 4, -4)[at]
    more = f'<tspan class="lacking" x="{x:.1f}" dy="13">{escape(lacking)}</tspan>' if lacking else ""
    return f'<text class="axis" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(words.SHORT[key])}{more}</text>'
