"""The charts of vs2/plots with their words in the language of the request."""
from functools import partial
from typing import TYPE_CHECKING

from vs2.plots import batch, scores
from vs2.plots.words import Words
from vs2.ui import text

if TYPE_CHECKING:
    import plotly.graph_objects as go


def words() -> Words:
    """What is drawn on a chart beside its numbers."""
    return Words(**text.CHARTS)


def _drawn(draw, *arguments) -> "go.Figure":
    return draw(*arguments, words=words())


radar, histogram, scatter = (partial(_drawn, draw) for draw in (scores.radar, batch.histogram, batch.scatter))
