"""The empty radar that a page shows before there are scores: drawn here, at the places of the chart that follows it.

The chart itself needs Plotly, 4 MB that a browser takes half a second to read: it is fetched when the page is at rest.
"""
import json
from html import escape
from math import cos, pi, sin

import gradio as gr
from gradio.events import Dependency

from vs2.plots.scores import HEIGHT, ROOM, described
from vs2.rubric import KEYS, SCALE
from vs2.ui import charts
from vs2.ui.wiring import QUIET

WIDE, TOP = 340, 38     # pixels: of the drawing, which keeps its size, and above the outermost ring's circle
RADIUS = (HEIGHT - TOP) / 2
_FULL = SCALE[-1] - SCALE[0] + 2 * ROOM
REST = 2000             # milliseconds after which a page is at rest once it has nothing to do
# The chart comes with the web, whose words are in the visitor's language: those of a listener are in the app's own.
_DRAWN = "(now) => [now ?? JSON.parse(document.querySelector('.vs-web').dataset.chart)]"
_RESTS = f"""() => new Promise((done) =>
  setTimeout(() => (window.requestIdleCallback ?? window.setTimeout)(() => done([])), {REST}))"""


def web() -> str:
    """HTML: the axes with their names, the rings of the scale with its numbers."""
    words = charts.words()
    rings = "".join('<polygon points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in _corners(value)) + '"/>'
                    for value in SCALE)
    spokes = "".join(f'<line x1="{WIDE / 2}" y1="{TOP + RADIUS}" x2="{x:.1f}" y2="{y:.1f}"/>'
                     for x, y in _corners(SCALE[-1] + ROOM))
    numbers = "".join(f'<text class="vs-tick" x="{WIDE / 2 + 9}" y="{_corners(value)[0][1] + 3.5:.1f}" '
                      f'text-anchor="middle">{value}</text>' for value in SCALE)
    names = "".join(f'<text x="{x:.1f}" y="{y + (21 if at else -19):.1f}" text-anchor="middle">'
                    f"{escape(words.axes[key])}</text>"
                    for at, (key, (x, y)) in enumerate(zip(KEYS, _corners(SCALE[-1]), strict=True)))
    label = escape(described([], [], words), quote=True)
    chart = gr.Plot.postprocess(gr.Plot(render=False), charts.radar([]))
    drawn = escape(json.dumps(chart.model_dump() if chart else None), quote=True)
    return (f'<div class="vs-web" data-chart="{drawn}"><svg viewBox="0 0 {WIDE} {HEIGHT}" width="{WIDE}" '
            f'height="{HEIGHT}" role="img" aria-label="{label}">{rings}{spokes}{numbers}{names}</svg></div>')


def at_rest(loaded: Dependency, chart: gr.Plot) -> None:
    """Has the browser fetch what draws the chart, by an empty one, unless a result was there first.

    loaded: the event after which the page has nothing to do. Before scores come nobody has waited for it then, and they
    do not wait either.
    """
    loaded.then(None, None, None, js=_RESTS, **QUIET).then(None, chart, chart, js=_DRAWN, **QUIET)


def _corners(value: float) -> list[tuple[float, float]]:
    """Where a score lies on each axis, in pixels: the first upwards, the others clockwise."""
    length = RADIUS * (value - SCALE[0] + ROOM) / _FULL
    angles = [2 * pi * at / len(KEYS) for at in range(len(KEYS))]
    return [(WIDE / 2 + length * sin(angle), TOP + RADIUS - length * cos(angle)) for angle in angles]
