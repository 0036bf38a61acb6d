"""Cross-Age and Cross-Pose LFW: one flat folder, two lines of a list a comparison."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.published import (
    Row,
    Trial,
    left_out,
    named_photographs,
    read_rows,
    trials_table,
    whole_number,
)
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from evenmatch.data.loaders.format import Places

_NUMBERED = re.compile(r"(?P<subject_id>.+)_[0-9]+\.[A-Za-z]+")


def _load(places: Places) -> Loaded:
    table, strays = named_photographs(places["images"], _NUMBERED)
    return Loaded(
        table, places["images"], notices=left_out(strays, "their names are not a name and a number")
    )


def _trials(path: Path, _places: Places) -> pd.DataFrame:
    rows = read_rows(path)
    if len(rows) % 2:
        raise RequestError(
            f"{path}: has {len(rows)} rows, and a comparison takes two; fetch the list again."
        )
    return trials_table(
        _trial(path, probe, reference)
        for probe, reference in zip(rows[::2], rows[1::2], strict=True)
    )


def _trial(path: Path, probe: Row, reference: Row) -> Trial:
    name, flag = _cells(path, probe)
    other, again = _cells(path, reference)
    # A mated comparison carries 1, or the number of its fold; a non-mated one carries 0.
    if flag != again:
        raise RequestError(
            f"{path}: rows {probe.number} and {reference.number} are one comparison and carry "
            f"{flag} and {again}; fetch the list again."
        )
    return Trial(f"row {probe.number}", name, other, flag != 0)


def _cells(path: Path, row: Row) -> tuple[str, int]:
    *name, last = row.text.rsplit(maxsplit=1)
    flag = whole_number(last)
    if flag is None or not name:
        raise RequestError(
            f"{path}: row {row.number} is {row.text[:80]!r} where a file name and a number should "
            "be; fetch the list again."
        )
    return name[0], flag


LOADER = Loader(
    files={"images": "aligned images"},
    load=_load,
    trials=_trials,
    about="CALFW and CPLFW: Name_0001.jpg in one folder, two lines `name flag` a comparison",
)
