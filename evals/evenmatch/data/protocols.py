"""Listed protocols: a file that says which photographs are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evenmatch.data.loaders.manifest import read_list
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.data.samples import Samples

# What a list may say of a comparison; blank says nothing.
MATED_WORDS = {"1", "true", "yes", "same", "mated"}
NON_MATED_WORDS = {"0", "false", "no", "different", "non-mated"}


@dataclass(frozen=True)
class ListedTrials:
    """Comparison trials by position in the samples' table (before masks are drawn).

    Attributes:
        probes: positions of the probes.
        references: positions of the references.
        notices: what a reader must know of the list, such as how many rows were repeated.
    """

    probes: npt.NDArray[np.int32]
    references: npt.NDArray[np.int32]
    notices: tuple[str, ...] = ()


def load_trials(
    paths: Sequence[Path],
    samples: Samples,
    read: Callable[[Path], pd.DataFrame] = read_list,
) -> ListedTrials:
    """Read the comparisons that one or several files list.

    A comparison listed again counts once: counted twice, it would pass for two. A notice says how
    many rows were.

    Args:
        paths: the files.
        samples: the photographs they speak of.
        read: gives a file's rows as `probe_id, reference_id [, mated] [, fold]`, all text.

    Raises:
        RequestError: an id that is no sample's, a photograph listed against itself, a `mated`
            that is neither true nor false or contradicts the subjects, or no trial at all.
    """
    lists = [_one_list(path, samples, read) for path in paths]
    probes = np.concatenate([each.probes for each in lists])
    references = np.concatenate([each.references for each in lists])
    again = pd.DataFrame({"probe": probes, "reference": references}).duplicated().to_numpy()
    notice = (
        f"The protocol lists {int(again.sum())} of its {again.size} comparisons again; each "
        "counts once."
    )
    return ListedTrials(probes[~again], references[~again], (notice,) if again.any() else ())


def _one_list(path: Path, samples: Samples, read: Callable[[Path], pd.DataFrame]) -> ListedTrials:
    table = read(path)
    if table.empty:
        raise RequestError(f"{path}: lists no comparison; add rows or choose another protocol.")
    stands, table = table.index, table.reset_index(drop=True)
    index = pd.Index(samples.table["sample_id"])
    sides = {}
    for column in ("probe_id", "reference_id"):
        positions = index.get_indexer(pd.Index(table[column]))
        absent = np.flatnonzero(positions < 0)
        if absent.size:
            raise RequestError(
                f"{path}: {place_of(stands, absent[0])}: {column} is no sample of this benchmark "
                f"({absent.size} such rows); correct the list or the manifest, or fetch the "
                "missing photographs."
            )
        sides[column] = positions.astype(np.int32)
    same = np.flatnonzero(sides["probe_id"] == sides["reference_id"])
    if same.size:
        raise RequestError(
            f"{path}: {place_of(stands, same[0])}: compares a photograph with itself; remove "
            "the row."
        )
    trials = ListedTrials(sides["probe_id"], sides["reference_id"])
    if "mated" in table:
        _check_mated(path, stands, table["mated"], trials, samples)
    return trials


def place_of(stands: pd.Index[Any], row: int) -> str:
    """Return where a row of a list stands: in the loader's words, else its row of a CSV file."""
    place = stands[row]
    return place if isinstance(place, str) else f"row {place + 2}"


def _check_mated(
    path: Path,
    stands: pd.Index[Any],
    column: pd.Series[str],
    trials: ListedTrials,
    samples: Samples,
) -> None:
    said = column.str.strip().str.lower()
    wrong = said.index[~said.isin(MATED_WORDS | NON_MATED_WORDS | {""})]
    if len(wrong):
        raise RequestError(
            f"{path}: {place_of(stands, wrong[0])}: mated is {column[wrong[0]]!r}; write 1 or 0."
        )
    people = samples.people
    mated = people[trials.probes] == people[trials.references]
    against = np.flatnonzero((said != "").to_numpy() & (said.isin(MATED_WORDS).to_numpy() != mated))
    if against.size:
        # An interval counts people: a trial whose list and labels disagree about who they are
        # has no place in it.
        raise RequestError(
            f"{path}: {place_of(stands, against[0])}: mated is {column[against[0]]!r}, but the "
            f"subjects say the opposite ({against.size} such rows); correct the list or the "
            "subject ids."
        )
