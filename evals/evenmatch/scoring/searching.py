"""Searches a tile: counts the non-mates ahead of each best mate and fills the short lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evenmatch.scoring.compiled import compiled, inlined
from evenmatch.scoring.exact import exact, padded
from evenmatch.scoring.shortlist import bar, drop, lowest, make_room
from evenmatch.scoring.tile import reachable, surpassed

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.exact import Vectors
    from evenmatch.scoring.shortlist import Gallery, Lists
    from evenmatch.scoring.tile import Float64, Int32, Int64, Ruler, Tile


class Probes(NamedTuple):
    """A block of searches and what has been found for them so far.

    Attributes:
        people: person of each search.
        mates: how many of the gallery are of that person.
        best_mate: exact score of each search's best mate; nan where there is none.
        ahead: non-mates that score at least as high.
    """

    people: Int32
    mates: Int64
    best_mate: Float64
    ahead: Int64


@compiled
def search_tile(  # noqa: PLR0913 -- kernels take positions only
    tile: Tile,
    ruler: Ruler,
    probes: Probes,
    first: int,
    people: Int32,
    gallery: Gallery,
    best: Lists,
    group_best: Lists,
) -> None:
    """Add a tile of gallery scores to what is known of its searches.

    Args:
        tile: searches against part of the gallery, runs of one group together.
        ruler: the product's error.
        probes: the searches.
        first: place of the tile's first column in the gallery.
        people: person of each of the tile's columns.
        gallery: templates for exact scores.
        best: each search's list of non-mates.
        group_best: the same within each group of the gallery.
    """
    terms = np.zeros(padded(tile.rows.shape[1]), np.float64)
    flags = np.zeros(tile.scores.shape[1] // 8 * 8 + 8, np.uint8)
    for r in range(tile.scores.shape[0]):
        _set_bars(tile, ruler, probes.mates[r], r, first, best, group_best)
        _search_row(tile, ruler, probes, r, first, people, gallery, best, group_best, flags, terms)
        if best.count[r, 0] > 2 * best.length:
            drop(best, r, 0, ruler)


@compiled
def _set_bars(  # noqa: PLR0913 -- kernels take positions only
    tile: Tile, ruler: Ruler, mates: int, r: int, first: int, best: Lists, group_best: Lists
) -> None:
    """Set the score that a search's still empty lists ask for, from this tile's own scores."""
    low, high = ruler.edges[0], ruler.edges[-1]
    if first == 0:
        wanted = best.length + mates
        mark = bar(tile.scores[r], wanted, wanted // 2, low, high)
        best.least[r, 0] = max(best.least[r, 0], lowest(mark, ruler.error, ruler.euclidean))
    for b in range(tile.column_groups.size):
        group = tile.column_groups[b]
        if group_best.count[r, group] == 0:
            scores = tile.scores[r, tile.column_starts[b] : tile.column_starts[b + 1]]
            mark = bar(scores, 1 + mates, 4, low, high)
            group_best.least[r, group] = lowest(mark, ruler.error, ruler.euclidean)


@compiled
def _search_row(  # noqa: C901, PLR0913 -- one loop: a call inside it would cost a third
    tile: Tile,
    ruler: Ruler,
    probes: Probes,
    r: int,
    first: int,
    people: Int32,
    gallery: Gallery,
    best: Lists,
    group_best: Lists,
    flags: npt.NDArray[np.uint8],
    terms: Float64,
) -> None:
    """Offer one search's scores of a tile to its lists, and count what surpasses its best mate."""
    eight = flags.view(np.uint64)
    # What the inner loop needs is taken out of the tuples once: each look inside counts references.
    rows, columns, ahead = tile.rows, tile.columns, probes.ahead
    score_of, place_of, count_of, least_of = best.score, best.place, best.count, best.least
    group_score, group_place = group_best.score, group_best.place
    group_count, group_least = group_best.count, group_best.least
    room, group_room = score_of.shape[2], group_score.shape[2]
    error, euclidean = ruler.error, ruler.euclidean
    mate, person = probes.best_mate[r], probes.people[r]
    maybe = reachable(mate, ruler) if mate == mate else np.float32(np.inf)  # noqa: PLR0124 -- nan
    sure = surpassed(mate, ruler) if mate == mate else np.float32(np.inf)  # noqa: PLR0124 -- nan
    for b in range(tile.column_groups.size):
        group, left = tile.column_groups[b], tile.column_starts[b]
        scores = tile.scores[r, left : tile.column_starts[b + 1]]
        least = min(least_of[r, 0], group_least[r, group])
        ahead[r] += _flag(scores, sure, maybe, least, flags)
        for word in range((scores.size + 7) // 8):
            if eight[word] == 0:
                continue
            for c in range(word * 8, min(word * 8 + 8, scores.size)):
                if flags[c] == 0 or people[left + c] == person:
                    continue
                score, place = scores[c], first + left + c
                if maybe <= score < sure:
                    truth = exact(rows, r, columns, left + c, euclidean, terms)
                    ahead[r] += truth >= mate
                if score >= least_of[r, 0]:
                    if count_of[r, 0] == room:
                        make_room(best, r, 0, rows, gallery, ruler, terms)
                    count = count_of[r, 0]
                    score_of[r, 0, count], place_of[r, 0, count] = score, place
                    count_of[r, 0] = count + 1
                if score >= group_least[r, group]:
                    if group_count[r, group] == group_room:
                        make_room(group_best, r, group, rows, gallery, ruler, terms)
                    count = group_count[r, group]
                    group_score[r, group, count], group_place[r, group, count] = score, place
                    group_count[r, group] = count + 1
                    # Only one is wanted of a group, so that each one found raises the bar.
                    least = lowest(score, error, euclidean)
                    group_least[r, group] = max(group_least[r, group], least)


@inlined
def _flag(
    scores: Vectors,
    sure: np.float32,
    maybe: np.float32,
    least: np.float32,
    flags: npt.NDArray[np.uint8],
) -> np.int32:
    """Flag scores that need a look; return how many surely surpass the best mate."""
    surely = np.int32(0)
    for c in range(scores.size):
        score = scores[c]
        surpasses = score >= sure
        surely += np.int32(surpasses)
        flags[c] = np.uint8(((score >= maybe) & ~surpasses) | (score >= least))
    flags[scores.size : (scores.size + 7) // 8 * 8] = 0
    return surely


@compiled
def best_of_others(
    probes: Vectors,
    search: int,
    vectors: Vectors,
    excluded: npt.NDArray[np.bool_],
    euclidean: bool,  # noqa: FBT001 -- kernels take positions only
) -> float:
    """Return the highest exact score among the rows that are not excluded."""
    terms = np.zeros(padded(vectors.shape[1]), np.float64)
    best = -np.inf
    for row in range(vectors.shape[0]):
        if not excluded[row]:
            best = max(best, np.float64(exact(probes, search, vectors, row, euclidean, terms)))
    return best
