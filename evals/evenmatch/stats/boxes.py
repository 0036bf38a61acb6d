"""The range an index takes when each rate may lie anywhere within its own interval."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

if TYPE_CHECKING:
    from evenmatch.stats.indices import Doubles, RateIndex

MOST_CORNERS = 12  # groups up to which every corner of the box is tried for Gini


def box_interval(index: RateIndex, low: Doubles, high: Doubles) -> tuple[float, float]:
    """Smallest and largest value of the index over rates between `low` and `high`.

    With simultaneous bounds this contains the true index at least as often as the bounds contain
    all the rates, and it can contain equality, which a percentile bootstrap never does.
    """
    if index.name == "gini":
        return _smallest_gini(low, high), _largest_gini(index, low, high)
    flattest = np.minimum(high, low.max())  # as near to the largest lower bound as they may be
    steepest = np.where(np.eye(low.size, dtype=bool), high, low)  # one group up, the others down
    if index.name == "difference":
        return max(0.0, float(low.max() - high.min())), float(index.formula(steepest).max())
    return max(1.0, float(index.formula(flattest))), float(index.formula(steepest).max())


def at_least(index: RateIndex, rates: Doubles, high: Doubles) -> float:
    """Value the index has at least, when groups with few errors err up to their upper bounds."""
    return max(index.ideal, float(index.formula(np.minimum(high, rates.max()))))


def _largest_gini(index: RateIndex, low: Doubles, high: Doubles) -> float:
    """Largest Gini over the box; it is quasi-convex, so that a corner attains it.

    With too many groups for all corners: every pair as far apart as it can be, over the smallest
    mean; never too small.
    """
    n = low.size
    if n <= MOST_CORNERS:
        chosen = np.array(list(product((False, True), repeat=n)))
        return float(index.formula(np.where(chosen, high, low)).max())
    apart = np.maximum(high[:, None] - low, high - low[:, None])
    np.fill_diagonal(apart, 0)
    mean = float(low.mean())
    return min(1.0, float(apart.sum()) / (2 * n * (n - 1) * mean)) if mean > 0 else 1.0


def _smallest_gini(low: Doubles, high: Doubles) -> float:
    """Smallest Gini over the box, a linear-fractional programme (Charnes and Cooper, 1962).

    Unknowns: the rates and the scale s, in units where the rates add to one, and a variable
    above each absolute difference.
    """
    if low.max() <= high.min():
        return 0.0
    n = low.size
    i, j = np.triu_indices(n, 1)
    pairs = i.size
    apart = np.zeros((pairs, n + 1))
    apart[np.arange(pairs), i], apart[np.arange(pairs), j] = 1, -1
    cover = -np.eye(pairs)
    within = np.vstack(
        [
            np.column_stack([np.eye(n), -high, np.zeros((n, pairs))]),
            np.column_stack([-np.eye(n), low, np.zeros((n, pairs))]),
        ]
    )
    limits = np.vstack([np.hstack([apart, cover]), np.hstack([-apart, cover]), within])
    cost = np.concatenate([np.zeros(n + 1), np.ones(pairs)])
    unit = np.concatenate([np.ones(n), np.zeros(1 + pairs)])
    found = linprog(cost, limits, np.zeros(limits.shape[0]), unit[None, :], [1.0])
    return float(found.fun) / (n - 1) if found.success else 0.0
