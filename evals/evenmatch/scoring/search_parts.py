"""Searches a gallery in parts: some of the searches against a shard of the gallery each.

The mates are scored first, all of them, so that a part counts who is ahead of a search's best mate
wherever that mate is enrolled. What parts find is put together exactly: counts are added, lists
merged by score and then by order of enrolment, as in a search of the whole gallery.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.matching.matcher import Templates
from evenmatch.scoring.mates import find_mates
from evenmatch.scoring.parts import WIDEST, Blocks, over_parts
from evenmatch.scoring.plan import Roster
from evenmatch.scoring.sides import TILE
from evenmatch.scoring.tile_search import search_others

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.needs import Compute
    from evenmatch.scoring.parts import Part
    from evenmatch.scoring.plan import Rows
    from evenmatch.scoring.search_results import Scores, SearchResults

    Places = npt.NDArray[np.int64]

NOWHERE = np.iinfo(np.int64).max  # place of what is not on a list


def search_parts(
    templates: Templates,
    roster: Roster,
    searches: Rows,
    gallery: Rows,
    length: int,
    compute: Compute,
) -> SearchResults:
    """Search a gallery exactly, by the processes of `compute.spread` or here, part by part."""
    results = find_mates(templates, roster, searches, gallery, length, compute).results
    tile = compute.tile or TILE
    todo = _SearchPass(roster, results.searches, results.gallery, results.best_mate, length, tile)
    blocks = Blocks(-(-searches.size // tile), -(-gallery.size // tile), once=False)
    merged = _Merged(results, roster)
    for found in over_parts(templates, todo, blocks, replace(compute, device="cpu", tile=tile)):
        merged.add(found)
    return merged.results


@dataclass(frozen=True)
class _Found:
    """What one shard returned to some of the searches.

    Attributes:
        searches: which searches.
        ahead: non-mates of the shard ahead of each search's best mate.
        score: scores of the shard's list, best first; -inf where it ends.
        place: their places in the whole gallery.
        runner_up: best score of anyone but the searched person and the list's first.
        group_best: best non-mate score by group.
    """

    searches: slice
    ahead: Places
    score: Scores
    place: Places
    runner_up: Scores
    group_best: Scores


@dataclass(frozen=True)
class _SearchPass:
    """Searches a shard of the gallery with some of the searches."""

    roster: Roster
    searches: Rows
    gallery: Rows
    best_mate: Scores
    length: int
    tile: int

    def answer_bytes(self, share: float) -> int:
        """Return what the lists of some searches may take."""
        del share
        searches = min(self.searches.size, WIDEST * self.tile)
        return searches * (16 * self.length + 8 * self.roster.n_groups + 24)

    def __call__(self, templates: Templates, compute: Compute, part: Part) -> _Found:
        """Return what the shard holds for the searches."""
        chosen = slice(part.top * self.tile, part.bottom * self.tile)
        first = part.left * self.tile
        searches = self.searches[chosen]
        gallery = self.gallery[first : part.right * self.tile]
        rows = np.concatenate([searches, gallery])
        here = np.arange(rows.size, dtype=np.int32)
        some, roster = _of_rows(templates, self.roster, rows)
        length = min(self.length, gallery.size)
        these, enrolled = here[: searches.size], here[searches.size :]
        mates = find_mates(some, roster, these, enrolled, length, compute)
        mates.results.best_mate[:] = self.best_mate[chosen]
        found = search_others(some, roster, mates, compute)
        listed = found.candidate_rows >= 0
        place = found.candidate_rows.astype(np.int64) - searches.size + first
        return _Found(
            chosen,
            np.maximum(found.rank - 1, 0),
            found.candidates,
            np.where(listed, place, NOWHERE),
            found.runner_up,
            found.group_best,
        )


def _of_rows(templates: Templates, roster: Roster, rows: Rows) -> tuple[Templates, Roster]:
    """Return given rows alone; one that is given twice is there twice."""
    failed = np.isin(rows, list(templates.failures))
    failures = {int(at): templates.failures[int(rows[at])] for at in np.flatnonzero(failed)}
    some = Templates(np.asarray(templates.vectors[rows]), failures, templates.score_kind)
    codes = (roster.people[rows], roster.photographs[rows], roster.groups[rows])
    return some, Roster(*codes, roster.n_groups)


class _Merged:
    """What the shards returned so far, put together; in whatever order they come."""

    def __init__(self, results: SearchResults, roster: Roster) -> None:
        self._results = results
        self._people = roster.people[results.gallery]
        self._place = np.full(results.candidates.shape, NOWHERE, np.int64)
        self._ahead = np.zeros(results.searches.size, np.int64)

    @property
    def results(self) -> SearchResults:
        """What the whole gallery returned."""
        results = self._results
        listed = self._place < NOWHERE
        rows = np.full(self._place.shape, -1, np.int32)
        rows[listed] = results.gallery[self._place[listed]]
        rank = np.where(np.isneginf(results.best_mate), 0, 1 + self._ahead)
        return replace(results, candidate_rows=rows, rank=rank)

    def add(self, found: _Found) -> None:
        """Add what a shard returned."""
        results, at = self._results, found.searches
        self._ahead[at] += found.ahead
        results.group_best[at] = np.maximum(results.group_best[at], found.group_best)
        self._add_runner_up(found)
        score = np.concatenate([results.candidates[at], found.score], axis=1)
        place = np.concatenate([self._place[at], found.place], axis=1)
        order = np.lexsort((place, -score), axis=1)[:, : results.candidates.shape[1]]
        results.candidates[at] = np.take_along_axis(score, order, axis=1)
        self._place[at] = np.take_along_axis(place, order, axis=1)

    def _add_runner_up(self, found: _Found) -> None:
        """Keep the best score of anyone but the first of both lists.

        Of the list whose first is not the first of both, that first itself is the best unless it
        is the same person.
        """
        results, at = self._results, found.searches
        scores = np.stack([results.candidates[at, 0], found.score[:, 0]])
        places = np.stack([self._place[at, 0], found.place[:, 0]])
        others = np.stack([results.runner_up[at], found.runner_up])
        behind = (scores[1] > scores[0]) | ((scores[1] == scores[0]) & (places[1] < places[0]))
        column = np.arange(behind.size)
        ahead, second = behind.astype(np.intp), (~behind).astype(np.intp)
        people = np.where(places < NOWHERE, self._people[np.minimum(places, self._last)], -1)
        same = people[0] == people[1]
        lower = np.where(same, others[second, column], scores[second, column])
        results.runner_up[at] = np.maximum(others[ahead, column], lower)

    @property
    def _last(self) -> int:
        return self._people.size - 1
