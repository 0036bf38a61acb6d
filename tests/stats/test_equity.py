"""Indices with their intervals, chance levels and flags."""

import math

import numpy as np
import pytest

from evenmatch.stats.equity import (
    GroupCell,
    combined_indices,
    common_design_effect,
    equity_indices,
    group_summary,
    null_rates,
)
from evenmatch.stats.people import PersonCounts


def cell(name, erring, people, *, errors=1, trials=1):
    """Make a group in which `erring` of the people err in `errors` of their trials each."""
    counts = PersonCounts.of_people([errors] * erring + [0] * (people - erring), [trials] * people)
    return GroupCell(name, counts)


def rng():
    return np.random.default_rng(20261122)


def test_clearly_different_groups_are_detected_and_the_box_excludes_equality():
    found = equity_indices([cell("a", 30, 1000), cell("b", 400, 1000)], rng())
    headline = found[0]
    assert headline.index == "max_over_gm"
    assert headline.value == pytest.approx(math.sqrt(400 / 30))
    assert headline.detected
    assert headline.p_value == 1 / 10_001
    assert 1 < headline.low < headline.value < headline.high
    assert headline.flags == ()


def test_equal_groups_are_not_detected():
    found = equity_indices([cell(n, 100, 1000) for n in "abcd"], rng())
    assert not any(index.detected for index in found)
    assert all(index.p_value > 0.5 for index in found)
    assert [index.low for index in found] == [1, 1, 0, 1, 0]


def test_under_three_erring_people_nothing_is_estimated_but_a_lower_limit():
    found = equity_indices([cell("a", 200, 1000), cell("b", 2, 1000)], rng())
    for index in found:
        assert index.value is None
        assert index.high is None
        assert index.p_value is None
        assert not index.detected
        assert index.flags == ("few_errors",)
    assert found[0].low > 3


def test_groups_under_a_hundred_people_are_flagged():
    found = equity_indices([cell("a", 20, 99), cell("b", 200, 1000)], rng())
    assert found[0].flags == ("few_people",)


@pytest.mark.parametrize(
    ("errors", "gm", "over_min", "spread"),
    [(10, 1.956, 4.75, 0.265), (100, 1.251, 1.545, 0.0829)],
)
def test_chance_alone_reaches_the_published_floor(errors, gm, over_min, spread):
    # Eight equal groups of independent trials; simulated tables in methods 4.
    cells = [cell(str(g), errors, 10_000) for g in range(8)]
    found = {index.index: index.null_p95 for index in equity_indices(cells, rng())}
    assert found["max_over_gm"] == pytest.approx(gm, rel=0.03)
    assert found["max_over_min"] == pytest.approx(over_min, rel=0.08)
    assert found["gini"] == pytest.approx(spread, rel=0.03)


def test_people_who_err_together_raise_the_floor():
    alone = [cell(n, 100, 1000) for n in "abc"]
    together = [cell(n, 100, 1000, errors=10, trials=10) for n in "abc"]
    assert common_design_effect(together) == pytest.approx(10, rel=0.01)
    floors = [equity_indices(cells, rng())[0].null_p95 for cells in (alone, together)]
    assert floors[1] == pytest.approx(floors[0], rel=0.03)
    assert np.var(null_rates(together, 4000, rng())) > 0.8 * np.var(null_rates(alone, 4000, rng()))


def test_few_errors_take_the_design_effect_of_the_looser_threshold():
    few = cell("a", 5, 1000, trials=10).counts
    looser = cell("a", 100, 1000, errors=10, trials=10).counts
    assert common_design_effect([GroupCell("a", few, looser)] * 2) == pytest.approx(10, rel=0.01)
    assert common_design_effect([cell("a", 0, 50)] * 2) == 1


def test_false_alarms_stay_near_five_percent_where_people_err_together():
    generator, alarms, audits = rng(), 0, 300
    for _ in range(audits):
        cells = []
        for people in (150, 150, 300):
            rate = generator.beta(0.3, 2.7, people)  # mean .1, correlated within a person
            errors = generator.binomial(6, rate)
            cells.append(GroupCell("g", PersonCounts.of_people(errors, [6] * people)))
        found = equity_indices(cells, generator, replicates=400)
        alarms += found[0].detected
    assert alarms / audits < 0.09


def test_combined_indices_are_those_of_their_parts():
    fmr = [cell(n, k, 1000) for n, k in (("a", 10), ("b", 20), ("c", 40), ("d", 80))]
    fnmr = [cell(n, k, 1000) for n, k in (("a", 30), ("b", 40), ("c", 60), ("d", 120))]
    found = {index.index: index for index in combined_indices(fmr, fnmr, rng(), replicates=500)}
    assert found["ir"].value == pytest.approx(5.656854249492381)
    assert found["garbe"].value == pytest.approx(0.4488888888888889)
    assert found["werm"].value == pytest.approx(math.sqrt(math.sqrt(8) * 2.2133638394006416))
    assert found["fdr"].value == pytest.approx(1 - (0.07 + 0.09) / 2)
    for index in found.values():
        assert index.low <= index.value <= index.high
        assert index.detected


def test_combined_indices_share_the_flags_of_both_rates():
    good, bad = [cell("a", 50, 99), cell("b", 60, 500)], [cell("a", 2, 500), cell("b", 60, 500)]
    for index in combined_indices(good, bad, rng(), replicates=100):
        assert set(index.flags) == {"few_people", "few_errors"}
        assert index.value is None


def test_the_summary_row_by_hand():
    row = group_summary([cell("a", 10, 1000), cell("b", 40, 500)])
    assert row.overall == pytest.approx(50 / 1500)
    assert (row.minimum, row.maximum) == pytest.approx((0.01, 0.08))
    assert row.max_over_min == pytest.approx(8)
    assert row.max_over_gm == pytest.approx(math.sqrt(8))
    assert row.max_over_mean == pytest.approx(0.08 / 0.045)
    assert row.difference == pytest.approx(0.07)
    assert row.gini == pytest.approx(0.07 / 0.09)


def test_one_group_or_an_empty_one_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        equity_indices([cell("a", 1, 10)], rng())
    with pytest.raises(ValueError, match="leave them out"):
        group_summary([cell("a", 1, 10), cell("b", 0, 0)])
