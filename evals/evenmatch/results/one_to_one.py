"""One-to-one comparison: from counted scores to the rows of `error_rates.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from evenmatch.data.benchmark import MASK
from evenmatch.results.model import ErrorRate
from evenmatch.stats.balanced import PEOPLE_FOR_BALANCED, balanced_interval
from evenmatch.stats.cells import cell_status, stated_status
from evenmatch.stats.estimate import Estimate
from evenmatch.stats.intervals import ENOUGH_ERRING
from evenmatch.stats.people import PersonCounts, effective_people

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import numpy.typing as npt

    from evenmatch.data.groups import Group, Groups
    from evenmatch.data.samples import Samples
    from evenmatch.results.model import Threshold
    from evenmatch.scoring.counts import ScoreCounts
    from evenmatch.scoring.touched import Touched

Failures = Literal["non-match", "excluded"]
BOTH_CONVENTIONS: tuple[Failures, Failures] = ("non-match", "excluded")


@dataclass(frozen=True)
class Cell:
    """One cell of one table: two groups of one grouping, and the fine cells they stand for."""

    group_by: str
    probe: Group
    reference: Group

    @property
    def selection(self) -> npt.NDArray[np.bool_]:
        """The fine (probe group, reference group) cells, as a boolean matrix."""
        return np.outer(self.probe.members, self.reference.members)

    @property
    def within(self) -> bool:
        """Whether both sides are one group."""
        return self.probe.label == self.reference.label


def cells(groups: Groups, *, symmetric: bool) -> Iterator[Cell]:
    """Give every cell of every grouping; cross-group cells once where order does not matter."""
    for group_by, members in groups.groupings.items():
        for place, probe in enumerate(members):
            for reference in members[place:] if symmetric else members:
                yield Cell(group_by, probe, reference)


@dataclass(frozen=True)
class Stated:
    """A row, and the estimate behind it, of which further questions can be asked."""

    row: ErrorRate
    estimate: Estimate


def stated_rates(
    counts: ScoreCounts, groups: Groups, thresholds: Sequence[Threshold], level: float
) -> Iterator[Stated]:
    """Give the FMR and FNMR rows of one matcher under one mask condition.

    Args:
        counts: the counted scores of the condition.
        groups: the groupings asked for.
        thresholds: the matcher's operating points.
        level: confidence of the intervals.
    """
    # A cross-group cell has mated trials only where the attribute is the photograph's.
    table = [
        (cell, cell.within or counts.false_non_matches(cell.selection, 0.0).trials > 0)
        for cell in cells(groups, symmetric=counts.plan.symmetric)
    ]
    for threshold in thresholds:
        for cell, mated in table:
            yield _fmr_row(counts, cell, threshold, level)
            if mated:
                yield from _fnmr_rows(counts, cell, threshold, level)


def stated_cell(
    counts: ScoreCounts, cell: Cell, threshold: Threshold, level: float
) -> Iterator[Stated]:
    """Give the rows of a group within itself at one threshold."""
    yield _fmr_row(counts, cell, threshold, level)
    yield from _fnmr_rows(counts, cell, threshold, level)


def _fmr_row(counts: ScoreCounts, cell: Cell, threshold: Threshold, level: float) -> Stated:
    touched = counts.false_matches(cell.selection, threshold.threshold)
    looser = None
    if needs_looser(touched):
        looser = counts.false_matches_looser(cell.selection, threshold.threshold)
    sides: tuple[npt.NDArray[np.int64], ...]
    if counts.plan.symmetric and cell.within:
        # Which of two people a list names first means nothing: both sides are the same group.
        sides = (touched.trials_by_person,)
    else:
        sides = (touched.probe_people_trials, touched.reference_people_trials)
    estimate = _estimate(touched, sides, looser, threshold, level)
    return Stated(_row("fmr", "excluded", estimate, counts, cell, threshold), estimate)


def _fnmr_rows(
    counts: ScoreCounts, cell: Cell, threshold: Threshold, level: float
) -> Iterator[Stated]:
    for failures in BOTH_CONVENTIONS:
        touched = counts.false_non_matches(cell.selection, threshold.threshold, failures)
        looser = None
        if needs_looser(touched):
            looser = counts.false_non_matches_looser(
                cell.selection, threshold.threshold, failures=failures
            )
        estimate = _estimate(touched, (touched.trials_by_person,), looser, threshold, level)
        yield Stated(_row("fnmr", failures, estimate, counts, cell, threshold), estimate)


def needs_looser(touched: Touched) -> bool:
    """Say whether an interval needs the cell at a looser threshold too (`clustered_exact`)."""
    return touched.trials > 0 and touched.erring_units < ENOUGH_ERRING


def _estimate(
    touched: Touched,
    sides: tuple[npt.NDArray[np.int64], ...],
    looser: tuple[float, Touched] | None,
    threshold: Threshold,
    level: float,
) -> Estimate:
    kish = [effective_people(side) for side in sides]
    status = cell_status(
        trials=touched.trials,
        erring_units=touched.erring_units,
        kish=kish,
        resolved=threshold.status != "unresolvable",
    )
    loosened = person_counts(looser[1]) if looser else None
    return Estimate(person_counts(touched), status, level, loosened, kish=min(kish))


def person_counts(touched: Touched) -> PersonCounts:
    """Hand the counts of the scoring room to the statistics."""
    moments = touched.pair_moments
    return PersonCounts(
        errors=touched.errors,
        trials=touched.trials,
        errors_by_person=touched.errors_by_person,
        trials_by_person=touched.trials_by_person,
        erring_units=touched.erring_units,
        units=touched.units,
        pair_moments=(moments.ee, moments.em, moments.mm) if moments else None,
    )


def acquisition_rows(
    matcher: str, failures: Collection[int], samples: Samples, groups: Groups, level: float
) -> Iterator[ErrorRate]:
    """Give the failure-to-acquire rows of one matcher: photographs without a template."""
    failed = np.zeros(len(samples), dtype=bool)
    failed[list(failures)] = True
    people = samples.people
    for mask in samples.mask_values:
        rows = (samples.table[MASK] == mask).to_numpy()
        for group_by, members in groups.groupings.items():
            for group in members:
                tried = rows & groups.rows(group)
                codes = people[tried]
                counts = PersonCounts.of_people(
                    np.bincount(codes, weights=failed[tried]).astype(np.int64),
                    np.bincount(codes),
                )
                status = cell_status(
                    trials=counts.trials, erring_units=counts.erring_units, kish=[counts.kish]
                )
                estimate = Estimate(counts, status, level, kish=counts.kish)
                yield ErrorRate(
                    matcher=matcher,
                    metric="fta",
                    operating_point=None,
                    threshold=None,
                    set_on=None,
                    probe_mask=mask,
                    reference_mask=None,
                    group_by=group_by,
                    probe_group=group.label,
                    reference_group=None,
                    failures=None,
                    **_numbers(estimate),
                )


def _row(
    metric: Literal["fmr", "fnmr"],
    failures: Failures,
    estimate: Estimate,
    counts: ScoreCounts,
    cell: Cell,
    threshold: Threshold,
) -> ErrorRate:
    return ErrorRate(
        matcher=threshold.matcher,
        metric=metric,
        operating_point=threshold.operating_point,
        threshold=threshold.threshold,
        set_on=threshold.set_on,
        probe_mask=counts.plan.probe_mask,
        reference_mask=counts.plan.reference_mask,
        group_by=cell.group_by,
        probe_group=cell.probe.label,
        reference_group=cell.reference.label,
        failures=failures,
        **_numbers(estimate),
    )


def _numbers(estimate: Estimate) -> dict[str, object]:
    """Return the columns that every estimate fills in, empty where it may not be shown."""
    interval, reference = estimate.interval(), estimate.reference_interval()
    counts = estimate.counts
    return {
        "errors": counts.errors,
        "trials": counts.trials,
        "subjects": counts.subjects,
        "rate": estimate.rate,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "level": estimate.level,
        "method": estimate.method,
        "status": stated_status(estimate.status),
        "erring_units": counts.erring_units,
        "effective_trials": interval.effective_trials if interval else None,
        "wilson_low": reference.low if reference else None,
        "wilson_high": reference.high if reference else None,
        "largest_share": counts.largest_share,
        **_balanced(estimate),
    }


def _balanced(estimate: Estimate) -> dict[str, float | None]:
    """Return the mean of the people's rates, which people in number support by themselves.

    It is there where the pooled rate is, and also where one person is so much of the data that
    the pooled rate may not be shown, if there are enough people beside that one.
    """
    counts = estimate.counts
    many = counts.subjects >= PEOPLE_FOR_BALANCED
    interval = balanced_interval(counts, estimate.level) if many else None
    return {
        "balanced_rate": counts.balanced_rate if estimate.shown or many else None,
        "n_kish": estimate.kish,
        "balanced_low": interval.low if interval else None,
        "balanced_high": interval.high if interval else None,
    }
