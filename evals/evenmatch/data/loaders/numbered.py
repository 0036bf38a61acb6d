"""Comparisons by a person's name and the numbers of photographs, as LFW first wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from evenmatch.data.loaders.published import Trial, read_rows, trials_table, whole_number
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from evenmatch.data.loaders.published import Row

MATED: Final = 3
NON_MATED: Final = 4


def numbered_trials(path: Path, sample_id: Callable[[str, int], str]) -> pd.DataFrame:
    """Read comparisons written `person 1 2` or `person 1 other 2`, one a line.

    Args:
        path: the list.
        sample_id: gives a sample's id from a person's name and a photograph's number.

    Raises:
        RequestError: a line has another form.
    """
    return trials_table(_trial(path, row, sample_id) for row in read_rows(path))


def _trial(path: Path, row: Row, sample_id: Callable[[str, int], str]) -> Trial:
    cells = row.text.split()
    mated = len(cells) == MATED
    first, second = whole_number(cells[1] if len(cells) > 1 else ""), whole_number(cells[-1])
    if len(cells) not in {MATED, NON_MATED} or first is None or second is None:
        raise RequestError(
            f"{path}: row {row.number} is {row.text[:80]!r}, and a comparison reads `person 1 2` "
            "or `person 1 other 2`; correct the row or fetch the list again."
        )
    other = cells[0] if mated else cells[2]
    return Trial(f"row {row.number}", sample_id(cells[0], first), sample_id(other, second), mated)
