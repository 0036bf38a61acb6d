"""MLFW: CALFW's photographs, most of them under a drawn mask, and pairs of file names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.manifest import read_table
from evenmatch.data.loaders.published import (
    Trial,
    left_out,
    named_photographs,
    read_rows,
    trials_table,
)
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from evenmatch.data.loaders.format import Places
    from evenmatch.data.loaders.published import Row

# CALFW's name and number, and a number of MLFW's own.
_NUMBERED: Final = re.compile(r"(?P<subject_id>.+?)_[0-9]{4}(?:_[0-9]{4})?\.[A-Za-z]+")


def _load(places: Places) -> Loaded:
    table, strays = named_photographs(places["images"], _NUMBERED)
    notices = left_out(strays, "their names are not a name and one or two numbers")
    if places["masks"].is_file():
        table["mask"] = (
            table["sample_id"].map(_masks(places["masks"])).astype(object).fillna("").astype(str)
        )
        return Loaded(table, places["images"], notices=notices)
    unsaid = (
        "MLFW does not say which of its photographs carry a mask: some pairs have one bare face. "
        f"Their mask is unknown here; a list in {places['masks'].name} (sample_id, mask) tells."
    )
    return Loaded(table, places["images"], notices=(*notices, unsaid))


def _masks(path: Path) -> dict[str, str]:
    """Return a list of masks that somebody wrote beside the set, by photograph."""
    table = read_table(path, ("sample_id", "mask"))
    torn = table.drop_duplicates().loc[lambda rows: rows["sample_id"].duplicated(), "sample_id"]
    if len(torn):
        raise RequestError(f"{path}: gives {torn.iloc[0]} two masks; remove one.")
    return dict(zip(table["sample_id"], table["mask"], strict=True))


def _trials(path: Path, _places: Places) -> pd.DataFrame:
    return trials_table(_trial(path, row) for row in read_rows(path))


def _trial(path: Path, row: Row) -> Trial:
    """Read `one.jpg other.jpg 1`; 1 says that both show one person."""
    cells = row.text.split()
    if len(cells) != 3 or cells[2] not in {"0", "1"}:
        raise RequestError(
            f"{path}: row {row.number} is {row.text[:80]!r}, and a comparison reads `one.jpg "
            "other.jpg 1` (0: different people); correct the row or fetch the list again."
        )
    return Trial(f"row {row.number}", cells[0], cells[1], cells[2] == "1")


LOADER = Loader(
    files={"images": "aligned", "masks": "masks.csv"},
    load=_load,
    trials=_trials,
    about="MLFW: Name_0001_0000.jpg in one folder, two file names and 1 or 0 a comparison",
)
