"""Ratios of two groups, equivalence and families of tests."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.differences import (
    Ratio,
    benjamini_hochberg,
    equivalence,
    holm,
    log_ratio_variance,
    rate_ratio,
    score_interval,
    smallest_detectable_ratio,
)
from evenmatch.stats.intervals import jackknife_variance
from evenmatch.stats.people import PersonCounts


def people(erring, total, *, times=1):
    errors = [times] * erring + [0] * (total - erring)
    return PersonCounts.of_people(errors, [times] * total)


def test_the_score_interval_agrees_with_r():
    # R PropCIs riskscoreci(7, 34, 1, 34), as kept by statsmodels test_confint_2indep_propcis.
    interval = score_interval((7, 34), (1, 34), 0.025)
    assert interval == pytest.approx((1.220853, 42.575718), abs=6e-7)


def test_the_score_interval_is_open_where_there_are_no_errors():
    assert score_interval((0, 34), (1, 34), 0.025)[0] == 0
    assert score_interval((3, 34), (0, 34), 0.025)[1] == math.inf
    assert score_interval((0, 34), (0, 34), 0.025) == (0, math.inf)


def test_a_ratio_by_hand_with_the_variances_of_both_rates():
    a, b = people(40, 400, times=3), people(20, 400, times=3)
    ratio = rate_ratio(a, b)
    error = math.sqrt(jackknife_variance(a) / 0.1**2 + jackknife_variance(b) / 0.05**2)
    assert ratio.value == pytest.approx(2)
    assert ratio.standard_error == pytest.approx(error)
    reach = math.exp(1.959963984540054 * error)
    assert (ratio.low, ratio.high) == pytest.approx((2 / reach, 2 * reach))
    assert ratio.method == "log_jackknife"


def test_few_erring_people_take_the_score_interval():
    ratio = rate_ratio(people(7, 34), people(1, 34))
    assert ratio.method == "score"
    assert ratio.value == pytest.approx(7)
    assert ratio.low < 1.3
    assert ratio.high > 42
    none = rate_ratio(people(0, 34), people(20, 34))
    assert none.value is None
    assert none.low == 0


def test_shared_people_cancel():
    # Each person errs as often in the one cell as in the other: the ratio is one, exactly.
    same = people(20, 100, times=4)
    assert log_ratio_variance(same, same) == pytest.approx(0, abs=1e-15)
    ratio = rate_ratio(same, same, share_people=True)
    assert (ratio.low, ratio.value, ratio.high) == pytest.approx((1, 1, 1))


def test_people_in_one_cell_only_add_their_variances():
    a, b = people(40, 200), people(30, 200)
    zeros = [0] * 200
    joined_a = PersonCounts.of_people([*a.errors_by_person, *zeros], [*a.trials_by_person, *zeros])
    joined_b = PersonCounts.of_people([*zeros, *b.errors_by_person], [*zeros, *b.trials_by_person])
    separate = sum(jackknife_variance(c) / c.rate**2 for c in (a, b))
    assert log_ratio_variance(joined_a, joined_b) == pytest.approx(separate, rel=0.05)


def test_shared_people_without_errors_leave_bounds():
    a, b = people(0, 50), people(20, 50)
    ratio = rate_ratio(a, b, share_people=True)
    assert (ratio.value, ratio.method) == (None, "bounds")
    assert ratio.low == 0
    assert 0 < ratio.high < 1
    assert rate_ratio(b, a, share_people=True).high == math.inf


def test_the_only_person_who_errs_is_left_out_to_first_order():
    single = people(1, 50)
    assert math.isfinite(log_ratio_variance(single, people(10, 50)))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.9, 1.1, "equivalent"),
        (0.8, 1.25, "equivalent"),
        (0.7, 1.1, "undecided"),
        (1.3, 2, "not equivalent"),
        (0.2, 0.7, "not equivalent"),
    ],
)
def test_equivalence_needs_the_whole_interval_within_the_margin(low, high, said):
    assert equivalence(Ratio(1.0, low, high, "log_jackknife")) == said


def test_a_margin_that_allows_nothing_is_refused():
    with pytest.raises(ValueError, match="declare a ratio above 1"):
        equivalence(Ratio(1.0, 1, 1, "score"), margin=1)


def test_the_smallest_detectable_ratio_shrinks_with_people_and_is_detected():
    few, many = (smallest_detectable_ratio(people(k, 10 * k), people(k, 10 * k)) for k in (20, 200))
    assert 1 < many < few
    assert smallest_detectable_ratio(people(0, 9), people(3, 9)) is None
    rng, found, draws = np.random.default_rng(3), 0, 300
    for _ in range(draws):
        a = people(rng.binomial(2000, 0.1 * many), 2000)
        b = people(rng.binomial(2000, 0.1), 2000)
        found += rate_ratio(a, b).low > 1
    assert 0.7 < found / draws < 0.92


def test_intervals_of_a_ratio_cover():
    rng, covered, draws = np.random.default_rng(4), 0, 300
    for _ in range(draws):
        a, b = (
            PersonCounts.of_people(rng.binomial(6, rng.beta(m * 4, 4 - m * 4, 120)), [6] * 120)
            for m in (0.2, 0.1)
        )
        ratio = rate_ratio(a, b)
        covered += ratio.low <= 2 <= ratio.high
    assert covered / draws > 0.92


def test_holm_and_benjamini_hochberg_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1, 1])
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert holm([]) == benjamini_hochberg([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_adjusted_p_values_keep_their_order_and_holm_is_the_stricter(p):
    strict, lax = holm(p), benjamini_hochberg(p)
    assert all(q >= r - 1e-12 >= s - 2e-12 for q, r, s in zip(strict, lax, p, strict=True))
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(np.array(strict)[order]) >= -1e-12)


@given(st.integers(1, 60), st.integers(1, 60))
def test_exchanging_the_groups_inverts_the_ratio(x, y):
    ab, ba = rate_ratio(people(x, 60), people(y, 60)), rate_ratio(people(y, 60), people(x, 60))
    assert ab.low <= ab.value * (1 + 1e-9)
    assert ab.value <= ab.high * (1 + 1e-9)
    assert ab.low == pytest.approx(1 / ba.high if ba.high < math.inf else 0, rel=1e-6)
