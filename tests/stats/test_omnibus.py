"""Tests over several groups."""

import numpy as np
import pytest

from evenmatch.stats.omnibus import omnibus
from evenmatch.stats.people import PersonCounts

SCHEMES = pytest.mark.parametrize("scheme", ["bootstrap", "permutation"])


def group(rng, people, rate, *, trials=6, spread=4.0):
    errors = rng.binomial(trials, rng.beta(rate * spread, (1 - rate) * spread, people))
    return PersonCounts.of_people(errors, np.full(people, trials))


@SCHEMES
def test_a_group_that_errs_more_is_flagged(scheme):
    rng = np.random.default_rng(1)
    groups = [group(rng, 150, rate) for rate in (0.05, 0.05, 0.3)]
    test = omnibus(groups, rng, replicates=500, scheme=scheme)
    assert test.p_value == 1 / 501
    assert test.sum_p_value == 1 / 501
    assert 2 in test.flagged
    assert test.statistic > test.margin


@SCHEMES
def test_groups_with_the_same_people_do_not_differ(scheme):
    same = PersonCounts.of_people([1, 0, 0, 2] * 20, [4] * 80)
    test = omnibus([same, same, same], np.random.default_rng(2), replicates=200, scheme=scheme)
    assert test.statistic == pytest.approx(0, abs=1e-6)
    assert test.p_value == 1
    assert test.flagged == ()


@SCHEMES
def test_false_alarms_stay_near_five_percent_with_unequal_photographs(scheme):
    # Without a standard error for each group the size was 31% in such designs.
    rng, alarms, audits = np.random.default_rng(3), 0, 150
    for _ in range(audits):
        groups = [group(rng, 80, 0.1, trials=t) for t in (1, 3, 10)]
        test = omnibus(groups, rng, replicates=200, scheme=scheme)
        alarms += test.p_value <= 0.05
    assert alarms / audits < 0.11


@SCHEMES
def test_a_group_without_errors_has_a_standard_error_all_the_same(scheme):
    groups = [
        PersonCounts.of_people([0] * 40, [2] * 40),
        PersonCounts.of_people([1] * 10 + [0] * 30, [2] * 40),
    ]
    test = omnibus(groups, np.random.default_rng(4), replicates=200, scheme=scheme)
    assert 0 < test.p_value <= 1
    assert np.isfinite(test.statistic)


def test_people_without_trials_change_nothing():
    a, b = [0, 1, 1, 0, 2], [2, 2, 2, 2, 2]
    plain = [PersonCounts.of_people(a, b), PersonCounts.of_people(a[::-1], b)]
    padded = [PersonCounts.of_people([*a, 0], [*b, 0]), plain[1]]
    tests = [omnibus(g, np.random.default_rng(5), replicates=50) for g in (plain, padded)]
    assert tests[0] == tests[1]


def test_what_cannot_be_tested_is_refused():
    rng, one = np.random.default_rng(6), PersonCounts.of_people([1, 0], [1, 1])
    with pytest.raises(ValueError, match="at least two groups"):
        omnibus([one], rng)
    with pytest.raises(ValueError, match="leave empty ones out"):
        omnibus([one, PersonCounts.of_people([0], [0])], rng)
    pair = PersonCounts.of_pairs([0], [1], [0], [1], people=2)
    with pytest.raises(ValueError, match="compare by ratios"):
        omnibus([pair, pair], rng)
