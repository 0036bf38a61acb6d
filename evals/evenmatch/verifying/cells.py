"""One cell of one table, counted from a score table by other means than the audit's own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from evenmatch.stats.balanced import PEOPLE_FOR_BALANCED, balanced_interval
from evenmatch.stats.cells import cell_status, stated_status
from evenmatch.stats.estimate import Estimate
from evenmatch.stats.intervals import ENOUGH_ERRING
from evenmatch.stats.people import PersonCounts, effective_people

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

Failures = Literal["non-match", "excluded"]


@dataclass(frozen=True, eq=False)
class CountedCell:
    """The comparisons of one cell.

    Attributes:
        score: similarity; nan where the comparison failed.
        mated: whether both photographs are of one person.
        probe: person on the side of the probe's group.
        reference: person on the other side.
        people: how many person codes there are.
        one_group: whether sides mean nothing: both are one group and order does not matter.
    """

    score: Doubles
    mated: npt.NDArray[np.bool_]
    probe: Codes
    reference: Codes
    people: int
    one_group: bool

    @cached_property
    def scored_non_mated(self) -> npt.NDArray[np.bool_]:
        """Which comparisons are of two people and have a score."""
        return ~self.mated & ~np.isnan(self.score)

    @cached_property
    def _pairs(self) -> tuple[npt.NDArray[np.intp], Codes]:
        """The place of each scored non-mated comparison's pair, and the pairs as one number."""
        chosen = self.scored_non_mated
        one, other = self.probe[chosen], self.reference[chosen]
        key = np.minimum(one, other) * self.people + np.maximum(one, other)
        pairs, place = np.unique(key, return_inverse=True)
        return place.reshape(-1), pairs

    def count_pairs(self, wrong: npt.NDArray[np.bool_]) -> PersonCounts:
        """Count the scored non-mated comparisons that a mark over all comparisons calls wrong."""
        place, pairs = self._pairs
        return PersonCounts.of_pairs(
            pairs // self.people,
            pairs % self.people,
            np.bincount(place[wrong[self.scored_non_mated]], minlength=pairs.size),
            np.bincount(place, minlength=pairs.size),
            people=self.people,
        )

    @cached_property
    def non_mated_kish(self) -> list[float]:
        """Effective people of each side of the non-mated comparisons."""
        chosen = self.scored_non_mated
        sides = [
            np.bincount(each[chosen], minlength=self.people)
            for each in (self.probe, self.reference)
        ]
        if self.one_group:
            sides = [sides[0] + sides[1]]
        return [effective_people(side) for side in sides]

    def false_matches(self, threshold: float) -> PersonCounts:
        """Count non-mated comparisons at or above the threshold."""
        return self.count_pairs(self.score >= threshold)

    def count_people(self, wrong: npt.NDArray[np.bool_]) -> PersonCounts:
        """Count the mated comparisons, failed ones too, that a mark over all calls wrong."""
        return PersonCounts.of_people(
            np.bincount(self.probe[self.mated & wrong], minlength=self.people),
            np.bincount(self.probe[self.mated], minlength=self.people),
        )

    def mated_scores(self, failures: Failures) -> tuple[Doubles, Codes]:
        """Return mated scores, a failure as minus infinity, and whose they are."""
        failed = np.isnan(self.score)
        chosen = self.mated & ~failed if failures == "excluded" else self.mated
        return np.where(failed, -np.inf, self.score)[chosen], self.probe[chosen]

    def false_non_matches(self, threshold: float, failures: Failures) -> PersonCounts:
        """Count mated comparisons below the threshold."""
        score, who = self.mated_scores(failures)
        missed = ~(score >= threshold) | np.isneginf(score)
        return PersonCounts.of_people(
            np.bincount(who[missed], minlength=self.people),
            np.bincount(who, minlength=self.people),
        )

    @property
    def has_mated(self) -> bool:
        """Whether anybody is compared with themselves."""
        return bool(self.mated.any())

    def fmr(self, threshold: float, level: float, *, resolved: bool = True) -> Estimate:
        """Estimate the FMR, with what its interval needs."""
        counts = self.false_matches(threshold)
        looser = None
        if counts.trials and counts.erring_units < ENOUGH_ERRING:
            place, pairs = self._pairs
            if pairs.size >= ENOUGH_ERRING:
                best = np.full(pairs.size, -np.inf)
                np.maximum.at(best, place, self.score[self.scored_non_mated])
                enough = float(np.sort(best)[-ENOUGH_ERRING])
                looser = self.false_matches(min(threshold, enough))
        return _estimate(counts, looser, self.non_mated_kish, level, resolved=resolved)

    def fnmr(
        self, threshold: float, level: float, failures: Failures, *, resolved: bool = True
    ) -> Estimate:
        """Estimate the FNMR, with what its interval needs."""
        counts = self.false_non_matches(threshold, failures)
        looser = None
        if counts.trials and counts.erring_units < ENOUGH_ERRING <= counts.subjects:
            score, who = self.mated_scores(failures)
            worst = np.full(self.people, np.inf)
            np.minimum.at(worst, who, score)
            enough = float(np.nextafter(np.sort(worst)[ENOUGH_ERRING - 1], np.inf))
            looser = self.false_non_matches(max(threshold, enough), failures)
        return _estimate(counts, looser, [counts.kish], level, resolved=resolved)


def _estimate(
    counts: PersonCounts,
    looser: PersonCounts | None,
    kish: list[float],
    level: float,
    *,
    resolved: bool,
) -> Estimate:
    status = cell_status(
        trials=counts.trials, erring_units=counts.erring_units, kish=kish, resolved=resolved
    )
    return Estimate(counts, status, level, looser, kish=min(kish))


def columns_of(estimate: Estimate) -> dict[str, object]:
    """Return what `error_rates.csv` says of an estimate, worked out anew."""
    counts, interval = estimate.counts, estimate.interval()
    reference, many = estimate.reference_interval(), counts.subjects >= PEOPLE_FOR_BALANCED
    balanced = balanced_interval(counts, estimate.level) if many else None
    return {
        "errors": counts.errors,
        "trials": counts.trials,
        "subjects": counts.subjects,
        "rate": estimate.rate,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "method": estimate.method,
        "status": stated_status(estimate.status),
        "erring_units": counts.erring_units,
        "effective_trials": interval.effective_trials if interval else None,
        "wilson_low": reference.low if reference else None,
        "wilson_high": reference.high if reference else None,
        "largest_share": counts.largest_share,
        "balanced_rate": counts.balanced_rate if estimate.shown or many else None,
        "n_kish": estimate.kish,
        "balanced_low": balanced.low if balanced else None,
        "balanced_high": balanced.high if balanced else None,
    }
