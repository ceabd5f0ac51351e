"""Plotly figures from Evaluations. Colours of text and grid are the page's (see assets/ui.css), for light and dark."""
import html
from collections.abc import Sequence

import plotly.graph_objects as go

from vs2.evaluation import Evaluation, Score
from vs2.plots.words import AXES, ENGLISH, Words
from vs2.rubric import KEYS, SCALE

__all__ = ["AXES", "COLOURS", "described", "radar"]

# One a candidate. Told apart by people with any colour vision (after Okabe and Ito), readable on light and dark.
COLOURS = ("#1a9c86", "#d9822b", "#4c86d6", "#c2619b", "#8a8f2e", "#8b6fd1")
GRID, TEXT = "rgba(128,136,140,0.32)", "#6b747a"
NOTHING = "rgba(0,0,0,0)"
HEIGHT, LEGEND = 280, 20    # pixels: the chart's, and what each candidate's line in its legend adds
# Lines are cut off where the axes end, and points at their very ends are not drawn at all: they go on a little.
ROOM = 0.2
WIDTH, DOT = 2.5, 7         # pixels, of a line and of a corner's dot
WIDER, LARGER = 3.5, 5      # what each candidate that lies over it adds, so that a rim of it shows;
MOST_WIDER, MOST_LARGER = 10, 16    # and what all of them add, where there are many
FILL = 0.18                 # opacity of all areas together
SAME = 0.04                 # scores closer than that lie on each other


def _radius(score: Score) -> float | None:
    """Where a score lies on its axis: `expected`, else the digit, else nowhere. A sum of probabilities may be above 5.
    """
    found = score.value if score.expected is None else score.expected
    return None if found is None else min(max(found, SCALE[0]), SCALE[-1])


def radar(evaluations: Sequence[Evaluation | None], names: Sequence[str] | None = None,
          words: Words = ENGLISH) -> go.Figure:
    """The three expected scores of each evaluation on fixed axes from 1 to 5; its words are in `layout.meta.label`.

    evaluations: None is a candidate without one, which keeps its place and its colour. names: one a candidate, shown
    in a legend when there are several. A score that was not read or not judged leaves a gap: its corner is not drawn,
    never put at 0 or 1. Where candidates lie on each other, those below are drawn larger. No evaluations give the
    empty chart.
    """
    names = list(names) if names is not None else [
        words.candidate.format(number=number) for number in range(1, len(evaluations) + 1)]
    figure = go.Figure()
    axes = [words.axes[key] for key in KEYS]
    drawn = [(index, [_radius(one.scores[key]) for key in KEYS]) for index, one in enumerate(evaluations) if one]
    several, others = len(evaluations) > 1, max(1, len(drawn) - 1)
    wider, larger = min(WIDER, MOST_WIDER / others), min(LARGER, MOST_LARGER / others)
    for at, (index, radii) in enumerate(drawn):
        colour = COLOURS[index % len(COLOURS)]
        above = [_over(radii, other) for _, other in drawn[at + 1:]]    # of each later one: which corners it hides
        dots = [DOT + larger * sum(hidden[corner] for hidden in above) for corner in range(len(KEYS))]
        hidden_edges = sum(sum(hidden) > 1 for hidden in above)         # two corners share the edge between them
        figure.add_trace(go.Scatterpolar(
            # The first corner again closes the line; with a corner missing there is no area to fill.
            r=[*radii, radii[0]], theta=[*axes, axes[0]], name=html.escape(names[index]), mode="lines+markers",
            connectgaps=False, fill="none" if None in radii else "toself", fillcolor=_faint(colour, FILL / others),
            line={"color": colour, "width": WIDTH + wider * hidden_edges},
            marker={"color": colour, "size": [*dots, dots[0]], "opacity": 1, "line": {"width": 0}}, cliponaxis=False,
            hovertemplate="%{theta}: %{r:.2f}" + ("<extra>%{fullData.name}</extra>" if several else "<extra></extra>")))
    # One evaluation alone: an axis that was not judged says so. Of several, the table beside them does.
    alone = evaluations[0] if len(evaluations) == 1 else None
    named = [axis + f"<br>{words.not_judged}" * bool(alone and not alone.scores[key].judged)
             for key, axis in zip(KEYS, axes, strict=True)]
    # The names of the axes, a line off their corners: as tick labels they would stand beside them and shrink the chart.
    figure.add_trace(go.Scatterpolar(
        r=[SCALE[-1]] * len(axes), theta=axes, mode="text",
        text=[f"{named[0]}<br> ", *(f" <br>{axis}" for axis in named[1:])], hoverinfo="skip", showlegend=False,
        textposition=["top center", "bottom center", "bottom center"], cliponaxis=False))
    largest = max((max(trace.marker.size) for trace in figure.data[:-1]), default=DOT)
    return figure.update_layout(
        template="none", height=HEIGHT + LEGEND * len(drawn) * several, autosize=True, paper_bgcolor=NOTHING,
        showlegend=several, meta={"label": described(evaluations, names, words)},
        font={"family": "inherit", "size": 12, "color": TEXT},
        margin={"l": 26, "r": 26, "t": 38 + 16 * ("<br>" in named[0]), "b": 0},
        legend={"orientation": "h", "y": -0.08, "x": 0.5, "xanchor": "center", "itemsizing": "constant"},
        hoverlabel={"font": {"family": "system-ui, sans-serif"}}, dragmode=False,
        polar={
            "bgcolor": NOTHING, "gridshape": "linear",
            # The numbers stand beside the axis by the length of ticks that cannot be seen: clear of the dots on it.
            "radialaxis": {"range": [SCALE[0] - ROOM, SCALE[-1] + ROOM], "tickvals": list(SCALE), "angle": 90,
                           "tickangle": 90, "showline": False, "gridcolor": GRID, "tickfont": {"size": 10},
                           "ticks": "outside", "ticklen": round(largest / 2) + 1, "tickcolor": NOTHING},
            "angularaxis": {"rotation": 90, "direction": "clockwise", "gridcolor": GRID, "linecolor": NOTHING,
                            "ticks": "", "showticklabels": False},
        })


def described(evaluations: Sequence[Evaluation | None], names: Sequence[str], words: Words = ENGLISH) -> str:
    """What the radar shows, in words, for who cannot see it."""
    lines = []
    for evaluation, name in zip(evaluations, names, strict=True):
        if evaluation is None:
            continue
        scores = []
        for key in KEYS:
            radius = _radius(evaluation.scores[key])
            without = words.not_read if evaluation.scores[key].judged else words.not_judged
            scores.append(words.radar_score.format(
                axis=words.axes[key], score=without if radius is None else format(radius, ".2f")))
        lines.append(words.radar_line.format(name=name, scores=words.radar_list.join(scores)))
    said = words.radar_and.join(lines) or words.no_scores
    return words.radar.format(least=SCALE[0], most=SCALE[-1], said=said)


def _over(below: list[float | None], above: list[float | None]) -> list[bool]:
    """Which corners lie on each other."""
    return [one is not None and other is not None and abs(one - other) < SAME
            for one, other in zip(below, above, strict=True)]


def _faint(colour: str, opacity: float) -> str:
    """The hexadecimal colour, nearly transparent, as Plotly takes it."""
    red, green, blue = (int(colour[at:at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
