"""The range of an index over a box of rates."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenmatch.stats.boxes import at_least, box_interval
from evenmatch.stats.indices import RATE_INDICES, rate_index

bounds = st.lists(st.tuples(st.floats(0.001, 0.5), st.floats(0, 0.4)), min_size=2, max_size=5)


def test_the_headline_by_hand():
    # L = .1 .2, U = .15 .4: least 0.2 over sqrt(.15 * .2); most .4 over sqrt(.4 * .1).
    low, high = np.array([0.1, 0.2]), np.array([0.15, 0.4])
    box = box_interval(rate_index("max_over_gm"), low, high)
    assert box == pytest.approx((0.2 / math.sqrt(0.03), 0.4 / math.sqrt(0.04)))
    assert box_interval(rate_index("difference"), low, high) == pytest.approx((0.05, 0.3))
    assert box_interval(rate_index("max_over_min"), low, high) == pytest.approx((0.2 / 0.15, 4))


def test_overlapping_bounds_allow_equality():
    low, high = np.array([0.1, 0.1, 0.2]), np.array([0.3, 0.4, 0.5])
    for index in RATE_INDICES:
        assert box_interval(index, low, high)[0] == index.ideal


def test_a_lower_bound_of_zero_leaves_the_ratio_open():
    box = box_interval(rate_index("max_over_gm"), np.array([0, 0.1]), np.array([0.1, 0.2]))
    assert box == (1, math.inf)


def test_a_group_without_errors_gives_no_value_below_equality():
    # 10, 10, 10 of 1000 and 0 of 50: the upper bound in place of the zero gives 0.64.
    rates, high = np.array([0.01, 0.01, 0.01, 0]), np.array([0.02, 0.02, 0.02, 0.07])
    assert at_least(rate_index("max_over_gm"), rates, high) == 1
    high[3] = 0.005
    assert at_least(rate_index("max_over_gm"), rates, high) == pytest.approx(2**0.25)


def test_no_errors_at_all_is_at_least_equality():
    assert at_least(rate_index("max_over_min"), np.zeros(3), np.full(3, 0.1)) == 1


def test_many_groups_get_a_range_of_gini_that_is_wide_enough():
    rng = np.random.default_rng(1)
    low = rng.uniform(0.1, 0.2, 15)
    high = low + 0.05
    few, many = (box_interval(rate_index("gini"), low[:n], high[:n]) for n in (12, 15))
    inside = low + rng.uniform(0, 0.05, (500, 15))
    assert many[0] <= rate_index("gini").formula(inside).min()
    assert rate_index("gini").formula(inside).max() <= many[1] <= 1
    assert few[1] < 1


@settings(max_examples=40)
@given(bounds, st.integers(0, 2**32 - 1))
def test_every_table_inside_the_box_lies_inside_the_range(pairs, seed):
    low = np.array([a for a, _ in pairs])
    high = low + np.array([w for _, w in pairs])
    share = np.random.default_rng(seed).beta(0.3, 0.3, (200, low.size))
    inside = low + share * (high - low)
    for index in RATE_INDICES:
        least, most = box_interval(index, low, high)
        values = index.formula(inside)
        assert least <= values.min() + 1e-7
        assert values.max() <= most + 1e-7
