"""How well a rate is known from some of all people, or of their pairs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.sampled_pairs import (
    expected_enough,
    pairs_half_width,
    people_half_width,
)


def test_by_hand():
    # 400 people of spread 1 give 4/400, 10,000 pairs at 1% give 0.99/100: together 0.0199.
    width = pairs_half_width(0.01, people=400, pairs=10_000, spread=1.0)
    assert width == pytest.approx(1.959964 * math.sqrt(0.0199), rel=1e-6)


def test_without_spread_it_is_the_binomials_own():
    # Rule of 30 (Doddington et al., 2000): 30 errors give 90% limits of 30% on either side.
    width = pairs_half_width(1e-6, people=1e9, pairs=30e6, spread=0.0, level=0.9)
    assert width == pytest.approx(0.3003, abs=2e-4)


def test_a_simulation_agrees():
    # A pair errs with the product of its two people's own propensities.
    rng = np.random.default_rng(11)
    people, rate, spread, drawn = 300, 0.05, 0.5, 8000
    found = []
    for _ in range(600):
        own = rng.gamma(1 / spread**2, spread**2, people)
        one, other = rng.integers(0, people, (2, drawn))
        chance = np.where(one == other, rate, np.minimum(1, rate * own[one] * own[other]))
        found.append((rng.random(drawn) < chance).mean())
    width = pairs_half_width(rate, people=people, pairs=drawn, spread=spread)
    assert 1.959964 * np.std(found) / rate == pytest.approx(width, rel=0.12)


@given(
    st.floats(1e-9, 0.5), st.floats(2, 1e9), st.floats(1, 1e15), st.floats(0, 5), st.floats(2, 100)
)
def test_more_people_and_more_pairs_never_widen_it(rate, people, pairs, spread, times):
    width = pairs_half_width(rate, people=people, pairs=pairs, spread=spread)
    assert pairs_half_width(rate, people=people * times, pairs=pairs, spread=spread) <= width
    assert pairs_half_width(rate, people=people, pairs=pairs * times, spread=spread) <= width


def test_a_rate_of_people_by_hand():
    # 9,900 people at 1%: sqrt(0.99 / 0.01 / 9,900) is a tenth.
    assert people_half_width(0.01, people=9_900) == pytest.approx(0.1959964, rel=1e-6)
    # One pair a person, each erring for itself: the pairs' own part.
    alone = pairs_half_width(0.01, people=1e12, pairs=9_900, spread=0.0)
    assert alone == pytest.approx(people_half_width(0.01, people=9_900))


def test_blocks_that_meet_nobody_outside_keep_what_people_know():
    # Twenty blocks of 15 people: each person's own part stays, the pairs are 1 in 21.
    rng = np.random.default_rng(3)
    people, rate, spread, blocks = 300, 0.05, 0.5, 20
    found = []
    for _ in range(600):
        own = rng.gamma(1 / spread**2, spread**2, (blocks, people // blocks))
        one, other = np.triu_indices(people // blocks, 1)
        chance = np.minimum(1, rate * own[:, one] * own[:, other])
        found.append((rng.random(chance.shape) < chance).mean())
    width = pairs_half_width(rate, people=people, pairs=blocks * 105, spread=spread)
    assert 1.959964 * np.std(found) / rate == pytest.approx(width, rel=0.12)


def test_thirty_errors_have_to_be_expected():
    assert expected_enough(0.001, 30_000)
    assert not expected_enough(0.001, 29_999)


def test_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match="correct the numbers"):
        people_half_width(0.1, people=0)
    with pytest.raises(ValueError, match="correct the numbers"):
        pairs_half_width(0, people=10, pairs=10, spread=1)
