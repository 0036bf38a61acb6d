"""Two groups, or many: is there a difference, how large may it be, could it have been seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import false_discovery_control, norm

from evenmatch.stats.binomial import tail_of
from evenmatch.stats.intervals import effective_trials, jackknife_variance, lower_bound, upper_bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.stats.people import PersonCounts

Equivalence = Literal["equivalent", "not equivalent", "undecided"]
DEFAULT_MARGIN = 1.25


@dataclass(frozen=True)
class Ratio:
    """One rate over another.

    Attributes:
        value: observed ratio; None where either group has no errors.
        low: lower bound.
        high: upper bound; infinite where the second rate may be zero.
        method: `log_jackknife`, or `score` where errors are few.
        standard_error: of the logarithm; None where it is unknown.
    """

    value: float | None
    low: float
    high: float
    method: str
    standard_error: float | None = None


def rate_ratio(
    a: PersonCounts, b: PersonCounts, level: float = 0.95, *, share_people: bool = False
) -> Ratio:
    """Compare the rate of a with that of b.

    Args:
        a: counts of the one cell.
        b: counts of the other.
        level: confidence of the interval.
        share_people: whether the same people may be in both cells; both then list every person
            in the same order.

    With fewer than 10 erring units on either side the score interval of Koopman (Biometrics
    40:513, 1984) at the effective trials takes the place of the logarithm's normal one.
    """
    tail = tail_of(level)
    if min(a.erring_units, b.erring_units) < 10 and not share_people:
        return _score_ratio(a, b, tail)
    if not a.errors or not b.errors:
        return _from_bounds(a, b, tail)
    variance = log_ratio_variance(a, b) if share_people else _separate_variance(a, b)
    value, error = (a.errors / a.trials) / (b.errors / b.trials), math.sqrt(variance)
    reach = math.exp(norm.isf(tail) * error)
    return Ratio(value, value / reach, value * reach, "log_jackknife", error)


def log_ratio_variance(a: PersonCounts, b: PersonCounts) -> float:
    """Variance of the log ratio, leaving one person out of both cells at once.

    Someone without whom a cell has no error, or no trial, has no logarithm to leave behind; the
    first-order influence of their errors stands in for it.
    """
    logs = _left_out(a) - _left_out(b)
    touched = (a.trials_by_person > 0) | (b.trials_by_person > 0)
    n = int(np.count_nonzero(touched))
    logs = logs[touched]
    return (n - 1) / n * float(np.sum((logs - logs.mean()) ** 2))


def score_interval(
    x: tuple[float, float], y: tuple[float, float], tail: float
) -> tuple[float, float]:
    """Koopman's score interval for the ratio of two proportions.

    Args:
        x: errors and trials of the numerator; both may be fractional.
        y: errors and trials of the denominator.
        tail: probability beyond each end.
    """
    z = float(norm.isf(tail))

    def beyond(log_ratio: float) -> float:
        return _score_statistic(x, y, math.exp(log_ratio)) - z

    def below(log_ratio: float) -> float:
        return _score_statistic(x, y, math.exp(log_ratio)) + z

    wide = 60.0
    low = brentq(beyond, -wide, wide) if beyond(-wide) > 0 > beyond(wide) and x[0] > 0 else None
    high = brentq(below, -wide, wide) if below(-wide) > 0 > below(wide) and y[0] > 0 else None
    return math.exp(low) if low is not None else 0.0, math.exp(
        high
    ) if high is not None else math.inf


def equivalence(ratio: Ratio, margin: float = DEFAULT_MARGIN) -> Equivalence:
    """Two one-sided tests (Schuirmann 1987) from an interval of level 1 - 2 alpha.

    Equivalent if the whole interval lies within the margin declared beforehand; not equivalent
    if it lies wholly outside.
    """
    if margin <= 1:
        raise ValueError(f"A margin of {margin} allows nothing; declare a ratio above 1, as 1.25.")
    if ratio.low >= 1 / margin and ratio.high <= margin:
        return "equivalent"
    outside = ratio.low > margin or ratio.high < 1 / margin
    return "not equivalent" if outside else "undecided"


def smallest_detectable_ratio(
    a: PersonCounts, b: PersonCounts, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Ratio that data like these would show to differ from 1, with the given power; two-sided.

    None where either cell has no errors, and its precision is therefore unknown.
    """
    if not a.errors or not b.errors:
        return None
    error = math.sqrt(_separate_variance(a, b))
    return math.exp((norm.isf(alpha / 2) + norm.isf(1 - power)) * error)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that none is falsely small in the whole family (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, dtype=np.float64)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in adjusted]


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the expected share of false findings stays small."""
    if not p_values:
        return []
    return [float(p) for p in false_discovery_control(p_values, method="bh")]


def _separate_variance(a: PersonCounts, b: PersonCounts) -> float:
    return sum(jackknife_variance(c) / (c.errors / c.trials) ** 2 for c in (a, b))


def _score_ratio(a: PersonCounts, b: PersonCounts, tail: float) -> Ratio:
    sizes = [effective_trials(counts, tail, None) for counts in (a, b)]
    rates = [counts.errors / counts.trials for counts in (a, b)]
    low, high = score_interval(
        (rates[0] * sizes[0], sizes[0]), (rates[1] * sizes[1], sizes[1]), tail
    )
    value = rates[0] / rates[1] if min(rates) > 0 else None
    error = math.sqrt(_separate_variance(a, b)) if min(rates) > 0 else None
    return Ratio(value, low, high, "score", error)


def _from_bounds(a: PersonCounts, b: PersonCounts, tail: float) -> Ratio:
    """Widest ratio that both cells' own bounds allow, each at half the tail."""
    low = lower_bound(a, tail / 2) / upper_bound(b, tail / 2)
    bottom = lower_bound(b, tail / 2)
    high = upper_bound(a, tail / 2) / bottom if bottom > 0 else math.inf
    return Ratio(None, low, high, "bounds")


def _score_statistic(x: tuple[float, float], y: tuple[float, float], ratio: float) -> float:
    """Signed root of the score statistic; falls as the ratio supposed to be true rises."""
    (x1, n1), (x2, n2) = x, y
    square, linear = (n1 + n2) * ratio, n1 * ratio + x1 + n2 + x2 * ratio
    root = math.sqrt(max(linear**2 - 4 * square * (x1 + x2), 0.0))
    p2 = 2 * (x1 + x2) / (linear + root)  # the smaller root, without cancellation
    p1 = min(ratio * p2, 1.0)
    variance = p1 * (1 - p1) / n1 + ratio**2 * p2 * (1 - p2) / n2
    gap = x1 / n1 - ratio * x2 / n2
    return gap / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap)


def _left_out(counts: PersonCounts) -> npt.NDArray[np.float64]:
    """Log rate without each person, less the log rate of all."""
    p = counts.errors / counts.trials
    errors, trials = counts.errors_by_person, counts.trials_by_person
    rest = counts.trials - trials
    remaining = np.maximum(rest, 1)
    without = (counts.errors - errors) / remaining
    influence = -(errors - p * trials) / remaining / p
    usable = (without > 0) & (rest > 0)
    return np.where(usable, np.log(np.where(usable, without, 1.0) / p), influence)
