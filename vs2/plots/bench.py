"""The chart of the Benchmarks page: shares of clips, published and measured, each group on a footing of its own."""
import html
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

import plotly.graph_objects as go

from vs2.plots.scores import GRID, TEXT

PUBLISHED, MEASURED = "#8b9399", "#1a9c86"  # grey for what others measured, the accent for what was measured here
TICKS = (0, 25, 50, 75, 100)
LETTERS = 46                                # of a bar's label to a line, so that a phone shows it whole
_LINE, _BAR, _GAP = 17, 30, 18              # pixels: a line of a label, a bar with its air, between groups


@dataclass(frozen=True)
class Bars:
    """One group: its heading, (label, percent) pairs, and what a judge that sees nothing reaches (label, percent).

    decimals: of the percentages as they are written.
    """

    name: str
    values: Sequence[tuple[str, float]]
    decimals: int = 1
    colour: str = MEASURED
    blind: tuple[str, float] | None = None


def shares(groups: Sequence[Bars]) -> go.Figure:
    """Bars from 0 to 100 %, the labels above them; a dotted mark where seeing nothing gets, in its group alone.

    One unit of the vertical axis is one pixel, counted downwards, so that every width of page shows the same.
    """
    figure = go.Figure()
    at: float = 0
    for group in groups:
        at = _heading(figure, group.name, at)
        places = []
        for label, _ in group.values:
            at = _label(figure, label, at)
            places.append(at + _BAR / 2 - 4)
            at += _BAR
        values = [value for _, value in group.values]
        figure.add_bar(x=values, y=places, orientation="h", width=16, marker={"color": group.colour, "line_width": 0},
                       text=[f"{value:.{group.decimals}f} %" for value in values], textposition="outside",
                       cliponaxis=False, hoverinfo="skip", showlegend=False)
        if group.blind is not None:
            said, percent = group.blind
            for place in places:
                figure.add_shape(type="line", x0=percent, x1=percent, y0=place - 12, y1=place + 12, layer="above",
                                 line={"color": TEXT, "width": 2, "dash": "2px,2px"})
            figure.add_annotation(x=percent, y=at - 2, text=html.escape(said), xanchor="left", yanchor="top",
                                  showarrow=False, xshift=-4, font={"size": 12})
            at += _LINE + 4
        at += _GAP
    return figure.update_layout(
        template="none", height=at + 40, autosize=True, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "inherit", "size": 13, "color": TEXT}, margin={"l": 4, "r": 24, "t": 4, "b": 26},
        dragmode=False, showlegend=False, uniformtext={"minsize": 12, "mode": "show"},
        xaxis={"range": [0, 112], "tickvals": TICKS, "ticktext": ["0", *(f"{tick} %" for tick in TICKS[1:])],
               "showgrid": False, "ticklabeloverflow": "allow", "zerolinecolor": GRID, "fixedrange": True, "ticks": "",
               "tickfont": {"size": 12}},
        yaxis={"range": [at, 0], "visible": False, "fixedrange": True})


def _heading(figure: go.Figure, words: str, at: float) -> float:
    return _label(figure, words, at, bold=True) + 6


def _label(figure: go.Figure, words: str, at: float, bold: bool = False) -> float:
    """Writes the words over what comes next; where that begins."""
    lines = [html.escape(line) for line in wrap(words, LETTERS - 4 * bold) or [""]]
    said = "<br>".join(f"<b>{line}</b>" if bold else line for line in lines)
    figure.add_annotation(x=0, xref="x", y=at, text=said, align="left", xanchor="left", yanchor="top", showarrow=False,
                          xshift=-3, font={"size": 13 if bold else 12})
    return at + _LINE * len(lines) + 4
