"""What the page's threshold slider shows, counted again at every stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.verifying.findings import Check
from evenmatch.verifying.searches import unstored_mates
from evenmatch.verifying.stored import PARTIAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from evenmatch.results.model import RunResult
    from evenmatch.results.sweep_rows import SearchSweepCell, SweepCell
    from evenmatch.stats.identification import Searches
    from evenmatch.verifying.cells import CountedCell
    from evenmatch.verifying.searches import StoredSearches
    from evenmatch.verifying.stored import Stored

    Doubles = npt.NDArray[np.float64]


def check_sweeps(result: RunResult, stored: Stored) -> Check:
    """Count one matcher's comparisons again, cell by cell, at every stop of the slider."""
    rows = [row for row in result.sweeps if row.matcher == stored.facts.name]
    check = Check("sweeps", rows=sum(len(row.cells) for row in rows))
    for row in rows:
        condition = stored.conditions.get((row.probe_mask, row.reference_mask))
        if not stored.complete:
            check.leave(f"sweeps: {PARTIAL}", len(row.cells))
        elif condition is not None:
            for cell in row.cells:
                groups = f"{cell.group_by} {cell.probe_group}/{cell.reference_group}"
                words = f"{row.matcher} {row.probe_mask}/{row.reference_mask} {groups}"
                counted = condition.cell(cell.group_by, cell.probe_group, cell.reference_group)
                found = _comparisons(counted, np.asarray(row.thresholds))
                _compare(check, words, cell, row.thresholds, found)
    return check


def check_search_sweeps(
    result: RunResult, matcher: str, stored: Mapping[str, StoredSearches]
) -> Check:
    """Count one matcher's searches again, group by group, at every stop of the slider."""
    rows = [row for row in result.search_sweeps if row.matcher == matcher]
    check = Check("search_sweeps", rows=sum(len(row.cells) for row in rows))
    unstored = unstored_mates(result, matcher)
    for row in rows:
        there = stored.get(row.probe_mask)
        if there is None:
            check.differs(f"{matcher} {row.probe_mask}", "", "counts", "no searches that give them")
            continue
        for cell in row.cells:
            part = there.searches.where(there.inside(cell.group_by, cell.group))
            found = _searches(part, np.asarray(row.thresholds))
            if unstored:
                check.leave(unstored)
                del found["misses"]
            words = f"{matcher} {row.probe_mask} {cell.group_by} {cell.group}"
            _compare(check, words, cell, row.thresholds, found, whole=not unstored)
    return check


def _comparisons(cell: CountedCell, stops: Doubles) -> dict[str, int | list[int]]:
    scored = ~np.isnan(cell.score)
    others = cell.score[cell.scored_non_mated]
    mated = cell.score[cell.mated & scored]
    return {
        "non_mated": int(others.size),
        "false_matches": (others.size - _below(others, stops)).tolist(),
        "mated": int(np.count_nonzero(cell.mated)),
        "failed": int(np.count_nonzero(cell.mated & ~scored)),
        "misses": _below(mated, stops).tolist(),
    }


def _searches(part: Searches, stops: Doubles) -> dict[str, int | list[int]]:
    alarms = np.where(part.failed, -np.inf, part.best_non_mate)[~part.mated]
    mates = np.where(part.failed, -np.inf, part.best_mate)[part.mated]
    return {
        "non_mated": int(alarms.size),
        "alarms": (alarms.size - _below(alarms, stops)).tolist(),
        "mated": int(mates.size),
        "misses": _below(mates, stops).tolist(),
    }


def _below(scores: Doubles, stops: Doubles) -> npt.NDArray[np.int64]:
    """Return how many scores lie below each stop."""
    return np.asarray(np.searchsorted(np.sort(scores), stops, side="left"), dtype=np.int64)


def _compare(
    check: Check,
    words: str,
    cell: SweepCell | SearchSweepCell,
    stops: list[float],
    found: Mapping[str, int | list[int]],
    *,
    whole: bool = True,
) -> None:
    """Compare a cell's counts; of counts at many stops the first that differs is named."""
    before = len(check.differences)
    for column, again in found.items():
        stated = getattr(cell, column)
        if stated == again:
            continue
        if not isinstance(again, list):
            check.differs(words, column, stated, again)
        elif len(stated) != len(again):
            check.differs(words, column, f"{len(stated)} counts", f"{len(again)} thresholds")
        else:
            k = next(k for k, number in enumerate(again) if stated[k] != number)
            check.differs(f"{words} at {stops[k]!r}", column, stated[k], again[k])
    check.checked += whole and len(check.differences) == before
