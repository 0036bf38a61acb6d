"""Models beyond the data."""

import numpy as np
import pytest
from scipy.stats import norm

from evenmatch.stats.extrapolation import (
    fit_gallery_slope,
    fmr_from_tail,
    fpir_from_maxima,
    gallery_slope,
)
from evenmatch.stats.identification import fpir_if_independent

SIZES = np.array([250, 500, 1000, 2000])


def test_independent_comparisons_have_a_slope_of_one():
    rates = [fpir_if_independent(1e-5, n) for n in SIZES]
    fitted = fit_gallery_slope(SIZES, rates)
    assert fitted.slope == pytest.approx(1)
    assert fitted.fpir(8000) == pytest.approx(fpir_if_independent(1e-5, 8000))


def test_a_score_normalised_by_gallery_size_has_a_slope_of_nought():
    assert fit_gallery_slope(SIZES, [0.01] * 4).slope == pytest.approx(0, abs=1e-12)


def test_more_than_four_times_the_gallery_is_refused():
    with pytest.raises(ValueError, match="measure a larger one"):
        fit_gallery_slope(SIZES, [0.01] * 4).fpir(8001)


def test_a_slope_needs_two_sizes_with_alarms():
    with pytest.raises(ValueError, match="lower the threshold"):
        fit_gallery_slope(SIZES, [0, 0, 0, 0.1])


def test_the_interval_of_the_slope_comes_from_searchers():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(300, 2000))
    hits = [(scores[:, :n] >= 3.3).any(axis=1) for n in SIZES]
    alarms, alone = np.column_stack(hits).astype(float), np.arange(300)
    fitted = gallery_slope(SIZES, alarms, alone, rng, replicates=200)
    assert fitted.slope_low < fitted.slope < fitted.slope_high
    assert fitted.slope == pytest.approx(1, abs=0.25)
    clones = np.repeat(alarms[:30], 10, axis=0)
    together = gallery_slope(SIZES, clones, np.repeat(np.arange(30), 10), rng, replicates=200)
    apart = gallery_slope(SIZES, clones, alone, rng, replicates=200)
    assert together.slope_high - together.slope_low > apart.slope_high - apart.slope_low


def test_maxima_of_a_larger_gallery_exceed_more_often():
    rng = np.random.default_rng(2)
    maxima = rng.normal(size=(1500, 400)).max(axis=1)
    threshold = 3.8
    truth = fpir_if_independent(norm.sf(threshold), 1600)
    assert fpir_from_maxima(maxima, threshold, 4) == pytest.approx(truth, rel=0.35)
    once, four = (fpir_from_maxima(maxima, threshold, k) for k in (1, 4))
    assert four == pytest.approx(1 - (1 - once) ** 4)
    with pytest.raises(ValueError, match="too far"):
        fpir_from_maxima(maxima, threshold, 5)


def test_a_tail_model_is_fair_nearby_and_silent_far_away():
    rng = np.random.default_rng(3)
    scores = rng.normal(size=200_000)
    tail, cuts = scores[scores > 2], np.quantile(scores, [0.98, 0.99, 0.995])
    near = fmr_from_tail(tail, scores.size, 3.72, effective=200_000, cut_offs=cuts)
    assert len(near) == 3
    for fit in near:
        assert fit.fmr == pytest.approx(1e-4, rel=0.5)
    far = fmr_from_tail(tail, scores.size, 5.6, effective=200_000, cut_offs=cuts)
    assert all(fit.fmr is None for fit in far)


def test_a_tail_model_needs_three_cut_offs_with_scores_above():
    scores = np.linspace(0, 1, 100)
    for cuts in ([0.1, 0.2], [0.1, 0.2, 0.9]):
        with pytest.raises(ValueError, match="at least three cut-offs"):
            fmr_from_tail(scores, 1000, 1.1, effective=1000, cut_offs=cuts)


def test_maxima_of_negative_distances_are_fitted_near_what_was_measured():
    # SciPy's own start gave 0.41 for a share of 0.1 on a demonstration's negated distances.
    rng = np.random.default_rng(11)
    maxima = -0.51 - 0.03 * rng.weibull(2.6, 150) * 1.5
    threshold = float(np.quantile(maxima, 0.9))
    assert fpir_from_maxima(maxima, threshold, 1) == pytest.approx(0.1, abs=0.03)
    assert fpir_from_maxima(maxima, threshold, 2) == pytest.approx(0.19, abs=0.05)


def test_scores_of_few_values_have_no_model_of_their_extremes():
    # One search in twenty reaches 6; a density that collapses onto 5 would say that none does.
    maxima = [5.0] * 190 + [6.0] * 10
    assert fpir_from_maxima(maxima, 5.5, 2) is None
    assert fpir_from_maxima([*maxima, *range(-4, 4)], 5.5, 2) is not None
