"""Bootstraps of people against exhaustive enumeration."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.bootstrap import (
    PairErrors,
    double_or_nothing_fmr,
    double_or_nothing_fnmr,
    drawn_fmr,
    percentile_band,
    vertex_fmr,
    vertex_fnmr,
    weighted_fmr,
)


@pytest.fixture(scope="module")
def pairs(dyads):
    """Errors of the twelve people at two thresholds; every pair listed, with its trials."""
    first, second = np.array(list(dyads.non_mated)).T
    errors = np.array([[np.sum(s >= t) for t in (0.35, 0.7)] for s in dyads.non_mated.values()])
    trials = np.array([s.size for s in dyads.non_mated.values()])
    return PairErrors(first, second, errors, trials, dyads.photographs)


def sparse(pairs):
    """List erring pairs only, as a large audit does."""
    erring = pairs.errors.any(axis=1)
    return PairErrors(
        pairs.first[erring], pairs.second[erring], pairs.errors[erring], None, pairs.photographs
    )


def test_all_double_or_nothing_subsets_have_the_published_variance(pairs):
    # Exhaustive enumeration of 4083 subsets with at least two people, by cimat's own scheme.
    weights = [2.0 * np.array(w) for w in product((0, 1), repeat=12) if sum(w) > 1]
    rates = np.array([weighted_fmr(sparse(pairs), w)[0] for w in weights])
    assert rates.size == 4083
    assert np.var(rates) == pytest.approx(0.005787960473516687, abs=1e-12)
    low, high = np.quantile(rates, [0.025, 0.975])
    assert (low, high) == pytest.approx((0.11214953, 0.41958042), abs=2e-3)


def test_double_or_nothing_draws_have_the_enumerated_variance(pairs):
    rates = double_or_nothing_fmr(pairs, 8000, np.random.default_rng(1))[:, 0]
    assert np.var(rates) == pytest.approx(0.005787960473516687, rel=0.05)


def test_vertex_draws_have_the_variance_of_200_000_by_the_papers_code(pairs):
    rates = vertex_fmr(sparse(pairs), 20_000, np.random.default_rng(2))[:, 0]
    assert np.var(rates) == pytest.approx(0.00220934, rel=0.03)


def test_double_or_nothing_fnmr_has_the_enumerated_variance(dyads):
    counts = dyads.fnmr_counts(0.35)
    e, m = counts.errors_by_person, counts.trials_by_person
    rates = double_or_nothing_fnmr(e, m, 20_000, np.random.default_rng(3))
    assert np.var(rates) == pytest.approx(0.0008149557686542357, rel=0.05)


def test_vertex_fnmr_has_the_published_variance(dyads):
    counts = dyads.fnmr_counts(0.35)
    e, m = counts.errors_by_person, counts.trials_by_person
    rates = vertex_fnmr(e, m, 20_000, np.random.default_rng(4))
    assert np.var(rates) == pytest.approx(0.0005600563148339586, rel=0.03)


def test_a_person_drawn_twice_is_filled_with_the_overall_rate_by_hand():
    # Persons 0, 0, 1 of two photographs: 0-1 twice (1 of 4 errs), 0-0 once (1 comparison).
    pairs = PairErrors(np.array([0]), np.array([1]), np.array([1]), None, np.array([2, 2, 2]))
    rate = drawn_fmr(pairs, [2, 1, 0], [0.1])
    assert rate[0] == pytest.approx((2 * 1 + 0.1) / (2 * 4 + 1))


def test_a_person_without_trials_is_never_the_whole_draw():
    rates = vertex_fnmr([1, 0], [2, 0], 50, np.random.default_rng(5))
    assert np.all(rates == 0.5)


def test_the_same_generator_gives_the_same_draws(pairs):
    draws = [vertex_fmr(pairs, 5, np.random.default_rng(7)) for _ in range(2)]
    assert np.array_equal(*draws)
    assert draws[0].shape == (5, 2)


def test_a_band_is_rounded_outwards():
    low, high = percentile_band(np.arange(101.0).reshape(-1, 1), 0.5)
    assert (low[0], high[0]) == (25, 75)
    low, high = percentile_band(np.arange(10.0).reshape(-1, 1), 0.9)
    assert (low[0], high[0]) == (0, 9)


def test_what_cannot_be_drawn_is_refused(pairs):
    with pytest.raises(ValueError, match="at least two"):
        double_or_nothing_fnmr([1], [1], 5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="leave no trial"):
        weighted_fmr(pairs, np.zeros(12))
    with pytest.raises(ValueError, match="names one person twice"):
        PairErrors(np.array([1]), np.array([1]), np.array([0]), None, np.array([1, 1]))
    with pytest.raises(ValueError, match="one entry"):
        PairErrors(np.array([0]), np.array([1]), np.array([0, 1]), None, np.array([1, 1]))


@given(
    st.lists(st.integers(0, 4), min_size=12, max_size=12).filter(lambda w: sum(map(bool, w)) > 1)
)
def test_listing_only_erring_pairs_changes_nothing(pairs, weights):
    assert weighted_fmr(sparse(pairs), weights) == pytest.approx(weighted_fmr(pairs, weights))
    overall = weighted_fmr(pairs, np.ones(12))
    assert drawn_fmr(sparse(pairs), weights, overall) == pytest.approx(
        drawn_fmr(pairs, weights, overall)
    )


def test_everyone_drawn_once_is_the_observed_rate(pairs):
    overall = weighted_fmr(pairs, np.ones(12))
    assert overall[0] == 246 / 1052
    assert drawn_fmr(pairs, np.ones(12), overall) == pytest.approx(overall)
