"""From rates to people: a day in a place of use, counted again from the tables by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.errors import RequestError
from evenmatch.results.carrying import Rate, carry
from evenmatch.results.search_rows import GallerySlopeRow
from evenmatch.run import evaluate
from evenmatch.stats.scenario import search_day

SEARCHES = {
    "travellers": 1000,
    "cameras": 2,
    "enrolled": {"near": 160, "far": 1_000_000},
    "mated": 0.01,
    "travellers_by_group": {"sex": {"female": 0.25, "male": 0.75}},
}


def fill(bench):
    """Write 80 people; each search meets a lookalike, one mated comparison in five fails."""
    bench.attribute("sex", "subject", ["female", "male"])
    bench.attribute("session", "sample", ["s0", "s1"])
    rows = [
        {
            "sample_id": f"p{who:02}-{shot}",
            "subject_id": f"p{who:02}",
            "sex": ("female", "male")[who % 2],
            "session": f"s{shot}",
        }
        for who in range(80)
        for shot in range(2)
    ]
    bench.manifest(rows)

    def score(one, other):
        a, b = int(one[1:3]), int(other[1:3])
        if a == b:
            return 0.2 if a % 5 == 0 else 0.9
        return 0.6 if (a - b) % 80 in (1, 79) and a % 4 < 2 else 0.1

    bench.scores(
        [
            (one["sample_id"], other["sample_id"], score(one["sample_id"], other["sample_id"]))
            for place, one in enumerate(rows)
            for other in rows[:place]
        ]
    )


def played(bench, tmp_path, scenario):
    fill(bench)
    one_to_many = {
        "gallery": {"where": {"session": "s0"}},
        "searches": {"where": {"session": "s1"}},
        "operating_points": ["threshold=0.5"],
        "ranks": [1],
        "splits": 1,
    }
    config = bench.config(groups=[["sex"]], one_to_many=one_to_many, scenario=scenario)
    return evaluate(config, tmp_path / "out").result


def only(result, **wanted):
    (row,) = [
        row
        for row in result.scenario
        if all(getattr(row, name) == value for name, value in wanted.items())
    ]
    return row


def test_a_day_of_searches_is_counted_from_the_measured_rates(bench, tmp_path):
    result = played(bench, tmp_path, {"searches": SEARCHES})
    rates = {
        row.metric: row
        for row in result.identification
        if (row.gallery, row.group, row.failures) == ("split-1", "all", "non-match")
        and row.operating_point
        and row.rank is None
    }
    fpir, fnir = rates["fpir"].rate, rates["fnir"].rate
    here = {"enrolled": "as_measured", "group_by": "all"}
    alerts = only(result, measure="false_alerts", **here)
    assert (alerts.basis, alerts.model, alerts.note) == ("measured", "", "")
    assert alerts.enrolled_subjects == alerts.measured_subjects == 40
    assert alerts.a_day == 2000 * 0.99
    assert alerts.value == pytest.approx(2000 * 0.99 * fpir)
    assert alerts.low < alerts.value < alerts.high
    assert only(result, measure="misses", **here).value == pytest.approx(20 * fnir)
    assert only(result, measure="true_alerts", **here).value == pytest.approx(20 * (1 - fnir))
    right = only(result, measure="ppv", **here)
    assert right.value == pytest.approx(20 * (1 - fnir) / (20 * (1 - fnir) + 1980 * fpir))
    half = only(result, measure="half_wrong_base_rate", **here)
    assert half.value == pytest.approx(fpir / (fpir + 1 - fnir))
    assert search_day(1.0, half.value, fpir=fpir, fnir=fnir).ppv == pytest.approx(0.5)
    assert half.low < half.value < half.high


def test_lists_larger_than_the_gallery_are_marked_and_the_largest_only_bounded(bench, tmp_path):
    result = played(bench, tmp_path, {"searches": SEARCHES})
    measured = only(result, measure="false_alerts", enrolled="as_measured", group_by="all")
    near = only(result, measure="false_alerts", enrolled="near", group_by="all")
    assert (near.basis, near.model, near.enrolled_subjects) == ("extrapolated", "slope", 160)
    assert near.value > measured.value
    assert "not measured" in near.note
    for name, size in (("far", 1_000_000), ("all", 1_000_160)):
        far = only(result, measure="false_alerts", enrolled=name, group_by="all")
        assert (far.basis, far.model, far.enrolled_subjects) == ("extrapolated", "bounds", size)
        assert (far.value, far.rate, far.status) == (None, None, "unresolvable")
        assert (far.rate_low, far.rate_high) == (measured.rate_low, 1.0)
        assert far.high == 1980
        assert only(result, measure="ppv", enrolled=name).value is None
    beyond = [row for row in result.scenario if (row.enrolled_subjects or 0) > 40 / 0.9]
    assert {row.basis for row in beyond} == {"extrapolated"}


def test_the_groups_share_a_day_s_false_alerts(bench, tmp_path):
    result = played(bench, tmp_path, {"searches": SEARCHES})
    rows = [
        row for row in result.scenario if (row.enrolled, row.group_by) == ("as_measured", "sex")
    ]
    assert [(row.group, row.a_day) for row in rows] == [("female", 495.0), ("male", 1485.0)]
    # Twenty people of each sex search: too few for more than upper bounds.
    assert {row.status for row in rows} == {"upper_bound"}
    assert all(row.value is None and row.high is not None for row in rows)


def test_gates_turn_rightful_travellers_away_and_let_others_through(bench, tmp_path):
    gates = {"travellers": 5000, "attacks": 10, "travellers_by_group": {"sex": {"female": 1}}}
    result = played(bench, tmp_path, {"gates": gates})
    # 16 of 80 mated comparisons lie under the threshold.
    away = only(result, measure="false_rejects", group_by="all")
    assert (away.rate, away.value, away.basis) == (0.2, 1000.0, "measured")
    assert away.low < 1000 < away.high
    (fmr,) = {
        row.rate for row in result.error_rates if (row.metric, row.group_by) == ("fmr", "all")
    }
    assert only(result, measure="false_accepts").value == pytest.approx(10 * fmr)
    assert only(result, measure="false_rejects", group="female").a_day == 5000


def test_a_base_rate_may_be_a_range(bench, tmp_path):
    result = played(bench, tmp_path, {"searches": SEARCHES | {"mated": [2e-5, 0.01]}})
    rates = [
        row.base_rate
        for row in result.scenario
        if (row.enrolled, row.measure, row.group_by) == ("near", "ppv", "all")
    ]
    assert rates == [2e-5, 1e-4, 1e-3, 1e-2]


def test_a_list_s_own_make_up_is_modelled_from_comparisons_within_and_across(bench, tmp_path):
    composed = SEARCHES | {
        "enrolled": 40,
        "enrolled_by_group": {"sex": {"female": 1.0}},
        "travellers_by_group": {"sex": {"female": 0.5, "male": 0.5}},
    }
    result = played(bench, tmp_path, {"searches": composed})
    # With 20 people of a sex the audit says no rate of it, and so neither does the model.
    assert {
        row.model for row in result.scenario if (row.enrolled, row.group_by) == ("all", "sex")
    } == {""}


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        ({}, "has `gates`, `searches` or both"),
        ({"gates": {"travellers": 1, "operating_point": "fmr=0.5"}}, "has no 'fmr=0.5'"),
        ({"searches": SEARCHES | {"mated": [0.1, 0.01]}}, "or a range such as"),
        (
            {"searches": SEARCHES | {"travellers_by_group": {"sex": {"female": 0.5}}}},
            "the shares add up to 0.5",
        ),
        ({"searches": SEARCHES | {"enrolled": {"all": 3, "x": 4}}}, "rename that list"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(bench, tmp_path, scenario, sentence):
    with pytest.raises(RequestError, match=sentence):
        played(bench, tmp_path, scenario)


def test_a_group_that_the_benchmark_lacks_is_refused_before_anything_is_counted(bench, tmp_path):
    gates = {"travellers": 10, "travellers_by_group": {"sex": {"woman": 1.0}}}
    with pytest.raises(RequestError, match="there is no group 'woman'; choose from"):
        played(bench, tmp_path, {"gates": gates})


def test_searches_need_a_gallery(bench):
    with pytest.raises(RequestError, match="searches no gallery; add `one_to_many`"):
        bench.config(scenario={"searches": SEARCHES})


def slope(number, low=None, high=None):
    cells = dict.fromkeys(GallerySlopeRow.model_fields)
    return GallerySlopeRow.model_construct(**cells | {"slope": number, "low": low, "high": high})


def test_the_police_trial_s_rate_at_a_tenth_of_the_list():
    # NPL and Metropolitan Police, 2023: 1 in 6,000 at 10,000 people and 1 in 60,000 at 1,000.
    measured = Rate(1 / 6000, 1 / 7000, 1 / 5000, "estimate")
    carried = carry(measured, 10_000, 1000, slope(1.0, 0.9, 1.1))
    assert 1 / carried.rate.value == pytest.approx(60_000, abs=10)
    assert (carried.basis, carried.model) == ("interpolated", "slope")
    assert carried.rate.low < carried.rate.value < carried.rate.high


@given(
    low=st.floats(0, 1),
    high=st.floats(0, 1),
    measured=st.integers(1, 10**4),
    wanted=st.integers(1, 10**9),
)
def test_bounds_hold_the_measured_rate_apart_and_stay_proportions(low, high, measured, wanted):
    low, high = sorted((low, high))
    carried = carry(Rate((low + high) / 2, low, high, "estimate"), measured, wanted, None)
    assert 0 <= carried.rate.low <= carried.rate.high <= 1
    if carried.basis == "extrapolated":
        # No fewer alarms than on the gallery within, no more than on all its parts together.
        assert carried.rate.low == low
        assert carried.rate.high == min(1.0, math.ceil(wanted / measured) * high)
