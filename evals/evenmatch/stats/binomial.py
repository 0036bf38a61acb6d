"""Intervals for a proportion of independent trials, the pieces that the others are built on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy.stats import beta, norm

Alternative = Literal["two-sided", "upper", "lower"]


@dataclass(frozen=True)
class Interval:
    """Where the rate may lie.

    Attributes:
        low: lower bound.
        high: upper bound.
        method: how it was made.
        effective_trials: how many independent trials would say as much; None where the method
            has no such number.
    """

    low: float
    high: float
    method: str
    effective_trials: float | None = None


def tail_of(level: float) -> float:
    """Probability left out on each side of a two-sided interval."""
    if not 0 < level < 1:
        raise ValueError(f"A level of {level} is not possible; give one between 0 and 1, as 0.95.")
    return (1 - level) / 2


def check_counts(errors: float, trials: float) -> None:
    """Refuse counts no experiment can give."""
    if trials <= 0:
        raise ValueError("There are no trials to make an interval from; say 'no trials' instead.")
    if not 0 <= errors <= trials:
        raise ValueError(f"{errors} errors in {trials} trials is impossible; count them again.")


def wilson(errors: float, trials: float, level: float = 0.95) -> Interval:
    """Wilson's score interval (J. Am. Stat. Assoc. 22:209, 1927), two-sided."""
    check_counts(errors, trials)
    low, high = wilson_bounds(errors / trials, trials, norm.isf(tail_of(level)))
    return Interval(low, high, "wilson", trials)


def wilson_bounds(p: float, trials: float, z: float) -> tuple[float, float]:
    """Both ends of Wilson's interval for an observed rate; `trials` may be fractional."""
    scale = 1 + z**2 / trials
    centre = (p + z**2 / (2 * trials)) / scale
    half = z * math.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2)) / scale
    low = 0.0 if p == 0 else max(0.0, float(centre - half))
    high = 1.0 if p == 1 else min(1.0, float(centre + half))
    return low, high


def clopper_pearson(
    errors: float, trials: float, level: float = 0.95, alternative: Alternative = "two-sided"
) -> Interval:
    """Clopper and Pearson's exact interval (Biometrika 26:404, 1934).

    Args:
        errors: errors seen; may be fractional, as an effective number is.
        trials: trials made; may be fractional.
        level: confidence of the interval, or of its one bound.
        alternative: `two-sided`, or the one bound wanted: `upper` leaves `low` at 0 and `lower`
            leaves `high` at 1.
    """
    check_counts(errors, trials)
    tail = tail_of(level) if alternative == "two-sided" else 2 * tail_of(level)
    low = 0.0 if alternative == "upper" else exact_low(errors, trials, tail)
    high = 1.0 if alternative == "lower" else exact_high(errors, trials, tail)
    return Interval(low, high, "clopper_pearson", trials)


def exact_low(errors: float, trials: float, tail: float) -> float:
    """Rate so small that as many errors as seen, or more, have probability `tail`."""
    return float(beta.ppf(tail, errors, trials - errors + 1)) if errors > 0 else 0.0


def exact_high(errors: float, trials: float, tail: float) -> float:
    """Rate so large that as few errors as seen, or fewer, have probability `tail`."""
    return float(beta.isf(tail, errors + 1, trials - errors)) if errors < trials else 1.0


def wilson_from_variance(errors: int, trials: int, variance: float, alpha: float) -> Interval:
    """Wilson's interval at the number of independent trials that `variance` amounts to.

    With the special cases of Fogliato, Patil and Perona (Int. J. Comput. Vis. 2024, arXiv
    2306.01198): a zero rate keeps 0, a full one 1, and one error (or one correct trial) takes
    the limit `ln(1 - alpha)/n`, at alpha as they print it.
    """
    return adjusted_wilson(errors, trials, variance, norm.isf(alpha / 2), edge_tail=alpha)


def adjusted_wilson(
    errors: int, trials: int, variance: float, z: float, *, edge_tail: float
) -> Interval:
    """Wilson's interval at `p(1-p)/variance` trials; `edge_tail` is for one error or all but one.

    Where the variance says nothing (no errors, or nothing else) all trials count.
    """
    check_counts(errors, trials)
    p = errors / trials
    spread = p * (1 - p)
    effective = spread / variance if spread > 0 and variance > 0 else float(trials)
    low, high = wilson_bounds(p, effective, z)
    if errors == 1:
        low = -math.log1p(-edge_tail) / trials
    if errors == trials - 1:
        high = 1 + math.log1p(-edge_tail) / trials
    return Interval(low, high, "clustered_wilson", effective)
