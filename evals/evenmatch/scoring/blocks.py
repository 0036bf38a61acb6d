"""Rows laid out so that no person is in two blocks: all trials of two people fall in one task."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.scoring.parts import Blocks
from evenmatch.scoring.sides import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from evenmatch.scoring.parts import Part
    from evenmatch.scoring.plan import Rows
    from evenmatch.scoring.sides import Side
    from evenmatch.scoring.tiled import Work


@dataclass(frozen=True)
class PeopleBlocks:
    """Both sides of a plan in blocks of people.

    Attributes:
        rows: probes, sorted by person.
        columns: references, sorted by person; the same side in a symmetric plan.
        people: everybody on either side, ascending.
        starts: first person of each block, as a place in `people`, and the end.
        row_starts: first row of each block, and the end.
        column_starts: first column of each block, and the end.
    """

    rows: Side
    columns: Side
    people: npt.NDArray[np.int32]
    starts: npt.NDArray[np.intp]
    row_starts: npt.NDArray[np.intp]
    column_starts: npt.NDArray[np.intp]

    @property
    def widest(self) -> int:
        """The most people of a block."""
        return int(np.diff(self.starts).max(initial=0))

    @property
    def largest(self) -> int:
        """Scores in the largest tile."""
        rows, columns = np.diff(self.row_starts), np.diff(self.column_starts)
        return int(rows.max(initial=0)) * int(columns.max(initial=0))

    @property
    def blocks(self) -> Blocks:
        """Every pair of blocks, once."""
        return Blocks(self.starts.size - 1, self.starts.size - 1, once=True)

    def near(self, part: Part) -> PeopleBlocks:
        """Return the blocks with the templates of a part's people in memory."""
        rows, columns = (
            side.near([(at[part.top], at[part.bottom]), (at[part.left], at[part.right])])
            for side, at in ((self.rows, self.row_starts), (self.columns, self.column_starts))
        )
        return replace(self, rows=rows, columns=rows if self.rows is self.columns else columns)

    def people_of(self, part: Part) -> npt.NDArray[np.int32]:
        """Return everybody in the blocks of a part."""
        sides = ((part.top, part.bottom), (part.left, part.right))
        return np.unique(
            np.concatenate(
                [self.people[self.starts[first] : self.starts[last]] for first, last in sides]
            )
        )

    def tasks(self, part: Part, *, symmetric: bool) -> Iterator[PeopleTask]:
        """Give every pair of a part's blocks once, with the tiles of both directions."""
        for i in range(part.top, part.bottom):
            for j in range(max(i, part.left), part.right):
                tiles = [self._tile(i, j, symmetric=symmetric)]
                if not symmetric and i != j:
                    tiles.append(self._tile(j, i, symmetric=symmetric))
                yield PeopleTask(i, j, tuple(tile for tile in tiles if tile.size))

    def _tile(self, i: int, j: int, *, symmetric: bool) -> Task:
        return Task(
            int(self.row_starts[i]),
            int(self.row_starts[i + 1]),
            int(self.column_starts[j]),
            int(self.column_starts[j + 1]),
            first=int(symmetric and i == j),
        )


@dataclass(frozen=True)
class PeopleTask:
    """All comparisons of one block of people with another."""

    low: int
    high: int
    tiles: tuple[Task, ...]

    @property
    def size(self) -> int:
        """Scores in the task."""
        return sum(tile.size for tile in self.tiles)


def people_blocks(work: Work, probes: Rows, references: Rows) -> PeopleBlocks:
    """Lay out given probes and references in blocks of people, of a tile's size where they can."""
    people = work.roster.people
    rows = work.side(probes, people[probes])
    columns = rows if work.plan.symmetric else work.side(references, people[references])
    everybody = np.unique(np.concatenate([rows.keys, columns.keys]))
    row_at = np.append(np.searchsorted(rows.keys, everybody), len(rows))
    column_at = np.append(np.searchsorted(columns.keys, everybody), len(columns))
    starts = [0]
    while starts[-1] < everybody.size:
        first = starts[-1]
        fit = min(
            int(np.searchsorted(at, at[first] + work.tile, side="right")) - 1
            for at in (row_at, column_at)
        )
        starts.append(min(max(fit, first + 1), everybody.size))
    at = np.asarray(starts, dtype=np.intp)
    return PeopleBlocks(rows, columns, everybody, at, row_at[at], column_at[at])
