"""Wrong group labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.label_noise import (
    condition_number,
    corrected_draws,
    corrected_matrix,
    corrected_matrix_draws,
    corrected_rates,
    observed_matrix,
    observed_rates,
    sensitivity,
    symmetric_confusion,
    tipping_point,
    true_given_label,
    true_shares,
    worst_case,
)

TRUE = np.array([0.002, 0.010])
FIVE = symmetric_confusion(0.05, 2)


def test_five_percent_wrong_labels_pull_a_ratio_of_five_to_four():
    observed = observed_rates(true_given_label(FIVE, [0.5, 0.5]), TRUE)
    assert observed == pytest.approx([0.0024, 0.0096])


def test_a_minority_is_diluted_more_and_recovered_exactly():
    mixing = true_given_label(FIVE, [0.95, 0.05])
    assert mixing == pytest.approx(
        np.array([[0.9972375690607735, 0.00276243093922652], [0.5, 0.5]])
    )
    observed = observed_rates(mixing, TRUE)
    assert observed == pytest.approx([0.0020220994475138123, 0.006])
    assert corrected_rates(mixing, observed) == pytest.approx(TRUE)


def test_cross_group_fmr_rises_most():
    mixing = true_given_label(FIVE, [0.5, 0.5])
    true = np.array([[1e-4, 1e-6], [1e-6, 2e-5]])
    observed = observed_matrix(mixing, true)
    assert observed == pytest.approx(np.array([[9.0395e-05, 6.605e-06], [6.605e-06, 1.8395e-05]]))
    assert corrected_matrix(mixing, observed) == pytest.approx(true)


def test_noise_can_make_a_ratio_too():
    # Rates .01, .01, .1 with 10% of A's labels truly C: A over B becomes 1.9.
    mixing = np.array([[0.9, 0, 0.1], [0, 1, 0], [0, 0, 1]])
    observed = observed_rates(mixing, [0.01, 0.01, 0.1])
    assert observed[0] / observed[1] == pytest.approx(1.9)


def test_weights_are_comparisons_and_not_people():
    # Half of the people of each group wear the other's label; A's have 1 pair and B's have 10.
    pairs = np.array([1.0, 10.0])
    by_pairs = true_given_label(symmetric_confusion(0.05, 2), pairs)
    by_people = true_given_label(symmetric_confusion(0.05, 2), [1, 1])
    observed = observed_rates(by_pairs, TRUE)
    assert corrected_rates(by_pairs, observed) == pytest.approx(TRUE)
    assert corrected_rates(by_people, observed) == pytest.approx([0.0045, 0.0102], abs=2e-4)


def test_shares_of_labels_give_the_true_shares_back():
    true = np.array([0.7, 0.2, 0.1])
    confusion = symmetric_confusion(0.1, 3)
    assert true_shares(confusion, true @ confusion) == pytest.approx(true)


def test_a_perfect_label_needs_no_correction():
    assert symmetric_confusion(0, 3) == pytest.approx(np.eye(3))
    assert condition_number(np.eye(3)) == 1
    rows = sensitivity(TRUE, [100, 300], errors=(0.0,))
    assert rows[0].rates == pytest.approx(tuple(TRUE))


def test_sensitivity_undoes_each_assumed_error():
    shares = np.array([0.95, 0.05])
    observed = observed_rates(true_given_label(FIVE, shares), TRUE)
    rows = {row.error: row for row in sensitivity(observed, shares @ FIVE)}
    assert list(rows) == [0.01, 0.02, 0.05, 0.10]
    assert rows[0.05].rates == pytest.approx(tuple(TRUE))
    assert rows[0.10].condition > rows[0.01].condition > 1


def test_the_worst_case_by_hand():
    assert worst_case([0.1], 0.05) == [pytest.approx((0.05 / 0.95, 0.1 / 0.95))]
    assert worst_case([0.01, 0.99], 0.05)[0][0] == 0
    assert worst_case([0.01, 0.99], 0.05)[1][1] == 1


def test_the_tipping_point_is_where_the_verdict_flips():
    shares = np.array([0.5, 0.5])
    observed = observed_rates(true_given_label(FIVE, shares), TRUE)

    def differ(rates):
        return rates[1] > 4.999 * rates[0]

    assert tipping_point(observed, shares, differ) == pytest.approx(0.05)
    assert tipping_point(observed, shares, lambda rates: rates[1] > rates[0]) is None


def test_false_matches_are_undone_on_both_sides():
    mixing = true_given_label(FIVE, [0.5, 0.5])
    observed = observed_matrix(mixing, [[1e-4, 1e-6], [1e-6, 2e-5]])
    (row,) = sensitivity(observed, [1, 1], errors=(0.05,))
    assert row.rates == pytest.approx([1e-4, 2e-5])
    # Within the first group 9.04e-5 was seen: more than 9.99e-5 is behind it from 5% on.
    turned = tipping_point(observed, [1, 1], lambda within: max(within) <= 9.99e-5)
    assert turned == pytest.approx(0.05)
    assert tipping_point(observed, [1, 1], lambda within: max(within) <= 9e-5) is None


def test_a_correction_from_few_validated_labels_is_uncertain():
    rng = np.random.default_rng(1)
    draws = np.tile(observed_rates(true_given_label(FIVE, [0.5, 0.5]), TRUE), (2000, 1))
    few, many = (
        corrected_draws(draws, k * np.array([[95, 5], [5, 95]]), rng).std(axis=0) for k in (1, 100)
    )
    assert np.all(many < few / 5)


def test_what_is_no_noise_model_is_refused():
    with pytest.raises(ValueError, match="at least two groups"):
        symmetric_confusion(0.1, 1)
    with pytest.raises(ValueError, match="leave its group out"):
        true_given_label(np.eye(2), [1, 0])
    with pytest.raises(ValueError, match="error share"):
        worst_case([0.1], 1)


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.lists(st.floats(0.05, 1), min_size=3, max_size=3),
    st.floats(0, 0.2),
)
def test_correction_undoes_mixing_and_mixing_never_widens_the_range(rates, weights, error):
    shares = np.array(weights) / sum(weights)
    mixing = true_given_label(symmetric_confusion(error, 3), shares)
    observed = observed_rates(mixing, rates)
    assert min(rates) - 1e-12 <= observed.min()
    assert observed.max() <= max(rates) + 1e-12
    assert corrected_rates(mixing, observed) == pytest.approx(rates, abs=1e-7)


def test_drawn_matrices_are_each_undone_on_both_sides():
    """With labels that were all checked and all right the draws stay as they are."""
    draws = np.array([[[0.1, 0.02], [0.02, 0.05]], [[0.2, 0.01], [0.01, 0.04]]])
    sure = np.eye(2) * 1e9
    found = corrected_matrix_draws(draws, sure, np.random.default_rng(1))
    assert found == pytest.approx(draws, abs=1e-6)
    mixed = np.array([[0.9, 0.1], [0.2, 0.8]])
    labelled = mixed @ draws @ mixed.T
    found = corrected_matrix_draws(labelled, mixed * 1e9, np.random.default_rng(1))
    assert found == pytest.approx(draws, abs=1e-4)
