"""Strata of comparisons: bands of a column on both sides, or of the gap between two photographs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evenmatch.data.benchmark import band_names
from evenmatch.data.samples import UNKNOWN
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.data.samples import Samples

MOST_VALUES = 12  # values of a column up to which every pair of them is a stratum
MOST_NUMBERS = 300  # distinct numbers of a column whose gaps are taken


@dataclass(frozen=True)
class Stratification:
    """Which stratum a comparison is in, by the classes of its two photographs.

    Attributes:
        column: what the strata are of.
        names: the strata in order.
        classes: class of every row of the samples.
        strata: by the classes of both sides, the place in `names`.
    """

    column: str
    names: tuple[str, ...]
    classes: npt.NDArray[np.int32]
    strata: npt.NDArray[np.int32]

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.strata)


def by_column(samples: Samples, column: str, values: Sequence[str]) -> Stratification:
    """Stratify by a column: one stratum a value on both sides, one a pair of different values."""
    place = {value: k for k, value in enumerate(values)}
    classes = np.asarray(samples.table[column].map(place), dtype=np.int32)
    n = len(values)
    strata = np.zeros((n, n), dtype=np.int32)
    names: list[str] = []
    for a in range(n):
        for b in range(a, n):
            strata[a, b] = strata[b, a] = len(names)
            names.append(values[a] if a == b else f"{values[a]} with {values[b]}")
    return Stratification(column, tuple(names), classes, strata)


def by_gap(samples: Samples, column: str, edges: Sequence[float]) -> Stratification:
    """Stratify by how far the two photographs lie apart in a numeric column, such as a year.

    Raises:
        RequestError: the column is not there or holds something that is no number.
    """
    numbers = _numbers(samples, column)
    known = np.unique(numbers[~np.isnan(numbers)])
    if known.size > MOST_NUMBERS:
        raise RequestError(
            f"statistics.gaps.{column}: has {known.size} different numbers, and at most "
            f"{MOST_NUMBERS} can be paired; round them in the manifest, to years for example."
        )
    # What is not a number sorts behind every number, into the class after the last.
    classes = np.searchsorted(known, numbers).astype(np.int32)
    names = [*band_names(edges), UNKNOWN]
    strata = np.full((known.size + 1, known.size + 1), len(names) - 1, dtype=np.int32)
    gap = np.abs(known[:, None] - known[None, :])
    strata[:-1, :-1] = np.searchsorted(np.asarray(edges, float), gap, side="right")
    return Stratification(f"gap of {column}", tuple(names), classes, strata)


def _numbers(samples: Samples, column: str) -> npt.NDArray[np.float64]:
    """Return a column as the manifest has it, before any bands; blank is not a number."""
    table = samples.table.drop_duplicates("sample_id").set_index("sample_id")
    if samples.unbanded is not None and column in samples.unbanded:
        table = samples.unbanded
    if column not in table:
        raise RequestError(
            f"statistics.gaps: there is no column {column!r} in the manifest; name a numeric one."
        )
    known = table[column].where(table[column] != UNKNOWN)
    numbers = pd.to_numeric(known, errors="coerce")
    wrong = np.flatnonzero(known.notna() & ~np.isfinite(numbers))
    if wrong.size:
        raise RequestError(
            f"statistics.gaps.{column}: row {wrong[0] + 2} of the manifest says "
            f"{known.iloc[wrong[0]]!r}, which is no number; correct it or leave the gap away."
        )
    return samples.table["sample_id"].map(numbers).to_numpy(np.float64)
