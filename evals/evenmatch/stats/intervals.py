"""Intervals that know that comparisons share people.

`clustered_exact` is the one this project offers (methods 5.2); `clustered_wilson` is the
literature's, kept beside it as the checked reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from evenmatch.stats.binomial import Interval, adjusted_wilson, exact_high, exact_low, tail_of

if TYPE_CHECKING:
    from evenmatch.stats.people import PersonCounts

ENOUGH_ERRING = 30  # from here the cell's own variance is trusted (the rule of 30, methods 1.5)
FEW_ERRING = 10  # below this a pair of people is one trial, however many photographs it has


def jackknife_variance(counts: PersonCounts) -> float:
    """Variance of the rate from leaving out one person at a time.

    `(n-1)/n * sum (E_i - p M_i)^2 / (N - M_i)^2`, never below that of independent trials, nor
    below a variance known from elsewhere (`shared_variance`). Someone who takes part in every
    trial leaves none behind, so that the jackknife cannot say how the rate moves without them;
    the variance is then the largest a proportion can have, `p(1-p)`: one independent trial.
    """
    p = _rate(counts)
    tried = counts.trials_by_person > 0
    errors, trials = counts.errors_by_person[tried], counts.trials_by_person[tried]
    rest = counts.trials - trials
    if np.any(rest <= 0):
        return p * (1 - p)
    moved = (errors - p * trials) / rest
    variance = (trials.size - 1) / trials.size * float(moved @ moved)
    return max(variance, p * (1 - p) / counts.trials, counts.shared_variance)


def design_effect(counts: PersonCounts) -> float | None:
    """How many trials say as much as one independent trial; None where the rate is 0 or 1."""
    p = _rate(counts)
    spread = p * (1 - p)
    return jackknife_variance(counts) * counts.trials / spread if spread > 0 else None


def plug_in_variance(counts: PersonCounts) -> float:
    """Variance of the rate as Fogliato, Patil and Perona estimate it (arXiv 2306.01198)."""
    p = _rate(counts)
    residuals = counts.errors_by_person - p * counts.trials_by_person
    by_person = float(residuals @ residuals)
    if counts.pair_moments is None:
        return by_person / counts.trials**2
    ee, em, mm = counts.pair_moments
    by_pair = max(ee - 2 * p * em + p**2 * mm, 0.0)
    variance = (by_pair + max(by_person - 2 * by_pair, 0.0)) / counts.trials**2
    return max(variance, p * (1 - p) / counts.trials)


def clustered_wilson(counts: PersonCounts, level: float = 0.95) -> Interval:
    """Return the literature's two-sided interval; it under-covers and never decides a claim."""
    tail = tail_of(level)
    variance = plug_in_variance(counts)
    return adjusted_wilson(counts.errors, counts.trials, variance, norm.isf(tail), edge_tail=tail)


def clustered_exact(
    counts: PersonCounts, level: float = 0.95, looser: PersonCounts | None = None
) -> Interval:
    """Return the project's interval: Clopper-Pearson at the effective number of trials.

    Args:
        counts: the cell's errors and trials by person.
        level: confidence of the interval.
        looser: the same cell at the nearest looser threshold where at least 30 units err; needed
            where fewer err at this one, and ignored otherwise.

    Without errors only `high` is a statement: it is one-sided at `level`, and the method says so.
    """
    if counts.errors == 0:
        alpha = 2 * tail_of(level)
        effective = effective_trials(counts, alpha, looser)
        high = exact_high(0.0, effective, alpha)
        return Interval(0.0, high, "clustered_exact_one_sided", effective)
    tail = tail_of(level)
    effective = effective_trials(counts, tail, looser)
    errors = _rate(counts) * effective
    low, high = exact_low(errors, effective, tail), exact_high(errors, effective, tail)
    return Interval(low, high, "clustered_exact", effective)


def upper_bound(
    counts: PersonCounts, alpha: float = 0.05, looser: PersonCounts | None = None
) -> float:
    """Rate that the true one exceeds with probability at most `alpha`; one-sided."""
    effective = effective_trials(counts, alpha, looser)
    return exact_high(_rate(counts) * effective, effective, alpha)


def lower_bound(
    counts: PersonCounts, alpha: float = 0.05, looser: PersonCounts | None = None
) -> float:
    """Rate that the true one falls below with probability at most `alpha`; one-sided."""
    effective = effective_trials(counts, alpha, looser)
    return exact_low(_rate(counts) * effective, effective, alpha)


def effective_trials(counts: PersonCounts, tail: float, looser: PersonCounts | None) -> float:
    """How many independent trials the cell amounts to, for a bound with `tail` beyond it.

    The smallest of: all trials; what the cell's own variance says; with fewer than 30 erring
    units what the design effect at the looser threshold says; with fewer than 10 the number of
    units compared. Two cases the method leaves open are taken on the safe side: from 10 to 29
    erring units without a looser threshold, and a rate of exactly 1, the units bound holds too.
    """
    p = _rate(counts)
    narrowing = _student_factor(counts.subjects, tail)
    limits = [float(counts.trials)]
    if 0 < p < 1:
        limits.append(p * (1 - p) / jackknife_variance(counts) * narrowing)
    effect = None
    if counts.erring_units < ENOUGH_ERRING:
        effect = _looser_effect(looser)
        limits += [counts.trials / effect * narrowing] if effect is not None else []
    few = FEW_ERRING if effect is not None else ENOUGH_ERRING
    if counts.erring_units < few or p == 1:
        limits.append(float(counts.units))
    return min(limits)


def _rate(counts: PersonCounts) -> float:
    if counts.rate is None:
        raise ValueError("There are no trials to make an interval from; say 'no trials' instead.")
    return counts.rate


def _looser_effect(looser: PersonCounts | None) -> float | None:
    """Design effect at the looser threshold, where enough units err there to tell."""
    if looser is None or looser.erring_units < ENOUGH_ERRING:
        return None
    return design_effect(looser)


def _student_factor(people: int, tail: float) -> float:
    """Shrink the effective trials as a variance from few people deserves.

    The squared ratio of the normal to the Student quantile. A median quantile is 0 for both,
    and one person has no degrees of freedom: the factor is then 1 and near 0.
    """
    if tail == 0.5:
        return 1.0
    if people < 2:
        return float(np.finfo(np.float64).tiny)
    return float((norm.isf(tail) / student.isf(tail, people - 1)) ** 2)
