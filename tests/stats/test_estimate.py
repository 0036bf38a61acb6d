"""An estimate carries its counts and answers for its interval."""

import pytest

from evenmatch.stats.estimate import Estimate
from evenmatch.stats.guaranteed import guaranteed_high
from evenmatch.stats.intervals import clustered_exact, clustered_wilson, lower_bound, upper_bound
from evenmatch.stats.people import PersonCounts

COUNTS = PersonCounts.of_people([1] * 40 + [0] * 60, [3] * 100)


def test_it_gives_its_counts_and_its_interval_at_any_level():
    estimate = Estimate(COUNTS, "estimate", 0.9)
    assert (estimate.errors, estimate.trials, estimate.subjects) == (40, 300, 100)
    assert estimate.rate == 40 / 300
    assert estimate.interval() == clustered_exact(COUNTS, 0.9)
    assert estimate.interval(0.99) == clustered_exact(COUNTS, 0.99)
    assert estimate.reference_interval() == clustered_wilson(COUNTS, 0.9)
    assert estimate.method == estimate.interval().method == "clustered_exact"


def test_its_one_sided_bounds_are_those_of_its_counts():
    estimate = Estimate(COUNTS, "estimate")
    assert estimate.upper(0.05) == upper_bound(COUNTS, 0.05)
    assert estimate.lower(0.05) == lower_bound(COUNTS, 0.05)
    assert estimate.guaranteed_upper(0.05) == guaranteed_high(COUNTS, 0.05)


@pytest.mark.parametrize("status", ["suppressed", "no_trials"])
def test_a_hidden_rate_keeps_its_counts_and_shows_nothing_else(status):
    estimate = Estimate(COUNTS, status)
    assert estimate.errors == 40
    assert estimate.rate is None
    assert estimate.interval() is None
    assert estimate.reference_interval() is None


def test_without_errors_the_method_says_the_bound_is_one_sided():
    none = Estimate(PersonCounts.of_people([0] * 40, [1] * 40), "upper_bound")
    assert none.method == none.interval().method == "clustered_exact_one_sided"
