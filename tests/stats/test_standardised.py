"""Rates over strata with fixed weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.intervals import clustered_exact
from evenmatch.stats.people import PersonCounts
from evenmatch.stats.standardised import standardised_interval, standardised_rate


def test_by_hand():
    one = PersonCounts.of_people([1, 0], [2, 2])  # 1/4
    other = PersonCounts.of_people([3, 1], [4, 4])  # 1/2
    assert standardised_rate([one, other], [3, 1]) == pytest.approx(0.75 / 4 + 0.25 / 2)


def test_one_stratum_is_the_interval_of_the_cell():
    rng = np.random.default_rng(2)
    counts = PersonCounts.of_people(rng.binomial(4, 0.3, 80), [4] * 80)
    found, wanted = standardised_interval([counts], [1.0]), clustered_exact(counts)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.0), st.integers(1, 4))
def test_an_interval_contains_its_rate(seed, rate, number):
    rng = np.random.default_rng(seed)
    trials = rng.integers(0, 4, (number, 25))
    trials[:, 0] = 1
    strata = [PersonCounts.of_people(rng.binomial(row, rate), row) for row in trials]
    weights = rng.uniform(0.1, 1, number)
    interval = standardised_interval(strata, weights)
    assert 0 <= interval.low <= standardised_rate(strata, weights) + 1e-12
    assert standardised_rate(strata, weights) <= interval.high + 1e-12 <= 1 + 1e-12


def test_it_covers_with_people_in_several_strata():
    rng, covered, rounds = np.random.default_rng(4), 0, 400
    weights, rates = [0.7, 0.3], [0.05, 0.3]
    for _ in range(rounds):
        ease = rng.gamma(2, 0.5, 60)
        strata = [
            PersonCounts.of_people(rng.binomial(m, np.minimum(p * ease, 1)), np.full(60, m))
            for p, m in zip(rates, (2, 6), strict=True)
        ]
        interval = standardised_interval(strata, weights)
        covered += interval.low <= 0.125 <= interval.high
    assert covered / rounds >= 0.93


@pytest.mark.parametrize("weights", [[], [1.0, 2.0], [0.0]])
def test_what_has_no_rate_is_refused(weights):
    with pytest.raises(ValueError, match="stratum"):
        standardised_rate([PersonCounts.of_people([1], [2])], weights)
