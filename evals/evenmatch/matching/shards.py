"""Templates that lie in files or at URLs and are read there, the rows that are asked for alone.

A file holds rows of numbers, one after another, behind a heading or none. What is read of it is the
same, to the bit, as if all of it had been read at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evenmatch.matching.places import is_url, read_spans
from evenmatch.matching.vectors import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from evenmatch.matching.vectors import Array, Rows

    Int64 = npt.NDArray[np.int64]

SINGLE: Final = "<f4"
ENDING: Final = ".f4"
# Bytes that nobody asked for and that are read to save a call, or a request to a store.
SPARE_HERE: Final = 1 << 13
SPARE_THERE: Final = 1 << 16
# Bytes read before they are turned into templates.
BATCH: Final = 32 << 20
WORKED: Final = 1 << 17  # numbers turned into templates at once: they stay in the cache


@dataclass(frozen=True)
class Piece:
    """One file of templates.

    Attributes:
        place: its path on every machine, or its URL.
        rows: how many templates it holds.
        number: the type of its numbers, as numpy writes it.
        offset: where the first of them begins.
    """

    place: str
    rows: int
    number: str = SINGLE
    offset: int = 0


@dataclass(frozen=True)
class Shards:
    """Rows of files in the files' order; as much of an array as comparing needs.

    Attributes:
        pieces: the files.
        dimension: numbers of a template.
        unit: whether a template is brought to length 1.
    """

    pieces: tuple[Piece, ...]
    dimension: int
    unit: bool = False

    dtype = np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and numbers of a row."""
        return len(self), self.dimension

    @property
    def everywhere(self) -> bool:
        """Whether any machine can read them: they lie at URLs."""
        return all(is_url(piece.place) for piece in self.pieces)

    def __len__(self) -> int:
        return sum(piece.rows for piece in self.pieces)

    def __getitem__(self, asked: slice | Rows) -> Array:
        """Return rows in the order in which they are asked for."""
        rows = rows_of(asked, len(self))
        distinct, back = np.unique(rows, return_inverse=True)
        found = np.empty((distinct.size, self.dimension), np.float32)
        for piece, wanted, into in self._shared_out(distinct, found):
            for some, numbers in _numbers(piece, wanted, self.dimension):
                if piece.number == SINGLE and not self.unit:
                    into[some] = numbers
                else:
                    into[some] = in_single(numbers, unit=self.unit)
        return found if np.array_equal(distinct, rows) else found[back]

    def numbers(self, first: int, last: int) -> npt.NDArray[np.float64]:
        """Return rows as the files have them, before they are templates."""
        rows = np.arange(first, min(last, len(self)), dtype=np.int64)
        found = np.empty((rows.size, self.dimension))
        for piece, wanted, into in self._shared_out(rows, found):
            for some, numbers in _numbers(piece, wanted, self.dimension):
                into[some] = numbers
        return found

    def _shared_out(
        self, rows: Int64, into: npt.NDArray[np.floating]
    ) -> Iterator[tuple[Piece, Int64, npt.NDArray[np.floating]]]:
        """Give each file with ascending rows of it, and where they go."""
        starts = np.cumsum([0, *(piece.rows for piece in self.pieces)])
        edges = np.searchsorted(rows, starts)
        for number in np.flatnonzero(np.diff(edges)).tolist():
            part = slice(edges[number], edges[number + 1])
            yield self.pieces[number], rows[part] - starts[number], into[part]


def in_single(numbers: npt.NDArray[Any], *, unit: bool) -> Array:
    """Return templates in single precision; a row's are a function of that row alone.

    Args:
        numbers: one template a row.
        unit: whether each is brought to length 1.
    """
    made = np.empty(numbers.shape, np.float32)
    few = max(1, WORKED // numbers.shape[1])
    for start in range(0, len(numbers), few):
        part = np.ascontiguousarray(numbers[start : start + few], np.float64)
        if unit:
            part = part / largest_of(part)[:, None]  # so that no square is too small or too large
            part /= np.sqrt((part**2).sum(axis=1))[:, None]
        made[start : start + few] = part
    return made


def largest_of(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the largest number of each row, whatever its sign; nan where one is none."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.maximum(numbers.max(axis=1), -numbers.min(axis=1)))


def _numbers(
    piece: Piece, rows: Int64, dimension: int
) -> Iterator[tuple[slice, npt.NDArray[np.generic]]]:
    """Give ascending rows of a file, a batch at a time: which of them, and their numbers."""
    number = np.dtype(piece.number)
    width = number.itemsize * dimension
    spare = SPARE_THERE if is_url(piece.place) else SPARE_HERE
    first, last, begins = _stretches(rows, gap=1 + spare // width, most=max(1, BATCH // width))
    batch = np.cumsum((last - first) * width) // BATCH
    edges = [*np.flatnonzero(np.diff(batch, prepend=-1)).tolist(), first.size]
    for one, other in pairwise(edges):
        spans = [
            (piece.offset + width * int(a), piece.offset + width * int(b))
            for a, b in zip(first[one:other], last[one:other], strict=True)
        ]
        some = slice(int(begins[one]), int(begins[other]))
        found = np.empty((some.stop - some.start, dimension), number)
        for place, read in enumerate(read_spans(piece.place, spans), one):
            here = slice(int(begins[place]), int(begins[place + 1]))
            table = np.frombuffer(read, number).reshape(-1, dimension)
            found[here.start - some.start : here.stop - some.start] = table[
                rows[here] - first[place]
            ]
        yield some, found


def _stretches(rows: Int64, *, gap: int, most: int) -> tuple[Int64, Int64, Int64]:
    """Return stretches that cover ascending rows: their ends, and where each one's rows begin.

    Args:
        rows: rows, ascending.
        gap: how far apart two rows of one stretch may lie.
        most: how long a stretch may be.
    """
    run = np.cumsum(np.diff(rows, prepend=rows[0]) > gap)
    start = rows[np.searchsorted(run, run)]
    piece = (rows - start) // most
    new = np.flatnonzero((np.diff(run, prepend=-1) != 0) | (np.diff(piece, prepend=-1) != 0))
    begins = np.append(new, rows.size)
    return rows[new], rows[begins[1:] - 1] + 1, begins


def place_of(path: Path) -> str:
    """Return a path as every process finds it, wherever it was started."""
    return str(Path(path).absolute())
