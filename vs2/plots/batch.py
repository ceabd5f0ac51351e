"""Plotly figures of many evaluations: how often each score was given, and two dimensions against each other."""
import html
from collections import Counter
from collections.abc import Sequence

import plotly.graph_objects as go

from vs2.evaluation import Evaluation
from vs2.plots.scores import COLOURS, GRID, TEXT
from vs2.plots.words import ENGLISH, Words
from vs2.rubric import KEYS, SCALE

OVERALL = "overall"
NAMED = 6       # clips that one point's label names
FEW = 6         # clips, up to which Plotly would draw lines at halves
_STEP = 10      # points that agree to a tenth are one


def number(evaluation: Evaluation, key: str) -> float | None:
    """The expected score of a dimension, or of all of them ("overall"); None where it was not read or not judged."""
    return evaluation.overall if key == OVERALL else evaluation.scores[key].expected


def histogram(evaluations: Sequence[Evaluation], words: Words = ENGLISH) -> go.Figure:
    """How many clips got each of the scores 1 to 5, a bar a dimension. Scores that are not there are in no bar."""
    figure, most = go.Figure(), 0
    for index, key in enumerate(KEYS):
        counts = Counter(evaluation.scores[key].value for evaluation in evaluations)
        most = max(most, *(counts[score] for score in SCALE))
        figure.add_trace(go.Bar(x=list(SCALE), y=[counts[score] for score in SCALE], name=words.axes[key],
                                marker={"color": COLOURS[index]},
                                hovertemplate=words.clips_of.format(axis=words.axes[key]) + "<extra></extra>"))
    figure.update_layout(barmode="group", bargap=0.28, bargroupgap=0.06, showlegend=True,
                         legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    return _framed(figure, {"tickvals": list(SCALE), "range": [0.5, 5.5],
                            "title": {"text": words.score, "standoff": 6}},
                   {"rangemode": "tozero", "tickformat": "d", "title": {"text": words.clips, "standoff": 6},
                    **({} if evaluations else {"range": [0, 5]}), **({"dtick": 1} if most <= FEW else {})})


def scatter(evaluations: Sequence[Evaluation], names: Sequence[str], across: str, upwards: str,
            words: Words = ENGLISH) -> go.Figure:
    """Each clip at its two expected scores; clips that agree to a tenth are one point, larger the more they are.

    across, upwards: dimensions or "overall". names: one a clip, shown on its point. A clip with one of the two unread
    is no point.
    """
    places: dict[tuple[float, float], list[str]] = {}
    for evaluation, name in zip(evaluations, names, strict=True):
        x, y = number(evaluation, across), number(evaluation, upwards)
        if x is not None and y is not None:
            places.setdefault((round(x * _STEP) / _STEP, round(y * _STEP) / _STEP), []).append(html.escape(name))
    said = ["<br>".join([*clips[:NAMED],
                         *([words.more.format(count=len(clips) - NAMED)] if len(clips) > NAMED else [])])
            for clips in places.values()]
    figure = go.Figure(go.Scatter(
        x=[x for x, _ in places], y=[y for _, y in places], mode="markers", text=said, cliponaxis=False,
        customdata=[len(clips) for clips in places.values()],
        marker={"color": COLOURS[0], "opacity": 0.75, "line": {"width": 0},
                "size": [9 + 6 * (len(clips) - 1) ** 0.5 for clips in places.values()]},
        hovertemplate="%{text}<br>%{x:.1f}, %{y:.1f}<extra></extra>"))
    named = {**words.axes, OVERALL: words.overall}
    axis = {"range": [0.8, 5.2], "tickvals": list(SCALE)}
    return _framed(figure, {**axis, "title": {"text": named[across], "standoff": 6}},
                   {**axis, "title": {"text": named[upwards], "standoff": 6}})


def _framed(figure: go.Figure, across: dict, upwards: dict) -> go.Figure:
    axis = {"gridcolor": GRID, "zeroline": False, "showline": False, "ticks": "", "fixedrange": True}
    return figure.update_layout(
        template="none", height=300, autosize=True, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "inherit", "size": 12, "color": TEXT}, margin={"l": 44, "r": 10, "t": 30, "b": 42},
        hoverlabel={"font": {"family": "system-ui, sans-serif"}}, dragmode=False,
        xaxis={**axis, **across, "showgrid": False}, yaxis={**axis, **upwards})
