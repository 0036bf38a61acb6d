"""Errors of every cell at thresholds all cells share, counted so that each stop is exact.

At or above the score from which every non-mated score is kept, any threshold can be counted;
below it the edges of the histogram's bins can. No stop lies elsewhere, so nothing is interpolated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.results.one_to_one import cells
from evenmatch.results.sweep_rows import SearchSweep, SearchSweepCell, Sweep, SweepCell
from evenmatch.scoring.trials import folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from evenmatch.data.groups import Groups
    from evenmatch.results.model import Threshold
    from evenmatch.results.one_to_many import Searched
    from evenmatch.scoring.counts import ScoreCounts

    Doubles = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]

STOPS = 160
_FEWEST_STOPS = 20
_MOST_NUMBERS = 4_000_000  # of the table of fine cells by stops; many groups get fewer stops


def sweep_row(
    matcher: str, counts: ScoreCounts, groups: Groups, points: Sequence[Threshold] = ()
) -> Sweep:
    """Count the errors of every cell at shared thresholds.

    Args:
        matcher: its name.
        counts: the counted scores of one mask condition.
        groups: the groupings asked for.
        points: operating points that should be stops, where their counts are known exactly.
    """
    fine = _FineCells(counts, _stops(counts, points))
    found = []
    for cell in cells(groups, symmetric=counts.plan.symmetric):
        false_matches, non_mated = fine.non_mated(cell.selection)
        misses, mated, failed = fine.mated(cell.selection)
        found.append(
            SweepCell(
                group_by=cell.group_by,
                probe_group=cell.probe.label,
                reference_group=cell.reference.label,
                non_mated=non_mated,
                false_matches=false_matches,
                mated=mated,
                failed=failed,
                misses=misses,
            )
        )
    return Sweep(
        matcher=matcher,
        probe_mask=counts.plan.probe_mask,
        reference_mask=counts.plan.reference_mask,
        thresholds=fine.stops.tolist(),
        cells=found,
    )


def _stops(counts: ScoreCounts, points: Sequence[Threshold]) -> Doubles:
    """Choose rising thresholds: even over both error counts on a log scale, and in between."""
    n_groups = counts.roster.n_groups
    everyone = np.ones((n_groups, n_groups), dtype=bool)
    wanted = int(np.clip(_MOST_NUMBERS // max(n_groups, 1) ** 2, _FEWEST_STOPS, STOPS))
    falling, matches = counts.curve(everyone)
    mated = counts.mated_scores(everyone)
    edges = counts.bins.edges
    used = np.flatnonzero(counts.histogram(everyone) + counts.mated_histogram(everyone))
    ends = (edges[used[0]], edges[used[-1] + 1]) if used.size else (edges[0], edges[-1])
    chosen = [_low_tail(mated, wanted // 3), np.linspace(*ends, wanted // 3)]
    if matches.size:
        steps = np.geomspace(1, max(int(matches[-1]), 1), wanted // 3)
        chosen.append(falling[np.minimum(np.searchsorted(matches, steps), matches.size - 1)])
    chosen.append(np.asarray([point.threshold for point in points], dtype=np.float64))
    stops = np.concatenate(chosen)
    stops, cut = stops[np.isfinite(stops)], counts.cut(everyone)
    # The outermost bin holds whatever lies below it, so its lower edge is no exact stop.
    below = edges[np.clip(np.searchsorted(edges, stops, side="right") - 1, 1, len(edges) - 2)]
    return np.unique(np.where(stops >= cut, stops, below))


def _low_tail(scores: Doubles, wanted: int) -> Doubles:
    """Return some of the ascending scores: many of the lowest, fewer of the others."""
    if not scores.size:
        return scores
    places = np.geomspace(1, scores.size, max(wanted, 1)).astype(np.int64) - 1
    return scores[np.unique(places)]


class _FineCells:
    """Errors by stop and fine cell (probe group, reference group), counted in one pass each."""

    def __init__(self, counts: ScoreCounts, stops: Doubles) -> None:
        self.stops = stops
        self._counts = counts
        self._groups = counts.roster.n_groups
        self._matches = self._tail_of_kept()
        self._fill_below()
        mated, usable = counts.mated, counts.mated.usable
        cells_of_mated = self._cells(mated.probe, mated.reference)
        # A mated score misses at every stop above it.
        above = np.searchsorted(stops, mated.score[usable].astype(np.float64), side="right")
        table = self._table(cells_of_mated[usable], above, len(stops) + 1)
        self._misses = np.cumsum(table[: len(stops)], axis=0)
        self._mated = np.bincount(cells_of_mated, minlength=self._groups**2)
        self._failed = np.bincount(cells_of_mated[~usable], minlength=self._groups**2)

    def non_mated(self, selection: npt.NDArray[np.bool_]) -> tuple[list[int], int]:
        """Return false matches at each stop, and the scored trials."""
        whole = folded(selection, symmetric=self._counts.plan.symmetric)
        chosen = (np.triu(whole) if self._counts.plan.symmetric else whole).ravel()
        trials = int(self._counts.cells.reshape(self._groups**2, -1)[chosen].sum())
        return self._matches[:, chosen].sum(axis=1).tolist(), trials

    def mated(self, selection: npt.NDArray[np.bool_]) -> tuple[list[int], int, int]:
        """Return misses of scored trials at each stop, all trials, and those without a score."""
        whole = folded(selection, symmetric=self._counts.plan.symmetric).ravel()
        misses = self._misses[:, whole].sum(axis=1).tolist()
        return misses, int(self._mated[whole].sum()), int(self._failed[whole].sum())

    def _tail_of_kept(self) -> Counts:
        """Return kept non-mated scores at or above each stop."""
        kept = self._counts.kept
        reached = np.searchsorted(self.stops, kept.score.astype(np.float64), side="right")
        codes = self._cells(kept.probe, kept.reference, ordered=self._counts.plan.symmetric)
        table = self._table(codes, reached, len(self.stops) + 1)
        return np.cumsum(table[:0:-1], axis=0)[::-1]

    def _fill_below(self) -> None:
        """Replace the stops below the cut, which are edges, by the histograms' own sums."""
        everyone = np.ones((self._groups, self._groups), dtype=bool)
        low = self.stops < self._counts.cut(everyone)
        tail = np.cumsum(self._counts.cells[..., ::-1], axis=-1)[..., ::-1]
        bins = np.searchsorted(self._counts.bins.edges, self.stops[low], side="left")
        columns = tail.reshape(self._groups**2, -1)
        self._matches[low] = columns[:, np.clip(bins, 0, columns.shape[1] - 1)].T

    def _cells(
        self,
        probe: npt.NDArray[np.int32],
        reference: npt.NDArray[np.int32],
        *,
        ordered: bool = False,
    ) -> Counts:
        """Return the fine cell of each comparison; `ordered` puts the smaller group first."""
        of = self._counts.roster.groups
        a, b = of[probe].astype(np.int64), of[reference].astype(np.int64)
        if ordered:
            a, b = np.minimum(a, b), np.maximum(a, b)
        return np.asarray(a * self._groups + b, dtype=np.int64)

    def _table(self, codes: Counts, places: npt.NDArray[np.intp], rows: int) -> Counts:
        """Count comparisons by place among the stops and fine cell."""
        width = self._groups**2
        flat = np.bincount(places * width + codes, minlength=rows * width)
        return flat.reshape(rows, width)


