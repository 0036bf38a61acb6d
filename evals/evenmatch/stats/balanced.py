"""The mean of the people's own rates, for data of which one person is much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from evenmatch.stats.binomial import Interval, exact_high, exact_low, tail_of

if TYPE_CHECKING:
    from evenmatch.stats.people import PersonCounts

PEOPLE_FOR_BALANCED = 30  # people from which a mean of their rates is an estimate


def balanced_interval(counts: PersonCounts, level: float = 0.95) -> Interval | None:
    """Interval of the mean of the people's own rates; None with fewer than two people.

    Clopper and Pearson's at the independent people that the spread of their rates amounts to,
    never more than there are. The rates of two people compared with one another move together:
    a mean over pairs then has up to four times the variance of as many independent rates
    (Hoeffding, Ann. Math. Stat. 19:293, 1948, for means over pairs), and gets it.
    """
    tried = counts.trials_by_person > 0
    n = int(np.count_nonzero(tried))
    if n < 2:
        return None
    rates = counts.errors_by_person[tried] / counts.trials_by_person[tried]
    mean = float(rates.mean())
    tail = tail_of(level) if mean > 0 else 2 * tail_of(level)
    shared = 4 if counts.pair_moments is not None else 1
    variance = shared * float(rates.var(ddof=1)) / n
    # People err alike as far as one can see: each is a trial, and a pair of people is one trial.
    effective = float(n) if shared == 1 else n / 2
    if variance > 0:
        narrowing = float((norm.isf(tail) / student.isf(tail, n - 1)) ** 2)
        spread = mean * (1 - mean) / variance * narrowing
        effective = spread if counts.erring_units >= PEOPLE_FOR_BALANCED else min(effective, spread)
    errors = mean * effective
    low = exact_low(errors, effective, tail)
    return Interval(low, exact_high(errors, effective, tail), "balanced_exact", effective)
