"""IJB's comparisons: millions of pairs of templates, with or without a label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from evenmatch.data.loaders.columns import cells, readable_table
from evenmatch.errors import RequestError
from evenmatch.files import ordinary

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.data.loaders.format import Places

_NAMES: Final = ("probe_id", "reference_id", "mated")
_LONGEST: Final = 4096


def read_matches(path: Path, _places: Places) -> pd.DataFrame:
    """Read `template,template` a row as NIST lists matches, or `template template label`.

    The reference comes first in both: a gallery's template, then the probe's.

    Raises:
        RequestError: the file is missing, no UTF-8 text, or has another form.
    """
    with readable_table(path, "list of matches", "lists no comparison"):
        with ordinary(path).open("rb") as file:
            first = file.readline(_LONGEST).decode("utf-8-sig").strip()
        comma = "," in first
        row = first.split(",") if comma else first.split()
        _check_form(path, first, row)
        headed = not row[0].strip().isdecimal()
        table = cells(path, skiprows=int(headed), sep="," if comma else r"\s+")
    if table.shape[1] != len(row):
        raise RequestError(f"{path}: its rows differ in length; fetch it again.")
    swapped = table.iloc[:, [1, 0, *range(2, len(row))]]
    # Millions of rows name a few thousand templates: categories keep them small.
    named = pd.concat([swapped.iloc[:, side].drop_duplicates() for side in (0, 1)])
    kind = pd.CategoricalDtype(named.unique())
    return pd.DataFrame(
        {
            name: swapped.iloc[:, place].astype(kind if place < 2 else "category")
            for place, name in enumerate(_NAMES[: len(row)])
        }
    )


def _check_form(path: Path, first: str, row: list[str]) -> None:
    if len(row) not in {2, 3}:
        raise RequestError(
            f"{path}: begins with {first[:80]!r}, and a row should name two templates, with or "
            "without a label of 1 or 0; fetch the list again."
        )
