"""How much of the face a drawn mask hides, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter

from evenmatch.reporting.numbers import count, percent, tick
from evenmatch.reporting.plots.style import alt_text, canvas, finished, look, short
from evenmatch.reporting.selection import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.figure import Figure

    from evenmatch.reporting.plots.style import Plot
    from evenmatch.reporting.selection import View
    from evenmatch.results.measured_rows import MaskCoverage

SECTION = "coverage"
WHOSE = "drawn-masks"
_MOST_MASKS = 12


def draw_coverage(view: View) -> Iterator[Plot]:
    """Draw the covered share by group, one colour a mask, for each grouping."""
    for group_by in view.group_bys:
        rows = [
            row
            for row in view.result.mask_coverage
            if row.covered_mean is not None and row.group_by in (ALL, group_by)
        ]
        masks = list(dict.fromkeys(row.mask for row in rows))[:_MOST_MASKS]
        shown = [row for row in rows if row.mask in masks]
        if not shown:
            continue
        title = f"Share of the face covered by each drawn mask, by {group_by}"
        alt = alt_text(title, shown, _said)
        yield finished(_figure(shown, masks), SECTION, (WHOSE, group_by), title, alt)


def _figure(rows: Sequence[MaskCoverage], masks: Sequence[str]) -> Figure:
    groups = list(dict.fromkeys(row.group for row in rows))
    figure, (panel,) = canvas(8.2, 1.0 + 0.3 * len(groups) * max(1.0, 0.45 * len(masks)))
    for number, mask in enumerate(masks):
        colour, marker, _ = look(number)
        offset = (number - (len(masks) - 1) / 2) * 0.7 / len(masks)
        for row in rows:
            if row.mask == mask and row.covered_mean is not None:
                place = groups.index(row.group) + offset
                ends = [row.covered_low or 0.0, row.covered_high or 0.0]
                panel.plot(ends, [place, place], color=colour, lw=1.4, alpha=0.8)
                panel.plot([row.covered_mean], [place], marker, color=colour, ms=4.5)
        panel.plot([], [], marker, color=colour, label=short(mask, 60))
    panel.set_yticks(range(len(groups)), [short(group) for group in groups])
    panel.set_ylim(len(groups) - 0.45, -0.55)
    panel.set_xlim(0, 1)
    panel.grid(visible=False, axis="y")
    panel.tick_params(axis="y", length=0)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    panel.set_xlabel("share of the face covered: mean, and 5th to 95th percentile of photographs")
    figure.legend(loc="outside upper left", ncols=min(2, len(masks)))
    return figure


def _said(row: MaskCoverage) -> str:
    return (
        f"{row.group}, {row.mask}: {percent(row.covered_mean or 0)} on average over "
        f"{count(row.drawn or 0)} photographs"
    )
