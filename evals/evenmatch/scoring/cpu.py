"""Tiles on the CPU: one matrix product a tile, then compiled kernels over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.scoring.collecting import Found, collect_tile, level_tile
from evenmatch.scoring.counting import WIDTH, Scratch, count_tile
from evenmatch.scoring.tile import Tile, add_part, distances

if TYPE_CHECKING:
    from evenmatch.scoring.exact import Vectors
    from evenmatch.scoring.product import Multiply
    from evenmatch.scoring.sides import Block, Side, Task
    from evenmatch.scoring.tile import Float64, Int32, Int64, Ruler


class CpuTiles:
    """One thread's tiles; its buffers are used again for every tile."""

    def __init__(
        self,
        rows: Side,
        columns: Side,
        ruler: Ruler,
        multiply: Multiply,
        size: int,
    ) -> None:
        self._rows, self._columns = rows, columns
        self._ruler, self._multiply = ruler, multiply
        self._buffer = np.empty(size, np.float32)
        self._part = np.empty(size if ruler.parts > 1 else 0, np.float32)
        self._found = Found(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32))
        self._levels = np.empty(0, np.int32)
        self._scratch = Scratch(
            np.empty(len(columns) + 16 - len(columns) % 8, np.uint8),
            np.zeros(WIDTH * WIDTH, np.uint32),
            np.zeros(2 * WIDTH, np.int64),
        )
        self._held: tuple[int, int, Block] | None = None

    def load(self, task: Task) -> None:
        """Score a tile; the other methods then speak of it."""
        rows, columns = self._row_block(task), self._columns.block(task.left, task.right)
        shape = (task.bottom - task.top, task.right - task.left)
        room = self._buffer[: task.size].reshape(shape)
        scores = self._product(rows.vectors, columns.vectors, room)
        if self._ruler.euclidean:
            distances(scores, rows.squares, columns.squares)
        self.tile = Tile(
            scores,
            rows.vectors,
            columns.vectors,
            rows.starts,
            rows.keys,
            columns.starts,
            columns.keys,
            task.first,
        )
        self._task = task

    @property
    def groups(self) -> tuple[Int32, Int32]:
        """Keys of the runs of rows and of columns."""
        return self.tile.row_groups, self.tile.column_groups

    def count(self, cells: Int64) -> None:
        """Add the tile to the histograms of its cells."""
        count_tile(self.tile, self._ruler, self._scratch, cells)

    def collect(self, cuts: Float64) -> tuple[Int32, Int32, Vectors]:
        """Return places of rows and columns, and exact scores, that reach their cell's cut."""
        found = self._room()
        count = collect_tile(self.tile, self._ruler, cuts, found)
        return (
            (found.row[:count] + np.int32(self._task.top)).astype(np.int32),
            (found.column[:count] + np.int32(self._task.left)).astype(np.int32),
            found.score[:count].copy(),
        )

    def levels(self, cuts: Float64) -> tuple[Int32, Int32, Int32]:
        """Return places of rows and columns that reach the lowest cut, and how many they reach."""
        found = self._room()
        if self._levels.size < self._buffer.size:
            self._levels = np.empty(self._buffer.size, np.int32)
        count = level_tile(self.tile, self._ruler, cuts, found, self._levels)
        return (
            (found.row[:count] + np.int32(self._task.top)).astype(np.int32),
            (found.column[:count] + np.int32(self._task.left)).astype(np.int32),
            self._levels[:count].copy(),
        )

    def _product(self, rows: Vectors, columns: Vectors, room: Vectors) -> Vectors:
        """Return inner products, summed in parts."""
        width = -(-rows.shape[1] // self._ruler.parts)
        scores = self._multiply(rows[:, :width], columns[:, :width], room)
        for start in range(width, rows.shape[1], width):
            part = self._part[: scores.size].reshape(scores.shape)
            this = slice(start, start + width)
            add_part(scores, self._multiply(rows[:, this], columns[:, this], part))
        return scores

    def _row_block(self, task: Task) -> Block:
        """Return the rows of a task, kept from the last one where they are the same."""
        if self._held is None or self._held[:2] != (task.top, task.bottom):
            self._held = (task.top, task.bottom, self._rows.block(task.top, task.bottom))
        return self._held[2]

    def _room(self) -> Found:
        """Return room for every pair of the tile; the pages are only taken when written."""
        if self._found.row.size < self._buffer.size:
            size = self._buffer.size
            self._found = Found(
                np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.float32)
            )
        return self._found
