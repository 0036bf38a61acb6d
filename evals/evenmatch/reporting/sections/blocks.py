"""What a section is made of: paragraphs, figures, tables and lists of facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from evenmatch.reporting.leading import BALANCED
from evenmatch.reporting.numbers import count, interval_words, percent, rate_words, spoken
from evenmatch.stats.balanced import PEOPLE_FOR_BALANCED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from evenmatch.reporting.numbers import Estimated
    from evenmatch.reporting.plots import Plot
    from evenmatch.reporting.selection import View
    from evenmatch.results.model import ErrorRate

_LONG_TABLE = 24


@dataclass(frozen=True)
class Cell:
    """A table cell; a quiet one says why there is no number."""

    text: str
    quiet: bool = False
    values: tuple[str, ...] = ()  # what a copied table holds instead: numbers that read back


@dataclass(frozen=True)
class Table:
    """A table with its first columns as row headings.

    Attributes:
        caption: what it holds.
        columns: headings; the first `labels` columns hold words, the others numbers.
        rows: cells in the columns' order.
        labels: how many columns at the left hold words.
        folded: whether the reader opens it.
        note: who wrote the labels, printed below.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    labels: int = 1
    folded: bool = False
    note: str = ""
    kind: str = "table"

    @property
    def copied(self) -> tuple[tuple[str, ...], ...]:
        """The headings of a copied table: one for each value that a column's cells hold."""
        widths = [
            max((len(row[place].values) for row in self.rows), default=1)
            for place in range(len(self.columns))
        ]
        return tuple(
            _copied_heading(name, width) for name, width in zip(self.columns, widths, strict=True)
        )


@dataclass(frozen=True)
class FigureBlock:
    """A drawn figure."""

    plot: Plot
    note: str = ""
    kind: str = "figure"


@dataclass(frozen=True)
class Text:
    """A paragraph, or a heading inside a section."""

    text: str
    kind: str = "text"


@dataclass(frozen=True)
class Facts:
    """Names with what is known of each."""

    caption: str
    items: tuple[tuple[str, str], ...]
    kind: str = "facts"


@dataclass(frozen=True)
class Source:
    """Text kept as it is, to be read or copied: a table's CSV, a config."""

    caption: str
    text: str
    file: str = ""  # its name where all of it is here to be saved
    kind: str = "source"


@dataclass(frozen=True)
class Listing:
    """A list of sentences or of references; a reference may carry a link to follow."""

    items: tuple[tuple[str, str], ...]
    kind: str = "listing"


class Explorer(Protocol):
    """The threshold slider, which the page's script fills."""

    @property
    def kind(self) -> str:
        """`explorer`."""


Block = Table | FigureBlock | Text | Facts | Source | Listing | Explorer


@dataclass(frozen=True)
class Section:
    """A part of the report under one heading."""

    anchor: str
    title: str
    lead: str
    blocks: tuple[Block, ...] = field(default_factory=tuple)


def heading(text: str) -> Text:
    """Return a heading inside a section."""
    return Text(text, kind="heading")


def matcher_heading(view: View, matcher: str) -> list[Block]:
    """Return a heading for a matcher where there are several."""
    return [heading(matcher)] if len(view.matchers) > 1 else []


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell | str]],
    *,
    labels: int = 1,
    folded: bool | None = None,
) -> Table:
    """Return a table; a long one is folded unless told otherwise."""
    made = tuple(
        tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows
    )
    fold = len(made) > _LONG_TABLE if folded is None else folded
    return Table(caption, tuple(columns), made, labels, fold)


def rate_cells(row: Estimated) -> tuple[Cell, Cell]:
    """Return a rate and its interval, each saying its state."""
    kept = row.status in ("estimate", "upper_bound")
    rate = (value_text(row.rate if kept else None), row.status)
    ends = (value_text(row.low if kept else None), value_text(row.high if kept else None))
    return (
        Cell(rate_words(row), quiet=row.status != "estimate", values=rate),
        Cell(interval_words(row), values=ends),
    )


def counted(errors: int, trials: int) -> Cell:
    """Return errors of trials."""
    return Cell(f"{count(errors)} / {count(trials)}", values=(str(errors), str(trials)))


def share(value: float | None) -> Cell:
    """Return a proportion, or nothing where there is none."""
    return Cell("" if value is None else percent(value), values=(value_text(value),))


def value_text(value: float | None) -> str:
    """Return a number so that it reads back exactly, or nothing."""
    return "" if value is None else repr(value)


def _copied_heading(name: str, width: int) -> tuple[str, ...]:
    """Return the headings of a column whose cells hold several values."""
    if width <= 1:
        return (name,)
    parts = tuple(name.split(" / "))
    if len(parts) == width:
        return parts
    if "nterval" in name:
        return (f"{name}: low", f"{name}: high")
    return (name, *(f"{name}: state" for _ in range(width - 1)))


def balanced_note(rows: Sequence[ErrorRate]) -> tuple[Text, ...]:
    """Say which groups' rates are means over people, where any are."""
    named = [spoken(row.probe_group) for row in rows if row.method == BALANCED]
    if not named:
        return ()
    return (
        Text(
            f"Fewer than {PEOPLE_FOR_BALANCED} effective people stand behind {', '.join(named)}: "
            "the rate there is the mean of the people's own rates, and the pooled rate of all "
            "comparisons stands beside it."
        ),
    )


def units(row: ErrorRate) -> tuple[Cell, Cell, Cell, Cell]:
    """Return what a rate rests on: people, erring units, effective trials, and people's mean."""
    effective = "" if row.effective_trials is None else f"{row.effective_trials:,.0f}"
    exact = (value_text(row.effective_trials),)
    shown = row.status in ("estimate", "upper_bound") and row.balanced_rate is not None
    balanced = percent(row.balanced_rate or 0) if shown else ""
    if row.method == BALANCED:
        balanced = f"is the rate; pooled {percent(row.errors / row.trials)}"
    mean = (value_text(row.balanced_rate if shown else None),)
    return (
        Cell(count(row.subjects)),
        Cell(count(row.erring_units)),
        Cell(effective, values=exact),
        Cell(balanced, values=mean),
    )
