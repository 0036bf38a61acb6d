"""The mean of the people's own rates, and its interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from evenmatch.stats.balanced import balanced_interval
from evenmatch.stats.people import PersonCounts


def test_one_person_who_is_most_of_the_data_counts_as_one():
    trials = [1000, *[2] * 99]
    errors = [900, *[1] * 10, *[0] * 89]
    counts = PersonCounts.of_people(errors, trials)
    assert counts.rate > 0.7
    assert counts.balanced_rate == pytest.approx((0.9 + 10 * 0.5) / 100)
    interval = balanced_interval(counts)
    assert interval.low < counts.balanced_rate < interval.high < 0.2


def test_without_errors_every_person_is_one_trial():
    interval = balanced_interval(PersonCounts.of_people([0] * 40, [3] * 40))
    assert (interval.low, interval.effective_trials) == (0, 40)
    assert interval.high == pytest.approx(beta.isf(0.05, 1, 40))


def test_one_person_alone_has_no_interval():
    assert balanced_interval(PersonCounts.of_people([1], [5])) is None


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.9))
def test_an_interval_contains_its_rate(seed, rate):
    rng = np.random.default_rng(seed)
    trials = rng.integers(1, 30, 50)
    counts = PersonCounts.of_people(rng.binomial(trials, rate), trials)
    interval = balanced_interval(counts)
    assert 0 <= interval.low <= counts.balanced_rate <= interval.high <= 1


def test_it_covers_where_the_pooled_rate_does_not():
    """One person of 60 with 500 trials, the others with 2; rates differ between people."""
    rng, covered, rounds = np.random.default_rng(8), 0, 400
    trials = np.array([500, *[2] * 59])
    for _ in range(rounds):
        counts = PersonCounts.of_people(rng.binomial(trials, rng.beta(0.5, 4.5, 60)), trials)
        interval = balanced_interval(counts)
        covered += interval.low <= 0.1 <= interval.high
    assert covered / rounds >= 0.93


def test_it_covers_for_pairs_of_people():
    """People differ in how easily they are confused, and so do pairs."""
    rng, covered, rounds, n = np.random.default_rng(9), 0, 300, 40
    first, second = np.triu_indices(n, 1)
    for _ in range(rounds):
        ease = rng.gamma(2, 0.5, n)
        rate = np.minimum(0.05 * ease[first] * ease[second], 1)
        errors = rng.random(first.size) < rate
        counts = PersonCounts.of_pairs(first, second, errors, np.ones(first.size), people=n)
        interval = balanced_interval(counts)
        covered += interval.low <= 0.05 <= interval.high
    assert covered / rounds >= 0.93
