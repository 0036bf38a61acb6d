"""Who the errors touch: the counts that every interval is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]


def effective_people(trials_by_person: npt.ArrayLike) -> float:
    """Kish's effective number of people, `(sum M)^2 / sum M^2`; 0.0 where nobody has a trial.

    One person can be most of a data set; this number then stays near one however many others
    there are (Kish, Survey Sampling, 1965, on unequal weights).
    """
    trials = np.asarray(trials_by_person, dtype=np.float64)
    squares = float(np.sum(trials**2))
    return float(np.sum(trials)) ** 2 / squares if squares else 0.0


@dataclass(frozen=True, eq=False)
class PersonCounts:
    """Errors and trials, in total and as they touch each person.

    A mated trial touches one person, a non-mated trial touches two, so for non-mated trials the
    arrays add up to twice the totals.

    Attributes:
        errors: trials that went wrong.
        trials: trials made.
        errors_by_person: errors that touch each person, in either role.
        trials_by_person: trials that touch each person, aligned; zeros are ignored.
        erring_units: distinct pairs of people (mated trials: people) with at least one error.
        units: distinct pairs of people (mated trials: people) compared at all.
        pair_moments: `sum e^2, sum e m, sum m^2` over unordered pairs of people, both directions
            of a pair added; None for mated trials, where the person is the unit.
        pair_rate_sum: `sum e/m` over the same pairs, for the bound that assumes nothing; None
            where it is not known.
        shared_variance: variance of the rate known from elsewhere, as where searches share a
            gallery; intervals use it where it is the larger one.
    """

    errors: int
    trials: int
    errors_by_person: Counts
    trials_by_person: Counts
    erring_units: int
    units: int
    pair_moments: tuple[float, float, float] | None = None
    pair_rate_sum: float | None = None
    shared_variance: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.errors <= self.trials:
            raise ValueError(
                f"{self.errors} errors in {self.trials} trials is impossible; count the errors "
                "among the trials themselves."
            )
        if self.errors_by_person.shape != self.trials_by_person.shape:
            raise ValueError(
                "errors_by_person and trials_by_person differ in length; give both one entry "
                "a person, in the same order."
            )

    @classmethod
    def of_people(
        cls, errors_by_person: npt.ArrayLike, trials_by_person: npt.ArrayLike
    ) -> PersonCounts:
        """Counts of trials that touch one person each: mated trials, samples or searches."""
        errors = np.asarray(errors_by_person, dtype=np.int64)
        trials = np.asarray(trials_by_person, dtype=np.int64)
        return cls(
            errors=int(errors.sum()),
            trials=int(trials.sum()),
            errors_by_person=errors,
            trials_by_person=trials,
            erring_units=int(np.count_nonzero(errors)),
            units=int(np.count_nonzero(trials)),
        )

    @classmethod
    def of_pairs(
        cls,
        first: npt.ArrayLike,
        second: npt.ArrayLike,
        errors: npt.ArrayLike,
        trials: npt.ArrayLike,
        *,
        people: int,
    ) -> PersonCounts:
        """Counts of non-mated trials, listed by the two people of each row.

        Args:
            first: person code, 0 to `people - 1`, on one side of each row.
            second: person code on the other side.
            errors: errors of each row; a row may be one trial or all trials of a pair.
            trials: trials of each row.
            people: how many codes there are.

        Rows of one pair are added, in whichever order they name its people.
        """
        codes = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
        if np.any(codes[0] == codes[1]):
            raise ValueError("A non-mated trial names one person twice; list mated trials apart.")
        low, high = np.minimum(*codes), np.maximum(*codes)
        keys, rows = np.unique(low * people + high, return_inverse=True)
        e = np.bincount(rows, np.asarray(errors, dtype=np.float64), keys.size)
        m = np.bincount(rows, np.asarray(trials, dtype=np.float64), keys.size)
        pair = keys // people, keys % people
        compared = m > 0
        return cls(
            errors=round(e.sum()),
            trials=round(m.sum()),
            errors_by_person=_on_people(*pair, e, people),
            trials_by_person=_on_people(*pair, m, people),
            erring_units=int(np.count_nonzero(e)),
            units=int(np.count_nonzero(compared)),
            pair_moments=(float(e @ e), float(e @ m), float(m @ m)),
            pair_rate_sum=float(np.sum(e[compared] / m[compared])),
        )

    @property
    def rate(self) -> float | None:
        """Observed proportion of errors, or None where there were no trials."""
        return self.errors / self.trials if self.trials else None

    @property
    def subjects(self) -> int:
        """Distinct people behind the trials."""
        return int(np.count_nonzero(self.trials_by_person))

    @property
    def kish(self) -> float:
        """Effective number of people, as if each had as many trials as the others."""
        return effective_people(self.trials_by_person)

    @property
    def largest_share(self) -> float | None:
        """Share of the trials that touch the most frequent person."""
        return int(self.trials_by_person.max()) / self.trials if self.trials else None

    @property
    def balanced_rate(self) -> float | None:
        """Mean of the people's own rates, so that no one person is the result."""
        tried = self.trials_by_person > 0
        if not tried.any():
            return None
        return float(np.mean(self.errors_by_person[tried] / self.trials_by_person[tried]))


def _on_people(low: Counts, high: Counts, amount: npt.NDArray[Any], people: int) -> Counts:
    """Add what happened to each pair onto both of its people."""
    total = np.bincount(low, amount, people) + np.bincount(high, amount, people)
    return np.asarray(np.rint(total), dtype=np.int64)
