"""Scored comparisons as arrays, and the bins they are counted into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.plan import Rows

BINS = 120
BIN_BYTES = 256 << 20  # histograms of all cells stay below this; many groups get wider bins


@dataclass(frozen=True)
class ScoredPairs:
    """Comparisons with their scores.

    Attributes:
        probe: probe row of each comparison.
        reference: reference row of each.
        score: similarity of each; nan where the comparison failed.
        status: 0 where there is a score, otherwise one more than the reason's place.
    """

    probe: Rows
    reference: Rows
    score: npt.NDArray[np.floating]
    status: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return int(self.probe.size)

    def __getitem__(self, chosen: slice | npt.NDArray[np.generic]) -> ScoredPairs:
        return ScoredPairs(
            self.probe[chosen], self.reference[chosen], self.score[chosen], self.status[chosen]
        )

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Which comparisons have a score."""
        return np.asarray(self.status == 0)

    def descending(self) -> ScoredPairs:
        """Return the scored comparisons, the most similar first; ties by probe and reference."""
        kept = self if self.usable.all() else self[self.usable]
        order = np.argsort(-kept.score)
        falling = kept.score[order]
        # Only scores that occur again need their rows to be put in order.
        again = falling[1:] == falling[:-1]
        tied = np.flatnonzero(np.append(again, False) | np.append(False, again))
        rows, score_number = order[tied], np.cumsum(np.append(False, ~again))[tied]
        pair = kept.probe[rows].astype(np.int64) << 32 | kept.reference[rows]
        order[tied] = rows[np.lexsort((pair, score_number))]
        return kept[order]


@dataclass(frozen=True)
class Bins:
    """Equal bins: bin k holds scores in [edges[k], edges[k + 1]); the outer ones also the rest."""

    low: float
    high: float
    count: int = BINS

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """The `count` + 1 edges of the bins."""
        step = np.arange(self.count + 1, dtype=np.float64)
        return self.low + step * ((self.high - self.low) / self.count)

    def of(self, scores: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
        """Return the bin of each score."""
        inner = self.edges[1:-1]
        return np.searchsorted(inner, scores.astype(np.float64), side="right")


def bin_count(n_groups: int) -> int:
    """Return how many bins each cell of so many groups can have."""
    return min(BINS, max(BIN_BYTES // (8 * max(n_groups, 1) ** 2), 4))


def bins_around(scores: npt.NDArray[np.floating]) -> Bins:
    """Return bins that span given scores."""
    finite = scores[np.isfinite(scores)]
    if not finite.size:
        return Bins(0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    return Bins(low, high if high > low else low + 1.0)


def joined(*parts: ScoredPairs) -> ScoredPairs:
    """Return several sets of comparisons as one, scores in float64."""
    return ScoredPairs(
        np.concatenate([part.probe for part in parts]),
        np.concatenate([part.reference for part in parts]),
        np.concatenate([part.score.astype(np.float64) for part in parts]),
        np.concatenate([part.status for part in parts]),
    )
