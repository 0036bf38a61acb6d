"""What `evenmatch compare` prints: sentences and one table a rate, in 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from evenmatch.reporting.comparison import parts_of, short_change, side_text

if TYPE_CHECKING:
    from evenmatch.results.paired import Contrast

WIDTH = 80


def print_contrast(contrast: Contrast) -> None:
    """Print a comparison."""
    console = Console(highlight=False, markup=False, emoji=False, width=WIDTH)
    for notice in contrast.notices:
        console.print(f"Note: {notice}")
    for part in parts_of(contrast):
        console.print()
        console.print(part.title)
        table = Table(width=WIDTH, show_edge=False)
        for column in ("group", "first", "second", "change (interval)", "outcome"):
            table.add_column(column, overflow="fold")
        for row in part.rows:
            group = "everybody" if row.group_by == "all" else f"{row.group_by} {row.group}"
            rates = [side_text(row, second=second) for second in (False, True)]
            table.add_row(group, *rates, short_change(row), row.outcome)
        console.print(table)
        for sentence in part.sentences:
            console.print(sentence)


def as_json(contrast: Contrast) -> str:
    """Return a comparison as one JSON document."""
    return contrast.model_dump_json(indent=2)
