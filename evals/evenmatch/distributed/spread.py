"""Counting and searching by the processes of a cluster: templates are sent once a machine.

What lies where every machine can read it is not sent at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from evenmatch.distributed.cluster import Cluster, Needs, connect
from evenmatch.distributed.shards import write_shards
from evenmatch.distributed.worker import fetched
from evenmatch.errors import RequestError
from evenmatch.matching.shards import Shards
from evenmatch.matching.vectors import Picked, Stacked
from evenmatch.scoring.sides import TILE
from evenmatch.scoring.torch_tiles import DEVICE_TILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from evenmatch.matching.matcher import Templates
    from evenmatch.matching.vectors import Vectors
    from evenmatch.scoring.needs import Compute
    from evenmatch.scoring.parts import Part, Pass

Found = TypeVar("Found")
STORED = 0.6  # of a machine's object store, what templates may take
MIB = 1 << 20


class RaySpread:
    """A Ray cluster as the scoring engine sees it.

    Args:
        address: of the cluster, or `local`.
        device: `auto` uses graphics cards where the cluster has any.
        shards: folder or URL where templates are put for machines to read; none sends those
            that this process holds through Ray's object store.
    """

    def __init__(self, address: str, device: str, shards: str | None = None) -> None:
        self._address, self._device, self._shards = address, device, shards
        self._sent: list[tuple[Vectors, Any]] = []

    @property
    def cluster(self) -> Cluster:
        """The cluster, connected."""
        return connect(self._address)

    @property
    def on_gpu(self) -> bool:
        """Whether graphics cards count."""
        return self.cluster.on_gpu(self._device)

    def slots(self, compute: Compute) -> int:
        """Return how many parts are worked on at once."""
        return self.cluster.gpus if self._takes_gpu(compute) else self.cluster.cores

    def default_tile(self) -> int:
        """Return the rows and columns of a tile that suit those who work."""
        return DEVICE_TILE if self.on_gpu else TILE

    def run(
        self,
        templates: Templates,
        todo: Pass[Found],
        parts: Iterable[Part],
        compute: Compute,
        answer_bytes: int,
    ) -> Iterator[Found]:
        """Give what each part holds, in any order."""
        gpu = self._takes_gpu(compute)
        there = replace(
            compute,
            device="cuda" if gpu else "cpu",
            threads=1,
            tile=compute.tile or self.default_tile(),
            report=None,
            spread=None,
        )
        sent = _Counting(todo, there, self._templates(templates))
        needs = Needs(gpus=1 if gpu else 0, answer_bytes=answer_bytes)
        for found, scores in self.cluster.over(sent, parts, needs):
            if compute.report is not None:
                compute.report(scores)
            yield found

    def _takes_gpu(self, compute: Compute) -> bool:
        """Say whether a part needs a graphics card; searches ask for the processor."""
        return self.on_gpu and compute.device != "cpu"

    def _templates(self, templates: Templates) -> _There:
        """Return where the templates are, each set of them sent there when it is first asked of."""
        sets = list(_sets(templates.vectors))
        # What was sent before and is not needed now makes room.
        self._sent = [each for each in self._sent if any(each[0] is one for one in sets)]
        for one in sets:
            if not any(each[0] is one for each in self._sent):
                self._sent.append((one, self._send(one)))
        plain = replace(templates, vectors=templates.vectors[:0])
        return _There(plain, _with(templates.vectors, self._place_of))

    def _place_of(self, vectors: Vectors) -> Any:  # noqa: ANN401 -- what `_send` returned
        return next(there for sent, there in self._sent if sent is vectors)

    def _send(self, vectors: Vectors) -> Any:  # noqa: ANN401 -- a reference of Ray's, or shards
        if isinstance(vectors, Shards) and (self._shards is None or vectors.everywhere):
            return vectors  # where they lie
        if self._shards is not None:
            return write_shards(vectors, self._shards)
        held = [each for each, there in self._sent if isinstance(there, list)]
        size, store = sum(map(_bytes, (*held, vectors))), self.cluster.store
        if size > STORED * store:
            raise RequestError(
                f"the templates take {size // MIB:,} MiB and the smallest "
                f"object store of the cluster has {store // MIB:,} MiB; set compute.shards to a "
                "folder or URL that every machine reads, or start Ray with a larger "
                "--object-store-memory."
            )
        return [self.cluster.put(np.asarray(vectors))]


def _sets(vectors: Vectors) -> Iterator[Vectors]:
    """Give the sets that templates are made of."""
    match vectors:
        case Stacked(first, second):
            yield from _sets(first)
            yield from _sets(second)
        case Picked(rows, _):
            yield from _sets(rows)
        case _:
            yield vectors


def _with(vectors: Vectors, change: Callable[[Any], Any]) -> Any:  # noqa: ANN401 -- as it changes
    """Return templates with each of their sets changed."""
    match vectors:
        case Stacked(first, second):
            return Stacked(_with(first, change), _with(second, change))
        case Picked(rows, order):
            return Picked(_with(rows, change), order)
        case _:
            return change(vectors)


def _bytes(vectors: Vectors) -> int:
    return 4 * len(vectors) * vectors.shape[1]


@dataclass(frozen=True)
class _There:
    """Templates as another process gets hold of them."""

    plain: Templates
    vectors: Any  # each set a list with a reference of Ray's, or shards

    def open(self) -> Templates:
        vectors = _with(
            self.vectors, lambda there: fetched(there[0]) if isinstance(there, list) else there
        )
        return replace(self.plain, vectors=vectors)


@dataclass(frozen=True)
class _Counting:
    """A pass of the scoring engine, as it is sent."""

    todo: Pass[Any]
    compute: Compute
    templates: _There

    def open(self) -> Callable[[Part], tuple[Any, int]]:
        """Return the function of a part: what it holds and how many scores it looked at."""
        templates, scores = self.templates.open(), _Sum()
        compute = replace(self.compute, report=scores.add)

        def do(part: Part) -> tuple[Any, int]:
            scores.total = 0
            return self.todo(templates, compute, part), scores.total

        return do


class _Sum:
    """Adds up what a part reports."""

    def __init__(self) -> None:
        self.total = 0

    def add(self, amount: int) -> None:
        self.total += amount
