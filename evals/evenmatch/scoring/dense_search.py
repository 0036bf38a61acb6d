"""Searches a gallery by looking up scores: score files, and the reference for the tile engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.scoring.search_results import LIST_LENGTH, SearchResults, in_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from evenmatch.scoring.plan import Roster, Rows
    from evenmatch.scoring.search_results import Scores

    Lookup = Callable[[Rows, Rows], tuple[Scores, npt.NDArray[np.str_]]]

CHUNK = 1 << 22  # comparisons looked up at once


def search_scores(
    lookup: Lookup, roster: Roster, searches: Rows, gallery: Rows, *, length: int = LIST_LENGTH
) -> SearchResults:
    """Search a gallery with scores that are looked up, such as those of a score file.

    Args:
        lookup: scores and statuses of given probe and reference rows; nan where one failed.
        roster: who the rows are.
        searches: probe rows.
        gallery: enrolled rows; comparisons with the probe's own photograph are left out.
        length: length of the candidate list.
    """

    def block(some: Rows) -> SearchResults:
        return _search_block(lookup, roster, some, gallery, length)

    return in_blocks(block, searches, gallery, CHUNK // max(gallery.size, 1))


def _search_block(
    lookup: Lookup, roster: Roster, searches: Rows, gallery: Rows, length: int
) -> SearchResults:
    """Search with a block of probes against the whole gallery."""
    shape = (searches.size, gallery.size)
    score, named = lookup(np.repeat(searches, gallery.size), np.tile(gallery, searches.size))
    score, named = score.reshape(shape).astype(np.float64), named.reshape(shape)
    own = roster.photographs[searches][:, None] == roster.photographs[gallery]
    mate = (roster.people[searches][:, None] == roster.people[gallery]) & ~own
    failed = np.isnan(score)
    score = np.where(failed | own, -np.inf, score)
    usable_mate = mate & ~failed
    mate_scores = np.where(usable_mate, score, -np.inf)
    best = mate_scores.argmax(axis=1) if gallery.size else np.zeros(searches.size, np.intp)
    has_mate = usable_mate.any(axis=1)
    best_mate = np.where(has_mate, _take(mate_scores, best), -np.inf)
    others = np.where(mate | own | failed, -np.inf, score)
    ahead = np.count_nonzero((others >= best_mate[:, None]) & np.isfinite(others), axis=1)
    order = np.argsort(-others, axis=1, kind="stable")[:, :length]
    candidates = np.take_along_axis(others, order, axis=1)
    rows = np.where(np.isneginf(candidates), -1, gallery[order])
    return SearchResults(
        searches=searches,
        gallery=gallery,
        status=_search_status(named, failed | own, own),
        mates=np.count_nonzero(mate, axis=1),
        best_mate_row=np.where(has_mate, gallery[best], -1).astype(np.int32),
        best_mate=best_mate,
        rank=np.where(has_mate, 1 + ahead, 0),
        candidate_rows=_padded(rows, length, -1).astype(np.int32),
        candidates=_padded(candidates, length, -np.inf),
        runner_up=_runner_up(others, roster.people[gallery]),
        group_best=_group_best(others, roster.groups[gallery], roster.n_groups),
    )


def _take(values: Scores, columns: npt.NDArray[np.intp]) -> Scores:
    return np.take_along_axis(values, columns[:, None], axis=1)[:, 0]


def _padded(values: npt.NDArray[np.generic], length: int, fill: float) -> Scores:
    missing = length - values.shape[1]
    return np.pad(values, ((0, 0), (0, missing)), constant_values=fill)


def _search_status(
    named: npt.NDArray[np.str_], without: npt.NDArray[np.bool_], own: npt.NDArray[np.bool_]
) -> npt.NDArray[np.str_]:
    """Return the reason of searches none of whose comparisons has a score."""
    reason = named[np.arange(named.shape[0]), np.argmin(own, axis=1)]
    return np.where(without.all(axis=1), reason, "")


def _runner_up(others: Scores, people: npt.NDArray[np.int32]) -> Scores:
    """Return the best score of anyone but the person of the best non-mate."""
    first = people[others.argmax(axis=1)]
    rest = np.where(people == first[:, None], -np.inf, others)
    return np.asarray(rest.max(axis=1, initial=-np.inf))


def _group_best(others: Scores, groups: npt.NDArray[np.int32], n_groups: int) -> Scores:
    """Return the best non-mate score within each group of the gallery."""
    best = np.full((n_groups, others.shape[0]), -np.inf)
    np.maximum.at(best, groups, others.T)
    return best.T
