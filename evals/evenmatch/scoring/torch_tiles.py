"""Tiles in PyTorch, for CUDA; the same code runs on the CPU device, where the tests check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from evenmatch.scoring.exact import padded
from evenmatch.scoring.tile import reachable, surpassed

if TYPE_CHECKING:
    from evenmatch.scoring.exact import Vectors
    from evenmatch.scoring.sides import Block, Side, Task
    from evenmatch.scoring.tile import Float64, Int32, Int64, Ruler

    Tensor = Any  # torch is optional: its types cannot be named here

DEVICE_TILE = 4096
PAIRS = 1 << 16  # pairs scored exactly at once; bounds their templates in float64


class TorchTiles:
    """Tiles on one device; decisions are the same as on the CPU, to the unit."""

    def __init__(self, rows: Side, columns: Side, ruler: Ruler, device: str) -> None:
        import torch  # noqa: PLC0415 -- optional

        self._torch: Any = torch
        self._device = torch.device(device)
        self._sides = rows, columns
        self._ruler = ruler
        self._edges = torch.from_numpy(ruler.edges).to(self._device)
        self._held: tuple[int, int, Block, Tensor] | None = None

    @property
    def groups(self) -> tuple[Int32, Int32]:
        """Keys of the runs of rows and of columns."""
        return self._row_block.keys, self._column_block.keys

    def load(self, task: Task) -> None:
        """Score a tile; the other methods then speak of it."""
        self._task = task
        if self._held is None or self._held[:2] != (task.top, task.bottom):
            block = self._sides[0].block(task.top, task.bottom)
            self._held = (task.top, task.bottom, block, self._put(block.vectors))
        _, _, self._row_block, self._rows = self._held
        self._column_block = self._sides[1].block(task.left, task.right)
        self._columns = self._put(self._column_block.vectors)
        self._scores = self._torch.mm(self._rows, self._columns.T)
        if self._ruler.euclidean:
            squares = self._put(self._row_block.squares)[:, None]
            squares = squares + self._put(self._column_block.squares)[None, :]
            self._scores = -(squares - 2 * self._scores).clamp_(min=0).sqrt_()
        self._wanted = self._torch.ones_like(self._scores, dtype=self._torch.bool)
        if task.first > 0:
            self._wanted = self._wanted.triu(task.first)

    def count(self, cells: Int64) -> None:
        """Add the tile to the histograms of its cells."""
        bins = cells.shape[2]
        place, unsure = self._places(bins)
        flat = self._cell_of(slice(None), slice(None)) * bins + place
        size = self._row_block.keys.size * self._column_block.keys.size * bins
        counts = self._torch.bincount(flat[self._wanted & ~unsure], minlength=size)
        row, column = (self._wanted & unsure).nonzero(as_tuple=True)
        score = self._exact(row, column)
        place = self._torch.bucketize(score.double(), self._edges[1:-1], right=True)
        flat = self._cell_of(row, column, paired=True) * bins + place
        counts += self._torch.bincount(flat, minlength=size)
        shape = (self._row_block.keys.size, self._column_block.keys.size, bins)
        np.add.at(cells, np.ix_(*self.groups), counts.cpu().numpy().reshape(shape))

    def collect(self, cuts: Float64) -> tuple[Int32, Int32, Vectors]:
        """Return places of rows and columns, and exact scores, that reach their cell's cut."""
        cut = cuts[np.ix_(*self.groups)].ravel()
        least = np.array([reachable(each, self._ruler) for each in cut], np.float32)
        cell = self._cell_of(slice(None), slice(None))
        reached = self._wanted & (self._scores >= self._put(least)[cell])
        row, column = reached.nonzero(as_tuple=True)
        score = self._exact(row, column)
        stays = score.double() >= self._put(cut)[self._cell_of(row, column, paired=True)]
        return self._found(row[stays], column[stays], score[stays])

    def levels(self, cuts: Float64) -> tuple[Int32, Int32, Int32]:
        """Return places of rows and columns that reach the lowest cut, and how many they reach."""
        maybe = np.array([reachable(cut, self._ruler) for cut in cuts], np.float32)
        sure = np.array([surpassed(cut, self._ruler) for cut in cuts], np.float32)
        row, column = (self._wanted & (self._scores >= float(maybe[0]))).nonzero(as_tuple=True)
        score = self._scores[row, column].contiguous()
        level = self._torch.bucketize(score, self._put(sure), right=True)
        near = level < self._torch.bucketize(score, self._put(maybe), right=True)
        truth = self._exact(row[near], column[near]).double()
        level[near] = self._torch.bucketize(truth, self._put(cuts), right=True)
        stays = level > 0
        return self._found(row[stays], column[stays], level[stays].int())

    def _places(self, bins: int) -> tuple[Tensor, Tensor]:
        """Return the bin of each score and whether it may lie in another."""
        ruler = self._ruler
        x = (self._scores - float(ruler.low)) * float(ruler.scale)
        near: Tensor = float(ruler.error * ruler.scale + ruler.rounding)
        if ruler.euclidean:
            distance = (-self._scores).clamp_(min=float(np.sqrt(ruler.error)))
            near = float(ruler.error * ruler.scale) / distance + float(ruler.rounding)
        known = (x < 1 - near) | (x > bins - 1 + near)
        whole = x.clamp(0.5, bins - 0.5).floor()
        part = x - whole
        unsure = ((part < near) | (part > 1 - near)) & ~known
        return whole.long(), unsure

    def _cell_of(self, rows: Any, columns: Any, *, paired: bool = False) -> Tensor:  # noqa: ANN401 -- tensors or slices
        """Return which of the tile's cells rows and columns meet in."""
        row, column = (
            self._torch.from_numpy(np.repeat(np.arange(block.keys.size), np.diff(block.starts)))
            for block in (self._row_block, self._column_block)
        )
        row, column = row.to(self._device)[rows], column.to(self._device)[columns]
        width = self._column_block.keys.size
        return row * width + column if paired else row[:, None] * width + column[None, :]

    def _exact(self, row: Tensor, column: Tensor) -> Tensor:
        """Return exact scores of given places of the tile, summed as `exact` does."""
        torch = self._torch
        scores = torch.empty(row.numel(), dtype=torch.float32, device=self._device)
        width = 2 * padded(self._rows.shape[1])
        for start in range(0, row.numel(), PAIRS):
            part = slice(start, start + PAIRS)
            x, y = self._rows[row[part]].double(), self._columns[column[part]].double()
            terms = (x - y).square_() if self._ruler.euclidean else x * y
            terms = torch.nn.functional.pad(terms, (0, width - terms.shape[1]))
            while terms.shape[1] > 1:
                lower, upper = terms.chunk(2, dim=1)
                terms = lower + upper
            total = terms[:, 0]
            scores[part] = (-total.sqrt() if self._ruler.euclidean else total).float()
        return scores

    def _found(self, row: Tensor, column: Tensor, value: Tensor) -> tuple[Int32, Int32, Any]:
        """Return places on the sides and values, on the CPU."""
        return (
            row.int().cpu().numpy() + np.int32(self._task.top),
            column.int().cpu().numpy() + np.int32(self._task.left),
            value.cpu().numpy(),
        )

    def _put(self, array: Any) -> Tensor:  # noqa: ANN401 -- arrays of any type
        """Return an array on the device."""
        return self._torch.from_numpy(np.ascontiguousarray(array)).to(self._device)
