"""Intervals of ratios of sums, people drawn again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.resampling import ratio_interval


def interval(above, below, seed=1, **options):
    rng = np.random.default_rng(seed)
    return ratio_interval(above, below, rng, **{"replicates": 2000} | options)


def test_people_who_are_all_alike_leave_no_doubt():
    assert interval([2, 2, 2], [4, 4, 4]) == (0.5, 0.5)


def test_one_person_in_two_is_drawn_from_none_to_twice():
    # With two people the ratio is 0, 1/2 or 1 with chances 1/4, 1/2 and 1/4.
    assert interval([1, 0], [1, 1]) == (0.0, 1.0)
    assert interval([1, 0], [1, 1], level=0.4) == (0.5, 0.5)


def test_its_width_is_that_of_the_mean_of_so_many_people():
    values = np.random.default_rng(5).normal(3, 1, 400)
    low, high = interval(values, np.ones(400))
    # 1.96 standard errors on either side.
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_people_without_a_part_change_nothing():
    assert interval([1, 0, 3, 0], [2, 0, 4, 0]) == interval([1, 3], [2, 4])


def test_nothing_below_is_refused():
    with pytest.raises(ValueError, match="leave the ratio out"):
        interval([0], [0])


@given(st.lists(st.integers(0, 5), min_size=2, max_size=20))
def test_it_lies_within_the_smallest_and_the_largest_person(values):
    low, high = interval(values, np.ones(len(values)), replicates=100)
    assert min(values) <= low <= high <= max(values)
