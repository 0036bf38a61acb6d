"""Error curves and the numbers read off them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris

from evenmatch.stats.curves import (
    area_under_roc,
    convex_hull,
    equal_error_rate,
    fnmr_at_fmr,
    step_curve,
)
from evenmatch.stats.rates import count_false_matches, count_false_non_matches

scores = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=25)


@pytest.fixture(scope="module")
def sepals():
    """Sepal lengths: versicolor as mated, setosa as non-mated (bob.measure's nonsep files)."""
    lengths = load_iris().data[:, 0]
    return lengths[50:100], lengths[:50]


# bioidiap/bob.measure @b58fe757, tests/test_error.py.
@pytest.mark.parametrize(("target", "fnmr"), [("0.01", 0.48), ("0.1", 0.12), ("1", 0.0)])
def test_fnmr_at_fmr_agrees_with_bob(sepals, target, fnmr):
    assert fnmr_at_fmr(*sepals, target) == fnmr


def test_fmr100_and_zero_fmr_by_hand():
    mated, non_mated = [0.5, 0.7, 0.9], [*np.linspace(0, 0.4, 99), 0.6]
    assert fnmr_at_fmr(mated, non_mated, "0.01") == 0
    assert fnmr_at_fmr(mated, non_mated, "0") == 1 / 3


def test_auc_agrees_with_bob(sepals):
    assert area_under_roc(*sepals) == pytest.approx(0.9326, abs=1e-12)


def test_auc_agrees_with_cimat(dyads):
    mated, non_mated = (
        np.concatenate(list(part.values())) for part in (dyads.mated, dyads.non_mated)
    )
    assert area_under_roc(mated, non_mated) == pytest.approx(0.7852711626976185, abs=1e-12)


def test_convex_hull_has_the_published_corners(sepals):
    corners = [(1, 0), (0.68, 0), (0.28, 0.08), (0.1, 0.12), (0.06, 0.22), (0, 0.48), (0, 1)]
    assert convex_hull(step_curve(*sepals)) == pytest.approx(np.array(corners), abs=1e-12)


def test_equal_error_rates_under_each_convention(sepals):
    # BOSARIS 1.06 gives 11.6363636363636 % for the hull; the other two by pyeer and by hand.
    eer = equal_error_rate(step_curve(*sepals))
    assert eer.rocch == pytest.approx(0.116363636363636, abs=1e-12)
    assert eer.midpoint == pytest.approx(0.11, abs=1e-12)
    assert eer.linear == pytest.approx(0.116666666666667, abs=1e-12)
    assert (eer.low, eer.high) == (0.1, 0.12)


def test_separable_scores_meet_at_zero():
    eer = equal_error_rate(step_curve([3, 4], [1, 2]))
    assert (eer.low, eer.high, eer.midpoint, eer.linear, eer.rocch) == (0, 0, 0, 0, 0)


def test_det_points_are_those_of_sklearn_and_the_ends_it_drops():
    # sklearn 1.9.1 det_curve docstring: fpr [.5, .5, 0], fnr [0, .5, .5], thr [.35, .4, .8].
    curve = step_curve([0.35, 0.8], [0.1, 0.4])
    assert curve.thresholds.tolist() == [0.1, 0.35, 0.4, 0.8, math.inf]
    assert curve.fmr.tolist() == [1, 0.5, 0.5, 0, 0]
    assert curve.fnmr.tolist() == [0, 0, 0.5, 0.5, 1]


def test_the_largest_non_mated_scores_give_the_curves_end():
    whole = step_curve([0.3, 0.8], [0.1, 0.2, 0.4, 0.5])
    tail = step_curve([0.3, 0.8], [0.4, 0.5], non_mated_trials=4)
    assert tail.thresholds.tolist() == [0.4, 0.5, 0.8, math.inf]
    assert tail.fmr.tolist() == whole.fmr[-4:].tolist()
    assert tail.fnmr.tolist() == whole.fnmr[-4:].tolist()


def test_an_equal_error_rate_before_the_tail_is_refused():
    tail = step_curve([0.1, 0.2, 0.9], [0.5], non_mated_trials=4)
    with pytest.raises(ValueError, match="keep a longer tail"):
        equal_error_rate(tail)


def test_a_curve_needs_both_kinds_of_scores():
    with pytest.raises(ValueError, match="no mated scores"):
        step_curve([], [1])
    with pytest.raises(ValueError, match="no non-mated scores"):
        step_curve([1], [])
    with pytest.raises(ValueError, match="no mated scores"):
        fnmr_at_fmr([], [1], "0.1")


def test_a_thinned_curve_keeps_its_ends_and_only_its_own_points():
    rng = np.random.default_rng(1)
    curve = step_curve(rng.normal(3, 1, 5000), rng.normal(0, 1, 50_000))
    thin = curve.thinned(200)
    assert thin.thresholds.size <= 200
    assert np.isin(thin.thresholds, curve.thresholds).all()
    assert (thin.fmr[0], thin.fnmr[-1]) == (1, 1)
    assert curve.thinned(10**6) is curve
    assert np.all(np.diff(thin.fmr) <= 0)


@given(scores, scores)
def test_every_step_counts_as_the_decision_does(mated, non_mated):
    curve = step_curve(mated, non_mated)
    for k, t in enumerate(curve.thresholds):
        assert curve.false_matches[k] == count_false_matches(non_mated, t).errors
        assert curve.false_non_matches[k] == count_false_non_matches(mated, t).errors


@given(scores, scores)
def test_equal_error_rates_lie_within_their_step_and_below_one_half_on_the_hull(mated, non_mated):
    eer = equal_error_rate(step_curve(mated, non_mated))
    assert 0 <= eer.low <= eer.midpoint <= eer.high <= 1
    assert eer.rocch <= min(eer.linear, 0.5) + 1e-12


@given(scores, scores)
def test_exchanging_the_classes_mirrors_the_area(mated, non_mated):
    assert area_under_roc(mated, non_mated) == pytest.approx(
        1 - area_under_roc(non_mated, mated), abs=1e-12
    )
    by_hand = np.mean([(m > n) + (m == n) / 2 for m in mated for n in non_mated])
    assert area_under_roc(mated, non_mated) == pytest.approx(by_hand, abs=1e-12)
