"""The rows of a plan laid out for tiles: sorted so that cells and people lie together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from evenmatch.scoring.exact import Vectors
    from evenmatch.scoring.parts import Part
    from evenmatch.scoring.plan import Rows
    from evenmatch.scoring.tile import Int32

TILE = 1024
STRIP = 256  # a tile on the diagonal of a symmetric plan is taken in strips of so many rows
CHUNK = 1 << 14
COPIED = 64 << 20  # bytes of templates up to which a sorted copy is made


@dataclass(frozen=True)
class Block:
    """Consecutive rows of a side, ready to be multiplied.

    Attributes:
        start: place of the first row on its side.
        vectors: their templates, contiguous.
        squares: squared lengths.
        starts: where runs of one key begin, and the end.
        keys: the key of each run.
    """

    start: int
    vectors: Vectors
    squares: Vectors
    starts: Int32
    keys: Int32


@dataclass(frozen=True)
class Side:
    """Rows in the order in which they are multiplied.

    Attributes:
        rows: the rows, in order.
        keys: what each row is counted under; runs of one key are counted together.
        templates: where the templates are; may be memory-mapped.
        places: where in `templates` each row's is.
        squares: squared length of each row's template; empty where nobody needs them.
    """

    rows: Rows
    keys: Int32
    templates: Vectors
    places: npt.NDArray[np.integer]
    squares: Vectors

    def __len__(self) -> int:
        return int(self.rows.size)

    def block(self, start: int, stop: int) -> Block:
        """Return consecutive rows; a view where they are consecutive templates too."""
        places, keys = self.places[start:stop], self.keys[start:stop]
        if np.all(np.diff(places) == 1):
            vectors = np.ascontiguousarray(self.templates[places[0] : places[-1] + 1])
        else:
            vectors = self.templates[places]
        edges = np.flatnonzero(np.diff(keys)) + 1
        starts = np.concatenate([[0], edges, [keys.size]]).astype(np.int32)
        # A memory map must not reach the compiled kernels as a type of its own.
        plain = vectors.view(np.ndarray)
        return Block(start, plain, self.squares[start:stop], starts, keys[starts[:-1]])


def lay_out(
    templates: Vectors,
    rows: Rows,
    keys: Int32,
    then: npt.NDArray[np.int32] | None = None,
    *,
    squares: bool,
) -> Side:
    """Return rows sorted by key, and within a key by `then`.

    Small sets are copied in that order; of large ones, blocks are gathered when needed.
    """
    order = np.lexsort((rows, keys) if then is None else (rows, then, keys))
    rows, keys = rows[order], keys[order]
    lengths = _squares(templates, rows) if squares else np.zeros(0, np.float32)
    if rows.size * templates.shape[1] * 4 <= COPIED:
        return Side(rows, keys, np.asarray(templates[rows]), np.arange(rows.size), lengths)
    return Side(rows, keys, templates, rows, lengths)


def _squares(templates: Vectors, rows: Rows) -> Vectors:
    """Return squared lengths, summed in float64."""
    squares = np.empty(rows.size, np.float32)
    for start in range(0, rows.size, CHUNK):
        part = np.asarray(templates[rows[start : start + CHUNK]], dtype=np.float64)
        squares[start : start + CHUNK] = np.einsum("ij,ij->i", part, part)
    return squares


@dataclass(frozen=True)
class Task:
    """One tile: rows `top : bottom` against columns `left : right` of the other side.

    Row r (from `top`) meets the columns from place `first + r` on where `first` is positive.
    """

    top: int
    bottom: int
    left: int
    right: int
    first: int = 0

    @property
    def size(self) -> int:
        """Scores in the tile."""
        return (self.bottom - self.top) * (self.right - self.left)


def tasks(
    rows: int, columns: int, part: Part, *, symmetric: bool, tile: int = TILE
) -> Iterator[Task]:
    """Give tiles that cover a part's comparisons once, those of one block of rows together."""
    for i in range(part.top, part.bottom):
        top, bottom = i * tile, min((i + 1) * tile, rows)
        if symmetric and part.left <= i < part.right:
            for strip in range(top, bottom, STRIP):
                yield Task(strip, min(strip + STRIP, bottom), strip, bottom, first=1)
        first = max(part.left, i + 1) if symmetric else part.left
        for left in range(first * tile, min(part.right * tile, columns), tile):
            yield Task(top, bottom, left, min(left + tile, columns))


def longest(templates: Vectors, rows: Rows) -> float:
    """Return an upper bound of the length of any of the rows.

    Raises:
        RequestError: a template holds something that is not a number.
    """
    most = 0.0
    for start in range(0, rows.size, CHUNK):
        part = np.asarray(templates[rows[start : start + CHUNK]])
        squares = np.einsum("ij,ij->i", part, part)
        if not np.all(np.isfinite(squares)):
            bad = int(rows[start + int(np.argmin(np.isfinite(squares)))])
            raise RequestError(
                f"The template of row {bad} is not finite or too long to compare; "
                "mark it as a failure, or repair the matcher that made it."
            )
        most = max(most, float(squares.max(initial=0.0)))
    # The squares were summed in float32, whose relative error is at most d / 2**24.
    return float(np.sqrt(most * (1 + templates.shape[1] * 2.0**-23)))
