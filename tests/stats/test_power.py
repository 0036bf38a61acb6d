"""Planning numbers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenmatch.stats.binomial import clopper_pearson
from evenmatch.stats.power import (
    chance_to_decide,
    plan_mated,
    plan_non_mated,
    planned_trials,
    trials_per_group,
    trials_to_support,
)


@pytest.mark.parametrize(
    ("errors", "trials"),
    [(0, 998), (1, 1580), (2, 2097), (3, 2583), (5, 3502), (10, 5651), (30, 13559)],
)
def test_fewest_trials_that_support_three_in_a_thousand(errors, trials):
    assert trials_to_support(0.003, errors) == trials


@pytest.mark.parametrize(("errors", "trials"), [(0, 299_572), (3, 775_364), (30, 4_069_046)])
def test_fewest_trials_that_support_one_in_a_hundred_thousand(errors, trials):
    assert trials_to_support(1e-5, errors) == trials


# Exact binomial power at every size. For truths of .0005, .001 and .03 it dips below 80% once more
# beyond 1.15 times the first adequate size (power is .769 at 1817 trials for .0005, for one).
@pytest.mark.parametrize(
    ("truth", "trials"),
    [(0.0005, 2097), (0.001, 3945), (0.0015, 7292), (0.002, 17_351), (0.0025, 72_123)],
)
def test_trials_from_which_a_true_claim_is_supported(truth, trials):
    assert planned_trials(0.003, truth) == trials


@pytest.mark.parametrize(
    ("truth", "trials"),
    [(0.0045, 10_989), (0.006, 3388), (0.009, 1136), (0.015, 367), (0.03, 142)],
)
def test_trials_from_which_a_false_claim_is_refuted(truth, trials):
    assert planned_trials(0.003, truth) == trials


@pytest.mark.parametrize("truth", [0.0005, 0.001, 0.009, 0.03])
def test_power_falls_short_just_before_and_never_after(truth):
    n = planned_trials(0.003, truth)
    assert chance_to_decide(0.003, truth, n - 1) < 0.8
    assert all(chance_to_decide(0.003, truth, n + k) >= 0.8 for k in range(0, 3 * n, 7))


@pytest.mark.parametrize(
    ("a", "b", "trials"),
    [
        (0.003, 0.006, 7813),
        (0.003, 0.009, 2600),
        (0.01, 0.02, 2319),
        (1e-5, 1e-4, 106_583),
        (0.003, 0.0045, 26_064),
    ],
)
def test_two_groups_by_the_normal_formula(a, b, trials):
    assert trials_per_group(a, b) == trials == trials_per_group(b, a)


def test_mated_comparisons_of_one_person_are_worth_less_by_hand():
    # Four photographs, six comparisons: with correlation .2 the design effect is 2.
    plan = plan_mated(998, photographs=4, correlation=0.2)
    assert (plan.people, plan.trials, plan.people_guaranteed) == (333, 1998, 998)
    assert plan_mated(998, photographs=2, correlation=0.9).people == 998


def test_non_mated_comparisons_need_pairs_and_the_guarantee_disjoint_ones():
    plan = plan_non_mated(299_572, design_effect=1)
    assert plan.people * (plan.people - 1) / 2 >= 299_572
    assert (plan.people - 1) * (plan.people - 2) / 2 < 299_572
    assert plan.people_guaranteed == 599_144
    many = plan_non_mated(299_572, photographs=4, design_effect=16)
    assert many.people == plan.people


def test_what_cannot_be_planned_is_refused():
    with pytest.raises(ValueError, match="move `truth`"):
        planned_trials(0.003, 0.003)
    with pytest.raises(ValueError, match="between 0 and 1"):
        trials_to_support(0, 1)
    with pytest.raises(ValueError, match="equivalence margin"):
        trials_per_group(0.1, 0.1)
    with pytest.raises(ValueError, match="two photographs"):
        plan_mated(10, photographs=1, correlation=0.1)
    with pytest.raises(ValueError, match="design effect"):
        plan_non_mated(10, design_effect=0.5)


@settings(max_examples=50)
@given(st.floats(0.001, 0.4), st.integers(0, 20))
def test_the_fewest_trials_support_and_one_less_does_not(bound, errors):
    n = trials_to_support(bound, errors)
    assert clopper_pearson(errors, n, 0.95, "upper").high <= bound * (1 + 1e-9)
    if n > errors + 1:
        assert clopper_pearson(errors, n - 1, 0.95, "upper").high > bound * (1 - 1e-9)
