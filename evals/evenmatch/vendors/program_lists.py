"""Searches that a vendor's program makes, a block at a time, as the results of a search."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.scoring.list_search import search_lists
from evenmatch.scoring.search_results import SearchResults, empty_results, in_blocks

if TYPE_CHECKING:
    from evenmatch.matching.candidates import CandidateLists
    from evenmatch.matching.program_scores import ProgramScores
    from evenmatch.scoring.plan import Roster, Rows

CELLS: Final = 1 << 22  # of whole-gallery lists held together


def search_program(
    scored: ProgramScores, roster: Roster, searches: Rows, gallery: Rows, *, length: int
) -> SearchResults:
    """Return what the program's own searches of a gallery find.

    Args:
        scored: the program.
        roster: who the rows are.
        searches: probe rows, each of another photograph.
        gallery: enrolled rows.
        length: length of the candidate list returned.
    """

    def block(some: Rows) -> SearchResults:
        return _block(scored, roster, some, gallery, length)

    return in_blocks(block, searches, gallery, CELLS // max(gallery.size, 1))


def _block(
    scored: ProgramScores, roster: Roster, searches: Rows, gallery: Rows, length: int
) -> SearchResults:
    lists = scored.searched(searches, gallery, roster.photographs)
    if not lists.length:
        return _failed(lists, roster, searches, gallery, length)
    found = search_lists(lists, roster, searches, gallery, length=length)
    short = ((0, 0), (0, max(length - found.candidates.shape[1], 0)))
    return replace(
        found,
        candidate_rows=np.pad(found.candidate_rows, short, constant_values=-1),
        candidates=np.pad(found.candidates, short, constant_values=-np.inf),
    )


def _failed(
    lists: CandidateLists, roster: Roster, searches: Rows, gallery: Rows, length: int
) -> SearchResults:
    """Return the results of searches that failed, every one."""
    status = lists.statuses[lists.places(roster.photographs[searches].astype(np.int64))]
    mates = np.bincount(roster.people[gallery], minlength=roster.n_people)
    nothing = empty_results(roster, searches, gallery, status, length)
    return replace(nothing, mates=mates[roster.people[searches]])
