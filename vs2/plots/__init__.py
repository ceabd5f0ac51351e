"""Plotly figures. Colours of text and grid are the page's, for light and dark."""
from vs2.plots.scores import COLOURS, radar

__all__ = ["COLOURS", "radar"]
