"""Percentile intervals of ratios of sums, people drawn with replacement."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from evenmatch.stats.binomial import tail_of

CHUNK = 1 << 22  # drawn counts held at once


def ratio_interval(
    above: npt.ArrayLike,
    below: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    replicates: int,
    level: float = 0.95,
) -> tuple[float, float]:
    """Interval of sum(above) / sum(below) when people are drawn again.

    It knows what one person's trials share and nothing else.

    Args:
        above: each person's part of the upper sum.
        below: each person's part of the lower sum; people with neither part are left out.
        rng: the source of chance.
        replicates: how many draws; those without a lower sum are left out.
        level: confidence.
    """
    upper, lower = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    there = (upper != 0) | (lower != 0)
    upper, lower = upper[there], lower[there]
    if lower.sum() <= 0:
        raise ValueError("The lower sum of a ratio is 0; leave the ratio out.")
    people = upper.size
    ratios = []
    step = max(1, CHUNK // people)
    for start in range(0, replicates, step):
        count = min(step, replicates - start)
        drawn = rng.multinomial(people, np.full(people, 1 / people), size=count)
        sums = drawn @ lower
        ratios.append((drawn @ upper)[sums > 0] / sums[sums > 0])
    tail = tail_of(level)
    low, high = np.quantile(np.concatenate(ratios), [tail, 1 - tail])
    return float(low), float(high)
