"""The decision and the counts it leads to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.rates import (
    ErrorCount,
    count_false_matches,
    count_false_non_matches,
    is_match,
    transaction_rates,
)

scores = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=30)


def test_a_score_at_the_threshold_is_a_match():
    assert is_match([0.4, 0.5, 0.6], 0.5).tolist() == [False, True, True]


def test_a_float32_score_is_compared_in_float64():
    score = np.float32(0.7)  # 0.699999988...
    assert not is_match(np.array([score]), 0.7)[0]


def test_fnmr_by_hand():
    mated = np.array([0.9, 0.8, 0.7, 0.2, 0.1])
    assert count_false_non_matches(mated, 0.7) == ErrorCount(errors=2, trials=5)
    assert count_false_non_matches(mated, 0.7, failed=3) == ErrorCount(errors=5, trials=8)


def test_fmr_by_hand():
    assert count_false_matches([0.9, 0.1, 0.2], 0.2) == ErrorCount(errors=2, trials=3)


def test_counts_of_disjoint_trials_add_and_nothing_has_no_rate():
    assert ErrorCount(1, 4) + ErrorCount(2, 4) == ErrorCount(3, 8)
    assert ErrorCount(3, 8).rate == 0.375
    assert ErrorCount(0, 0).rate is None


def test_separable_scores_have_no_errors():
    # Iris, petal length: setosa 1.0 to 1.9, virginica 4.5 to 6.9 (bob.measure test_basic_ratios).
    assert count_false_matches([1.0, 1.4, 1.9], 3.0).errors == 0
    assert count_false_non_matches([4.5, 5.1, 6.9], 3.0).errors == 0


def test_transactions_by_hand():
    rates = transaction_rates(0.01, 0.05, fta=0.1)
    assert rates.far == pytest.approx(0.01 * 0.9)
    assert rates.frr == pytest.approx(0.1 + 0.05 * 0.9)


def test_generalised_transactions_by_hand():
    rates = transaction_rates(0.01, 0.05, fta=0.1, fte=0.2)
    assert rates.far == pytest.approx(0.01 * 0.9 * 0.8)
    assert rates.frr == pytest.approx(0.2 + 0.8 * 0.1 + 0.8 * 0.9 * 0.05)


def test_a_percentage_in_place_of_a_rate_is_refused():
    with pytest.raises(ValueError, match="fta is 10; give a proportion"):
        transaction_rates(0.01, 0.05, fta=10)


@given(scores, scores, st.floats(-1, 1))
def test_errors_and_correct_decisions_make_all_trials(mated, non_mated, threshold):
    false_matches = count_false_matches(non_mated, threshold)
    assert false_matches.errors == sum(s >= threshold for s in non_mated)
    false_non_matches = count_false_non_matches(mated, threshold)
    assert false_non_matches.errors == sum(s < threshold for s in mated)


@given(scores, st.floats(-1, 1), st.floats(-1, 1))
def test_a_higher_threshold_never_adds_a_false_match(non_mated, a, b):
    low, high = sorted((a, b))
    assert count_false_matches(non_mated, high).errors <= count_false_matches(non_mated, low).errors
