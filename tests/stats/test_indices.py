"""Equity indices as formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.indices import (
    COMBINED_INDICES,
    RATE_INDICES,
    difference,
    geometric_mean,
    gini,
    max_over_gm,
    max_over_mean,
    max_over_min,
    mean_absolute_percentage_error,
    rate_index,
)

FMR = np.array([1, 2, 4, 8]) * 1e-5
FNMR = np.array([3, 4, 6, 12]) * 1e-3
COMBINED = {index.name: index for index in COMBINED_INDICES}
rates = st.lists(st.floats(1e-6, 1), min_size=2, max_size=9)


def test_the_worked_example_by_hand():
    # FMR 1, 2, 4, 8 e-5: the geometric mean is sqrt(8) e-5.
    assert max_over_gm(FMR) == pytest.approx(math.sqrt(8))
    assert max_over_gm(FNMR) == pytest.approx(2.2133638394006416)
    assert max_over_min(FMR) == pytest.approx(8)
    assert difference(FMR) == pytest.approx(7e-5)
    assert max_over_mean(FMR) == pytest.approx(8 / 3.75)
    assert gini(FMR) == pytest.approx(0.5111111111111111)
    assert gini(FNMR) == pytest.approx(0.38666666666666666)


@pytest.mark.parametrize(
    ("name", "value"),
    [("fdr", 0.995465), ("ir", 5.656854249492381), ("garbe", 0.4488888888888889)],
)
def test_combined_indices_of_the_worked_example(name, value):
    index = COMBINED[name]
    part = rate_index(index.part).formula
    assert index.combine(part(FMR), part(FNMR)) == pytest.approx(value)


def test_werm_agrees_with_its_authors_tables(oracle):
    # AIML-IfI/score-norm-fairness @53e06564, README: 196 rows.
    werm = COMBINED["werm"]
    rows = oracle("werm_published.json")
    assert len(rows) == 196
    for row in rows:
        assert werm.combine(row["mm_fmr"], row["mm_fnmr"]) == pytest.approx(row["werm"], abs=2e-4)


def test_gini_agrees_with_r_once_corrected_for_few_groups():
    # inequity/genieclust: raw Gini of c(0,0,0,100) is .75, the normalised index 1.
    assert gini([0, 0, 0, 100]) == 1
    assert gini([5, 5, 5, 5]) == 0
    assert gini([1, 2, 3, 4]) == pytest.approx(1 / 3)


def test_no_errors_anywhere_is_equality_and_one_zero_is_infinite():
    assert [float(index.formula([0, 0, 0])) for index in RATE_INDICES] == [1, 1, 0, 1, 0]
    assert max_over_gm([0, 0.1]) == math.inf
    assert max_over_min([0, 0.1]) == math.inf
    assert geometric_mean([0, 0.1]) == 0


def test_percentage_error_by_hand():
    assert mean_absolute_percentage_error([0.01, 0.03], 0.02) == pytest.approx(50)
    with pytest.raises(ValueError, match="positive target"):
        mean_absolute_percentage_error([0.1], 0)


@given(rates)
def test_ratios_are_never_below_one_and_gini_stays_within_its_range(x):
    for index in RATE_INDICES:
        assert index.formula(x) >= index.ideal - 1e-12
        assert index.formula([x[0]] * 3) == pytest.approx(index.ideal, abs=1e-12)
    assert gini(x) <= 1 + 1e-12
    assert max_over_gm(x) <= max_over_min(x) + 1e-9
    assert max_over_mean(x) <= max_over_gm(x) + 1e-9


@given(rates, st.floats(0.1, 10))
def test_ratios_do_not_depend_on_the_scale(x, factor):
    for formula in (max_over_gm, max_over_min, max_over_mean, gini):
        assert formula(np.array(x) * factor) == pytest.approx(formula(x), rel=1e-9, abs=1e-9)


@given(rates)
def test_gini_is_the_mean_absolute_difference_over_the_mean(x):
    n, mean = len(x), np.mean(x)
    by_hand = sum(abs(a - b) for a in x for b in x) / (2 * n * (n - 1) * mean)
    assert gini(x) == pytest.approx(by_hand, abs=1e-9)
    assert gini([x, x])[1] == pytest.approx(by_hand, abs=1e-9)
