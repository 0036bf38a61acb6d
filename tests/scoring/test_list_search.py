"""A vendor's candidate lists as a search: the same as searching, as far as the lists go."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.matching.candidates import CandidateLists, EnrolledPhotographs
from evenmatch.scoring.dense_search import search_scores
from evenmatch.scoring.list_search import lists_reach, search_lists
from evenmatch.scoring.plan import Roster

# Two photographs each of five people; the first photographs of p0, p1 and p2 are enrolled.
PEOPLE = np.repeat(np.arange(5), 2).astype(np.int32)
ROSTER = Roster(PEOPLE, np.arange(10, dtype=np.int32), (PEOPLE % 2).astype(np.int32), 2)
GALLERY = np.array([0, 2, 4], dtype=np.int32)
SEARCHES = np.array([1, 3, 5, 6, 8], dtype=np.int32)


def lists_of(scores, length, statuses=None, failed=()):
    """Return each search's best candidates among the gallery; `scores` is searches by gallery."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :length]
    sizes = np.full(len(SEARCHES), order.shape[1])
    words = np.array(statuses or [""] * len(SEARCHES))
    sizes[words != ""] = 0
    kept = np.repeat(words == "", order.shape[1]).reshape(order.shape)
    enrolled = EnrolledPhotographs(GALLERY.astype(np.int64), np.isin(GALLERY, failed), "given:v")
    return CandidateLists(
        searches=SEARCHES.astype(np.int64),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        candidates=GALLERY[order][kept].astype(np.int64),
        scores=np.take_along_axis(scores, order, axis=1)[kept],
        statuses=words,
        gallery=enrolled,
        facts={},
    )


def scores_of(values):
    return np.array(values, dtype=np.float64).reshape(len(SEARCHES), len(GALLERY))


distinct = st.lists(
    st.integers(-1000, 1000), min_size=15, max_size=15, unique=True
)  # ties are put in an order of the vendor's own


@given(distinct, st.integers(1, 3))
def test_whole_lists_give_what_a_search_gives(values, length):
    scores = scores_of(values)
    table = np.full((10, 10), np.nan)
    table[np.ix_(SEARCHES, GALLERY)] = scores

    def lookup(probe, reference):
        return table[probe, reference], np.full(probe.size, "")

    expected = search_scores(lookup, ROSTER, SEARCHES, GALLERY, length=length)
    found = search_lists(lists_of(scores, 3), ROSTER, SEARCHES, GALLERY, length=length)
    for field in fields(expected):
        one, other = getattr(expected, field.name), getattr(found, field.name)
        np.testing.assert_array_equal(one, other, field.name)


SCORES = scores_of([[1, 9, 5], [7, 8, 2], [3, 4, 6], [2, 1, 3], [5, 9, 7]])


def test_a_mate_beyond_the_end_of_a_list_was_missed_and_nothing_failed():
    found = search_lists(lists_of(SCORES, 2), ROSTER, SEARCHES, GALLERY)
    # p0's mate scores 1 and is third; p1's and p2's stand first; the others have none.
    assert found.rank.tolist() == [3, 1, 1, 0, 0]
    assert found.best_mate_row.tolist() == [-1, 2, 4, -1, -1]
    assert found.best_mate[0] == -np.inf
    assert found.status.tolist() == [""] * 5
    assert found.candidates[0].tolist() == [9, 5]


def test_a_failed_search_and_a_failed_enrolment_have_no_rank():
    lists = lists_of(SCORES, 2, ["", "timeout", "", "", ""], failed=[0])
    found = search_lists(lists, ROSTER, SEARCHES, GALLERY)
    assert found.rank.tolist() == [0, 0, 1, 0, 0]
    assert found.status.tolist() == ["", "timeout", "", "", ""]
    assert found.mates.tolist() == [1, 1, 1, 0, 0]


def test_a_search_without_a_list_is_missing():
    lists = lists_of(SCORES, 2)
    found = search_lists(lists, ROSTER, np.array([1, 7], dtype=np.int32), GALLERY)
    assert found.status.tolist() == ["", "missing"]
    assert found.candidate_rows.tolist() == [[2, 4], [-1, -1]]


def test_a_part_of_the_gallery_has_the_candidates_that_are_in_it():
    part = np.array([0, 4], dtype=np.int32)
    found = search_lists(lists_of(SCORES, 3), ROSTER, SEARCHES[3:], part)
    assert found.candidate_rows[:, :2].tolist() == [[4, 0], [4, 0]]
    assert found.runner_up.tolist() == [2, 5]


@pytest.mark.parametrize(
    ("length", "threshold", "reached"),
    [
        (3, -99, [True] * 5),  # the whole gallery
        (2, 5.5, [True, False, True, True, False]),  # ends at 5, 7, 4, 2 and 7
        (2, 7, [True, False, True, True, False]),  # somebody more may score 7 as well
        (2, 7.5, [True] * 5),
    ],
)
def test_a_list_reaches_down_to_its_last_score(length, threshold, reached):
    lists = lists_of(SCORES, length)
    assert lists_reach(lists, ROSTER, SEARCHES, GALLERY, threshold).tolist() == reached


def test_a_short_list_reaches_down_to_the_lowest_score_of_all():
    lists = CandidateLists(
        searches=np.array([1, 3]),
        starts=np.array([0, 2, 3]),
        candidates=np.array([0, 2, 4]),
        scores=np.array([9.0, 2.0, 5.0]),
        statuses=np.array(["", ""]),
        gallery=None,
        facts={},
    )
    searches = np.array([3], dtype=np.int32)
    for threshold, reached in ((2.0, True), (1.9, False)):
        assert lists_reach(lists, ROSTER, searches, GALLERY, threshold).tolist() == [reached]
