"""Rows of `strata.csv`: rates within strata of a confounder, and as if all had the same mix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.results.group_rows import Stratum
from evenmatch.results.one_to_one import needs_looser, person_counts
from evenmatch.scoring.refining import refined
from evenmatch.stats.cells import cell_status, stated_status
from evenmatch.stats.estimate import Estimate
from evenmatch.stats.standardised import standardised_interval, standardised_rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from evenmatch.data.groups import Groups
    from evenmatch.data.strata import Stratification
    from evenmatch.results.group_slices import GroupSlice
    from evenmatch.results.one_to_one import Stated
    from evenmatch.scoring.counts import ScoreCounts
    from evenmatch.scoring.touched import Touched

CRUDE, STANDARDISED = "crude", "standardised"


@dataclass(frozen=True)
class Confounded:
    """One matcher's counts, and the strata to look at them in."""

    counts: Sequence[ScoreCounts]
    groups: Groups
    stratifications: Sequence[Stratification]
    level: float


def strata_rows(slices: Sequence[GroupSlice], data: Confounded) -> tuple[list[Stratum], list[str]]:
    """Give rates by group and stratum, standardised rates, and notices of what was not possible.

    The common distribution is that of all trials of the groups compared, over the strata in
    which each of them has people enough to show a rate.
    """
    rows: list[Stratum] = []
    lacking: dict[str, None] = {}
    divided = _Divided(data)
    for stratification in data.stratifications:
        for one in slices:
            found = [divided.strata(one, each, stratification) for each in one.usable]
            if any(strata is None for strata in found):
                lacking[
                    f"Rates by {stratification.column} at {one.where.operating_point} are not "
                    f"given for {one.where.matcher}: its scores below what was kept would have "
                    "to be counted again; raise `compute.keep_scores` or `compute.keep_tail`."
                ] = None
                continue
            rows += _slice_rows(one, stratification, [each or [] for each in found], data.level)
    return rows, list(lacking)


class _Divided:
    """Counts of each group divided by classes, made once for all operating points."""

    def __init__(self, data: Confounded) -> None:
        self._data = data
        self._known: dict[tuple[str, str, str, str, str], ScoreCounts | None] = {}

    def strata(
        self, one: GroupSlice, each: Stated, stratification: Stratification
    ) -> list[Estimate] | None:
        """Return an estimate a stratum; None where the counts cannot say."""
        counts = self._counts(one, each, stratification)
        threshold = each.row.threshold
        if counts is None or threshold is None:
            return None
        n = stratification.n_classes
        if one.where.metric == "fmr" and threshold < counts.cut(np.ones((n + 1, n + 1), bool)):
            return None
        estimates = []
        for place in range(len(stratification.names)):
            chosen = np.zeros((n + 1, n + 1), dtype=bool)
            chosen[:n, :n] = stratification.strata == place
            estimates.append(self._estimate(counts, chosen, one, each))
        return estimates

    def _counts(
        self, one: GroupSlice, each: Stated, stratification: Stratification
    ) -> ScoreCounts | None:
        masks = (one.where.probe_mask, one.where.reference_mask)
        key = (*masks, one.where.group_by, each.row.probe_group, stratification.column)
        if key not in self._known:
            groups = self._data.groups
            group = next(
                group
                for group in groups.groupings[one.where.group_by]
                if group.label == each.row.probe_group
            )
            whole = next(
                counts
                for counts in self._data.counts
                if (counts.plan.probe_mask, counts.plan.reference_mask) == masks
            )
            self._known[key] = refined(
                whole, groups.rows(group), stratification.classes, stratification.n_classes
            )
        return self._known[key]

    def _estimate(
        self, counts: ScoreCounts, chosen: npt.NDArray[np.bool_], one: GroupSlice, each: Stated
    ) -> Estimate:
        threshold = float(each.row.threshold or 0.0)
        looser: tuple[float, Touched] | None = None
        if one.where.metric == "fmr":
            touched = counts.false_matches(chosen, threshold)
            if needs_looser(touched):
                looser = counts.false_matches_looser(chosen, threshold)
        else:
            touched = counts.false_non_matches(chosen, threshold)
            if needs_looser(touched):
                looser = counts.false_non_matches_looser(chosen, threshold)
        found = person_counts(touched)
        status = cell_status(
            trials=found.trials, erring_units=found.erring_units, kish=[found.kish]
        )
        loosened = person_counts(looser[1]) if looser else None
        return Estimate(found, status, self._data.level, loosened)


def _slice_rows(
    one: GroupSlice,
    stratification: Stratification,
    found: Sequence[Sequence[Estimate]],
    level: float,
) -> Iterator[Stratum]:
    trials = np.array([[each.trials for each in strata] for strata in found], dtype=np.float64)
    pooled = trials.sum(axis=0)
    common = [
        place for place in range(trials.shape[1]) if all(strata[place].shown for strata in found)
    ]
    weights = pooled / pooled[common].sum() if common else pooled * 0
    for group, strata, own in zip(one.usable, found, trials, strict=True):
        shared = one.where._asdict() | {
            "group": group.row.probe_group,
            "column": stratification.column,
            "level": level,
        }
        for place, estimate in enumerate(strata):
            if not pooled[place]:
                continue
            yield Stratum(
                **shared,
                stratum=stratification.names[place],
                **_numbers(estimate),
                share=float(own[place] / own.sum()) if own.sum() else None,
                common_share=float(weights[place]) if place in common else 0.0,
            )
        yield Stratum(
            **shared, stratum=CRUDE, **_numbers(group.estimate), share=1.0, common_share=None
        )
        yield Stratum(
            **shared,
            stratum=STANDARDISED,
            **_standardised([strata[k] for k in common], weights[common], level),
            share=float(own[common].sum() / own.sum()) if own.sum() else None,
            common_share=float(pooled[common].sum() / pooled.sum()),
        )


def _numbers(estimate: Estimate) -> dict[str, object]:
    interval = estimate.interval()
    return {
        "errors": estimate.errors,
        "trials": estimate.trials,
        "subjects": estimate.subjects,
        "rate": estimate.rate,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "status": stated_status(estimate.status),
    }


def _standardised(
    strata: Sequence[Estimate], weights: Sequence[float], level: float
) -> dict[str, object]:
    """Return the numbers of a standardised rate; suppressed where no stratum is common."""
    counts = [each.counts for each in strata]
    numbers: dict[str, object] = {
        "errors": sum(each.errors for each in counts),
        "trials": sum(each.trials for each in counts),
        "subjects": 0,
        **dict.fromkeys(("rate", "low", "high")),
        "status": "suppressed",
    }
    if not counts:
        return numbers
    tried = np.any([each.trials_by_person > 0 for each in counts], axis=0)
    interval = standardised_interval(counts, list(weights), level)
    estimate = any(each.status == "estimate" for each in strata)
    return numbers | {
        "subjects": int(np.count_nonzero(tried)),
        "rate": standardised_rate(counts, list(weights)),
        "low": interval.low,
        "high": interval.high,
        "status": "estimate" if estimate else "upper_bound",
    }
