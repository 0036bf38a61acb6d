"""How well a false match rate is known when only some of all pairs are compared.

The estimate of a rate over pairs of people has two parts of variance: one falls with the people,
the other with the pairs (Hoeffding, W. (1948). A class of statistics with asymptotically normal
distribution. Annals of Mathematical Statistics 19, 293-325; for pairs drawn at random, Blom, G.
(1976). Some properties of incomplete U-statistics. Biometrika 63, 573-580). Drawing pairs at random
among all people saves comparisons and keeps the people; every pair of few people loses people.
"""

from __future__ import annotations

import math

from scipy.stats import norm


def relative_half_width(
    rate: float, *, people: float, pairs: float, spread: float, level: float = 0.95
) -> float:
    """Return the half-width of a rate's interval as a share of the rate.

    `z sqrt(4 spread^2 / people + (1 - rate) / (rate pairs))`: a person is on either side of a
    pair, so the variance of people's own rates counts four times over the people.

    Args:
        rate: the false match rate.
        people: how many people the pairs are drawn from.
        pairs: how many pairs are compared.
        spread: standard deviation of people's own rates over their mean.
        level: confidence.

    Raises:
        ValueError: a number is impossible.
    """
    if not 0 < rate < 1 or people < 2 or pairs < 1 or spread < 0 or not 0 < level < 1:
        raise ValueError(
            "A rate and a level lie between 0 and 1, and it takes two people, a pair and no "
            "negative spread; correct the numbers."
        )
    variance = 4 * spread**2 / people + (1 - rate) / (rate * pairs)
    return float(norm.isf((1 - level) / 2)) * math.sqrt(variance)
