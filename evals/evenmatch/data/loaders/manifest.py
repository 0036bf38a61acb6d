"""A manifest: one CSV row a photograph, one column an attribute."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from evenmatch.data.loaders.columns import apart_by, cells
from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from evenmatch.data.loaders.format import Places

REQUIRED = ("sample_id", "subject_id", "path")


def read_table(path: Path, required: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV file as text, cell for cell, nothing guessed.

    Raises:
        RequestError: the file is missing, is no UTF-8 CSV, or lacks a required column.
    """
    try:
        # Without a header pandas neither renames a column written twice nor takes the first one
        # for row names where the rows are longer than the heading.
        found = cells(path).fillna("")
    except FileNotFoundError:
        raise RequestError(f"{path}: there is no such file; check `root` and the card.") from None
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RequestError(
            f"{path}: is no readable UTF-8 CSV ({reason}); correct it, or save it as UTF-8 with "
            "commas between columns."
        ) from None
    table = found.iloc[1:].reset_index(drop=True).set_axis(found.iloc[0].str.strip(), axis=1)
    missing = [column for column in required if column not in table.columns]
    if missing:
        what = apart_by([name for name in table.columns if name])
        raise RequestError(
            f"{path}: lacks the column {missing[0]!r}; it needs {', '.join(required)}. "
            f"{what or 'Rename or add it'}."
        )
    # A column without a heading is the row number that some programs write.
    table = table.loc[:, table.columns != ""].rename_axis(columns=None)
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise RequestError(f"{path}: two columns are named {twice[0]!r}; rename or remove one.")
    return table.assign(**{column: table[column].str.strip() for column in required})


def read_manifest(path: Path) -> pd.DataFrame:
    """Return the manifest at `path` with at least `sample_id, subject_id, path`, all text."""
    table = read_table(path, REQUIRED)
    for column in ("sample_id", "subject_id"):
        blank = table.index[table[column] == ""]
        if len(blank):
            more = f" ({len(blank)} such rows)" if len(blank) > 1 else ""
            raise RequestError(
                f"{path}: row {blank[0] + 2}: {column} is blank{more}; fill it in, or remove the "
                "row where it stands for no photograph."
            )
    return table


def read_list(path: Path, _places: Places | None = None) -> pd.DataFrame:
    """Return a list of comparisons: `probe_id, reference_id [, mated] [, fold]`, all text."""
    return read_table(path, ("probe_id", "reference_id"))


def _load(places: Places) -> Loaded:
    return Loaded(read_manifest(places["manifest"]), places["manifest"].parent)


LOADER = Loader(
    files={"manifest": "samples.csv"},
    load=_load,
    trials=read_list,
    about="one CSV row a photograph, one column an attribute",
)
