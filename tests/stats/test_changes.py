"""Differences of two rates: of the same comparisons, of the same people, of strangers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from evenmatch.stats.changes import (
    Side,
    change_of_intervals,
    paired_change,
    switched_change,
    unpaired_change,
)
from evenmatch.stats.people import PersonCounts
from evenmatch.stats.same_people import Switched


def people(errors, trials=None):
    return PersonCounts.of_people(errors, trials or [4] * len(errors))


def test_the_difference_is_the_second_rate_less_the_first():
    first, second = people([2, 0, 1, 1]), people([0, 0, 1, 0])
    found = unpaired_change(Side(first), Side(second))
    assert found.value == pytest.approx(1 / 16 - 4 / 16)
    assert (found.pairing, found.method) == ("unpaired", "recovered")


def test_intervals_of_independent_rates_are_put_together_as_published():
    # Newcombe, Statistics in Medicine 17:873 (1998), table II, example (a) by method 10: 56 of 70
    # against 48 of 80 with Wilson's intervals give 0.0524 to 0.3339.
    second, first = (
        (x / n, *binomtest(x, n).proportion_ci(method="wilson")) for x, n in ((56, 70), (48, 80))
    )
    found = change_of_intervals(first, second)
    assert found.value == pytest.approx(0.2)
    assert found.low == pytest.approx(0.0524, abs=5e-5)
    assert found.high == pytest.approx(0.3339, abs=5e-5)
    assert found.p_value < 0.05


def test_without_any_error_there_is_still_an_interval_around_no_difference():
    none = people([0] * 50)
    found = unpaired_change(Side(none), Side(none))
    assert found.value == 0
    assert found.low == -found.high < 0
    assert found.p_value == 1


@given(st.lists(st.integers(0, 4), min_size=12, max_size=40), st.randoms())
@settings(max_examples=40, deadline=None)
def test_turning_the_sides_turns_the_interval(errors, random):
    other = [random.randint(0, 4) for _ in errors]
    first, second = Side(people(errors)), Side(people(other))
    for change in (unpaired_change, paired_change):
        there, back = change(first, second), change(second, first)
        assert there.low == pytest.approx(-back.high)
        assert there.value == pytest.approx(-back.value)
        assert there.p_value == pytest.approx(back.p_value, rel=1e-6)


@given(st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=40, deadline=None)
def test_a_recovered_p_value_belongs_to_its_interval(more, less):
    counts = [people([1] * n + [0] * (60 - n), [1] * 60) for n in (more, less)]
    found = switched_change(Switched(lost=counts[0], gained=counts[1]))
    assert (found.p_value <= 0.05) == (found.low > 0 or found.high < 0)


def test_pairs_of_people_that_switch_seldom_get_a_p_value_from_their_bounds():
    n = 40
    first, second = np.triu_indices(n, 1)
    none = PersonCounts.of_pairs(first, second, first * 0, first * 0 + 1, people=n)
    wrong = np.zeros(first.size, dtype=int)
    wrong[:2] = 1
    few = PersonCounts.of_pairs(first, second, wrong, first * 0 + 1, people=n)
    found = paired_change(Side(none), Side(few), switched=Switched(lost=few, gained=none))
    assert found.method == "bounds"
    assert 0 < found.p_value <= 1
    assert (found.p_value <= 0.05) == (found.low > 0)


def test_no_trials_are_refused():
    with pytest.raises(ValueError, match="say 'no trials' instead"):
        unpaired_change(Side(people([])), Side(people([1])))
