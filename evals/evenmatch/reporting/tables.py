"""The tidy tables: one CSV a kind of row, one row an estimate, columns in the contract's order.

Labels are written as they are. A label that begins with `=`, `+`, `-` or `@` would be taken for
a formula by a spreadsheet program; it is not altered, because scripts must read back the label
that the benchmark has. Open such a file with the program's text import.
"""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

from evenmatch.files import write_file
from evenmatch.results.claim_rows import ClaimVerdict, GroupThreshold
from evenmatch.results.group_rows import Difference, Equity, GroupTest, LabelNoise, Stratum
from evenmatch.results.model import ErrorRate, FailureCount, IdentificationRate
from evenmatch.results.search_rows import (
    CandidateCell,
    GalleryPart,
    GallerySize,
    GallerySlopeRow,
    ScenarioRow,
    Selectivity,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from evenmatch.results.model import RunResult
    from evenmatch.results.row import Row

Value = str | float | bool | list[str] | None

TABLES: dict[str, type[Row]] = {
    "error_rates": ErrorRate,
    "identification": IdentificationRate,
    "failures": FailureCount,
    "claims": ClaimVerdict,
    "tradeoff": GroupThreshold,
    "equity": Equity,
    "differences": Difference,
    "group_tests": GroupTest,
    "label_noise": LabelNoise,
    "strata": Stratum,
    "galleries": GalleryPart,
    "selectivity": Selectivity,
    "candidates": CandidateCell,
    "gallery_size": GallerySize,
    "gallery_slope": GallerySlopeRow,
    "scenario": ScenarioRow,
}


def columns(kind: type[Row]) -> tuple[str, ...]:
    """Return a table's columns: those of the contract first, in its order, then the others."""
    return tuple(kind.model_fields)


def write_tables(result: RunResult, folder: Path) -> list[Path]:
    """Write every table of an audit to the folder and return the paths."""
    return [
        write_file(folder / f"{name}.csv", csv_text(getattr(result, name), kind))
        for name, kind in TABLES.items()
    ]


def csv_text(rows: Iterable[Row], kind: type[Row]) -> str:
    """Return rows of one kind as CSV text with a heading line."""
    names = columns(kind)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([cell(getattr(row, name)) for name in names] for row in rows)
    return buffer.getvalue()


def cell(value: Value) -> str:
    """Return a value as CSV text: nothing for None, a float so that it reads back exactly.

    Raises:
        ValueError: the value is not a number; a table says nothing instead.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("a table cell is not a number; leave it empty (None) instead.")
    return repr(value) if isinstance(value, float) else str(value)
