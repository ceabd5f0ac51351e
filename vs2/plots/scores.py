"""Plotly figures from Evaluations. Colours of text and grid are the page's (see assets/ui.css), for light and dark."""
import html
from collections.abc import Sequence

import plotly.graph_objects as go

from vs2.evaluation import Evaluation, Score
from vs2.rubric import KEYS, SCALE

# One a candidate. Told apart by people with any colour vision (after Okabe and Ito), readable on light and dark.
COLOURS = ("#1a9c86", "#d9822b", "#4c86d6", "#c2619b", "#8a8f2e", "#8b6fd1")
AXES = {"visual_quality": "Visual quality", "text_alignment": "Alignment", "physical_consistency": "Physical"}
NOT_JUDGED = "not judged"
GRID, TEXT = "rgba(128,136,140,0.32)", "#6b747a"


def _radius(score: Score) -> float | None:
    """Where a score lies on its axis: `expected`, else the digit, else nowhere.

    Within the axis: a sum of five probabilities may be a hair above 5, and Plotly draws no line to such a corner.
    """
    found = score.value if score.expected is None else score.expected
    return None if found is None else min(max(found, SCALE[0]), SCALE[-1])


def radar(evaluations: Sequence[Evaluation | None], names: Sequence[str] | None = None) -> go.Figure:
    """The three expected scores of each evaluation on fixed axes from 1 to 5.

    evaluations: None is a candidate without one, which keeps its place and its colour. names: one a candidate, shown
    in a legend when there are several. A score that was not read or not judged leaves a gap: its corner is not drawn,
    never put at 0 or 1. No evaluations give the empty chart.
    """
    names = list(names) if names is not None else [f"Candidate {number}" for number in range(1, len(evaluations) + 1)]
    figure = go.Figure()
    axes = [AXES[key] for key in KEYS]
    for index, (evaluation, name) in enumerate(zip(evaluations, names, strict=True)):
        if evaluation is None:
            continue
        radii = [_radius(evaluation.scores[key]) for key in KEYS]
        colour = COLOURS[index % len(COLOURS)]
        whole = None not in radii
        figure.add_trace(go.Scatterpolar(
            # The first corner again closes the line; with a corner missing there is no area to fill.
            r=[*radii, radii[0]], theta=[*axes, axes[0]], name=html.escape(name), mode="lines+markers",
            connectgaps=False, fill="toself" if whole else "none", fillcolor=_faint(colour),
            line={"color": colour, "width": 2.5}, marker={"color": colour, "size": 7}, cliponaxis=False,
            hovertemplate="%{theta}: %{r:.2f}<extra>%{fullData.name}</extra>"
                          if len(evaluations) > 1 else "%{theta}: %{r:.2f}<extra></extra>"))
    # One evaluation alone: an axis that was not judged says so. Of several, the table beside them does.
    alone = evaluations[0] if len(evaluations) == 1 else None
    named = [f"{AXES[key]}<br>{NOT_JUDGED}" if alone and not alone.scores[key].judged else AXES[key] for key in KEYS]
    # The names of the axes, a line off their corners: as tick labels they would stand beside them and shrink the chart.
    figure.add_trace(go.Scatterpolar(
        r=[SCALE[-1]] * len(axes), theta=axes, mode="text",
        text=[f"{named[0]}<br> ", *(f" <br>{axis}" for axis in named[1:])], hoverinfo="skip", showlegend=False,
        textposition=["top center", "bottom center", "bottom center"], cliponaxis=False))
    return figure.update_layout(
        template="none", height=280, autosize=True, paper_bgcolor="rgba(0,0,0,0)", showlegend=len(evaluations) > 1,
        font={"family": "inherit", "size": 12, "color": TEXT},
        margin={"l": 26, "r": 26, "t": 38 + 16 * ("<br>" in named[0]), "b": 0},
        legend={"orientation": "h", "y": -0.08, "x": 0.5, "xanchor": "center"},
        hoverlabel={"font": {"family": "system-ui, sans-serif"}}, dragmode=False,
        polar={
            "bgcolor": "rgba(0,0,0,0)", "gridshape": "linear",
            "radialaxis": {"range": [SCALE[0], SCALE[-1]], "tickvals": list(SCALE), "angle": 90, "tickangle": 90,
                           "showline": False, "gridcolor": GRID, "tickfont": {"size": 10}, "ticks": ""},
            "angularaxis": {"rotation": 90, "direction": "clockwise", "gridcolor": GRID, "linecolor": GRID,
                            "ticks": "", "showticklabels": False},
        })


def _faint(colour: str) -> str:
    """The hexadecimal colour, nearly transparent, as Plotly takes it."""
    red, green, blue = (int(colour[at:at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"
