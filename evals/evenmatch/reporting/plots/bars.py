"""Rates by group as points with interval bars, counts and people written beside each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from evenmatch.reporting.numbers import count, rate_words, tick
from evenmatch.reporting.plots.style import INK, MUTED, canvas, look, short
from evenmatch.results.model import ErrorRate, IdentificationRate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


Rate = ErrorRate | IdentificationRate

_ROW, _HEAD = 0.3, 1.05


@dataclass(frozen=True)
class Series:
    """One row a group, drawn in one colour; a hollow series is the lesser one of two."""

    name: str
    rows: tuple[Rate, ...]
    hollow: bool = False


@dataclass(frozen=True)
class _Pen:
    """How a series is drawn, and the left end of the axis."""

    colour: str
    marker: str
    hollow: bool
    left: float


def draw_bars(series: Sequence[Series], axis_label: str, *, log: bool) -> Figure:
    """Return rates by group: a dot and its interval, an arrow for an upper bound."""
    labels = list(dict.fromkeys(label(row) for each in series for row in each.rows))
    lines = len(labels) * max(1.0, 0.62 * len(series))
    figure, (panel,) = canvas(8.2, _HEAD + _ROW * lines + 0.2 * (len(series) - 1))
    left = _left_edge(series) if log else 0.0
    for number, each in enumerate(series):
        offset = (number - (len(series) - 1) / 2) * 0.7 / len(series)
        for row in each.rows:
            place = labels.index(label(row)) + offset
            _draw_row(panel, row, place, _Pen(*look(number)[:2], hollow=each.hollow, left=left))
        _legend_entry(panel, each, number)
    _dress(panel, labels, axis_label, log=log, left=left)
    if len(series) > 1:
        long = max(len(each.name) for each in series) > 36
        figure.legend(loc="outside upper left", ncols=1 if long else min(3, len(series)))
    return figure


def label(row: Rate) -> str:
    """Return the group a row is about."""
    return row.group if isinstance(row, IdentificationRate) else row.probe_group


def trials(row: Rate) -> int:
    """Return the comparisons or searches of a row."""
    return row.searches if isinstance(row, IdentificationRate) else row.trials


def _draw_row(panel: Axes, row: Rate, at: float, pen: _Pen) -> None:
    """Draw one rate in its state, and write its counts in the margin."""
    colour, left = pen.colour, pen.left
    face = "none" if pen.hollow else colour
    if row.status == "estimate" and row.rate is not None:
        low, high = row.low or left, row.high or row.rate
        panel.plot([max(low, left), high], [at, at], color=colour, lw=2, alpha=0.85)
        panel.plot([max(row.rate, left)], [at], pen.marker, color=colour, ms=6, mfc=face)
    elif row.status == "upper_bound" and row.high is not None:
        panel.plot([left, row.high], [at, at], color=colour, lw=1.2, ls=(0, (2, 2)))
        panel.plot([row.high], [at], "<", color=colour, ms=6.5, mfc="none")
    else:
        panel.annotate(
            rate_words(row),
            (0.01, at),
            xycoords=("axes fraction", "data"),
            va="center",
            color=MUTED,
            style="italic",
            size=8.5,
        )
    _margin(panel, row, at)


def _margin(panel: Axes, row: Rate, at: float) -> None:
    """Write a row's errors, trials and people to the right of the panel."""
    text = f"{count(row.errors)} / {count(trials(row))}  ·  {count(row.subjects)}"
    panel.annotate(
        text, (1.02, at), xycoords=("axes fraction", "data"), va="center", size=8, color=MUTED
    )


def _legend_entry(panel: Axes, series: Series, number: int) -> None:
    """Add an invisible point that gives a series its place in the legend."""
    colour, marker, _ = look(number)
    face = "none" if series.hollow else colour
    panel.plot([], [], marker, color=colour, markerfacecolor=face, label=short(series.name, 90))


def _dress(panel: Axes, labels: list[str], axis_label: str, *, log: bool, left: float) -> None:
    """Set scales, tick labels and headings."""
    if log:
        panel.set_xscale("log")
        right = panel.get_xlim()[1]
        panel.set_xlim(left, min(1.0, right))
        wide = right / left > 60
        panel.xaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
        panel.xaxis.set_minor_formatter(NullFormatter())
    else:
        panel.set_xlim(left=0)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    panel.set_yticks(range(len(labels)), [short(text) for text in labels])
    panel.set_ylim(len(labels) - 0.45, -0.55)
    panel.grid(visible=False, axis="y")
    panel.tick_params(axis="y", length=0)
    panel.set_xlabel(axis_label)
    panel.annotate(
        "errors / trials · people",
        (1.02, 1.0),
        xycoords="axes fraction",
        xytext=(0, 6),
        textcoords="offset points",
        size=8,
        color=INK,
    )


def _left_edge(series: Sequence[Series]) -> float:
    """Return a decade below everything drawn, for a logarithmic axis that cannot show 0."""
    drawn = [
        value
        for each in series
        for row in each.rows
        for value in ((row.low, row.rate) if row.status == "estimate" else (row.high,))
        if value
    ]
    if not drawn:
        return 1e-6
    # An interval that all but reaches 0 would squeeze the others into a corner: it runs off the
    # edge, two decades below the smallest rate, and the table beside it has its number.
    rates = [row.rate for each in series for row in each.rows if row.rate]
    lowest = max(min(drawn), min(rates, default=min(drawn)) / 100)
    return float(10 ** np.floor(np.log10(lowest) - 0.05))
