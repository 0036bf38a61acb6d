"""The non-mated scores that are kept: the highest of all, and the highest of every cell."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.scoring.compiled import compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.plan import Roster, Rows
    from evenmatch.scoring.tile import Float64, Int32, Int64

QUOTA = 64  # scores of each cell kept at least, for the looser threshold of a rare error
CROWD = 50  # a bin with so many times the quota is left out of it


@dataclass(frozen=True)
class Held:
    """What the tail of one part of the comparisons holds.

    Attributes:
        probe: probe row of each kept pair.
        reference: reference row of each.
        score: exact score of each.
        floor: score from which every pair of the part is among them.
        cuts: by cell, the same.
    """

    probe: Rows
    reference: Rows
    score: npt.NDArray[np.float32]
    floor: float
    cuts: Float64


class Tail:
    """Collects scores at or above a floor, and each cell's best, within a bound.

    The floor and the cells' cuts only ever rise, and never above what the whole set of scores
    gives, so that what is kept in the end does not depend on the order of tiles.

    Attributes:
        limits: by cell, the score from which pairs are collected.
    """

    def __init__(
        self, roster: Roster, floor: float, keep: int, owed: Int64, quota: int = QUOTA
    ) -> None:
        self._roster, self._keep, self._owed = roster, keep, owed
        self._quota = min(quota, keep // (4 * roster.n_groups**2))
        self.floor = self._asked = floor
        empty = np.inf if not self._quota else -np.inf
        self.cuts = np.full((roster.n_groups, roster.n_groups), empty)
        self.limits = np.minimum(self.cuts, floor)
        self._pieces: list[tuple[Rows, Rows, npt.NDArray[np.float32]]] = []
        self._held = 0
        self._lock = threading.Lock()

    def raise_cuts(self, rows: Int32, columns: Int32, cells: Int64, edges: Float64) -> None:
        """Raise the cuts of cells that were just counted; `cells` may be one thread's share."""
        if self._quota:
            raise_cuts(rows, columns, cells, self._owed, edges, self._quota, self.cuts)
            at = np.ix_(rows, columns)
            self.limits[at] = np.minimum(self.cuts[at], self.floor)

    def add(self, probe: Rows, reference: Rows, score: npt.NDArray[np.float32]) -> None:
        """Add scored pairs; those of one person are left out."""
        other = self._roster.people[probe] != self._roster.people[reference]
        piece = probe[other], reference[other], score[other]
        if not piece[0].size:
            return
        with self._lock:
            self._pieces.append(piece)
            self._held += piece[0].size
            if self._held > 2 * self._keep:
                self._compact()

    def held(self) -> Held:
        """Return what is held so far, to be put together with what other parts hold."""
        self._compact()
        return Held(*self._joined(), self.floor, self.cuts)

    def take(self, held: Held) -> None:
        """Add what the tail of a part holds; its cuts hold for the whole, which has more scores."""
        with self._lock:
            self.floor = max(self.floor, held.floor)
            self.cuts = np.maximum(self.cuts, held.cuts)
            self.limits = np.minimum(self.cuts, self.floor)
        self.add(held.probe, held.reference, held.score)

    def _compact(self) -> None:
        """Raise the floor until no more than the bound lie above it."""
        probe, reference, score = self._joined()
        place = score.size - self._keep - 1
        if place >= 0:
            excess = np.partition(score, place)[place]
            if excess >= self.floor:
                self.floor = float(np.nextafter(excess, np.float32(np.inf)))
        self.limits = np.minimum(self.cuts, self.floor)
        kept = score >= self._limit_of(probe, reference)
        self._pieces = [(probe[kept], reference[kept], score[kept])]
        self._held = int(np.count_nonzero(kept))

    def finish(
        self, cells: Int64, edges: Float64, *, symmetric: bool
    ) -> tuple[Rows, Rows, npt.NDArray[np.float32], Float64]:
        """Return the kept pairs and the cuts from which every cell is complete.

        Args:
            cells: histograms of all non-mated scores.
            edges: their bins.
            symmetric: whether cells are filled with the smaller group first.
        """
        probe, reference, score = self._joined()
        high = score >= self.floor
        if np.count_nonzero(high) > self._keep:
            ascending = np.sort(score[high])
            excess = ascending[ascending.size - self._keep - 1]
            above = ascending[np.searchsorted(ascending, excess, side="right") :]
            self.floor = float(above[0]) if above.size else np.inf
        elif self.floor > self._asked:
            # However often it was raised on the way, it ends at the lowest score that is kept.
            self.floor = float(score[high].min()) if high.any() else np.inf
        every = np.arange(self._roster.n_groups, dtype=np.int32)
        if self._quota:
            raise_cuts(every, every, cells, np.zeros_like(cells), edges, self._quota, self.cuts)
        self.limits = np.minimum(self.cuts, self.floor)
        if symmetric:
            upper = np.triu(self.limits)
            self.limits = upper + np.triu(self.limits, 1).T
        kept = score >= self._limit_of(probe, reference)
        return probe[kept], reference[kept], score[kept], self.limits

    def _joined(self) -> tuple[Rows, Rows, npt.NDArray[np.float32]]:
        none = (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))
        parts = list(zip(*(self._pieces or [none]), strict=True))
        return np.concatenate(parts[0]), np.concatenate(parts[1]), np.concatenate(parts[2])

    def _limit_of(self, probe: Rows, reference: Rows) -> Float64:
        groups = self._roster.groups
        return np.asarray(self.limits[groups[probe], groups[reference]])


@compiled
def raise_cuts(  # noqa: PLR0913 -- kernels take positions only
    rows: Int32,
    columns: Int32,
    cells: Int64,
    owed: Int64,
    edges: Float64,
    quota: int,
    cuts: Float64,
) -> None:
    """Raise each cell's cut to the highest edge with the quota of scores at or above it.

    Args:
        rows: group of each row of the cells looked at.
        columns: group of each column.
        cells: scores counted so far, those of one person included.
        owed: scores of one person, which are no trial.
        edges: the bins.
        quota: scores to keep.
        cuts: raised in place.
    """
    for g in rows:
        for h in columns:
            above = 0
            for k in range(cells.shape[2] - 1, 0, -1):
                above += cells[g, h, k] - owed[g, h, k]
                if above >= quota:
                    place = k + 1 if above > CROWD * quota else k
                    cut = edges[place] if place < edges.size - 1 else np.inf
                    cuts[g, h] = max(cuts[g, h], cut)
                    break
