"""The order statistics that set a threshold, over several mask conditions at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.scoring.recount import histogram, values_between
from evenmatch.scoring.scored import Bins
from evenmatch.scoring.trials import folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.scoring.counts import ScoreCounts
    from evenmatch.scoring.recount import Recount
    from evenmatch.scoring.trials import Selection

    Pool = Sequence[tuple[ScoreCounts, Selection]]


FINEST = 2.0**-32  # share of the range of scores below which a bin is taken as it is


def top_non_mated(pool: Pool, k: int) -> tuple[float, float | None]:
    """Return the non-mated score that must be rejected and the next score above it.

    Args:
        pool: counts and selections whose trials together set a threshold.
        k: false matches allowed; fewer than there are trials.

    Returns:
        The (k + 1)-th largest non-mated score, and the smallest score of either class above it,
        or None where nothing is above.
    """
    scores = _highest(pool, k)
    rejected = float(scores[-k - 1]) if scores.size > k else None
    above = scores
    if rejected is None:
        rejected, above = _below_the_cut(pool, k)
    either = [counts.mated_scores(cells) for counts, cells in pool]
    above = np.concatenate([above[above > rejected], *(each[each > rejected] for each in either)])
    return rejected, float(above.min()) if above.size else None


def _highest(pool: Pool, k: int) -> npt.NDArray[np.float64]:
    """Return, ascending, the highest non-mated scores down to where all of them are kept."""
    cut = max(counts.cut(cells) for counts, cells in pool)
    parts = []
    for counts, cells in pool:
        falling = counts.kept_scores(cells)
        parts.append(falling[falling >= cut][: k + 2])
    return np.sort(np.concatenate(parts))


def _below_the_cut(pool: Pool, k: int) -> tuple[float, npt.NDArray[np.float64]]:
    """Return the (k + 1)-th largest score and scores above it, the next one among them."""
    rejected, above, higher = _ranked(pool, k)
    if higher and not above.size:
        # The next score lies above the bin: it is the lowest of those that are higher.
        accepted, _, _ = _ranked(pool, higher - 1)
        above = np.array([accepted])
    return rejected, above


def _ranked(pool: Pool, k: int) -> tuple[float, npt.NDArray[np.float64], int]:
    """Return the (k + 1)-th largest score, larger ones near it, and how many are higher still."""
    values, counts, higher = _around(pool, k)
    place = int(np.searchsorted(higher + np.cumsum(counts), k, side="right"))
    return float(values[place]), values[:place], higher


def _around(pool: Pool, k: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], int]:
    """Return falling scores around the (k + 1)-th largest, counts, and how many are higher still.

    Bins are made ever finer until the scores of one fit in memory, or are one score many times.
    """
    sources = [_source(counts, cells) for counts, cells in pool]
    room = min(source.work.compute.keep_tail for source, _ in sources)
    bins = sources[0][0].bins
    finest = (bins.high - bins.low) * FINEST
    inside = np.sum([counts.histogram(cells) for counts, cells in pool], axis=0)
    while True:
        tail = np.append(np.cumsum(inside[::-1])[::-1], 0)
        place = int(np.flatnonzero(tail > k)[-1])
        low, high = float(bins.edges[place]), float(bins.edges[place + 1])
        if tail[place] - tail[place + 1] <= room or high - low < finest:
            break
        step = (high - low) / (bins.count - 2)
        bins = Bins(low - step, high + step, bins.count)
        inside = sum(histogram(source.work, bins, cells) for source, cells in sources)
    low = low if place > 0 else -np.inf
    high = high if place < bins.count - 1 else np.inf
    seen = [values_between(source.work, source.bins, cells, low, high) for source, cells in sources]
    values = np.concatenate([value for value, _ in seen]).astype(np.float64)
    counts = np.concatenate([count for _, count in seen])
    falling = np.argsort(-values)
    return values[falling], counts[falling], int(tail[place + 1])


def _source(counts: ScoreCounts, cells: Selection) -> tuple[Recount, Selection]:
    if counts.source is None:
        raise ValueError("Everything is kept, so that no score can lie below the cut.")
    return counts.source, folded(cells, symmetric=counts.plan.symmetric)
