"""The tidy tables: one CSV a kind of row, one row an estimate, columns in the contract's order.

Text that a spreadsheet program would run as a formula gets an apostrophe in front; `as_read` takes
it off again. Any other label is written as it is, and `results.json` has all of them as they are.
"""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING

from evenmatch.files import write_file
from evenmatch.results.claim_rows import ClaimVerdict, GroupThreshold
from evenmatch.results.group_rows import Difference, Equity, GroupTest, LabelNoise, Stratum
from evenmatch.results.mask_rows import MaskDifference
from evenmatch.results.measured_rows import MaskCoverage, SkinToneSpread
from evenmatch.results.model import (
    ErrorRate,
    FailureCount,
    GroupSize,
    IdentificationRate,
    VariantRate,
)
from evenmatch.results.search_rows import (
    CandidateCell,
    GalleryPart,
    GallerySize,
    GallerySlopeRow,
    ScenarioRow,
    Selectivity,
)
from evenmatch.results.variants import VariantChange

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from evenmatch.results.model import RunResult
    from evenmatch.results.row import Row

# What begins a formula, also behind apostrophes, so that one can be put in front and taken off.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")

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
    "groups": GroupSize,
    "mask_coverage": MaskCoverage,
    "mask_differences": MaskDifference,
    "skin_tone": SkinToneSpread,
    "variants": VariantRate,
    "variant_changes": VariantChange,
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
        return harmless(" ".join(value))
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("a table cell is not a number; leave it empty (None) instead.")
    return repr(value) if isinstance(value, float) else harmless(str(value))


def harmless(text: str) -> str:
    """Return text that no spreadsheet program takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) and not _is_number(text) else text


def as_read(text: str) -> str:
    """Return the text that `harmless` was given."""
    found = text.startswith("'") and _FORMULA.match(text)
    return text[1:] if found else text


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
