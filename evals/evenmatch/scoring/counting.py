"""Counts a tile of scores into its cells' histograms while it is hot.

A tile holds approximate scores, a matrix product's float32 sums. Whatever lies within the
product's error of an edge or a cut is scored again exactly, so that no count depends on the
product, the tile or the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evenmatch.scoring.compiled import compiled, inlined
from evenmatch.scoring.exact import exact, padded

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.exact import Vectors
    from evenmatch.scoring.tile import Float64, Int64, Ruler, Tile

UNSURE = 255  # place of a score that may lie in either of two bins
WIDTH = 128  # places fit seven bits, so that one test finds an unsure one among eight
JOINT = 1 << 12  # from this many pairs, a block counts places two at a time
ANY_UNSURE = np.uint64(0x8080808080808080)
HIGH = np.uint64(0x3F803F803F803F80)


class Scratch(NamedTuple):
    """Working space of one thread.

    Attributes:
        places: bin of each score in one row of a block; a multiple of eight long.
        joint: counts of two neighbouring places at once.
        single: counts of places.
    """

    places: npt.NDArray[np.uint8]
    joint: npt.NDArray[np.uint32]
    single: Int64


@compiled
def count_tile(tile: Tile, ruler: Ruler, scratch: Scratch, cells: Int64) -> None:
    """Add every score of a tile to `cells[row group, column group, bin]`."""
    for a in range(tile.row_groups.size):
        for b in range(tile.column_groups.size):
            scratch.single[:] = 0
            _count_block(tile, ruler, scratch, a, b)
            cell = cells[tile.row_groups[a], tile.column_groups[b]]
            for k in range(cell.size):
                cell[k] += scratch.single[k]


@compiled
def _count_block(  # noqa: C901 -- one loop: a call inside it would cost
    tile: Tile, ruler: Ruler, scratch: Scratch, a: int, b: int
) -> None:
    """Count one run of rows against one run of columns into `scratch.single`."""
    top, bottom = tile.row_starts[a], tile.row_starts[a + 1]
    left, right = tile.column_starts[b], tile.column_starts[b + 1]
    terms = np.zeros(padded(tile.rows.shape[1]), np.float64)
    row = np.zeros((1, tile.rows.shape[1]), np.float64)
    columns = tile.columns
    in_pairs = (bottom - top) * (right - left) >= JOINT
    eight = scratch.places.view(np.uint64)
    if in_pairs:
        scratch.joint[:] = 0
    for r in range(top, bottom):
        start = max(left, r + tile.first) if tile.first > 0 else left
        count = right - start
        if count <= 0:
            break
        if ruler.euclidean:
            _place_distances(tile.scores[r, start:right], ruler, scratch.places)
        else:
            _place(tile.scores[r, start:right], ruler, scratch.places)
        words = (count + 7) // 8
        widened = False
        scratch.places[count : words * 8] = UNSURE
        for word in range(words):
            if in_pairs and not eight[word] & ANY_UNSURE:
                _tally_pairs(eight[word], scratch.joint)
                continue
            for c in range(word * 8, min(word * 8 + 8, count)):
                place = int(scratch.places[c])
                if place == UNSURE:
                    if not widened:
                        row[0, :] = tile.rows[r]
                        widened = True
                    score = exact(row, 0, columns, start + c, ruler.euclidean, terms)
                    place = bin_of(score, ruler.edges)
                scratch.single[place] += 1
    if in_pairs:
        _separate(scratch.joint, scratch.single)


@compiled
def _place(scores: Vectors, ruler: Ruler, places: npt.NDArray[np.uint8]) -> None:
    """Write the bin of each score, or UNSURE near an edge."""
    half, one = np.float32(0.5), np.float32(1.0)
    inner = np.float32(ruler.edges.size - 2)
    near = ruler.error * ruler.scale + ruler.rounding
    for c in range(scores.size):
        x = (scores[c] - ruler.low) * ruler.scale
        known = x < one - near or x > inner + near
        x = max(half, x)
        x = min(inner + half, x)
        whole = np.int32(x)
        part = x - np.float32(whole)
        unsure = (part < near or part > one - near) and not known
        places[c] = np.uint8(UNSURE) if unsure else np.uint8(whole)


@compiled
def _place_distances(scores: Vectors, ruler: Ruler, places: npt.NDArray[np.uint8]) -> None:
    """Write the bin of each negated distance; the smaller the distance, the larger its error."""
    half, one = np.float32(0.5), np.float32(1.0)
    inner = np.float32(ruler.edges.size - 2)
    least = np.sqrt(ruler.error)
    reach = ruler.error * ruler.scale
    for c in range(scores.size):
        distance = -scores[c]
        near = reach / (max(least, distance)) + ruler.rounding
        x = (scores[c] - ruler.low) * ruler.scale
        known = x < one - near or x > inner + near
        x = max(half, x)
        x = min(inner + half, x)
        whole = np.int32(x)
        part = x - np.float32(whole)
        unsure = (part < near or part > one - near) and not known
        places[c] = np.uint8(UNSURE) if unsure else np.uint8(whole)


@inlined
def _tally_pairs(word: np.uint64, joint: npt.NDArray[np.uint32]) -> None:
    """Count eight places in four steps, two neighbours at a time."""
    # Squeeze each pair of seven-bit places into fourteen bits.
    word = (word & np.uint64(0x007F007F007F007F)) | ((word >> np.uint64(1)) & HIGH)
    pair, one = np.uint64(0xFFFF), np.uint32(1)
    joint[word & pair] += one
    joint[(word >> np.uint64(16)) & pair] += one
    joint[(word >> np.uint64(32)) & pair] += one
    joint[word >> np.uint64(48)] += one


@compiled
def _separate(joint: npt.NDArray[np.uint32], single: Int64) -> None:
    """Add counts of neighbouring places to the counts of places."""
    for high in range(WIDTH):
        row = joint[high * WIDTH : (high + 1) * WIDTH]
        together = 0
        for low in range(WIDTH):
            single[low] += row[low]
            together += row[low]
        single[high] += together


@inlined
def bin_of(score: np.float32, edges: Float64) -> int:
    """Return the bin of an exact score; scores beyond the edges fall into the outer bins."""
    last = edges.size - 2
    place = int((np.float64(score) - edges[0]) / (edges[last + 1] - edges[0]) * (last + 1))
    place = min(max(place, 0), last)
    while place > 0 and score < edges[place]:
        place -= 1
    while place < last and score >= edges[place + 1]:
        place += 1
    return place
