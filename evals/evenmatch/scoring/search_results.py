"""What a search of a gallery returns, whichever engine searched."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from evenmatch.scoring.plan import Roster, Rows

    Scores = npt.NDArray[np.float64]

LIST_LENGTH = 50


@dataclass(frozen=True)
class SearchResults:
    """What each search returned; arrays aligned with `searches`.

    Attributes:
        searches: probe rows.
        gallery: enrolled rows.
        status: empty, or why the search has no template.
        mates: enrolled photographs of the searched person, failed ones too.
        best_mate_row: gallery row of the best mate; -1 where none has a score.
        best_mate: its score; -inf where there is none.
        rank: 1 + the non-mates that score at least as high as the best mate; 0 without one.
        candidate_rows: gallery rows of the best non-mates, best first; -1 where the list ends.
        candidates: their scores; -inf where the list ends.
        runner_up: best score of anyone but the searched person and the first candidate.
        group_best: best non-mate score within each finest group of the gallery.
    """

    searches: Rows
    gallery: Rows
    status: npt.NDArray[np.str_]
    mates: npt.NDArray[np.int64]
    best_mate_row: Rows
    best_mate: Scores
    rank: npt.NDArray[np.int64]
    candidate_rows: Rows
    candidates: Scores
    runner_up: Scores
    group_best: Scores


def empty_results(
    roster: Roster, searches: Rows, gallery: Rows, status: npt.NDArray[np.str_], length: int
) -> SearchResults:
    """Return results of searches that have found nothing yet."""
    n = searches.size
    return SearchResults(
        searches=searches,
        gallery=gallery,
        status=status,
        mates=np.zeros(n, np.int64),
        best_mate_row=np.full(n, -1, np.int32),
        best_mate=np.full(n, -np.inf),
        rank=np.zeros(n, np.int64),
        candidate_rows=np.full((n, length), -1, np.int32),
        candidates=np.full((n, length), -np.inf),
        runner_up=np.full(n, -np.inf),
        group_best=np.full((n, roster.n_groups), -np.inf),
    )


def in_blocks(
    search: Callable[[Rows], SearchResults], searches: Rows, gallery: Rows, size: int
) -> SearchResults:
    """Search with so many probes at a time, at least one, and return their results as one."""
    step = max(1, size)
    # Without any probe there is still one block, whose empty arrays have the right shapes.
    parts = [search(searches[k : k + step]) for k in range(0, max(searches.size, 1), step)]

    def whole(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    names = [field.name for field in fields(SearchResults)][2:]
    return SearchResults(searches, gallery, *(whole(name) for name in names))
