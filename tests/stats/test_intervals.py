"""Intervals that know comparisons share people."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, norm
from scipy.stats import t as student

from evenmatch.stats.binomial import clopper_pearson
from evenmatch.stats.intervals import (
    clustered_exact,
    clustered_wilson,
    design_effect,
    effective_trials,
    jackknife_variance,
    lower_bound,
    plug_in_variance,
    upper_bound,
)
from evenmatch.stats.people import PersonCounts

people = st.lists(
    st.integers(1, 6).flatmap(lambda m: st.tuples(st.integers(0, m), st.just(m))),
    min_size=2,
    max_size=60,
)


def of(rows):
    errors, trials = zip(*rows, strict=True)
    return PersonCounts.of_people(errors, trials)


def complete(people_count, erring, *, per_pair=1):
    """Every pair of people compared `per_pair` times; the erring pairs err in all of them."""
    first, second = np.triu_indices(people_count, 1)
    errors = [per_pair * ((i, j) in erring) for i, j in zip(first, second, strict=True)]
    trials = np.full(first.size, per_pair)
    return PersonCounts.of_pairs(first, second, errors, trials, people=people_count)


def test_plug_in_variances_agree_with_both_public_codes(dyads):
    # cimat 0.1.2 and the paper's own utils.py, run on these templates at t = .35.
    fnmr, fmr = dyads.fnmr_counts(0.35), dyads.fmr_counts(0.35)
    assert (fnmr.errors, fnmr.trials, fmr.errors, fmr.trials) == (38, 76, 246, 1052)
    assert plug_in_variance(fnmr) == pytest.approx(5.193905817174513e-4, abs=1e-15)
    assert plug_in_variance(fmr) == pytest.approx(1.079501765004548e-3, abs=1e-15)


def test_clustered_wilson_agrees_with_cimat(dyads):
    fnmr = clustered_wilson(dyads.fnmr_counts(0.35))
    fmr = clustered_wilson(dyads.fmr_counts(0.35))
    expected = (0.45550932640112735, 0.5444906735988726)
    assert (fnmr.low, fnmr.high) == pytest.approx(expected, abs=1e-12)
    expected = (0.17591387195860037, 0.303809202568599)
    assert (fmr.low, fmr.high) == pytest.approx(expected, abs=1e-12)


def test_clustered_wilson_halves_the_tail_where_one_trial_errs():
    one = PersonCounts.of_people([1] + [0] * 99, [1] * 100)
    assert clustered_wilson(one, 0.95).low == pytest.approx(-math.log(0.975) / 100)


def test_no_error_never_counts_a_pair_twice(dyads):
    # The paper's code gives .0036382913 for N = 1052; cimat counts 2N and halves it.
    none = dyads.fmr_counts(0.999)
    assert none.errors == 0
    assert clustered_wilson(none).high == pytest.approx(0.0036382913254654576, abs=1e-9)
    assert clustered_exact(none).high >= 0.0036382913


def test_jackknife_variance_by_hand():
    # Three people, p = 2/6: residuals 2-2/3, 0-2/3, 0-2/3 over 4 remaining trials, times 2/3.
    counts = PersonCounts.of_people([2, 0, 0], [2, 2, 2])
    by_hand = 2 / 3 * ((4 / 3) ** 2 + 2 * (2 / 3) ** 2) / 4**2
    assert jackknife_variance(counts) == pytest.approx(by_hand)
    assert design_effect(counts) == pytest.approx(by_hand * 6 / (1 / 3 * 2 / 3))


def test_jackknife_variance_is_that_of_leaving_people_out(dyads):
    counts, p = dyads.fmr_counts(0.35), 246 / 1052
    left_out = [
        (counts.errors - e) / (counts.trials - m)
        for e, m in zip(counts.errors_by_person, counts.trials_by_person, strict=True)
    ]
    by_hand = 11 / 12 * sum((rate - p) ** 2 for rate in left_out)
    assert jackknife_variance(counts) == pytest.approx(by_hand, rel=1e-12)


def test_someone_in_every_trial_leaves_one_independent_trial():
    star = PersonCounts.of_pairs([0] * 50, range(1, 51), [1, 0] * 25, [1] * 50, people=51)
    assert jackknife_variance(star) == 0.25
    factor = (norm.isf(0.025) / student.isf(0.025, 50)) ** 2
    assert effective_trials(star, 0.025, None) == pytest.approx(factor)


def test_one_person_says_nothing():
    interval = clustered_exact(PersonCounts.of_people([3], [100]))
    assert (interval.low, interval.high) == pytest.approx((0, 1))


def test_clustered_exact_by_hand_where_enough_people_err():
    # 40 of 100 people err in both of their trials: each person is one trial.
    counts = of([(2, 2)] * 40 + [(0, 2)] * 60)
    variance = 99 / 100 * (40 * 1.2**2 + 60 * 0.8**2) / 198**2
    n = 0.24 / variance * (norm.isf(0.025) / student.isf(0.025, 99)) ** 2
    interval = clustered_exact(counts)
    assert interval.effective_trials == pytest.approx(n)
    assert interval.low == pytest.approx(beta.ppf(0.025, 0.4 * n, 0.6 * n + 1))
    assert interval.high == pytest.approx(beta.ppf(0.975, 0.4 * n + 1, 0.6 * n))
    assert interval.method == "clustered_exact"


def test_few_erring_people_take_the_design_effect_of_the_looser_threshold():
    counts = of([(1, 2)] * 12 + [(0, 2)] * 88)
    looser = of([(2, 2)] * 40 + [(0, 2)] * 60)
    effect = design_effect(looser)
    factor = (norm.isf(0.025) / student.isf(0.025, 99)) ** 2
    assert effective_trials(counts, 0.025, looser) == pytest.approx(200 / effect * factor)
    assert effect == pytest.approx(2, rel=0.02)


def test_a_looser_threshold_is_ignored_where_too_few_err_there_or_enough_err_here():
    enough, few = of([(2, 2)] * 40 + [(0, 2)] * 60), of([(1, 2)] * 12 + [(0, 2)] * 88)
    assert clustered_exact(enough, 0.95, few) == clustered_exact(enough)
    assert clustered_exact(few, 0.95, few) == clustered_exact(few)


def test_without_a_looser_threshold_no_more_trials_than_people_count():
    counts = of([(1, 20)] * 12 + [(0, 20)] * 88)
    assert effective_trials(counts, 0.025, None) == 100


def test_under_ten_erring_pairs_no_more_trials_than_pairs_count():
    # A pair of twins matches in all 16 comparisons; nobody else does.
    counts = complete(20, {(0, 1)}, per_pair=16)
    assert effective_trials(counts, 0.025, None) <= 190
    assert clustered_exact(counts).high > clopper_pearson(1, 190).high * 0.99


def test_no_errors_give_a_one_sided_bound_that_says_so():
    counts = of([(0, 3)] * 50)
    interval = clustered_exact(counts, 0.95)
    assert interval.method == "clustered_exact_one_sided"
    assert interval.low == 0
    assert interval.high == pytest.approx(1 - 0.05 ** (1 / 50))
    assert upper_bound(counts, 0.05) == pytest.approx(interval.high)
    assert lower_bound(counts, 0.05) == 0


def test_no_errors_take_the_design_effect_of_the_looser_threshold():
    # 40 clusters of 10 trials at the looser threshold leave about 100 independent trials.
    counts, looser = of([(0, 10)] * 100), of([(10, 10)] * 40 + [(0, 10)] * 60)
    factor = (norm.isf(0.05) / student.isf(0.05, 99)) ** 2
    n = 1000 / design_effect(looser) * factor
    assert clustered_exact(counts, 0.95, looser).high == pytest.approx(1 - 0.05 ** (1 / n))


def test_nothing_but_errors_counts_each_person_once():
    counts = of([(5, 5)] * 40)
    interval = clustered_exact(counts)
    n = 40.0
    assert (interval.low, interval.high) == (pytest.approx(0.025 ** (1 / n)), 1)


def test_a_variance_known_from_elsewhere_is_used_where_it_is_larger():
    rows = of([(1, 1)] * 50 + [(0, 1)] * 50)
    shared = PersonCounts(
        50, 100, rows.errors_by_person, rows.trials_by_person, 50, 100, shared_variance=0.25 / 20
    )
    factor = (norm.isf(0.025) / student.isf(0.025, 99)) ** 2
    assert effective_trials(shared, 0.025, None) == pytest.approx(20 * factor)


def test_no_trials_are_refused():
    with pytest.raises(ValueError, match="no trials"):
        clustered_exact(PersonCounts.of_people([0], [0]))


@given(people)
def test_the_interval_contains_the_rate_and_its_one_sided_bounds_lie_inside(rows):
    counts = of(rows)
    interval, p = clustered_exact(counts), counts.errors / counts.trials
    assert 0 <= interval.low <= p + 1e-9
    assert p - 1e-9 <= interval.high <= 1
    assert 0 < interval.effective_trials <= counts.trials
    assert lower_bound(counts, 0.05) >= interval.low - 1e-12
    assert upper_bound(counts, 0.05) <= interval.high + 1e-12


@given(people)
def test_people_without_trials_and_their_order_change_nothing(rows):
    padded = [(0, 0), *reversed(rows), (0, 0)]
    a, b = clustered_exact(of(rows)), clustered_exact(of(padded))
    assert (a.low, a.high) == pytest.approx((b.low, b.high), abs=1e-9)


@given(people)
def test_never_narrower_than_independent_trials(rows):
    counts = of(rows)
    interval, naive = clustered_exact(counts), clopper_pearson(counts.errors, counts.trials)
    assert interval.low <= naive.low + 1e-9
    if counts.errors:
        assert interval.high >= naive.high - 1e-9


def test_ninety_five_percent_intervals_cover_where_people_differ():
    # 60 people, 4 photographs, FMR 1%, people differ: Wilson on trials covers 41%.
    rng, covered, first_second = np.random.default_rng(20261122), 0, np.triu_indices(60, 1)
    draws = 400
    for _ in range(draws):
        effect = np.exp(rng.normal(0, 0.3, 60))
        rate = 0.01 * effect[first_second[0]] * effect[first_second[1]] / np.exp(0.09)
        errors = rng.binomial(16, np.minimum(rate * np.exp(rng.normal(0, 0.5, rate.size)), 1))
        trials = np.full(rate.size, 16)
        counts = PersonCounts.of_pairs(*first_second, errors, trials, people=60)
        interval = clustered_exact(counts)
        truth = 0.01 * np.exp(0.125)
        covered += interval.low <= truth <= interval.high
    assert covered / draws > 0.92
