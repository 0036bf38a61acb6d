"""Errors and trials by person: what an interval that knows pairs share people needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Counts = npt.NDArray[np.int64]
    Codes = npt.NDArray[np.integer]


@dataclass(frozen=True)
class PairMoments:
    """Sums over unordered pairs of people, both directions added where both were tried.

    Attributes:
        ee: sum of squared errors of a pair.
        em: sum of errors times trials of a pair.
        mm: sum of squared trials of a pair.
    """

    ee: int
    em: int
    mm: int


@dataclass(frozen=True)
class Touched:
    """Errors among trials, and how both fall on people.

    Attributes:
        errors: trials decided wrongly.
        trials: trials counted.
        errors_by_person: errors that touch each person, in either role.
        trials_by_person: trials that touch each person, in either role.
        erring_units: distinct people (mated) or unordered pairs of people (non-mated) that err.
        units: distinct people or pairs of people compared.
        pair_moments: sums over pairs of people; None for mated trials.
        probe_people_trials: trials by person as probe.
        reference_people_trials: trials by person as reference.
    """

    errors: int
    trials: int
    errors_by_person: Counts
    trials_by_person: Counts
    erring_units: int
    units: int
    pair_moments: PairMoments | None
    probe_people_trials: Counts
    reference_people_trials: Counts

    @property
    def people(self) -> int:
        """Distinct people behind the trials."""
        return int(np.count_nonzero(self.trials_by_person))


@dataclass(frozen=True)
class Erring:
    """Errors of non-mated trials as they fall on people and on pairs of people."""

    errors: int
    by_person: Counts
    units: int
    ee: int
    em: int


def erring(
    first: Codes, second: Codes, n_people: int, trials_between: Callable[[Codes, Codes], Counts]
) -> Erring:
    """Sum errors, one (first, second) pair of person codes each, by person and pair of people.

    Args:
        first: person on one side of each error.
        second: person on the other side.
        n_people: number of person codes.
        trials_between: trials of each given pair of people, both directions added.
    """
    low, high = np.minimum(first, second).astype(np.int64), np.maximum(first, second)
    pairs, count = np.unique(low * n_people + high, return_counts=True)
    i, j = pairs // max(n_people, 1), pairs % max(n_people, 1)
    return Erring(
        errors=int(first.size),
        by_person=by_person(i, j, count, n_people),
        units=int(pairs.size),
        ee=int(np.sum(count * count)),
        em=int(np.sum(count * trials_between(i, j))),
    )


def score_of_unit(
    scores: npt.NDArray[np.float64], first: Codes, second: Codes, n_people: int, units: int
) -> float | None:
    """Return the score at which a given number of distinct pairs of people is reached.

    Args:
        scores: falling scores.
        first: person on one side of each.
        second: person on the other.
        n_people: number of person codes.
        units: pairs of people wanted; None is returned where there are fewer.
    """
    low, high = np.minimum(first, second).astype(np.int64), np.maximum(first, second)
    _, seen = np.unique(low * n_people + high, return_index=True)
    return float(scores[np.sort(seen)[units - 1]]) if seen.size >= units else None


def by_person(first: Codes, second: Codes, count: Counts, n_people: int) -> Counts:
    """Return, by person, the sum of counts of the pairs that touch them, each pair once."""
    total = weighted(first, count, n_people) + weighted(second, count, n_people)
    own = first == second
    return total - weighted(first[own], count[own], n_people)


def weighted(codes: Codes, count: Counts, n_people: int) -> Counts:
    """Return sums of integer counts by code; exact, since they stay below 2**53."""
    return np.bincount(codes, weights=count, minlength=n_people).astype(np.int64)
