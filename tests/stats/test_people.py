"""Counting who the errors touch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.people import PersonCounts, effective_people

PEOPLE = 7
trial = st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, PEOPLE - 1), st.booleans()).filter(
    lambda row: row[0] != row[1]
)


def test_mated_trials_count_once_for_their_person():
    counts = PersonCounts.of_people([2, 0, 1, 0], [4, 4, 1, 0])
    assert (counts.errors, counts.trials, counts.subjects) == (3, 9, 3)
    assert (counts.erring_units, counts.units) == (2, 3)
    assert counts.rate == 3 / 9
    assert counts.balanced_rate == pytest.approx((0.5 + 0 + 1) / 3)
    assert counts.largest_share == 4 / 9
    assert counts.pair_moments is None


def test_non_mated_trials_touch_both_people_and_add_both_directions():
    # 0-1 compared both ways with one error each way, 1-2 once without error.
    counts = PersonCounts.of_pairs([0, 1, 1], [1, 0, 2], [1, 1, 0], [2, 2, 3], people=4)
    assert counts.errors_by_person.tolist() == [2, 2, 0, 0]
    assert counts.trials_by_person.tolist() == [4, 7, 3, 0]
    assert (counts.errors, counts.trials, counts.subjects) == (2, 7, 3)
    assert (counts.erring_units, counts.units) == (1, 2)
    assert counts.pair_moments == (4.0, 8.0, 25.0)
    assert counts.pair_rate_sum == 0.5
    assert counts.largest_share == 1.0


def test_nothing_compared_has_no_rate():
    counts = PersonCounts.of_people([0, 0], [0, 0])
    assert counts.rate is None
    assert counts.balanced_rate is None
    assert counts.largest_share is None
    assert counts.kish == 0.0


def test_one_man_with_530_photographs_is_most_of_the_effective_people():
    # LFW: one person has C(530, 2) = 140,185 of 242,257 mated pairs.
    trials = np.array([140_185] + [18] * 5671)
    assert effective_people(trials) < 3.1


def test_kish_is_the_number_of_people_where_all_have_as_many_trials():
    assert effective_people([5] * 12) == 12


def test_a_person_is_never_compared_with_themself_in_a_non_mated_trial():
    with pytest.raises(ValueError, match="names one person twice"):
        PersonCounts.of_pairs([0], [0], [0], [1], people=1)


def test_more_errors_than_trials_are_refused():
    with pytest.raises(ValueError, match="2 errors in 1 trials is impossible"):
        PersonCounts.of_people([2], [1])


def test_misaligned_people_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        PersonCounts.of_people([0, 0], [1])


@given(st.lists(trial, min_size=1, max_size=40))
def test_rows_of_single_trials_count_as_their_sums_do(rows):
    first, second, errors = (np.array(column, dtype=int) for column in zip(*rows, strict=True))
    counts = PersonCounts.of_pairs(first, second, errors, np.ones(len(rows)), people=PEOPLE)
    touching = [sum(e for a, b, e in rows if person in (a, b)) for person in range(PEOPLE)]
    assert counts.errors_by_person.tolist() == touching
    assert counts.errors_by_person.sum() == 2 * counts.errors
    assert counts.trials_by_person.sum() == 2 * counts.trials == 2 * len(rows)
    assert counts.erring_units == len({frozenset((a, b)) for a, b, e in rows if e})
    assert counts.units == len({frozenset((a, b)) for a, b, _ in rows})