def search_sweeps(
    matcher: str, found: Sequence[Searched], groups: Groups, sweeps: Sequence[Sweep] = ()
) -> Iterator[SearchSweep]:
    """Count alarms and misses of the first split's searches at shared thresholds.

    Args:
        matcher: its name.
        found: what the gallery returned, one entry a mask condition.
        groups: the groupings asked for.
        sweeps: the matcher's comparisons; searches with the same faces stop where these do.
    """
    beside = {row.probe_mask: np.asarray(row.thresholds) for row in reversed(sweeps)}
    for each in found:
        part = each.searches
        alarms = np.where(part.failed | part.mated, -np.inf, part.best_non_mate)
        # A person who is not found at any threshold misses at all of them.
        mates = np.where(part.failed | (part.rank <= 0), -np.inf, part.best_mate)
        stops = beside.get(each.probe_mask, _search_stops(alarms, mates[part.mated]))
        if not stops.size:
            continue
        found_cells = []
        for group_by, members in groups.groupings.items():
            for group in members:
                inside = groups.rows(group)[each.rows]
                other, own = inside & ~part.mated, inside & part.mated
                found_cells.append(
                    SearchSweepCell(
                        group_by=group_by,
                        group=group.label,
                        non_mated=int(other.sum()),
                        alarms=(int(other.sum()) - _below(alarms[other], stops)).tolist(),
                        mated=int(own.sum()),
                        misses=_below(mates[own], stops).tolist(),
                    )
                )
        yield SearchSweep(
            matcher=matcher,
            gallery=each.split.name,
            gallery_subjects=part.gallery_people,
            probe_mask=each.probe_mask,
            thresholds=stops.tolist(),
            cells=found_cells,
        )


def _search_stops(alarms: Doubles, mates: Doubles) -> Doubles:
    """Choose rising thresholds among the scores themselves, more where errors are few."""
    high = -np.sort(-alarms[np.isfinite(alarms)])
    low = np.sort(mates[np.isfinite(mates)])
    chosen = np.concatenate([_low_tail(high, STOPS // 2), _low_tail(low, STOPS // 2)])
    return np.unique(chosen)


def _below(scores: Doubles, stops: Doubles) -> Counts:
    """Return how many scores lie below each stop."""
    return np.asarray(np.searchsorted(np.sort(scores), stops, side="left"), dtype=np.int64)
