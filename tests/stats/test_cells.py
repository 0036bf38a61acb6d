"""What a cell may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.cells import cell_status, few_people


@pytest.mark.parametrize(
    ("people", "erring", "resolved", "status"),
    [
        ([9.9], 50, True, "suppressed"),
        ([9.9], 50, False, "suppressed"),
        ([10], 50, False, "unresolvable"),
        ([10], 50, True, "upper_bound"),
        ([29.9], 50, True, "upper_bound"),
        ([30], 2, True, "upper_bound"),
        ([30], 3, True, "estimate"),
        ([300, 9], 3, True, "suppressed"),
        ([300, 29], 3, True, "upper_bound"),
        ([300, 30], 3, True, "estimate"),
    ],
)
def test_status_by_people_and_erring_units(people, erring, resolved, status):
    assert cell_status(trials=99, erring_units=erring, kish=people, resolved=resolved) == status


def test_nothing_tried_says_so_first():
    assert cell_status(trials=0, erring_units=0, kish=[0.0]) == "no_trials"


def test_groups_under_a_hundred_people_are_few():
    assert few_people(99)
    assert not few_people(100)


@given(st.floats(0, 500), st.integers(0, 9), st.booleans())
def test_more_people_never_say_less(people, erring, resolved):
    order = ["suppressed", "unresolvable", "upper_bound", "estimate"]

    def said(kish):
        return order.index(
            cell_status(trials=1, erring_units=erring, kish=[kish], resolved=resolved)
        )

    assert said(people) <= said(people * 2)
