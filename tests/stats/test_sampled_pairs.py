"""How well a false match rate is known from some of all pairs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.sampled_pairs import relative_half_width


def test_by_hand():
    # 400 people of spread 1 give 4/400, 10,000 pairs at 1% give 0.99/100: together 0.0199.
    width = relative_half_width(0.01, people=400, pairs=10_000, spread=1.0)
    assert width == pytest.approx(1.959964 * math.sqrt(0.0199), rel=1e-6)


def test_without_spread_it_is_the_binomials_own():
    # Rule of 30 (Doddington et al., 2000): 30 errors give 90% limits of 30% on either side.
    width = relative_half_width(1e-6, people=1e9, pairs=30e6, spread=0.0, level=0.9)
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
    width = relative_half_width(rate, people=people, pairs=drawn, spread=spread)
    assert 1.959964 * np.std(found) / rate == pytest.approx(width, rel=0.12)


@given(
    st.floats(1e-9, 0.5), st.floats(2, 1e9), st.floats(1, 1e15), st.floats(0, 5), st.floats(2, 100)
)
def test_more_people_and_more_pairs_never_widen_it(rate, people, pairs, spread, times):
    width = relative_half_width(rate, people=people, pairs=pairs, spread=spread)
    assert relative_half_width(rate, people=people * times, pairs=pairs, spread=spread) <= width
    assert relative_half_width(rate, people=people, pairs=pairs * times, spread=spread) <= width


def test_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match="correct the numbers"):
        relative_half_width(0, people=10, pairs=10, spread=1)
