"""Templates by row, whether they are in memory, in a mapped file, or lie somewhere else.

Whoever compares templates asks for the rows it compares. What is not in memory gives them when they
are asked for, so that nobody has to hold a whole set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Array = npt.NDArray[np.float32]
    Rows = npt.NDArray[np.integer]

BLOCK: Final = 1 << 14  # rows looked at together where all of them are


class Vectors(Protocol):
    """One template a row, float32; what an array is, as far as this program needs it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and numbers of a row."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of a number."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, asked: Any, /) -> Any:  # noqa: ANN401 -- a slice or rows; an array
        ...


@dataclass(frozen=True)
class Stacked:
    """Rows of one set and, after them, of another; neither is copied."""

    first: Vectors
    second: Vectors

    dtype = np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and numbers of both."""
        return len(self), self.first.shape[1]

    def __len__(self) -> int:
        return len(self.first) + len(self.second)

    def __getitem__(self, asked: slice | Rows) -> Array:
        """Return rows in the order in which they are asked for."""
        rows, before = rows_of(asked, len(self)), len(self.first)
        below = rows < before
        made = np.empty((rows.size, self.shape[1]), np.float32)
        if below.any():
            made[below] = self.first[rows[below]]
        if not below.all():
            made[~below] = self.second[rows[~below] - before]
        return made


@dataclass(frozen=True)
class Picked:
    """Rows of another set in an order of their own.

    Attributes:
        rows: the other set.
        order: which of its rows each row is; -1 for none, which is all zeros.
    """

    rows: Vectors
    order: npt.NDArray[np.int64]

    dtype = np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and numbers of a row."""
        return len(self), self.rows.shape[1]

    def __len__(self) -> int:
        return int(self.order.size)

    def __getitem__(self, asked: slice | Rows) -> Array:
        """Return rows in the order in which they are asked for."""
        order = self.order[asked]
        there = order >= 0
        if there.all():
            return np.asarray(self.rows[order])
        made = np.zeros((order.size, self.shape[1]), np.float32)
        made[there] = self.rows[order[there]]
        return made


def rows_of(asked: slice | Rows, length: int) -> npt.NDArray[np.int64]:
    """Return the numbers of rows that are asked for by a slice or by their numbers."""
    if isinstance(asked, slice):
        return np.arange(*asked.indices(length), dtype=np.int64)
    return asked.astype(np.int64, copy=False)


def at_hand(vectors: Vectors) -> bool:
    """Whether all rows are in memory, so that it is nothing to look at one of them again."""
    if isinstance(vectors, Stacked):
        return at_hand(vectors.first) and at_hand(vectors.second)
    return isinstance(vectors, np.ndarray) and not isinstance(vectors, np.memmap)


def part_of(vectors: Vectors, rows: Rows) -> tuple[Vectors, Rows]:
    """Return the set that holds all of the rows, and their numbers there."""
    if isinstance(vectors, Stacked) and rows.size:
        before = len(vectors.first)
        if rows.max() < before:
            return part_of(vectors.first, rows)
        if rows.min() >= before:
            return part_of(vectors.second, rows - before)
    return vectors, rows


def kept(vectors: Vectors, rows: npt.NDArray[np.intp]) -> Vectors:
    """Return some rows of a set, copied only where they are in memory."""
    if isinstance(vectors, Picked):
        return Picked(vectors.rows, vectors.order[rows])
    if at_hand(vectors):
        return np.asarray(vectors[rows])
    return Picked(vectors, rows.astype(np.int64))


def gathered(
    vectors: Vectors, one: npt.NDArray[np.int32], other: npt.NDArray[np.int32]
) -> tuple[Array, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return an array that holds all rows of pairs, and the pairs' places in it."""
    if isinstance(vectors, np.ndarray) and at_hand(vectors):
        return vectors, one, other
    rows, place = np.unique(np.concatenate([one, other]), return_inverse=True)
    places = place.astype(np.int32)
    return np.asarray(vectors[rows]), places[: one.size], places[one.size :]


def blocks(rows: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """Give rows a block at a time."""
    for start in range(0, rows.size, BLOCK):
        yield rows[start : start + BLOCK]


def longest_square(part: Array, rows: Rows) -> float:
    """Return the largest squared length of some templates.

    Args:
        part: the templates.
        rows: their numbers, for whoever has to mend one.

    Raises:
        RequestError: one holds something that is not a number, or is too long.
    """
    squares = np.einsum("ij,ij->i", part, part)
    if not np.all(np.isfinite(squares)):
        bad = int(rows[int(np.argmin(np.isfinite(squares)))])
        raise RequestError(
            f"The template of row {bad} is not finite or too long to compare; "
            "mark it as a failure, or repair the matcher that made it."
        )
    return float(squares.max(initial=0.0))


def bound_of(square: float, dimension: int) -> float:
    """Return an upper bound of a length whose square was summed in single precision."""
    # The relative error of such a sum is at most d / 2**24.
    return float(np.sqrt(square * (1 + dimension * 2.0**-23)))
