"""One-to-many search: what a gallery returns to each probe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from evenmatch.errors import RequestError
from evenmatch.matching.vectors import at_hand
from evenmatch.scoring.dense_search import search_scores
from evenmatch.scoring.faiss_search import search_faiss
from evenmatch.scoring.memory import plan_search_memory, refuse_unless_it_fits
from evenmatch.scoring.needs import Compute
from evenmatch.scoring.parts import in_one
from evenmatch.scoring.search_parts import search_parts
from evenmatch.scoring.search_results import LIST_LENGTH, SearchResults
from evenmatch.scoring.tile_search import search_tiles

if TYPE_CHECKING:
    from evenmatch.matching.matcher import Templates
    from evenmatch.scoring.plan import Roster, Rows

__all__ = ["Index", "SearchResults", "search", "search_scores"]

Index = Literal["exact", "faiss-flat", "faiss-ivf", "faiss-hnsw"]


def search(  # noqa: PLR0913 -- three are options
    templates: Templates,
    roster: Roster,
    searches: Rows,
    gallery: Rows,
    *,
    length: int = LIST_LENGTH,
    index: Index = "exact",
    compute: Compute | None = None,
) -> SearchResults:
    """Search a gallery with templates.

    Args:
        templates: one a row.
        roster: who the rows are.
        searches: probe rows, each once.
        gallery: enrolled rows, each once; nobody is compared with their own photograph.
        length: length of the candidate list.
        index: `exact`, or an index of the faiss package, whose misses then count as the system's.
        compute: threads and device, and where the work is done; an index works here.

    Raises:
        RequestError: the list is empty, memory cannot hold the lists, or faiss is not installed.
    """
    if length < 1:
        raise RequestError(f"A candidate list of length {length} is empty; ask for 1 or more.")
    compute = compute or Compute()
    needed = plan_search_memory(
        searches.size,
        gallery.size,
        templates.vectors.shape[1],
        roster.n_groups,
        length,
        lying=not at_hand(templates.vectors),
    )
    refuse_unless_it_fits(needed, "Searching the gallery")
    if index == "exact" and not in_one(templates, compute):
        return search_parts(templates, roster, searches, gallery, length, compute)
    if index == "exact":
        return search_tiles(templates, roster, searches, gallery, length, compute)
    return search_faiss(templates, roster, searches, gallery, length, index)
