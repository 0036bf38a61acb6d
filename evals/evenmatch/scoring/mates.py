"""The mates of searches: enrolled photographs of the searched person, scored exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.scoring.given import given_scores
from evenmatch.scoring.needs import Compute
from evenmatch.scoring.plan import join
from evenmatch.scoring.search_results import empty_results

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.matching.matcher import Templates
    from evenmatch.scoring.plan import Roster, Rows
    from evenmatch.scoring.search_results import SearchResults


@dataclass(frozen=True)
class Searching:
    """Searches of a gallery before anything but their mates has been looked at.

    Attributes:
        results: best mates filled in, the rest empty.
        search_places: places among the searches that have a template.
        gallery_places: places in the gallery that have a template.
    """

    results: SearchResults
    search_places: npt.NDArray[np.intp]
    gallery_places: npt.NDArray[np.intp]


def find_mates(
    templates: Templates,
    roster: Roster,
    searches: Rows,
    gallery: Rows,
    length: int,
    compute: Compute | None = None,
) -> Searching:
    """Score every search against its mates; of equal mates the one enrolled first is the best.

    Args:
        templates: one a row.
        roster: who the rows are.
        searches: probe rows.
        gallery: enrolled rows.
        length: length of the candidate list.
        compute: where templates that lie elsewhere are compared.
    """
    reasons = np.full(roster.people.size, "", dtype=object)
    for row, reason in templates.failures.items():
        reasons[row] = str(reason)
    named = reasons.astype(np.str_)
    results = empty_results(roster, searches, gallery, named[searches], length)
    search, place = join(roster.people[searches], roster.people[gallery])
    other = roster.photographs[searches[search]] != roster.photographs[gallery[place]]
    search, place = search[other], place[other]
    mates = np.bincount(search, minlength=searches.size).astype(np.int64)
    usable = (named[searches[search]] == "") & (named[gallery[place]] == "")
    search, place = search[usable], place[usable]
    score = given_scores(templates, searches[search], gallery[place], compute or Compute()).astype(
        np.float64
    )
    # Pairs come by search and then by place, so that a stable sort leaves ties in order.
    order = np.lexsort((-score, search))
    found, first = np.unique(search[order], return_index=True)
    results.best_mate[found] = score[order][first]
    results.best_mate_row[found] = gallery[place[order][first]]
    return Searching(
        replace(results, mates=mates),
        np.flatnonzero(named[searches] == ""),
        np.flatnonzero(named[gallery] == ""),
    )
