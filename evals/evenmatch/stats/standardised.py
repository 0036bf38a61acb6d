"""A rate made of several strata with fixed weights, as if every group had the same mix."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from evenmatch.stats.binomial import Interval, exact_high, exact_low, tail_of
from evenmatch.stats.intervals import ENOUGH_ERRING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.stats.people import PersonCounts


def standardised_rate(strata: Sequence[PersonCounts], weights: Sequence[float]) -> float:
    """Return the weighted mean of the strata's rates (direct standardisation)."""
    _check(strata, weights)
    if all(each.errors == each.trials for each in strata):
        return 1.0  # which a weighted sum of ones may miss by its rounding
    total = math.fsum(weights)
    parts = (w * each.errors / each.trials for w, each in zip(weights, strata, strict=True))
    return math.fsum(parts) / total


def standardised_interval(
    strata: Sequence[PersonCounts], weights: Sequence[float], level: float = 0.95
) -> Interval:
    """Interval of the standardised rate: Clopper and Pearson's at its effective trials.

    Args:
        strata: counts of one group's strata, each with trials, all listing the same people in
            the same order.
        weights: how much of the common distribution each stratum is.
        level: confidence of the interval.

    One person at a time is left out of all strata together, since they may be in several. With
    fewer than 30 erring units the people, or pairs of people, compared bound the trials too.
    """
    p = standardised_rate(strata, weights)
    shares = np.asarray(weights, dtype=np.float64) / math.fsum(weights)
    tail = tail_of(level) if p > 0 else 2 * tail_of(level)
    tried = np.any([each.trials_by_person > 0 for each in strata], axis=0)
    n = int(np.count_nonzero(tried))
    narrowing = float((norm.isf(tail) / student.isf(tail, max(n - 1, 1))) ** 2)
    limits = [1 / _sum(shares**2 / np.array([each.trials for each in strata]))]
    if _erring(strata) < ENOUGH_ERRING or p == 1:
        limits.append(1 / _sum(shares**2 / np.array([each.units for each in strata])))
    if 0 < p < 1:
        limits.append(p * (1 - p) / _variance(strata, shares, tried) * narrowing)
    effective = min(limits)
    errors = p * effective
    low = exact_low(errors, effective, tail)
    return Interval(low, exact_high(errors, effective, tail), "standardised_exact", effective)


def _variance(strata: Sequence[PersonCounts], shares: np.ndarray, tried: np.ndarray) -> float:
    """Variance from leaving one person out of every stratum, at least that of free trials."""
    moved = np.zeros(tried.size)
    floor = 0.0
    for share, each in zip(shares, strata, strict=True):
        p = each.errors / each.trials
        rest = each.trials - each.trials_by_person
        if np.any(rest <= 0):
            return 0.25  # somebody is the whole stratum: nothing says how it moves without them
        moved += share * (each.errors_by_person - p * each.trials_by_person) / rest
        floor += share**2 * p * (1 - p) / each.trials
    n = np.count_nonzero(tried)
    return max((n - 1) / n * float(moved @ moved), floor)


def _erring(strata: Sequence[PersonCounts]) -> int:
    """Return distinct erring people; pairs of people are taken to be in one stratum each."""
    if any(each.pair_moments is not None for each in strata):
        return sum(each.erring_units for each in strata)
    return int(np.count_nonzero(sum(each.errors_by_person for each in strata)))


def _sum(values: np.ndarray) -> float:
    return float(np.sum(values))


def _check(strata: Sequence[PersonCounts], weights: Sequence[float]) -> None:
    if len(strata) != len(weights) or not strata:
        raise ValueError("Give one weight a stratum, and at least one stratum.")
    if any(each.trials == 0 for each in strata) or any(w <= 0 for w in weights):
        raise ValueError("A stratum without trials or weight has no rate to add; leave it out.")
