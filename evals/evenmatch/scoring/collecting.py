"""Finds the pairs of a tile whose exact score reaches a cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evenmatch.scoring.compiled import compiled, inlined
from evenmatch.scoring.exact import exact, padded
from evenmatch.scoring.tile import reachable, surpassed

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.exact import Vectors
    from evenmatch.scoring.tile import Float64, Int32, Ruler, Tile

STRIDE = 64  # scores tested at once for reaching a cut


class Found(NamedTuple):
    """Scores of a tile that reach a cut: positions in the tile and exact scores."""

    row: Int32
    column: Int32
    score: Vectors


@compiled
def collect_tile(tile: Tile, ruler: Ruler, cuts: Float64, found: Found) -> int:
    """Write the pairs whose exact score reaches their cell's cut; return how many."""
    count = 0
    for a in range(tile.row_groups.size):
        for b in range(tile.column_groups.size):
            cut = cuts[tile.row_groups[a], tile.column_groups[b]]
            count = _collect_block(tile, ruler, cut, found, a, b, count)
    return count


@compiled
def _collect_block(  # noqa: PLR0913 -- kernels take positions only
    tile: Tile, ruler: Ruler, cut: float, found: Found, a: int, b: int, count: int
) -> int:
    """Write the pairs of one block that reach the cut."""
    terms = np.zeros(padded(tile.rows.shape[1]), np.float64)
    left, right = tile.column_starts[b], tile.column_starts[b + 1]
    least = reachable(cut, ruler)
    rows, columns = tile.rows, tile.columns
    for r in range(tile.row_starts[a], tile.row_starts[a + 1]):
        start = max(left, r + tile.first) if tile.first > 0 else left
        for begin in range(start, right, STRIDE):
            end = min(begin + STRIDE, right)
            if not _any_reach(tile.scores[r, begin:end], least):
                continue
            for c in range(begin, end):
                if tile.scores[r, c] >= least:
                    score = exact(rows, r, columns, c, ruler.euclidean, terms)
                    if score >= cut:
                        found.row[count], found.column[count] = r, c
                        found.score[count] = score
                        count += 1
    return count


@inlined
def _any_reach(scores: Vectors, least: np.float32) -> bool:
    """Say whether any of the approximate scores reaches the least."""
    reached = 0
    for c in range(scores.size):
        reached += scores[c] >= least
    return reached > 0


@compiled
def level_tile(
    tile: Tile, ruler: Ruler, cuts: Float64, found: Found, levels: npt.NDArray[np.int32]
) -> int:
    """Write the pairs that reach the lowest cut and how many cuts each reaches; return how many.

    Only scores within the product's error of a cut are scored again.

    Args:
        tile: scores of one run of rows and one run of columns.
        ruler: the product's error.
        cuts: ascending.
        found: filled with positions; the scores are left alone.
        levels: filled with how many of the cuts the exact score reaches.
    """
    terms = np.zeros(padded(tile.rows.shape[1]), np.float64)
    maybe = np.array([reachable(cut, ruler) for cut in cuts])
    sure = np.array([surpassed(cut, ruler) for cut in cuts])
    rows, columns = tile.rows, tile.columns
    count = 0
    for r in range(tile.scores.shape[0]):
        start = r + tile.first if tile.first > 0 else 0
        for begin in range(start, tile.scores.shape[1], STRIDE):
            end = min(begin + STRIDE, tile.scores.shape[1])
            if not _any_reach(tile.scores[r, begin:end], maybe[0]):
                continue
            for c in range(begin, end):
                score = tile.scores[r, c]
                level = np.searchsorted(sure, score, side="right")
                if level < cuts.size and score >= maybe[level]:
                    truth = exact(rows, r, columns, c, ruler.euclidean, terms)
                    level = np.searchsorted(cuts, np.float64(truth), side="right")
                if level > 0:
                    found.row[count], found.column[count], levels[count] = r, c, level
                    count += 1
    return count
