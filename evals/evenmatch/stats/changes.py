"""How far a rate moved between two sides, whatever the two have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scipy.stats import norm

from evenmatch.stats.binomial import tail_of
from evenmatch.stats.intervals import lower_bound, upper_bound
from evenmatch.stats.same_people import Switched, paired_difference

if TYPE_CHECKING:
    from collections.abc import Callable

    from evenmatch.stats.people import PersonCounts
    from evenmatch.stats.same_people import PairedDifference

Pairing = Literal["paired_trials", "paired_people", "unpaired"]
Method = Literal["jackknife", "bounds", "recovered"]
Known = tuple[float, float, float]  # rate, low, high
SMALLEST_P = 1e-12


@dataclass(frozen=True)
class Change:
    """The second rate less the first.

    Attributes:
        value: the difference observed.
        low: lower end.
        high: upper end.
        p_value: two-sided, of no difference.
        pairing: what the two sides share: comparisons, people or nothing.
        method: how the interval is made; `recovered` from the intervals of two rates.
    """

    value: float
    low: float
    high: float
    p_value: float
    pairing: Pairing
    method: Method


@dataclass(frozen=True, eq=False)
class Side:
    """One of two rates.

    Attributes:
        counts: errors and trials by person.
        looser: the same at the nearest looser threshold where at least 30 units err.
    """

    counts: PersonCounts
    looser: PersonCounts | None = None


def paired_change(
    first: Side, second: Side, level: float = 0.95, *, switched: Switched | None = None
) -> Change:
    """Compare two rates of the same people, each in one place on both sides.

    Args:
        first: the one side.
        second: the other.
        level: confidence of the interval.
        switched: which comparisons switched, where both sides made the same ones.

    Where the difference of so few has no test of its own, the p-value is the least share of error
    at which the interval leaves out 0.
    """

    def at(confidence: float) -> PairedDifference:
        return paired_difference(
            first.counts,
            second.counts,
            confidence,
            switched=switched,
            looser=(first.looser, second.looser),
        )

    found = at(level)
    p_value = found.p_value
    if p_value is None:
        p_value = _smallest_error(at)
    pairing: Pairing = "paired_people" if switched is None else "paired_trials"
    return Change(found.value, found.low, found.high, p_value, pairing, found.method)


def switched_change(switched: Switched, level: float = 0.95) -> Change:
    """Compare two rates through what switched alone, each part with all its own variance.

    For searches, whose alarms share the gallery as well as the searched person: both parts say so
    in their counts, and their bounds are put together as those of two rates.
    """
    after, before = (_known(Side(part), level) for part in (switched.lost, switched.gained))
    return _recovered(after, before, level, "paired_trials")


def unpaired_change(first: Side, second: Side, level: float = 0.95) -> Change:
    """Compare two rates as if their people were strangers; the wider interval."""
    return _recovered(_known(second, level), _known(first, level), level, "unpaired")


def change_of_intervals(first: Known, second: Known, level: float = 0.95) -> Change:
    """Compare two rates of which only rate and bounds are known, as if of strangers."""
    return _recovered(second, first, level, "unpaired")


def _known(side: Side, level: float) -> Known:
    if side.counts.rate is None:
        raise ValueError("There are no trials on one side; say 'no trials' instead.")
    tail = tail_of(level)
    low = lower_bound(side.counts, tail, side.looser)
    return side.counts.rate, low, upper_bound(side.counts, tail, side.looser)


def _recovered(second: Known, first: Known, level: float, pairing: Pairing) -> Change:
    """Recover each rate's spread towards the bound in question, and add the spreads.

    Zou and Donner, Statistics in Medicine 27:1693 (2008), for independent rates. The p-value is
    that of the spread towards no difference: at most 1 - level where the interval leaves out 0.
    """
    value = second[0] - first[0]
    down = math.hypot(second[0] - second[1], first[2] - first[0])
    up = math.hypot(second[2] - second[0], first[0] - first[1])
    reach = down if value > 0 else up
    p_value = 1.0
    if value != 0:
        z = float(norm.isf(tail_of(level)))
        p_value = max(float(2 * norm.sf(z * abs(value) / reach)), SMALLEST_P) if reach else 1.0
    return Change(
        value, max(value - down, -1.0), min(value + up, 1.0), p_value, pairing, "recovered"
    )


def _smallest_error(at: Callable[[float], PairedDifference]) -> float:
    """Return the least 1 - level at which an interval leaves out 0, to three digits."""

    def leaves_out(alpha: float) -> bool:
        found = at(1 - alpha)
        return found.low > 0 or found.high < 0

    kept, out = math.log(SMALLEST_P), math.log(0.999)
    if not leaves_out(math.exp(out)):
        return 1.0
    if leaves_out(math.exp(kept)):
        return SMALLEST_P
    while out - kept > 1e-3:
        middle = (kept + out) / 2
        kept, out = (kept, middle) if leaves_out(math.exp(middle)) else (middle, out)
    return math.exp(out)
