"""The same people measured twice: how far a rate moved, with people and not trials as the unit.

Two mask conditions, or two matchers on the same comparisons. McNemar's test takes the comparisons
of one person for independent and finds differences that are none; sums by person do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from evenmatch.stats.binomial import tail_of
from evenmatch.stats.intervals import ENOUGH_ERRING, FEW_ERRING, lower_bound, upper_bound

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.stats.people import PersonCounts

    Doubles = npt.NDArray[np.float64]

MOST_FLIPPED = 16  # people up to which every way to flip their signs is gone through


@dataclass(frozen=True)
class PairedDifference:
    """One rate less another of the same people.

    Attributes:
        value: the rate after, less the rate before.
        low: lower end.
        high: upper end.
        method: `jackknife`, one person left out of both at once, or `bounds`, where too few err
            for that: the widest difference that bounds of the parts allow.
        p_value: two-sided, of no difference; None where nothing can be tested.
    """

    value: float
    low: float
    high: float
    method: Literal["jackknife", "bounds"]
    p_value: float | None


@dataclass(frozen=True, eq=False)
class Switched:
    """Comparisons that were made twice, by which of the two times they went wrong.

    Attributes:
        lost: those wrong only after, among all of them.
        gained: those wrong only before, among all of them.
    """

    lost: PersonCounts
    gained: PersonCounts

    @property
    def people(self) -> int:
        """People any of whose comparisons switched."""
        return int(np.count_nonzero(self.lost.errors_by_person + self.gained.errors_by_person))

    @property
    def staying(self) -> int:
        """People any of whose comparisons did not switch."""
        switched = self.lost.errors_by_person + self.gained.errors_by_person
        return int(np.count_nonzero(self.lost.trials_by_person > switched))


def paired_difference(
    before: PersonCounts,
    after: PersonCounts,
    level: float = 0.95,
    *,
    switched: Switched | None = None,
    looser: tuple[PersonCounts | None, PersonCounts | None] = (None, None),
) -> PairedDifference:
    """Compare two rates of the same people.

    Args:
        before: counts of the one time, every person in a place of their own.
        after: counts of the other, the same people in the same places.
        level: confidence of the interval.
        switched: which comparisons switched, where each was made both times.
        looser: both cells at a looser threshold, for their bounds (`clustered_exact`).

    Where fewer than 10 people switched, or fewer than 10 did not, or where comparisons are not the
    same ones and fewer than 30 units err in both together, the interval is that of bounds, each at
    half the tail. The jackknife's is never narrower than that of comparisons which switch
    independently. Of mated comparisons the test flips the signs of the people's sums, of pairs of
    people it is that of the jackknife.
    """
    if before.errors_by_person.shape != after.errors_by_person.shape:
        raise ValueError(
            "before and after differ in length; give both one entry a person, in the same order."
        )
    value = _rate(after) - _rate(before)
    if few_units(before, after, switched):
        low, high = _bounds(before, after, switched, looser, tail_of(level))
        p_value = None if before.pair_moments else sign_flip_p(person_shifts(before, after))
        return PairedDifference(value, low, high, "bounds", p_value)
    moved = _left_out(after) - _left_out(before)
    touched = (before.trials_by_person > 0) | (after.trials_by_person > 0)
    n = int(np.count_nonzero(touched))
    variance = (n - 1) / n * float(moved[touched] @ moved[touched])
    error = math.sqrt(max(variance, _free_variance(switched) if switched else 0.0))
    reach = float(student.isf(tail_of(level), n - 1)) * error
    if before.pair_moments:
        p_value = float(2 * student.sf(abs(value) / error, n - 1)) if error > 0 else None
    else:
        p_value = sign_flip_p(person_shifts(before, after))
    return PairedDifference(
        value, max(value - reach, -1.0), min(value + reach, 1.0), "jackknife", p_value
    )


def person_shifts(before: PersonCounts, after: PersonCounts) -> Doubles:
    """Return what each person adds to the difference, were both rates the same.

    Their sum is the difference; the pooled rate stands for what a person's trials would give.
    """
    pooled = (before.errors + after.errors) / (before.trials + after.trials)
    sides = [
        (each.errors_by_person - pooled * each.trials_by_person) / each.trials
        for each in (after, before)
    ]
    return np.asarray(sides[0] - sides[1], dtype=np.float64)


def sign_flip_p(shifts: npt.ArrayLike) -> float:
    """P-value of a sum of people's shifts, each of which could as well have had the other sign.

    All ways to flip are gone through for up to 16 people who shift (Fisher, The Design of
    Experiments, 1935, section 21); beyond that the sum is normal with variance `sum shift^2`.
    """
    every = np.asarray(shifts, dtype=np.float64)
    shifted = every[every != 0]
    total = abs(float(shifted.sum()))
    if not shifted.size:
        return 1.0
    if shifted.size > MOST_FLIPPED:
        return float(2 * norm.sf(total / math.sqrt(float(shifted @ shifted))))
    sums = np.zeros(1)
    for one in shifted:
        sums = np.concatenate([sums + one, sums - one])
    as_far = np.abs(sums) >= total * (1 - 1e-9)
    return float(np.mean(as_far))


def few_units(before: PersonCounts, after: PersonCounts, switched: Switched | None = None) -> bool:
    """Say whether too few err, or too few do not, for a variance that one could trust."""
    if switched is not None:
        return min(switched.people, switched.staying) < FEW_ERRING
    return _unlike_the_rest(before) + _unlike_the_rest(after) < ENOUGH_ERRING


def _unlike_the_rest(counts: PersonCounts) -> int:
    """Return how many units err, or of mated comparisons how many do not, if those are fewer."""
    if counts.pair_moments is not None:
        return counts.erring_units
    right = int(np.count_nonzero(counts.trials_by_person > counts.errors_by_person))
    return min(counts.erring_units, right)


def _bounds(
    before: PersonCounts,
    after: PersonCounts,
    switched: Switched | None,
    looser: tuple[PersonCounts | None, PersonCounts | None],
    tail: float,
) -> tuple[float, float]:
    """Return the least and the most that the bounds of two rates allow, each at half the tail."""
    alpha = tail / 2
    less, more = (before, after) if switched is None else (switched.gained, switched.lost)
    first, second = looser if switched is None else (None, None)
    low = lower_bound(more, alpha, second) - upper_bound(less, alpha, first)
    high = upper_bound(more, alpha, second) - lower_bound(less, alpha, first)
    return low, high


def _left_out(counts: PersonCounts) -> Doubles:
    """Rate without each person, less the rate of all; 0 for whom nothing would be left."""
    rest = counts.trials - counts.trials_by_person
    moved = (counts.errors_by_person - _rate(counts) * counts.trials_by_person) / np.maximum(
        rest, 1
    )
    return np.asarray(np.where(rest > 0, -moved, 0.0), dtype=np.float64)


def _free_variance(switched: Switched) -> float:
    """Variance of the difference if comparisons switched independently of one another."""
    lost, gained = _rate(switched.lost), _rate(switched.gained)
    return (lost + gained - (lost - gained) ** 2) / switched.lost.trials


def _rate(counts: PersonCounts) -> float:
    if counts.rate is None:
        raise ValueError("There are no trials to compare; say 'no trials' instead.")
    return counts.rate
