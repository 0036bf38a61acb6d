"""The rows of a plan laid out for tiles: sorted so that cells and people lie together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.matching.vectors import at_hand, blocks, bound_of, longest_square, part_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from evenmatch.matching import vectors as lying
    from evenmatch.scoring.exact import Vectors
    from evenmatch.scoring.parts import Part
    from evenmatch.scoring.plan import Rows
    from evenmatch.scoring.tile import Int32

TILE = 1024
STRIP = 256  # a tile on the diagonal of a symmetric plan is taken in strips of so many rows
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
        templates: where the templates are.
        places: where in `templates` each row's is.
        squared: whether squared lengths are needed.
        squares: squared length of each row's template; empty where they are not needed, or where
            the templates are not in memory.
    """

    rows: Rows
    keys: Int32
    templates: lying.Vectors
    places: npt.NDArray[np.integer]
    squared: bool
    squares: Vectors

    def __len__(self) -> int:
        return int(self.rows.size)

    def block(self, start: int, stop: int) -> Block:
        """Return consecutive rows; a view where they are consecutive templates too.

        Templates that are not in memory are to be brought there first (`near`).
        """
        places, keys = self.places[start:stop], self.keys[start:stop]
        if np.all(np.diff(places) == 1):
            vectors = np.ascontiguousarray(self.templates[places[0] : places[-1] + 1])
        else:
            vectors = np.asarray(self.templates[places])
        edges = np.flatnonzero(np.diff(keys)) + 1
        starts = np.concatenate([[0], edges, [keys.size]]).astype(np.int32)
        return Block(start, vectors, self.squares[start:stop], starts, keys[starts[:-1]])

    def near(self, spans: Sequence[tuple[int, int]]) -> Side:
        """Return the side with the templates of given stretches in memory, read once.

        Args:
            spans: where each stretch begins and ends; what lies outside them is not to be asked
                for.
        """
        if at_hand(self.templates):
            return self
        wanted = np.unique(np.concatenate([np.arange(*span) for span in spans]))
        read = np.asarray(self.templates[self.places[wanted]])
        places, squares = np.zeros(len(self), np.int64), self.squares
        places[wanted] = np.arange(wanted.size)
        if self.squared:
            squares = np.zeros(len(self), np.float32)
            squares[wanted] = _squares(read, np.arange(wanted.size))
        return replace(self, templates=read, places=places, squares=squares)


def near(sides: tuple[Side, Side], tile: int, part: Part) -> tuple[Side, Side]:
    """Return rows and columns with the templates of a part's blocks in memory."""
    rows, columns = sides
    down = (part.top * tile, min(part.bottom * tile, len(rows)))
    across = (part.left * tile, min(part.right * tile, len(columns)))
    here = rows.near([down])
    return here, here if rows is columns and down == across else columns.near([across])


def lay_out(
    templates: lying.Vectors,
    rows: Rows,
    keys: Int32,
    then: npt.NDArray[np.int32] | None = None,
    *,
    squares: bool,
) -> Side:
    """Return rows sorted by key, and within a key by `then`.

    Small sets are copied in that order; of large ones, blocks are gathered when needed, and of
    what is not in memory, parts.
    """
    order = np.lexsort((rows, keys) if then is None else (rows, then, keys))
    rows, keys = rows[order], keys[order]
    vectors, places = part_of(templates, rows)
    if rows.size * templates.shape[1] * 4 <= COPIED:
        vectors, places = np.asarray(vectors[places]), np.arange(rows.size)
    lengths = np.zeros(0, np.float32)
    if squares and at_hand(vectors):
        lengths = _squares(vectors, places)
    return Side(rows, keys, vectors, places, squares, lengths)


def _squares(templates: lying.Vectors, rows: npt.NDArray[np.integer]) -> Vectors:
    """Return squared lengths, summed in float64."""
    squares, done = np.empty(rows.size, np.float32), 0
    for some in blocks(rows):
        part = np.asarray(templates[some], dtype=np.float64)
        squares[done : done + some.size] = np.einsum("ij,ij->i", part, part)
        done += some.size
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


def longest(templates: lying.Vectors, rows: Rows) -> float:
    """Return an upper bound of the length of any of the rows.

    Raises:
        RequestError: a template holds something that is not a number.
    """
    most = 0.0
    for some in blocks(rows):
        most = max(most, longest_square(np.asarray(templates[some]), some))
    return bound_of(most, templates.shape[1])
