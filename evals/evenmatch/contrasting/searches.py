"""One-to-many search: the difference of two FPIRs and FNIRs, for everybody and by group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from evenmatch.contrasting.comparisons import Counted, Found
from evenmatch.stats.changes import Side, paired_change, switched_change, unpaired_change
from evenmatch.stats.identification import gallery_variance
from evenmatch.stats.people import PersonCounts
from evenmatch.stats.same_people import Switched
from evenmatch.verifying.searches import Asked, StoredSearches, search_estimate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from evenmatch.contrasting.parties import At
    from evenmatch.stats.changes import Change
    from evenmatch.stats.estimate import Estimate
    from evenmatch.stats.identification import Searches

Metric = Literal["fpir", "fnir"]


@dataclass(frozen=True)
class SearchedBoth:
    """Two sides' searches; in one order where they are the same searches of the same gallery."""

    first: StoredSearches
    second: StoredSearches
    paired: bool

    @classmethod
    def align(cls, first: StoredSearches, second: StoredSearches) -> SearchedBoth:
        """Pair two sides' searches where gallery and probes are the same."""
        if set(first.gallery_people) != set(second.gallery_people):
            return cls(first, second, paired=False)
        place = pd.Index(second.first["probe_id"]).get_indexer(first.first["probe_id"])
        if len(first.first) != len(second.first) or (place < 0).any():
            return cls(first, second, paired=False)
        moved = replace(
            second,
            first=second.first.iloc[place].reset_index(drop=True),
            unsure=second.unsure[place],
            searches=_moved(second.searches, place),
        )
        same = np.array_equal(first.searches.mated, moved.searches.mated)
        return cls(first, moved, paired=same)


def _moved(searches: Searches, place: npt.NDArray[np.intp]) -> Searches:
    names = [name for name in vars(searches) if name != "gallery_people"]
    return replace(searches, **{name: getattr(searches, name)[place] for name in names})


def compare_searches(
    both: SearchedBoth, points: tuple[At, At], groups: list[tuple[str, str]], level: float
) -> Iterator[Found]:
    """Give FPIR and FNIR (any rank), failed searches as they are counted in the headline."""
    for group_by, group in groups:
        sides = [
            each.searches.where(each.inside(group_by, group)) for each in (both.first, both.second)
        ]
        for metric in ("fpir", "fnir"):
            yield _found(metric, (group_by, group), (sides[0], sides[1]), points, level, both)


def _found(
    metric: Metric,
    where: tuple[str, str],
    sides: tuple[Searches, Searches],
    points: tuple[At, At],
    level: float,
    both: SearchedBoth,
) -> Found:
    estimates = [
        search_estimate(Asked(metric, at.text, level), side, at.threshold, resolved=True)
        for side, at in zip(sides, points, strict=True)
    ]
    counted = [Counted.of(each) for each in estimates]
    change = None
    if all(each.shown for each in estimates):
        change = _change(metric, estimates, sides, points, level, paired=both.paired)
    return Found(metric, *where, counted[0], counted[1], change)


def _change(
    metric: Metric,
    estimates: list[Estimate],
    sides: tuple[Searches, Searches],
    points: tuple[At, At],
    level: float,
    *,
    paired: bool,
) -> Change:
    first, second = (Side(each.counts, each.looser) for each in estimates)
    if not paired:
        return unpaired_change(first, second, level)
    kept = [side.where(~side.mated if metric == "fpir" else side.mated) for side in sides]
    wrong = [_wrong(metric, side, at.threshold) for side, at in zip(kept, points, strict=True)]
    switched = Switched(
        lost=_counts(kept[1], wrong[1] & ~wrong[0], points[1].threshold, metric),
        gained=_counts(kept[0], wrong[0] & ~wrong[1], points[0].threshold, metric),
    )
    if metric == "fpir":
        return switched_change(switched, level)
    return paired_change(first, second, level, switched=switched)


def _wrong(metric: Metric, part: Searches, threshold: float) -> npt.NDArray[np.bool_]:
    if metric == "fpir":
        return np.asarray(~part.failed & (part.best_non_mate >= threshold))
    return np.asarray(part.failed | (part.rank == 0) | ~(part.best_mate >= threshold))


def _counts(
    part: Searches, wrong: npt.NDArray[np.bool_], threshold: float, metric: Metric
) -> PersonCounts:
    """Count by searcher; alarms share the gallery person that raised them, too."""
    people = int(part.searcher.max(initial=-1)) + 1
    counts = PersonCounts.of_people(
        np.bincount(part.searcher[wrong], minlength=people),
        np.bincount(part.searcher, minlength=people),
    )
    if metric == "fnir":
        return counts
    sole = wrong & (part.runner_up < threshold) & (part.best_non_mate_person >= 0)
    return replace(counts, shared_variance=gallery_variance(part, counts, sole))
