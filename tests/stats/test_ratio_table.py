"""Many ratios at once agree with one at a time, and their p-values with their intervals."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.differences import rate_ratio
from evenmatch.stats.people import PersonCounts
from evenmatch.stats.ratio_table import pair_ratios


def cells(rng, groups, people, rates, *, shared=False):
    made = []
    for k in range(groups):
        trials = np.zeros(groups * people, dtype=np.int64)
        own = slice(None) if shared else slice(k * people, (k + 1) * people)
        trials[own] = rng.integers(1, 6, trials[own].size)
        errors = rng.binomial(trials, rates[k])
        made.append(PersonCounts.of_people(errors, trials))
    return made


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from([0.0, 0.01, 0.05, 0.3, 0.9]), min_size=2, max_size=5),
    st.booleans(),
)
def test_a_table_of_ratios_is_the_ratios_one_by_one(seed, rates, shared):
    groups = cells(np.random.default_rng(seed), len(rates), 30, rates, shared=shared)
    pairs = list(combinations(range(len(rates)), 2))
    for each in pair_ratios(groups, pairs):
        a, b = groups[each.first], groups[each.second]
        for found, level in ((each.ratio, 0.95), (each.narrow, 0.9)):
            alone = rate_ratio(a, b, level, share_people=shared)
            assert found.method == alone.method
            assert found.value == pytest.approx(alone.value)
            assert (found.low, found.high) == pytest.approx((alone.low, alone.high), rel=1e-6)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.1, 0.4]))
def test_a_p_value_is_small_exactly_where_the_interval_leaves_one_out(seed, rate):
    groups = cells(np.random.default_rng(seed), 2, 40, [0.1, rate])
    (each,) = pair_ratios(groups, [(0, 1)])
    if each.p_value is None:
        assert groups[0].errors == groups[1].errors == 0
    elif abs(each.p_value - 0.05) > 1e-6:
        assert (each.p_value < 0.05) == (not each.ratio.low <= 1 <= each.ratio.high)


def test_the_score_interval_of_a_published_example():
    """7 of 34 against 1 of 34: 1.220853 to 42.575718 (R's PropCIs, quoted by statsmodels)."""
    ones = np.ones(34, dtype=np.int64)
    first = PersonCounts.of_people(
        np.concatenate([np.arange(34) < 7, ones * 0]), [*ones, *ones * 0]
    )
    second = PersonCounts.of_people(
        np.concatenate([ones * 0, np.arange(34) < 1]), [*ones * 0, *ones]
    )
    (each,) = pair_ratios([first, second], [(0, 1)])
    # The trials are independent but for Student's quantile, which widens a little.
    assert each.ratio.method == "score"
    assert 0.9 < each.ratio.low <= 1.220853
    assert 42.575718 <= each.ratio.high < 60


def test_no_errors_anywhere_give_no_test():
    groups = cells(np.random.default_rng(0), 2, 20, [0, 0])
    (each,) = pair_ratios(groups, [(0, 1)])
    assert each.p_value is None
    assert each.ratio.value is None
