"""Intervals of independent trials against R, StatsXact tables and hand cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.binomial import clopper_pearson, wilson, wilson_from_variance

# R binom.confint, as kept by statsmodels 0.15.0 (stats/tests/results/results_proportion.py).
R_EXACT = {
    (4, 200): (0.005475565879556443, 0.05041360908989634),
    (18, 20): (0.6830172859809176, 0.9876514728297052),
    (100, 200): (0.4286584, 0.5713416),
}
R_WILSON = {
    (4, 200): (0.00780442641634947, 0.05028707890682583),
    (18, 20): (0.6989663547715128, 0.972133518786232),
    (0, 30): (0.0, 0.11351339),
    (1, 30): (0.00590859, 0.16670391),
    (100, 200): (0.4313609, 0.5686391),
}
# Newcombe, Statistics in Medicine 17:857 (1998), table I.
NEWCOMBE = {
    (81, 263): (0.2553, 0.3662, 0.2527, 0.3676),
    (15, 148): (0.0624, 0.1605, 0.0578, 0.1617),
    (0, 20): (0.0, 0.1611, 0.0, 0.1684),
    (1, 29): (0.0061, 0.1718, 0.0009, 0.1776),
}
counts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("count", "bounds"), R_EXACT.items())
def test_clopper_pearson_agrees_with_r(count, bounds):
    interval = clopper_pearson(*count)
    assert (interval.low, interval.high) == pytest.approx(bounds, abs=1e-6)


@pytest.mark.parametrize(("count", "bounds"), R_WILSON.items())
def test_wilson_agrees_with_r(count, bounds):
    interval = wilson(*count)
    assert (interval.low, interval.high) == pytest.approx(bounds, abs=1e-6)


@pytest.mark.parametrize(("count", "row"), NEWCOMBE.items())
def test_both_agree_with_newcombe(count, row):
    w, cp = wilson(*count), clopper_pearson(*count)
    assert (w.low, w.high, cp.low, cp.high) == pytest.approx(row, abs=5e-5)


def test_one_sided_bounds_are_named_after_the_bound_they_give():
    # DescTools BinomCI(100, 200, sides="right"): [0, 0.560359].
    upper = clopper_pearson(100, 200, alternative="upper")
    lower = clopper_pearson(100, 200, alternative="lower")
    assert (upper.low, upper.high) == pytest.approx((0, 0.560359), abs=1e-6)
    assert (lower.low, lower.high) == pytest.approx((1 - 0.560359, 1), abs=1e-6)


def test_no_error_in_thirty_by_hand():
    assert clopper_pearson(0, 30).high == pytest.approx(1 - 0.025 ** (1 / 30))  # R: .11570331
    one_sided = clopper_pearson(0, 1000, alternative="upper").high
    assert one_sided == pytest.approx(1 - 0.05 ** (1 / 1000))  # the rule of 3


def test_fractional_trials_lie_between_whole_ones():
    assert clopper_pearson(2, 11).high < clopper_pearson(2, 10.5).high < clopper_pearson(2, 10).high


# awslabs/cis-matching-tasks, branch `paper`, python-code/compare_py_vs_r_code.ipynb; R agrees.
@pytest.mark.parametrize(
    ("case", "low", "high"),
    [
        ((1, 100, 1, 0.05), 0.0005129329438755058, 0.9974806313947331),
        ((0, 100, 1, 0.05), 0.0, 0.03699349820698568),
        ((100, 100, 1, 0.05), 0.9630065017930143, 1.0),
        ((50, 100, 1, 0.05), 0.015516486400631463, 0.9844835135993687),
        ((50, 100, 1, 0.2), 0.03419670540131324, 0.9658032945986867),
    ],
)
def test_wilson_from_a_variance_agrees_with_its_authors(case, low, high):
    interval = wilson_from_variance(*case)
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_nothing_tried_is_refused(interval):
    with pytest.raises(ValueError, match="no trials"):
        interval(0, 0)


def test_a_level_of_one_is_refused():
    with pytest.raises(ValueError, match="give one between 0 and 1"):
        wilson(1, 2, 1.0)


def test_more_errors_than_trials_are_refused():
    with pytest.raises(ValueError, match="count them again"):
        clopper_pearson(3, 2)


@given(counts)
def test_intervals_contain_the_rate_and_mirror(count):
    errors, trials = count
    for method in (wilson, clopper_pearson):
        interval, mirrored = method(errors, trials), method(trials - errors, trials)
        assert 0 <= interval.low <= errors / trials + 1e-12
        assert errors / trials - 1e-12 <= interval.high <= 1
        assert interval.low == pytest.approx(1 - mirrored.high, abs=1e-9)


@given(counts)
def test_a_higher_level_is_never_narrower(count):
    narrow, wide = clopper_pearson(*count, 0.9), clopper_pearson(*count, 0.99)
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high
