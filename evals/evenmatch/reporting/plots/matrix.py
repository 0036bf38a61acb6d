"""The false match rate between groups as a heat map on a logarithmic scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from evenmatch.reporting.numbers import count, percent, tick
from evenmatch.reporting.plots.style import GRID, MUTED, canvas, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from evenmatch.results.model import ErrorRate

_MOST_COUNTED, _MOST_WRITTEN = 4, 12
_RAMP = LinearSegmentedColormap.from_list(
    "evenmatch", ["#fbf3dc", "#f3cf8a", "#e39a52", "#c0603f", "#8a2f3c", "#4a1536"]
)


def draw_matrix(cells: Sequence[ErrorRate], groups: list[str]) -> Figure:
    """Return probe groups against reference groups; darker is more false matches.

    A cell whose value is only an upper bound is coloured by it and hatched; a cell without a
    rate is left blank and says why.
    """
    size = len(groups)
    side = min(7.4, 2.2 + (0.95 if size <= _MOST_COUNTED else 0.6) * size)
    figure, (panel,) = canvas(side + 1.2, side)
    scale = _scale(cells)
    places = {group: number for number, group in enumerate(groups)}
    if size > _MOST_WRITTEN:
        _draw_dense(panel, cells, places, scale)
    for cell in cells:
        if size <= _MOST_WRITTEN:
            _draw_cell(panel, cell, places, scale)
    _dress(panel, groups, ordered=_ordered(cells))
    bar = figure.colorbar(ScalarMappable(scale, _RAMP), ax=panel, shrink=0.7, pad=0.03)
    bar.set_label("false match rate, logarithmic scale")
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    bar.ax.yaxis.set_major_locator(LogLocator())
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
    bar.outline.set_visible(False)
    return figure


def _value(cell: ErrorRate) -> float | None:
    """Return what colours a cell: its rate, or the bound below which its rate lies."""
    if cell.status == "upper_bound":
        return cell.high or None
    return (cell.rate or None) if cell.status == "estimate" else None


def _scale(cells: Sequence[ErrorRate]) -> LogNorm:
    """Return a scale of whole decades around the values shown."""
    values = [value for cell in cells if (value := _value(cell))] or [1e-4, 1e-2]
    low, high = np.floor(np.log10(min(values))), np.ceil(np.log10(max(values)))
    return LogNorm(float(10**low), float(10 ** max(high, low + 1)))


def _draw_cell(panel: Axes, cell: ErrorRate, places: dict[str, int], scale: LogNorm) -> None:
    """Draw one cell with its words."""
    column, row = places[cell.reference_group or cell.probe_group], places[cell.probe_group]
    value = _value(cell)
    face = _RAMP(scale(value)) if value else "none"
    hatch = "////" if cell.status != "estimate" else None
    panel.add_patch(
        Rectangle(
            (column - 0.48, row - 0.48),
            0.96,
            0.96,
            facecolor=face,
            edgecolor=GRID,
            hatch=hatch,
            linewidth=0.8,
        )
    )
    ink = MUTED if value is None else ("#ffffff" if scale(value) > 0.55 else "#1d1a16")
    box = {"facecolor": face, "edgecolor": "none", "pad": 1.2} if hatch and value else None
    words = _words(cell)
    words = words if len(places) <= _MOST_COUNTED else words.partition("\n")[0]
    panel.text(column, row, words, ha="center", va="center", color=ink, size=7.5, bbox=box)


def _words(cell: ErrorRate) -> str:
    """Return a cell's rate or state over its people."""
    first = {
        "suppressed": "too few",
        "unresolvable": "not decidable",
        "no_trials": "no trials",
    }.get(cell.status)
    value = _value(cell)
    if first is None:
        bound = "≤ " if cell.status == "upper_bound" else ""
        first = bound + percent(value, 2) if value else "not decidable"
    return f"{first}\n{count(cell.errors)} / {count(cell.trials)}\n{count(cell.subjects)} people"


def _draw_dense(
    panel: Axes, cells: Sequence[ErrorRate], places: dict[str, int], scale: LogNorm
) -> None:
    """Draw many cells as one small picture; the words are in the table."""
    grid = np.full((len(places), len(places)), np.nan)
    for cell in cells:
        value = _value(cell)
        if value is not None:
            grid[places[cell.probe_group], places[cell.reference_group or cell.probe_group]] = value
    panel.imshow(grid, cmap=_RAMP, norm=scale, interpolation="nearest", aspect="auto")


def _ordered(cells: Sequence[ErrorRate]) -> bool:
    """Return whether some pair of groups has a cell in each direction."""
    pairs = {(cell.probe_group, cell.reference_group) for cell in cells}
    return any((b, a) in pairs for a, b in pairs if a != b)


def _dress(panel: Axes, groups: list[str], *, ordered: bool) -> None:
    """Set group labels and the square frame."""
    size = len(groups)
    longest = 22 if size <= _MOST_WRITTEN else 14
    names = [short(group, longest) for group in groups]
    panel.set_xlim(-0.5, size - 0.5)
    panel.set_ylim(size - 0.5, -0.5)
    panel.set_xticks(range(size), names, rotation=0 if size <= 4 else 90)
    panel.set_yticks(range(size), names)
    panel.tick_params(length=0, labelsize=8.5 if size <= 24 else 5)
    panel.grid(visible=False)
    panel.spines[:].set_visible(False)
    panel.set_xlabel("reference group" if ordered else "each pair of groups is compared once")
    panel.set_ylabel("probe group" if ordered else "")
