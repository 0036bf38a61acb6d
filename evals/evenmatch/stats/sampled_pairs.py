"""How well a rate is known when only some of all people, or of their pairs, are compared.

The estimate of a rate over pairs of people has two parts of variance: one falls with the people,
the other with the pairs (Hoeffding, W. (1948). A class of statistics with asymptotically normal
distribution. Annals of Mathematical Statistics 19, 293-325; for some of the pairs only, Blom, G.
(1976). Some properties of incomplete U-statistics. Biometrika 63, 573-580). Comparing everybody
with some others saves comparisons and keeps the people; every pair of few people loses people.
"""

from __future__ import annotations

import math

from scipy.stats import norm

ENOUGH = 30  # errors from which an interval is near normal (the rule of 30)


def expected_enough(rate: float, trials: float) -> bool:
    """Whether so many independent trials let 30 errors be expected."""
    return rate * trials >= ENOUGH


def pairs_half_width(
    rate: float, *, people: float, pairs: float, spread: float, level: float = 0.95
) -> float:
    """Return the half-width of an FMR's interval as a share of the rate.

    `z sqrt(4 spread^2 / people + (1 - rate) / (rate pairs))`: a person is on either side of a
    pair, so the variance of people's own rates counts four times over the people.

    Args:
        rate: the false match rate.
        people: how many people the pairs are of.
        pairs: how many pairs of people are compared, all comparisons of two people being one.
        spread: standard deviation of people's own rates over their mean.
        level: confidence.

    Raises:
        ValueError: a number is impossible.
    """
    if not 0 < rate < 1 or people < 2 or pairs <= 0 or spread < 0 or not 0 < level < 1:
        raise ValueError(
            "A rate and a level lie between 0 and 1, and it takes two people, a pair and no "
            "negative spread; correct the numbers."
        )
    variance = 4 * spread**2 / people + (1 - rate) / (rate * pairs)
    return float(norm.isf((1 - level) / 2)) * math.sqrt(variance)


def people_half_width(rate: float, *, people: float, level: float = 0.95) -> float:
    """Return the half-width of a rate of people, of whom each errs always or never, over the rate.

    The widest it can be: whatever a person's own trials have in common is in it.

    Raises:
        ValueError: a number is impossible.
    """
    if not 0 < rate < 1 or people <= 0 or not 0 < level < 1:
        raise ValueError(
            "A rate and a level lie between 0 and 1, and it takes people; correct the numbers."
        )
    return float(norm.isf((1 - level) / 2)) * math.sqrt((1 - rate) / (rate * people))
