"""Searches that a vendor made: its candidate lists as the results of a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.scoring.search_results import LIST_LENGTH, SearchResults, in_blocks

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.matching.candidates import CandidateLists
    from evenmatch.scoring.plan import Roster, Rows

MISSING = "missing"
CELLS = 1 << 21  # of candidate lists looked at together


def search_lists(
    lists: CandidateLists,
    roster: Roster,
    searches: Rows,
    gallery: Rows,
    *,
    length: int = LIST_LENGTH,
) -> SearchResults:
    """Return what a vendor's lists say of a gallery.

    A mate who is not on the list of a search that worked has no score, and a rank just beyond the
    longest list: it was missed, and nothing failed. Candidates outside the gallery are left out,
    so that a part of the vendor's gallery can be asked about.

    Args:
        lists: the candidate lists.
        roster: who the rows are.
        searches: probe rows; one without a list has the status `missing`.
        gallery: enrolled rows.
        length: length of the candidate list returned, at most that of the longest list.
    """
    length = max(min(length, lists.length), 1)
    enrolled = _Enrolled.of(lists, roster, gallery)

    def block(some: Rows) -> SearchResults:
        return _block(lists, roster, some, enrolled, length)

    return in_blocks(block, searches, gallery, CELLS // lists.length)


def lists_reach(
    lists: CandidateLists, roster: Roster, searches: Rows, gallery: Rows, threshold: float
) -> npt.NDArray[np.bool_]:
    """Whether each search's list surely holds everybody at or above a threshold.

    A list that is shorter than the longest was cut by a score of the vendor's own, which is not
    above the lowest score listed anywhere; one as long as the longest by its length.
    """
    at = lists.places(roster.photographs[searches].astype(np.int64))
    ends = lists.starts[np.maximum(at, 0) + 1]
    sizes = ends - lists.starts[np.maximum(at, 0)]
    last = lists.scores[np.maximum(ends - 1, 0)]
    whole = sizes >= gallery.size
    short = (sizes < lists.length) & (threshold >= lists.lowest)
    below = (sizes == lists.length) & (last < threshold)
    return np.asarray((at < 0) | (lists.statuses[at] != "") | whole | short | below)


@dataclass(frozen=True)
class _Enrolled:
    """A gallery as lists are read against it.

    Attributes:
        rows: its rows.
        row_of: row of each photograph; -1 where it is not enrolled.
        usable: each person's enrolled photographs that gave a template.
        mates: all of them.
    """

    rows: Rows
    row_of: Rows
    usable: npt.NDArray[np.int64]
    mates: npt.NDArray[np.int64]

    @classmethod
    def of(cls, lists: CandidateLists, roster: Roster, gallery: Rows) -> _Enrolled:
        row_of = np.full(int(roster.photographs.max(initial=-1)) + 1, -1, dtype=np.int32)
        row_of[roster.photographs[gallery]] = gallery
        good = np.ones(gallery.size, dtype=bool)
        if lists.gallery is not None:
            failed = lists.gallery.codes[lists.gallery.failed]
            good = ~np.isin(roster.photographs[gallery], failed)
        people = roster.people[gallery]
        usable = np.bincount(people[good], minlength=roster.n_people)
        return cls(gallery, row_of, usable, np.bincount(people, minlength=roster.n_people))


def _block(
    lists: CandidateLists, roster: Roster, searches: Rows, enrolled: _Enrolled, length: int
) -> SearchResults:
    codes = roster.photographs[searches].astype(np.int64)
    at = lists.places(codes)
    status = np.where(at < 0, MISSING, lists.statuses[at])
    start, size = lists.starts[at], np.where(at < 0, 0, np.diff(lists.starts)[at])
    within = np.arange(lists.length)
    place = np.minimum(start[:, None] + within, len(lists.candidates) - 1)
    rows = np.where(within < size[:, None], enrolled.row_of[lists.candidates[place]], -1)
    rows = np.where(roster.photographs[rows] == codes[:, None], -1, rows)
    score = np.where(rows >= 0, lists.scores[place], -np.inf)
    mate = (rows >= 0) & (roster.people[rows] == roster.people[searches][:, None])
    best = np.where(mate, score, -np.inf).argmax(axis=1)[:, None]
    has_mate = mate.any(axis=1)
    best_mate = np.where(has_mate, np.take_along_axis(score, best, axis=1)[:, 0], -np.inf)
    others = np.where(mate, -np.inf, score)
    ahead = np.count_nonzero((others >= best_mate[:, None]) & np.isfinite(others), axis=1)
    missed = (status == "") & (enrolled.usable[roster.people[searches]] > 0)
    order = np.argsort(-others, axis=1, kind="stable")[:, :length]
    candidates = np.take_along_axis(others, order, axis=1)
    kept = np.take_along_axis(rows, order, axis=1)
    best_row = np.where(has_mate, np.take_along_axis(rows, best, axis=1)[:, 0], -1)
    return SearchResults(
        searches=searches,
        gallery=enrolled.rows,
        status=status,
        mates=enrolled.mates[roster.people[searches]],
        best_mate_row=best_row.astype(np.int32),
        best_mate=best_mate,
        rank=np.where(has_mate, 1 + ahead, np.where(missed, lists.length + 1, 0)),
        candidate_rows=np.where(np.isneginf(candidates), -1, kept).astype(np.int32),
        candidates=candidates,
        runner_up=_runner_up(others, rows, roster),
        group_best=_group_best(others, rows, roster),
    )


def _runner_up(
    others: npt.NDArray[np.float64], rows: Rows, roster: Roster
) -> npt.NDArray[np.float64]:
    """Return the best score of anyone but the person of the best non-mate."""
    people = roster.people[rows]
    first = np.take_along_axis(people, others.argmax(axis=1)[:, None], axis=1)
    return np.asarray(np.where(people == first, -np.inf, others).max(axis=1))


def _group_best(
    others: npt.NDArray[np.float64], rows: Rows, roster: Roster
) -> npt.NDArray[np.float64]:
    """Return the best non-mate score within each finest group."""
    best = np.full((len(others), roster.n_groups), -np.inf)
    search = np.broadcast_to(np.arange(len(others))[:, None], others.shape)
    np.maximum.at(best, (search, roster.groups[rows]), others)
    return best
