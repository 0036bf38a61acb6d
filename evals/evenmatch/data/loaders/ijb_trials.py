"""IJB's comparisons: millions of pairs of templates, with or without a label."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

import pandas as pd

from evenmatch.errors import RequestError

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
    try:
        with path.open("rb") as file:
            first = file.readline(_LONGEST).decode("utf-8-sig").strip()
        comma = "," in first
        cells = first.split(",") if comma else first.split()
        _check_form(path, first, cells)
        table = pd.read_csv(
            path,
            header=None,
            skiprows=0 if cells[0].strip().isdecimal() else 1,
            sep="," if comma else r"\s+",
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            encoding="utf-8-sig",
        )
    except FileNotFoundError:
        raise RequestError(
            f"{path}: there is no such file; check `benchmark.root` and the card."
        ) from None
    except pd.errors.EmptyDataError:
        raise RequestError(f"{path}: lists no comparison; fetch it again.") from None
    except (OSError, ValueError, csv.Error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RequestError(
            f"{path}: is no readable list of matches ({reason}); fetch it again."
        ) from None
    if table.shape[1] != len(cells):
        raise RequestError(f"{path}: its rows differ in length; fetch it again.")
    swapped = table.iloc[:, [1, 0, *range(2, len(cells))]]
    # Millions of rows name a few thousand templates: categories keep them small.
    named = pd.concat([swapped.iloc[:, side].drop_duplicates() for side in (0, 1)])
    kind = pd.CategoricalDtype(named.unique())
    return pd.DataFrame(
        {
            name: swapped.iloc[:, place].astype(kind if place < 2 else "category")
            for place, name in enumerate(_NAMES[: len(cells)])
        }
    )


def _check_form(path: Path, first: str, cells: list[str]) -> None:
    if len(cells) not in {2, 3}:
        raise RequestError(
            f"{path}: begins with {first[:80]!r}, and a row should name two templates, with or "
            "without a label of 1 or 0; fetch the list again."
        )
