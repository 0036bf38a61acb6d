"""Counts all pairs of a plan tile by tile, without ever holding all scores."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from evenmatch.matching.matcher import ScoreKind
from evenmatch.scoring.cpu import CpuTiles
from evenmatch.scoring.devices import torch_device
from evenmatch.scoring.given import given_scores
from evenmatch.scoring.parts import Blocks, in_one, over_parts
from evenmatch.scoring.passes import core_count, run
from evenmatch.scoring.product import WORTH_IMPORTING, fastest_product, torch_alone
from evenmatch.scoring.scored import ScoredPairs
from evenmatch.scoring.sides import TILE, lay_out, longest, near, tasks
from evenmatch.scoring.tail import QUOTA, Tail
from evenmatch.scoring.tile import PART, ruler
from evenmatch.scoring.torch_tiles import DEVICE_TILE, TorchTiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from evenmatch.matching.matcher import Templates
    from evenmatch.scoring.needs import Compute
    from evenmatch.scoring.parts import Part
    from evenmatch.scoring.passes import Tiles
    from evenmatch.scoring.plan import Plan, Roster, Rows
    from evenmatch.scoring.scored import Bins
    from evenmatch.scoring.sides import Side, Task
    from evenmatch.scoring.tail import Held
    from evenmatch.scoring.tile import Float64, Int64

UNEVEN = 4  # times its share that a part may hold of the tail
KEPT = 12  # bytes of a kept pair: two rows and a score
CELLS = 256 << 20  # bytes that the threads' own histograms may take together


@dataclass(frozen=True)
class Work:
    """A plan's usable rows with everything that a pass over them needs.

    Attributes:
        plan: which rows are compared.
        roster: who the rows are.
        templates: one a row.
        usable: which rows have a template.
        compute: how to count.
        known_longest: an upper bound of the length of any usable template, where it is known.
    """

    plan: Plan
    roster: Roster
    templates: Templates
    usable: npt.NDArray[np.bool_]
    compute: Compute
    known_longest: float | None = None

    @property
    def probes(self) -> Rows:
        """Probes that have a template."""
        return self.plan.probes[self.usable[self.plan.probes]]

    @property
    def references(self) -> Rows:
        """References that have a template."""
        return self.plan.references[self.usable[self.plan.references]]

    @cached_property
    def longest(self) -> float:
        """An upper bound of the length of any usable template."""
        for known in (self.known_longest, self.templates.longest):
            if known is not None:
                return known
        return longest(self.templates.vectors, np.flatnonzero(self.usable).astype(np.int32))

    @property
    def threads(self) -> int:
        """Threads of the CPU to use."""
        return core_count(self.compute.threads)

    @cached_property
    def device(self) -> str | None:
        """The PyTorch device that counts; None for the CPU's own kernels."""
        dimension = self.templates.vectors.shape[1]
        return torch_device(
            self.compute.device,
            worth_it=float(self.plan.size(self.roster)) * dimension >= WORTH_IMPORTING,
        )

    @property
    def workers(self) -> int:
        """Tiles worked on at once."""
        return self.threads if self.device is None else 1

    @property
    def tile(self) -> int:
        """Rows and columns of a tile."""
        spread = self.compute.spread
        if self.compute.tile:
            return self.compute.tile
        if spread is not None:
            return spread.default_tile()
        return TILE if self.device is None else DEVICE_TILE

    def without_templates(self) -> Work:
        """Return the work as it goes to another process, which has the templates already."""
        none = replace(self.templates, vectors=self.templates.vectors[:0])
        plain = replace(self.compute, spread=None, report=None)
        return replace(self, templates=none, compute=plain, known_longest=self.longest)

    def scores(self, probe: Rows, reference: Rows, threads: int = 0) -> npt.NDArray[np.float32]:
        """Return exact scores of given pairs."""
        compute = replace(self.compute, threads=threads or self.threads)
        return given_scores(self.templates, probe, reference, compute)

    def side(
        self, rows: Rows, keys: npt.NDArray[np.int32], then: npt.NDArray[np.int32] | None = None
    ) -> Side:
        """Return rows laid out for tiles."""
        euclidean = self.templates.score_kind is ScoreKind.EUCLIDEAN
        return lay_out(self.templates.vectors, rows, keys, then, squares=euclidean)

    @contextmanager
    def tiles(
        self, rows: Side, columns: Side, bins: Bins, largest: int
    ) -> Iterator[Callable[[], Tiles]]:
        """Give a maker of one thread's tiles; the largest may hold so many scores."""
        vectors, kind = self.templates.vectors, self.templates.score_kind
        dimension = vectors.shape[1]
        if self.device is not None:
            device = self.device
            measure = ruler(bins, kind, dimension, self.longest, part=dimension)
            with torch_alone(threads=self.threads):
                yield lambda: TorchTiles(rows, columns, measure, device)
            return
        multiplications = float(len(rows)) * len(columns) * dimension
        with fastest_product(multiplications, dimension) as product:
            part = PART if product.strided else dimension
            measure = ruler(bins, kind, dimension, self.longest, part=part)
            yield lambda: CpuTiles(rows, columns, measure, product.multiply, largest)

    def over(self, rows: Side, columns: Side, part: Part) -> Iterator[Task]:
        """Give the tiles of every comparison of a part."""
        symmetric = self.plan.symmetric
        return tasks(len(rows), len(columns), part, symmetric=symmetric, tile=self.tile)

    def by_group(self) -> tuple[Side, Side]:
        """Return probes and references laid out by group."""
        groups = self.roster.groups
        rows = self.side(self.probes, groups[self.probes])
        if self.plan.symmetric:
            return rows, rows
        return rows, self.side(self.references, groups[self.references])

    def blocks(self) -> Blocks:
        """Return the blocks of rows and columns that tiles are made of."""
        rows, columns = (-(-side.size // self.tile) for side in (self.probes, self.references))
        return Blocks(rows, columns, once=self.plan.symmetric)


class OverWork:
    """A pass over a plan; leaves the templates behind when it is sent to another process."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "work": self.work.without_templates()}

    def on(self, templates: Templates, compute: Compute) -> Work:
        """Return the work with the templates that are here."""
        if self.work.templates is not templates or self.work.compute is not compute:
            self.work = replace(self.work, templates=templates, compute=compute)
        return self.work


@dataclass(frozen=True)
class Counted:
    """One pass: histograms by cell, and the kept pairs with the cuts they are complete from."""

    cells: Int64
    kept: ScoredPairs
    cuts: Float64


def count_tiles(work: Work, bins: Bins, floor: float, *, quota: int = QUOTA) -> Counted:
    """Count every non-mated comparison into its cell, keeping the tail.

    Args:
        work: the plan and its templates.
        bins: bins of the histograms.
        floor: score from which pairs are kept, within `compute.keep_tail`.
        quota: how many scores of every cell are kept at least.
    """
    owed = same_person_cells(work, bins)
    tail = Tail(work.roster, floor, work.compute.keep_tail, owed, quota)
    blocks = work.blocks()
    if in_one(work.templates, work.compute):
        cells = _count_into(tail, work, work.by_group(), bins, blocks.whole)
    else:
        cells = np.zeros_like(owed)
        todo = _TilePass(work, bins, floor, quota, owed)
        for found in over_parts(work.templates, todo, blocks, work.compute):
            cells[found.rows, found.columns] += found.cells
            tail.take(found.held)
    cells -= owed
    probe, reference, score, cuts = tail.finish(cells, bins.edges, symmetric=work.plan.symmetric)
    return Counted(cells, in_order(work.plan, probe, reference, score), cuts)


def _count_into(tail: Tail, work: Work, sides: tuple[Side, Side], bins: Bins, part: Part) -> Int64:
    """Count a part of the comparisons into its cells, and keep its tail."""
    rows, columns = near(sides, work.tile, part)
    n = work.roster.n_groups
    shares = _Shares((n, n, bins.count), work.workers)

    with work.tiles(rows, columns, bins, work.tile**2) as make:

        def start(number: int) -> Callable[[Task], None]:
            tiles = make()

            def count(task: Task) -> None:
                tiles.load(task)
                with shares.lock(number):
                    cells = shares.of(number)
                    tiles.count(cells)
                    tail.raise_cuts(*tiles.groups, cells, bins.edges)
                row, column, score = tiles.collect(tail.limits)
                tail.add(rows.rows[row], columns.rows[column], score)

            return count

        run(work.over(rows, columns, part), start, work.workers, work.compute.report)
    return shares.total()


@dataclass(frozen=True)
class _PartCounted:
    """One part: the histograms of the groups it has, and its tail."""

    rows: slice
    columns: slice
    cells: Int64
    held: Held


class _TilePass(OverWork):
    """Counts a part of the comparisons; its cells and its tail add up to those of the whole."""

    def __init__(self, work: Work, bins: Bins, floor: float, quota: int, owed: Int64) -> None:
        super().__init__(work)
        self._asked = bins, floor, quota, owed
        self._sides: tuple[Side, Side] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_sides": None}

    def answer_bytes(self, share: float) -> int:
        """Return what a part's histograms and its tail may take: tails are not spread evenly."""
        tail = min(1.0, UNEVEN * share) * 2 * self.work.compute.keep_tail * KEPT
        return int(tail) + self._asked[3].nbytes

    def __call__(self, templates: Templates, compute: Compute, part: Part) -> _PartCounted:
        """Return a part's histograms and tail."""
        work = self.on(templates, compute)
        bins, floor, quota, owed = self._asked
        self._sides = self._sides or work.by_group()
        tail = Tail(work.roster, floor, compute.keep_tail, owed, quota)
        cells = _count_into(tail, work, self._sides, bins, part)
        ends = ((part.top, part.bottom), (part.left, part.right))
        rows, columns = (
            _groups_of(side.keys[first * work.tile : last * work.tile])
            for side, (first, last) in zip(self._sides, ends, strict=True)
        )
        return _PartCounted(rows, columns, cells[rows, columns], tail.held())


def _groups_of(keys: npt.NDArray[np.int32]) -> slice:
    """Return the groups that sorted keys span."""
    return slice(int(keys[0]), int(keys[-1]) + 1) if keys.size else slice(0, 0)


def in_order(
    plan: Plan, probe: Rows, reference: Rows, score: npt.NDArray[np.float32]
) -> ScoredPairs:
    """Return pairs the most similar first, probes before references in a symmetric plan."""
    if plan.symmetric and probe.size:
        place = np.zeros(int(plan.probes.max()) + 1, np.int64)
        place[plan.probes] = np.arange(plan.probes.size)
        turned = place[probe] > place[reference]
        probe, reference = np.where(turned, reference, probe), np.where(turned, probe, reference)
    return ScoredPairs(probe, reference, score, np.zeros(score.size, np.int16)).descending()


def same_person_cells(work: Work, bins: Bins) -> Int64:
    """Return histograms of the row pairs of one person, which tiles count but nobody asks for."""
    n = work.roster.n_groups
    probe, reference = work.plan.same_person(work.roster)
    both = work.usable[probe] & work.usable[reference]
    probe, reference = probe[both], reference[both]
    scores = work.scores(probe, reference)
    g, h = work.roster.groups[probe].astype(np.int64), work.roster.groups[reference]
    if work.plan.symmetric:
        g, h = np.minimum(g, h), np.maximum(g, h)
    flat = (g * n + h) * bins.count + bins.of(scores)
    counts = np.bincount(flat, minlength=n * n * bins.count)
    return counts.reshape(n, n, bins.count).astype(np.int64, copy=False)


class _Shares:
    """Histograms of the threads: one each while memory allows, else shared under locks."""

    def __init__(self, shape: tuple[int, ...], threads: int) -> None:
        each = int(np.prod(shape)) * 8
        count = min(threads, max(1, CELLS // max(each, 1)))
        self._cells = [np.zeros(shape, np.int64) for _ in range(count)]
        self._locks = [threading.Lock() for _ in range(count)]

    def lock(self, number: int) -> threading.Lock:
        return self._locks[number % len(self._locks)]

    def of(self, number: int) -> Int64:
        return self._cells[number % len(self._cells)]

    def total(self) -> Int64:
        return np.asarray(np.sum(self._cells, axis=0, dtype=np.int64))
