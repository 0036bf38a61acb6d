"""How scores are distributed, and DET curves, thinned for drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.results.model import Curve, Distribution
from evenmatch.results.one_to_one import cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from evenmatch.data.groups import Groups
    from evenmatch.results.one_to_one import Cell
    from evenmatch.scoring.counts import ScoreCounts

BINS = 80
CURVE_POINTS = 200


def distribution_rows(matcher: str, counts: ScoreCounts, groups: Groups) -> Iterator[Distribution]:
    """Give mated and non-mated histograms of everybody and within each group."""
    bins = _bins(counts)
    for cell in cells(groups, symmetric=True):
        if not cell.within:
            continue
        for mated in (True, False):
            histogram = counts.mated_histogram if mated else counts.histogram
            edges, totals = _coarsen(counts.bins.edges, histogram(cell.selection), bins)
            yield Distribution(
                matcher=matcher,
                probe_mask=counts.plan.probe_mask,
                reference_mask=counts.plan.reference_mask,
                mated=mated,
                group_by=cell.group_by,
                probe_group=cell.probe.label,
                reference_group=cell.reference.label,
                edges=edges,
                counts=totals,
            )


def _bins(counts: ScoreCounts) -> slice:
    """Return the range of bins that hold any score of the condition."""
    n_groups = counts.roster.n_groups
    everyone = np.ones((n_groups, n_groups), dtype=bool)
    occupied = np.flatnonzero(counts.histogram(everyone) + counts.mated_histogram(everyone))
    return slice(int(occupied[0]), int(occupied[-1]) + 1) if occupied.size else slice(0, 1)


def _coarsen(
    edges: npt.NDArray[np.float64], counted: npt.NDArray[np.int64], bins: slice
) -> tuple[list[float], list[int]]:
    """Merge neighbouring bins of the occupied range into at most BINS."""
    step = max(1, -(-(bins.stop - bins.start) // BINS))
    starts = np.arange(bins.start, bins.stop, step)
    totals = np.add.reduceat(counted[: bins.stop], starts)
    return [float(edges[start]) for start in [*starts, bins.stop]], [int(n) for n in totals]


def curve_rows(matcher: str, counts: ScoreCounts, groups: Groups) -> Iterator[Curve]:
    """Give the DET curve of everybody and of each group within itself."""
    for cell in cells(groups, symmetric=True):
        if cell.within:
            curve = _curve(matcher, counts, cell)
            if curve is not None:
                yield curve


def _curve(matcher: str, counts: ScoreCounts, cell: Cell) -> Curve | None:
    mated = counts.mated_scores(cell.selection)
    trials = counts.non_mated_trials(cell.selection)
    if not mated.size or not trials:
        return None
    thresholds, matches = counts.curve(cell.selection)
    # Steps of the FNMR happen at mated scores: both sets of thresholds belong to the curve.
    both = np.unique(np.concatenate([thresholds, mated]))[::-1]
    position = np.searchsorted(-thresholds, -both, side="right") - 1
    false_matches = np.where(position >= 0, matches[np.maximum(position, 0)], 0)
    false_non_matches = np.searchsorted(mated, both, side="left")
    keep = _thin(false_matches, false_non_matches)
    return Curve(
        matcher=matcher,
        probe_mask=counts.plan.probe_mask,
        reference_mask=counts.plan.reference_mask,
        group_by=cell.group_by,
        group=cell.probe.label,
        thresholds=[float(value) for value in both[keep]],
        fmr=[float(value) for value in false_matches[keep] / trials],
        fnmr=[float(value) for value in false_non_matches[keep] / mated.size],
        mated_trials=int(mated.size),
        non_mated_trials=int(trials),
    )


def _thin(
    false_matches: npt.NDArray[np.int64], false_non_matches: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Choose points spread evenly over both error counts on a log scale."""
    places = [
        np.searchsorted(values, np.geomspace(1, max(values[-1], 1), CURVE_POINTS // 2))
        for values in (false_matches, np.sort(false_non_matches.max() - false_non_matches))
    ]
    last = false_matches.size - 1
    return np.unique(np.clip(np.concatenate([[0], *places, [last]]), 0, last)).astype(np.int64)
