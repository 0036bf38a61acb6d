"""The bound that assumes only that people are drawn independently."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.guaranteed import guaranteed_high, independent_units
from evenmatch.stats.intervals import upper_bound
from evenmatch.stats.people import PersonCounts


def complete(n, errors=0):
    first, second = np.triu_indices(n, 1)
    wrong = np.arange(first.size) < errors
    return PersonCounts.of_pairs(first, second, wrong, np.ones(first.size), people=n)


def test_without_errors_it_is_that_of_disjoint_pairs():
    # k = floor(61 / 2) = 30 disjoint pairs without an error, at 5%.
    assert guaranteed_high(complete(61)) == pytest.approx(1 - 0.05 ** (1 / 30))


def test_across_two_groups_the_smaller_one_counts():
    a, b = np.repeat(np.arange(40), 25), np.tile(np.arange(40, 65), 40)
    counts = PersonCounts.of_pairs(a, b, np.zeros(1000), np.ones(1000), people=65)
    assert guaranteed_high(counts, sides=(40, 25)) == pytest.approx(1 - 0.05 ** (1 / 25))


def test_mated_trials_count_every_person_once():
    counts = PersonCounts.of_people([0] * 50, [6] * 50)
    assert guaranteed_high(counts) == pytest.approx(1 - 0.05 ** (1 / 50))


def test_with_errors_it_solves_the_divergence():
    counts = PersonCounts.of_people([1] * 10 + [0] * 90, [2] * 100)
    high, p = guaranteed_high(counts), 0.05
    divergence = p * math.log(p / high) + (1 - p) * math.log((1 - p) / (1 - high))
    assert divergence * 100 == pytest.approx(math.log(20))


def test_every_person_weighs_the_same():
    # One person errs always, with 1000 trials or with one: the same bound.
    few = PersonCounts.of_people([1] + [0] * 49, [1] * 50)
    many = PersonCounts.of_people([1000] + [0] * 49, [1000] + [1] * 49)
    assert guaranteed_high(few) == pytest.approx(guaranteed_high(many))


def test_an_incomplete_plan_has_smaller_rounds():
    # A ring of 12 people: 12 of 66 pairs; 12 rounds of one pair are always possible.
    ring = np.arange(12)
    counts = PersonCounts.of_pairs(ring, (ring + 1) % 12, ring * 0, ring * 0 + 1, people=12)
    assert independent_units(counts) == 1


def test_nothing_but_errors_and_nobody_give_one():
    assert guaranteed_high(PersonCounts.of_people([1] * 5, [1] * 5)) == 1
    pair = PersonCounts.of_pairs([0, 0], [1, 2], [1, 0], [1, 1], people=3)
    assert guaranteed_high(pair, alpha=1e-12) <= 1


def test_no_trials_are_refused():
    with pytest.raises(ValueError, match="no trials"):
        guaranteed_high(PersonCounts.of_people([0], [0]))


@given(st.integers(10, 40), st.integers(0, 30), st.sampled_from([0.01, 0.05, 0.2]))
def test_it_is_never_below_the_modelled_bound_of_a_complete_plan(n, errors, alpha):
    counts = complete(n, errors)
    assert guaranteed_high(counts, alpha) >= counts.rate
    if errors == 0:
        assert guaranteed_high(counts, alpha) >= upper_bound(counts, alpha)
