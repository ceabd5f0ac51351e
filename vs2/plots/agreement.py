"""A Plotly figure of a confusion matrix. Colours of text are the page's, for light and dark (see assets/review.css)."""
from collections.abc import Sequence

import plotly.graph_objects as go

from vs2.plots.scores import TEXT
from vs2.rubric import SCALE

# From the page's ground to its accent, so that few counts are faint on light and on dark.
FAINT, FULL = "rgba(26,156,134,0.06)", "rgba(26,156,134,0.62)"


def confusion(matrix: Sequence[Sequence[int]], rows: str, columns: str) -> go.Figure:
    """Counts as a heat map: `rows` downwards from 1, `columns` to the right from 1. A zero is an empty cell."""
    counts = [[int(count) for count in row] for row in matrix]
    ticks = [str(score) for score in SCALE]
    most = max(map(max, counts))
    figure = go.Figure(go.Heatmap(
        z=counts, x=ticks, y=ticks, zmin=0, zmax=max(1, most), xgap=3, ygap=3, showscale=False,
        colorscale=[[0, FAINT], [1, FULL]], text=[[str(count or "") for count in row] for row in counts],
        texttemplate="%{text}", textfont={"size": 14, "color": TEXT},
        hovertemplate=f"{rows} %{{y}}, {columns} %{{x}}: %{{z}}<extra></extra>"))
    axis = {"type": "category", "showgrid": False, "zeroline": False, "ticks": "", "fixedrange": True,
            "categoryorder": "array", "categoryarray": ticks}
    return figure.update_layout(
        template="none", height=260, autosize=True, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "inherit", "size": 12, "color": TEXT}, margin={"l": 52, "r": 8, "t": 8, "b": 44},
        hoverlabel={"font": {"family": "system-ui, sans-serif"}}, dragmode=False,
        xaxis={**axis, "title": {"text": columns, "standoff": 6}},
        yaxis={**axis, "title": {"text": rows, "standoff": 6}, "autorange": "reversed"})
