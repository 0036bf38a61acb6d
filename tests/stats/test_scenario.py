"""What a system would do in a day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from evenmatch.stats.scenario import (
    exposure,
    gate_day,
    half_wrong_base_rate,
    ppv_by_base_rate,
    prediction_interval,
    search_day,
)


def test_a_day_of_fifty_thousand_faces_by_hand():
    # FPIR 1/6000 and TPIR 89% as NPL measured for the Met (2023); five people sought.
    day = search_day(50_000, 5, fpir=1 / 6000, fnir=0.11)
    assert day.false_alerts == pytest.approx(8.3325)
    assert day.true_alerts == pytest.approx(4.45)
    assert day.misses == pytest.approx(0.55)
    assert day.ppv == pytest.approx(0.34813221200860556)


def test_no_alert_has_no_share():
    assert search_day(100, 0, fpir=0, fnir=0.5).ppv is None
    assert half_wrong_base_rate(fpir=0, fnir=1) is None


def test_at_the_half_wrong_base_rate_half_are_wrong():
    base = half_wrong_base_rate(fpir=1 / 6000, fnir=0.11)
    assert search_day(1, base, fpir=1 / 6000, fnir=0.11).ppv == pytest.approx(0.5)


def test_ppv_over_the_usual_base_rates():
    table = ppv_by_base_rate(fpir=0.001, fnir=0.1)
    assert [base for base, _ in table] == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3, 1e-2])
    assert table[3][1] == pytest.approx(0.0009 / (0.0009 + 0.000999))


def test_gates_by_hand():
    day = gate_day(100_000, 20, frr=0.02, far=0.001)
    assert (day.false_rejects, day.false_accepts) == pytest.approx((2000, 0.02))


def test_a_count_spreads_beyond_its_expectation_and_beyond_the_rate():
    exact = prediction_interval(10_000, 0.001, 0.001)
    assert exact == (poisson.ppf(0.025, 10), poisson.isf(0.025, 10))
    wide = prediction_interval(10_000, 0.0005, 0.002)
    assert wide[0] < exact[0] < exact[1] < wide[1]
    assert prediction_interval(10_000, 0, 0) == (0, 0)


def test_alerts_fall_on_groups_by_rate_and_number():
    shares = exposure({"a": 900, "b": 100}, {"a": 0.01, "b": 0.03})
    assert (shares["a"].false_alerts, shares["b"].false_alerts) == pytest.approx((9, 3))
    assert shares["b"].share_of_alerts == pytest.approx(0.25)
    assert shares["b"].ratio == pytest.approx(2.5)
    none = exposure({"a": 1, "b": 1}, {"a": 0, "b": 0})
    assert none["a"].ratio is None


def test_impossible_days_are_refused():
    with pytest.raises(ValueError, match="count them again"):
        search_day(5, 6, fpir=0.1, fnir=0.1)
    with pytest.raises(ValueError, match="fpir is 2"):
        search_day(5, 1, fpir=2, fnir=0.1)
    with pytest.raises(ValueError, match="measure them"):
        exposure({"a": 1}, {})
    with pytest.raises(ValueError, match="Nobody is searched"):
        exposure({"a": 0}, {"a": 0.1})
    with pytest.raises(ValueError, match="bounds in order"):
        prediction_interval(10, 0.2, 0.1)


@given(st.floats(1, 1e6), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_longer_list_never_makes_alerts_more_often_right(searches, share, fpir, fnir):
    # With a fixed base rate a longer list can only raise FPIR (National Academies 2010, app. B).
    mated = searches * share
    day = search_day(searches, mated, fpir=fpir, fnir=fnir)
    worse = search_day(searches, mated, fpir=min(1, fpir * 1.5), fnir=fnir)
    assert day.true_alerts + day.misses == pytest.approx(mated)
    if day.ppv is not None and worse.ppv is not None:
        assert worse.ppv <= day.ppv + 1e-12
