"""Figures of an audit, drawn from its result alone, as SVG, PDF and PNG."""

from evenmatch.reporting.plots.gallery import draw_plots, plot_files
from evenmatch.reporting.plots.style import Plot

__all__ = ["Plot", "draw_plots", "plot_files"]
