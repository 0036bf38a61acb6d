"""One-to-many figures: the share of searches that find their person, by rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter

from evenmatch.reporting.numbers import tick
from evenmatch.reporting.plots.style import canvas, look, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from evenmatch.results.model import IdentificationRate


def draw_cmc(rows: Sequence[IdentificationRate]) -> Figure:
    """Return hit shares by rank, one line a group with interval bars; suppressed ranks are left."""
    figure, (panel,) = canvas(7.4, 3.9)
    groups = list(dict.fromkeys(row.group for row in rows))
    ranks = sorted({row.rank for row in rows if row.rank is not None})
    for number, group in enumerate(groups):
        shown = [row for row in rows if row.group == group and row.rank is not None]
        shown = sorted(
            (row for row in shown if row.rate is not None), key=lambda row: row.rank or 0
        )
        if shown and shown[0].status in ("estimate", "upper_bound"):
            nudge = (number - (len(groups) - 1) / 2) * 0.5 / max(len(groups), 1)
            _draw_line(panel, shown, [ranks.index(row.rank or 0) + nudge for row in shown], number)
    panel.set_xticks(range(len(ranks)), [str(rank) for rank in ranks])
    panel.set_xlabel("rank: the right person is among the first so many candidates")
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    panel.set_ylabel("searches that find their person")
    if 1 < len(groups) <= 16 and panel.containers:
        figure.legend(loc="outside right upper")
    return figure


def _draw_line(
    panel: Axes, rows: Sequence[IdentificationRate], places: list[float], number: int
) -> None:
    """Draw one group's line with its bars."""
    colour, marker, dash = look(number)
    rates = np.array([row.rate for row in rows], dtype=float)
    low = rates - np.array([row.rate if row.low is None else row.low for row in rows], dtype=float)
    high = np.array([row.rate if row.high is None else row.high for row in rows]) - rates
    panel.errorbar(
        places,
        rates,
        yerr=[low.clip(0), high.clip(0)],
        color=colour,
        marker=marker,
        ms=5,
        ls=dash,
        lw=1.3,
        capsize=2,
        label=short(rows[0].group, 26),
    )
