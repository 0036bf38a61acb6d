"""Random splits of the people into enrolled and not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenmatch.errors import RequestError
from evenmatch.scoring.galleries import make_splits
from evenmatch.scoring.plan import Roster


def roster(people, groups=None, photographs=None):
    people = np.asarray(people, dtype=np.int32)
    groups = np.zeros_like(people) if groups is None else np.asarray(groups, dtype=np.int32)
    shots = np.arange(people.size) if photographs is None else photographs
    return Roster(people, np.asarray(shots, dtype=np.int32), groups, int(groups.max()) + 1)


def split(made, enrollable=None, searching=None, *, enrolled=0.5, splits=1, seed=0):
    every = np.ones(made.people.size, dtype=bool)
    return make_splits(
        made,
        every if enrollable is None else np.asarray(enrollable),
        every if searching is None else np.asarray(searching),
        enrolled=enrolled,
        splits=splits,
        rng=np.random.default_rng(seed),
    )


def test_everybody_enrolled_is_one_gallery_and_strangers_search():
    made = roster(np.repeat(np.arange(8), 2))
    theirs = (np.arange(16) % 2 == 0) & (made.people < 4)
    (found,) = split(made, theirs, ~theirs, enrolled=1.0, splits=20)
    assert found.gallery.tolist() == [0, 2, 4, 6]
    assert found.mated.sum() == 4
    assert (~found.mated).sum() == 8


def test_first_photographs_are_enrolled_and_second_ones_search():
    made = roster(np.repeat(np.arange(8), 2))
    first = np.arange(16) % 2 == 0
    (found,) = split(made, first, ~first)
    assert found.name == "split-1"
    assert found.gallery.size == 4
    assert (found.gallery % 2 == 0).all()
    assert found.searches.tolist() == list(range(1, 16, 2))
    assert found.mated.sum() == 4


def test_a_share_of_every_group_is_enrolled():
    made = roster(np.repeat(np.arange(40), 2), np.repeat([0] * 30 + [1] * 10, 2))
    for found in split(made, np.arange(80) % 2 == 0, splits=20):
        groups = made.groups[found.gallery]
        assert ((groups == 0).sum(), (groups == 1).sum()) == (15, 5)


def test_a_share_that_does_not_divide_holds_on_average():
    made = roster(np.repeat(np.arange(3), 2))
    first = np.arange(6) % 2 == 0
    sizes = {found.gallery.size for found in split(made, first, splits=200)}
    assert sizes == {1, 2}


def test_a_photograph_in_the_gallery_never_searches_not_even_under_a_mask():
    made = roster([0, 0, 1, 1, 0, 0, 1, 1], photographs=[0, 1, 2, 3, 0, 1, 2, 3])
    enrollable = [True, False, True, False] + [False] * 4
    (found,) = split(made, enrollable)
    assert not np.isin(made.photographs[found.searches], made.photographs[found.gallery]).any()


def test_the_seed_decides_and_each_split_draws_anew():
    made = roster(np.repeat(np.arange(30), 2))
    first = np.arange(60) % 2 == 0
    galleries = [found.gallery.tolist() for found in split(made, first, splits=5)]
    assert galleries == [found.gallery.tolist() for found in split(made, first, splits=5)]
    assert len({tuple(each) for each in galleries}) == 5
    assert galleries != [found.gallery.tolist() for found in split(made, first, splits=5, seed=1)]


@pytest.mark.parametrize(
    ("people", "searching", "said"),
    [
        (range(10), None, "0 mated and 5 non-mated searches; choose"),
        (np.repeat(np.arange(4), 2), np.zeros(8, bool), "0 mated and 0 non-mated searches"),
    ],
)
def test_a_split_without_both_kinds_of_search_is_refused(people, searching, said):
    with pytest.raises(RequestError, match=said):
        split(roster(list(people)), searching=searching)


@settings(max_examples=50)
@given(st.integers(4, 40), st.floats(0.3, 0.7), st.integers(0, 1000))
def test_people_are_either_enrolled_or_not(number, share, seed):
    made = roster(np.repeat(np.arange(number), 2))
    (found,) = split(made, np.arange(2 * number) % 2 == 0, enrolled=share, seed=seed)
    enrolled = set(made.people[found.gallery].tolist())
    assert abs(len(enrolled) - share * number) < 1
    assert [person in enrolled for person in made.people[found.searches]] == found.mated.tolist()
    assert not set(found.gallery.tolist()) & set(found.searches.tolist())
