"""This project's own form: `probe_id, reference_id, score [, status]` as CSV or Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from evenmatch.errors import RequestError
from evenmatch.matching.score_file import Gathered, sample_codes
from evenmatch.matching.tables import text_blocks

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.data.samples import Samples
    from evenmatch.matching.score_file import FormatOptions, ScoreColumns

REQUIRED: Final = ("probe_id", "reference_id", "score")
STATUS: Final = "status"
HINTS: Final = (("p1", "bfw"), ("claimed_id", "bob-4col"))


def read(path: Path, samples: Samples, options: FormatOptions) -> ScoreColumns:
    """Return the checked rows of a score file of the contract.

    Raises:
        RequestError: the file is not readable, lacks a column or rows, names unknown samples, or
            has a cell that is neither a finite score nor a named failure.
    """
    rows = Gathered(path, sample_codes(samples), failed_score=options.failed_score)
    try:
        for block in text_blocks(path, REQUIRED, (STATUS,)):
            words = block[STATUS] if STATUS in block.column_names else None
            probes, references = rows.coded(block["probe_id"]), rows.coded(block["reference_id"])
            rows.add(probes, references, block["score"], words)
    except RequestError as wrong:
        raise _hinted(wrong) from None
    return rows.columns()


def _hinted(wrong: RequestError) -> RequestError:
    """Name the published format that a table without the contract's columns looks like."""
    said = str(wrong)
    for column, form in HINTS:
        if "lacks the column" in said and f" {column}," in said:
            return RequestError(f"{said} It looks like `format: {form}`; write that if it is.")
    return wrong
