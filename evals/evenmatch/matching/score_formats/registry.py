"""Which published forms of score files can be read; one line a format, imported when used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.data.samples import Samples
    from evenmatch.matching.score_file import FormatOptions, ScoreColumns

FORMATS: Final = {
    "csv": "evenmatch.matching.score_formats.contract:read",
    "parquet": "evenmatch.matching.score_formats.contract:read",
    "bfw": "evenmatch.matching.score_formats.bfw:read",
    "bob-4col": "evenmatch.matching.score_formats.bob:read_four",
    "bob-5col": "evenmatch.matching.score_formats.bob:read_five",
    "bssr1-xml": "evenmatch.matching.score_formats.bssr1:read",
    "matrix": "evenmatch.matching.score_formats.matrix:read",
}


def read_columns(
    path: Path, samples: Samples, form: str | None, options: FormatOptions
) -> ScoreColumns:
    """Return the checked rows of a score file.

    Args:
        path: the file, or the folder where the format is one of many files.
        samples: the benchmark whose photographs the file names.
        form: a format of `FORMATS`; None takes the contract's own, by the file's ending.
        options: what else the format needs.

    Raises:
        RequestError: there is no such format, or a row is wrong: file, row and cure are named.
    """
    if form is not None and form not in FORMATS:
        raise RequestError(f"matchers.format: {form!r}; choose one of {', '.join(FORMATS)}.")
    module, _, attribute = FORMATS[form or "csv"].partition(":")
    columns: ScoreColumns = getattr(import_module(module), attribute)(path, samples, options)
    return columns
