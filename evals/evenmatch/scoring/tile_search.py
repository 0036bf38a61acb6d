"""Searches a gallery tile by tile, in memory of the searches times the length of their lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.matching.matcher import ScoreKind
from evenmatch.matching.vectors import blocks
from evenmatch.scoring.cpu import CpuTiles
from evenmatch.scoring.mates import find_mates
from evenmatch.scoring.passes import core_count, run
from evenmatch.scoring.plan import join
from evenmatch.scoring.product import fastest_product
from evenmatch.scoring.scored import Bins
from evenmatch.scoring.searching import Probes, best_of_others, search_tile
from evenmatch.scoring.shortlist import Gallery, empty_lists, settle_all
from evenmatch.scoring.sides import TILE, Task, lay_out, longest
from evenmatch.scoring.tile import ruler

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from evenmatch.matching.matcher import Templates
    from evenmatch.scoring.mates import Searching
    from evenmatch.scoring.needs import Compute
    from evenmatch.scoring.plan import Roster, Rows
    from evenmatch.scoring.product import Multiply
    from evenmatch.scoring.search_results import SearchResults
    from evenmatch.scoring.shortlist import Lists
    from evenmatch.scoring.sides import Side


def search_tiles(
    templates: Templates,
    roster: Roster,
    searches: Rows,
    gallery: Rows,
    length: int,
    compute: Compute,
) -> SearchResults:
    """Search a gallery exactly."""
    searching = find_mates(templates, roster, searches, gallery, length, compute)
    return search_others(templates, roster, searching, compute)


def search_others(
    templates: Templates, roster: Roster, searching: Searching, compute: Compute
) -> SearchResults:
    """Search a gallery for everybody but the mates, who are known."""
    if not searching.search_places.size or not searching.gallery_places.size:
        return searching.results
    engine = _Engine(templates, roster, searching)
    threads = core_count(compute.threads)
    block = max(1, min(compute.tile or TILE, -(-len(engine.probes) // threads)))
    work = float(len(engine.probes)) * len(engine.enrolled) * templates.vectors.shape[1]
    blocks = (
        Task(top, min(top + block, len(engine.probes)), 0, len(engine.enrolled))
        for top in range(0, len(engine.probes), block)
    )
    with fastest_product(work, templates.vectors.shape[1]) as product:
        run(blocks, lambda _: engine.worker(product.multiply, block), threads, compute.report)
    return searching.results


class _Engine:
    """Searches laid out for tiles, and where their results go."""

    def __init__(self, templates: Templates, roster: Roster, searching: Searching) -> None:
        self._templates, self._roster = templates, roster
        self._results = results = searching.results
        vectors, euclidean = templates.vectors, templates.score_kind is ScoreKind.EUCLIDEAN
        probes = results.searches[searching.search_places]
        enrolled = results.gallery[searching.gallery_places]
        self.probes = lay_out(vectors, probes, np.zeros(probes.size, np.int32), squares=euclidean)
        self.enrolled = lay_out(vectors, enrolled, roster.groups[enrolled], squares=euclidean)
        self._search_place = _places(results.searches, self.probes, roster)
        order = _places(results.gallery, self.enrolled, roster)
        self._gallery = Gallery(
            np.asarray(self.enrolled.templates),
            self.enrolled.places.astype(np.int64),
            order.astype(np.int32),
        )
        self._people = roster.people[self.enrolled.rows]
        self._enrolled = np.bincount(self._people, minlength=roster.n_people)
        photographs = roster.photographs
        self._own = join(photographs[self.probes.rows], photographs[self.enrolled.rows])
        most = max(longest(vectors, probes), longest(vectors, enrolled)) or 1.0
        bins = Bins(-2 * most, 0.0) if euclidean else Bins(-(most**2), most**2)
        # The product's error matters to few scores here: it is not worth a sum in parts.
        dimension = vectors.shape[1]
        self._ruler = ruler(bins, templates.score_kind, dimension, most, part=dimension)

    def worker(self, multiply: Multiply, block: int) -> Callable[[Task], None]:
        """Return one thread's function that searches with a block of probes."""
        tiles = CpuTiles(self.probes, self.enrolled, self._ruler, multiply, block * TILE)
        return lambda task: self._search(tiles, task)

    def _search(self, tiles: CpuTiles, task: Task) -> None:
        at = self._search_place[task.top : task.bottom]
        mate = self._results.best_mate[at]
        people = self._roster.people[self.probes.rows[task.top : task.bottom]]
        probes = Probes(
            people,
            self._enrolled[people],
            np.where(np.isneginf(mate), np.nan, mate),
            np.zeros(at.size, np.int64),
        )
        best = empty_lists(at.size, 1, self._results.candidates.shape[1])
        by_group = empty_lists(at.size, self._roster.n_groups, 1)
        for left in range(0, task.right, TILE):
            tiles.load(Task(task.top, task.bottom, left, min(left + TILE, task.right)))
            self._leave_out_own(tiles, task.top, left)
            people = self._people[left : left + TILE]
            search_tile(
                tiles.tile, self._ruler, probes, left, people, self._gallery, best, by_group
            )
        for lists in (best, by_group):
            settle_all(tiles.tile.rows, self._gallery, self._ruler, lists)
        self._write(at, probes, best, by_group)
        self._write_runners_up(at, tiles.tile.rows, probes, best)

    def _leave_out_own(self, tiles: CpuTiles, top: int, left: int) -> None:
        """Let no search find its own photograph."""
        scores, (search, place) = tiles.tile.scores, self._own
        part = slice(*np.searchsorted(search, (top, top + scores.shape[0])))
        row, column = search[part] - top, place[part] - left
        inside = (column >= 0) & (column < scores.shape[1])
        scores[row[inside], column[inside]] = -np.inf

    def _write(
        self, at: npt.NDArray[np.intp], probes: Probes, best: Lists, by_group: Lists
    ) -> None:
        """Write what a block of searches found."""
        results, length = self._results, best.length
        listed = np.arange(length) < best.count
        rows = self.enrolled.rows[np.where(listed, best.place[:, 0, :length], 0)]
        results.candidate_rows[at] = np.where(listed, rows, -1)
        results.candidates[at] = np.where(listed, best.score[:, 0, :length], -np.inf)
        results.group_best[at] = np.where(by_group.count > 0, by_group.score[:, :, 0], -np.inf)
        results.rank[at] = np.where(np.isnan(probes.best_mate), 0, 1 + probes.ahead)

    def _write_runners_up(
        self,
        at: npt.NDArray[np.intp],
        vectors: npt.NDArray[np.float32],
        probes: Probes,
        best: Lists,
    ) -> None:
        """Write the best score of anyone but the searched person and the first candidate."""
        people = self._roster.people[self._results.candidate_rows[at]]
        listed = np.arange(best.length) < best.count
        other = listed & (people != people[:, :1])
        first = other.argmax(axis=1)
        score = self._results.candidates[at, first]
        self._results.runner_up[at] = np.where(other.any(axis=1), score, -np.inf)
        # A list filled by one person says nothing of the next one.
        full = ~other.any(axis=1) & (best.count[:, 0] == best.length)
        for search in np.flatnonzero(full).tolist():
            excluded = np.isin(self._people, (people[search, 0], probes.people[search]))
            euclidean, gallery = self._ruler.euclidean, self.enrolled.templates
            self._results.runner_up[at[search]] = max(
                best_of_others(vectors, search, np.asarray(gallery[some]), left_out, euclidean)
                for some, left_out in zip(
                    blocks(self.enrolled.places), blocks(excluded), strict=True
                )
            )


def _places(rows: Rows, side: Side, roster: Roster) -> npt.NDArray[np.intp]:
    """Return where in `rows` each row of a side is."""
    place = np.zeros(roster.people.size, np.intp)
    place[rows] = np.arange(rows.size)
    return place[side.rows]
