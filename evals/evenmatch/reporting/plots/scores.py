"""Score distributions, and the DET curves with the threshold that the groups share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from scipy.special import ndtri

from evenmatch.reporting.numbers import tick
from evenmatch.reporting.plots.style import COLOURS, INK, MUTED, canvas, look, short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from evenmatch.results.model import Curve, Distribution

_TICKS = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95)
_MOST_PANELS, _MOST_NAMED = 8, 16


def draw_distributions(parts: Sequence[Distribution], threshold: float | None) -> Figure:
    """Return one strip a group: shares of non-mated and of mated scores, and the threshold."""
    groups = list(dict.fromkeys(part.probe_group for part in parts))[:_MOST_PANELS]
    figure, _ = canvas(8.2, 1.0 + 0.95 * len(groups))
    figure.clear()
    panels = figure.subplots(len(groups), 1, sharex=True, squeeze=False)[:, 0]
    for panel, group in zip(panels, groups, strict=True):
        for part in parts:
            if part.probe_group == group:
                _draw_histogram(panel, part)
        if threshold is not None and np.isfinite(threshold):
            panel.axvline(threshold, color=INK, lw=1.1, ls=(0, (4, 2)))
        panel.set_yticks([])
        panel.grid(visible=False, axis="y")
        panel.spines["left"].set_visible(False)
        panel.set_ylabel(short(group, 18), rotation=0, ha="right", va="center", size=8.5)
    panels[-1].set_xlabel("similarity; at or right of the dashed line is a match")
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper left", ncols=2)
    return figure


def _draw_histogram(panel: Axes, part: Distribution) -> None:
    """Draw one class as an outline with a light fill, scaled to its own tallest bin."""
    counts = np.asarray(part.counts, dtype=float)
    if not counts.any():
        return
    colour = COLOURS[0] if part.mated else COLOURS[1]
    used = np.flatnonzero(counts)
    first, last = int(used[0]), int(used[-1]) + 1
    edges, heights = np.asarray(part.edges)[first : last + 1], counts[first:last] / counts.max()
    name = "mated: same person" if part.mated else "non-mated: different people"
    style = (0, ()) if part.mated else (0, (3, 1))
    panel.stairs(heights, edges, color=colour, lw=1.4, ls=style, label=name)
    panel.stairs(heights, edges, color=colour, alpha=0.18, fill=True)


def draw_det(curves: Sequence[Curve], marks: Mapping[str, tuple[float, float]]) -> Figure:
    """Return DET curves as steps on probit axes.

    A rate of zero cannot be drawn there: it is placed at half an error and marked by an arrow.

    Args:
        curves: one a group.
        marks: false match and false non-match rate of groups at the threshold they share; joined
            by a line, they show how far one threshold takes the groups apart.
    """
    figure, (panel,) = canvas(7.0, 4.8)
    joined = []
    for number, curve in enumerate(curves):
        _draw_curve(panel, curve, number)
        if curve.group in marks:
            joined.append(_mark(panel, curve, marks[curve.group], number))
    if len(joined) > 1:
        xs, ys = zip(*sorted(joined), strict=True)
        panel.plot(xs, ys, color=INK, lw=0.8, zorder=4, label="at the common threshold")
    _probit_axes(panel, curves)
    if len(curves) <= _MOST_NAMED:
        figure.legend(loc="outside right upper")
    return figure


def _draw_curve(panel: Axes, curve: Curve, number: int) -> None:
    """Draw one curve with arrows where it leaves the axes."""
    order = np.argsort(curve.thresholds, kind="stable")
    fmr, x = _drawable(np.asarray(curve.fmr)[order], curve.non_mated_trials)
    fnmr, y = _drawable(np.asarray(curve.fnmr)[order], curve.mated_trials)
    colour, _, dash = look(number)
    panel.step(x, y, where="post", color=colour, ls=dash, lw=1.5, label=short(curve.group, 26))
    for zero, arrow in ((fmr, "<"), (fnmr, "v")):
        where = np.flatnonzero(zero == 0)
        if where.size:
            end = where[0] if arrow == "<" else where[-1]
            panel.plot(x[end], y[end], arrow, color=colour, ms=6, mfc="none", clip_on=False)


def _mark(
    panel: Axes, curve: Curve, rates: tuple[float, float], number: int
) -> tuple[float, float]:
    """Mark a group's two rates at the common threshold and return where they are drawn."""
    colour, marker, _ = look(number)
    _, x = _drawable(np.asarray(rates[0]), curve.non_mated_trials)
    _, y = _drawable(np.asarray(rates[1]), curve.mated_trials)
    panel.plot(x, y, marker, color=colour, ms=7, mec=INK, zorder=5, clip_on=False)
    return float(x), float(y)


def _drawable(rates: np.ndarray, trials: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rates and their places on a probit axis, 0 and 1 moved in by half an error."""
    half = 0.5 / trials
    return rates, ndtri(np.clip(rates, half, 1 - half))


def _probit_axes(panel: Axes, curves: Sequence[Curve]) -> None:
    """Label both axes in percent at the usual places and keep the useful part."""
    smallest = min((0.4 / max(c.non_mated_trials, 1) for c in curves), default=1e-4)
    lowest = min((0.4 / max(c.mated_trials, 1) for c in curves), default=1e-3)
    for axis, edge, name in (
        (panel.xaxis, smallest, "false match rate"),
        (panel.yaxis, lowest, "false non-match rate"),
    ):
        ticks = _spaced([place for place in _TICKS if place > edge])
        axis.set_major_locator(FixedLocator(list(ndtri(ticks))))
        axis.set_major_formatter(FixedFormatter([tick(place) for place in ticks]))
        axis.set_minor_locator(NullLocator())
        axis.set_label_text(name)
    panel.set_xlim(ndtri(smallest), ndtri(0.6))
    panel.set_ylim(ndtri(lowest), ndtri(_highest(curves)))
    panel.tick_params(color=MUTED)


def _highest(curves: Sequence[Curve]) -> float:
    """Return a false non-match rate above all that the curves reach before FMR is zero."""
    shown = [y for c in curves for x, y in zip(c.fmr, c.fnmr, strict=True) if x > 0]
    return min(0.98, max(0.2, 1.3 * max(shown, default=0.9)))


def _spaced(ticks: list[float]) -> list[float]:
    """Return ticks from the largest down, leaving out those too near to write side by side."""
    kept: list[float] = []
    for place in reversed(ticks):
        if not kept or ndtri(kept[-1]) - ndtri(place) > 0.5:
            kept.append(place)
    return kept[::-1]
