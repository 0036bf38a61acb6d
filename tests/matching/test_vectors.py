"""Templates that are not one array read like one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.matching.vectors import Picked, Stacked, at_hand, gathered, kept, part_of


def made_up(rows, first=0.0):
    return (first + np.arange(rows * 3).reshape(rows, 3)).astype(np.float32)


FIRST, SECOND = made_up(7), made_up(5, first=100.0)
STACKED, WHOLE = Stacked(FIRST, SECOND), np.concatenate([FIRST, SECOND])


@given(st.lists(st.integers(0, 11), max_size=20), st.integers(0, 12), st.integers(0, 12))
def test_two_sets_on_each_other_are_one(rows, first, last):
    assert np.array_equal(STACKED[np.array(rows, np.int32)], WHOLE[np.array(rows, int)])
    assert np.array_equal(STACKED[first:last], WHOLE[first:last])
    assert (STACKED.shape, len(STACKED), STACKED.dtype) == (WHOLE.shape, 12, WHOLE.dtype)


@given(
    st.lists(st.integers(-1, 6), min_size=1, max_size=9),
    st.lists(st.integers(0, 8), max_size=20),
)
def test_picked_rows_come_in_their_order_and_none_is_zeros(order, asked):
    picked = Picked(FIRST, np.array(order))
    wanted = np.array([FIRST[row] if row >= 0 else np.zeros(3) for row in order], np.float32)
    rows = np.array([row % len(order) for row in asked], np.int32)
    assert np.array_equal(picked[rows], wanted[rows])
    assert np.array_equal(picked[:], wanted)
    assert picked.shape == wanted.shape


def test_a_set_is_at_hand_where_all_of_it_is_in_memory(tmp_path):
    mapped = np.memmap(tmp_path / "m", np.float32, "w+", shape=(7, 3))
    assert at_hand(FIRST)
    assert at_hand(STACKED)
    assert not at_hand(mapped)
    assert not at_hand(Stacked(FIRST, mapped))
    assert not at_hand(Picked(FIRST, np.arange(3)))


def test_rows_of_one_part_are_asked_of_it_alone():
    within, rows = part_of(Stacked(STACKED, FIRST), np.array([8, 11]))
    assert within is SECOND
    assert rows.tolist() == [1, 4]
    assert part_of(STACKED, np.array([6, 7]))[0] is STACKED
    assert part_of(STACKED, np.array([], int))[0] is STACKED


@pytest.mark.parametrize("vectors", [FIRST, Picked(FIRST, np.arange(7)), Stacked(FIRST, FIRST)])
def test_rows_are_kept_in_their_order_and_none_read_before_it_is_asked_for(vectors):
    some = kept(kept(vectors, np.array([1, 3, 6])), np.array([0, 2]))
    assert np.array_equal(some[:], FIRST[[1, 6]])
    assert isinstance(some, np.ndarray) == (not isinstance(vectors, Picked))


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=20))
def test_pairs_find_their_rows_among_those_that_were_read(pairs):
    one, other = (np.array(side, np.int32) for side in zip(*pairs, strict=True))
    for vectors in (STACKED, WHOLE, Picked(WHOLE, np.arange(12))):
        here, first, second = gathered(vectors, one, other)
        assert np.array_equal(here[first], WHOLE[one])
        assert np.array_equal(here[second], WHOLE[other])
        assert len(here) <= 2 * len(pairs) or here is WHOLE
        assert first.dtype == second.dtype == np.int32
