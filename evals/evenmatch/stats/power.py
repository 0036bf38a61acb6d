"""How many trials and people a statement needs, before the data are collected."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, norm

if TYPE_CHECKING:
    from collections.abc import Callable

Longs = npt.NDArray[np.int64]

EXACT_OVER_NORMAL = 1.06  # an exact two-group test needs about 6% more than the normal formula


def trials_to_support(bound: float, errors: int, alpha: float = 0.05) -> int:
    """Fewest independent trials in which so many errors still support a rate of at most `bound`.

    The one-sided Clopper-Pearson upper bound then lies at `bound` or below.
    """
    _check_rates(bound)
    return int(_support_starts(bound, np.array([errors]), alpha)[0])


def planned_trials(bound: float, truth: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Independent trials from which a true claim is supported, or a false one refuted.

    A truth below the bound plans for support, one above it for refutation. Power climbs in saw
    teeth, one for each number of errors; from the size given on it never again falls below
    `power`.

    Args:
        bound: the claimed upper limit of the rate.
        truth: the rate supposed to be true.
        alpha: one-sided error.
        power: chance wanted.
    """
    _check_rates(bound, truth)
    if truth == bound:
        raise ValueError("No number of trials decides a claim that is exactly true; move `truth`.")
    plan = _plan_support if truth < bound else _plan_refute
    teeth = int(4 * _normal_size(bound, truth, alpha, power) * bound) + 20
    return plan(bound, truth, alpha, power, teeth)


def chance_to_decide(bound: float, truth: float, trials: int, alpha: float = 0.05) -> float:
    """Chance that independent trials support a claim (truth below it) or refute it (above)."""
    _check_rates(bound, truth)
    if truth <= bound:
        most = int(binom.ppf(alpha, trials, bound))
        most -= int(binom.cdf(most, trials, bound) > alpha)
        return float(binom.cdf(most, trials, truth)) if most >= 0 else 0.0
    return float(binom.sf(binom.isf(alpha, trials, bound), trials, truth))


def trials_per_group(a: float, b: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Independent trials each of two groups needs to show that rates a and b differ.

    The normal formula for two proportions, two-sided; an exact test needs `EXACT_OVER_NORMAL`
    times as many.
    """
    _check_rates(a, b)
    if a == b:
        raise ValueError("Equal rates cannot be shown to differ; plan an equivalence margin.")
    mean = (a + b) / 2
    under_null = norm.isf(alpha / 2) * math.sqrt(2 * mean * (1 - mean))
    under_truth = norm.isf(1 - power) * math.sqrt(a * (1 - a) + b * (1 - b))
    return int(np.ceil(((under_null + under_truth) / (a - b)) ** 2))


@dataclass(frozen=True)
class Plan:
    """What to collect.

    Attributes:
        effective: independent trials the statement needs.
        trials: comparisons that amount to as many.
        people: people who give these comparisons.
        people_guaranteed: people with which it holds however comparisons depend on one another.
    """

    effective: int
    trials: int
    people: int
    people_guaranteed: int


def plan_mated(effective: int, *, photographs: int, correlation: float) -> Plan:
    """Plan mated comparisons: each person's photographs are compared with each other.

    Args:
        effective: independent trials needed.
        photographs: photographs a person, at least two.
        correlation: correlation of two comparisons of one person, 0 to 1.
    """
    if photographs < 2 or not 0 <= correlation <= 1:
        raise ValueError("Mated comparisons need two photographs and a correlation from 0 to 1.")
    per_person = photographs * (photographs - 1) // 2
    effect = 1 + (per_person - 1) * correlation
    people = math.ceil(effective * effect / per_person)
    return Plan(effective, people * per_person, people, effective)


def plan_non_mated(effective: int, *, photographs: int = 1, design_effect: float) -> Plan:
    """Plan non-mated comparisons: everybody is compared with everybody else once.

    Args:
        effective: independent trials needed.
        photographs: photographs a person.
        design_effect: comparisons that say as much as one independent one; 2 to 40 on real faces.
    """
    if photographs < 1 or design_effect < 1:
        raise ValueError("Give at least one photograph a person and a design effect from 1 up.")
    pairs = effective * design_effect / photographs**2
    people = math.ceil((1 + math.sqrt(1 + 8 * pairs)) / 2)
    return Plan(effective, people * (people - 1) // 2 * photographs**2, people, 2 * effective)


def _plan_support(bound: float, truth: float, alpha: float, power: float, teeth: int) -> int:
    """Walk the teeth: with x errors allowed, power is least just before x + 1 are."""
    starts = _support_starts(bound, np.arange(teeth + 1), alpha)
    least = binom.cdf(np.arange(teeth), starts[1:] - 1, truth)
    failing = np.flatnonzero(least < power)
    if not failing.size:
        return int(starts[0])
    return int(starts[failing[-1] + 1])


def _plan_refute(bound: float, truth: float, alpha: float, power: float, teeth: int) -> int:
    """Walk the teeth: where c errors refute, power is least at the first size that needs c."""
    critical = np.arange(1, teeth + 1)
    ends = _bisect(lambda n: binom.sf(critical - 1, n, bound) > alpha, critical) - 1
    first = np.concatenate([[1], ends[:-1] + 1])
    failing = np.flatnonzero(binom.sf(critical - 1, first, truth) < power)
    last = int(failing[-1]) if failing.size else 0
    c = critical[[last]]
    return int(min(_bisect(lambda n: binom.sf(c - 1, n, truth) >= power, c)[0], ends[last] + 1))


def _support_starts(bound: float, errors: Longs, alpha: float) -> Longs:
    """Fewest trials in which each number of errors still supports the bound."""
    return _bisect(lambda n: binom.cdf(errors, n, bound) <= alpha, errors + 1)


def _bisect(reached: Callable[[Longs], npt.NDArray[np.bool_]], start: Longs) -> Longs:
    """Smallest whole numbers from `start` up at which a condition, once true, stays true."""
    low, high = start - 1, start.copy()
    while not (done := reached(high)).all():
        low, high = np.where(done, low, high), np.where(done, high, high * 2)
    while np.any(high - low > 1):
        middle = np.maximum((low + high) // 2, start)
        done = reached(middle)
        low, high = np.where(done, low, middle), np.where(done, middle, high)
        low = np.minimum(low, high - 1)
    return high


def _normal_size(bound: float, truth: float, alpha: float, power: float) -> float:
    """Trials by the normal approximation; only to know how far to look."""
    spread = norm.isf(alpha) * math.sqrt(bound * (1 - bound))
    spread += norm.isf(1 - power) * math.sqrt(truth * (1 - truth))
    return float((spread / (bound - truth)) ** 2)


def _check_rates(*rates: float) -> None:
    for rate in rates:
        if not 0 < rate < 1:
            raise ValueError(f"A rate of {rate} cannot be planned for; give one between 0 and 1.")
