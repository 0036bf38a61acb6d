"""The bound that holds however the comparisons depend on one another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy.optimize import brentq

if TYPE_CHECKING:
    from evenmatch.stats.people import PersonCounts


def guaranteed_high(
    counts: PersonCounts, alpha: float = 0.05, *, sides: tuple[int, int] | None = None
) -> float:
    """Upper bound on the rate that assumes only that people are drawn independently.

    Solves `k KL(p || U) = ln(1/alpha)`: the pairs of people fall into rounds of disjoint pairs,
    which are independent, and the average over rounds obeys the bound of one round of size k
    (Hoeffding, J. Am. Stat. Assoc. 58:13, 1963, sections 2 and 5).

    Args:
        counts: errors and trials by person; every pair (person) has equal weight in the rate.
        alpha: probability with which the true rate may lie above.
        sides: how many people each of two disjoint groups has, where the trials cross them.
    """
    p, k = _equal_weight_rate(counts), independent_units(counts, sides=sides)
    target = math.log(1 / alpha) / k if k else math.inf
    if p >= 1 or not math.isfinite(target):
        return 1.0
    if p == 0:
        return -math.expm1(-target)
    top = 1 - 2**-53
    if _divergence(p, top) <= target:
        return 1.0
    return float(brentq(lambda u: _divergence(p, u) - target, p, top, xtol=1e-300, rtol=1e-12))


def independent_units(counts: PersonCounts, *, sides: tuple[int, int] | None = None) -> float:
    """Size of a round of trials that share nobody.

    All pairs of n people fall into rounds of `floor(n/2)`; all pairs across two groups into
    rounds of the smaller group; of an incomplete plan the same number of rounds is enough, so
    that its rounds are smaller by the share of pairs compared (Vizing's and Koenig's theorems
    on the colouring of edges).
    """
    people = counts.subjects
    if counts.pair_moments is None:
        return people
    if sides is not None:
        return counts.units / max(*sides, 1)
    complete = people * (people - 1) // 2
    if counts.units >= complete:
        return people // 2
    return counts.units / people if people else 0


def _equal_weight_rate(counts: PersonCounts) -> float:
    """Mean rate of the pairs (mated trials: of the people); the pooled one if that is unknown."""
    if counts.rate is None:
        raise ValueError("There are no trials to bound a rate from; say 'no trials' instead.")
    if counts.pair_moments is None:
        return counts.balanced_rate or 0.0
    if counts.pair_rate_sum is None:
        return counts.rate
    return counts.pair_rate_sum / counts.units


def _divergence(p: float, u: float) -> float:
    """Kullback-Leibler divergence of a coin of rate u from one of rate p, both inside (0, 1)."""
    return p * math.log(p / u) + (1 - p) * (math.log1p(-p) - math.log1p(-u))
