"""A pass over tiles in parts, done here as one or spread over other processes and machines.

A part is a rectangle of blocks of rows and columns. What two parts find is put together by
addition, or as one set, so that neither their number nor their order changes a count.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Protocol, TypeVar

from evenmatch.matching.vectors import at_hand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from evenmatch.matching.matcher import Templates
    from evenmatch.scoring.needs import Compute

EACH = 8  # parts for each process that works, so that none waits long for the last
WIDEST = 32  # blocks on a part's side: templates it needs grow as that, comparisons as its square


@dataclass(frozen=True)
class Part:
    """Blocks `top : bottom` of the rows against blocks `left : right` of the columns."""

    top: int
    bottom: int
    left: int
    right: int


Found = TypeVar("Found")
Found_co = TypeVar("Found_co", covariant=True)


class Pass(Protocol[Found_co]):
    """What is done with every part; goes to other processes, without the templates."""

    def __call__(self, templates: Templates, compute: Compute, part: Part) -> Found_co:
        """Return what one part holds."""
        ...

    def answer_bytes(self, share: float) -> int:
        """Return what the answer of a part with such a share of the comparisons may take."""
        ...


class Spread(Protocol):
    """Does the parts of a pass in other processes, each at least once and each counted once."""

    def slots(self, compute: Compute) -> int:
        """Return how many parts are worked on at once."""
        ...

    def default_tile(self) -> int:
        """Return the rows and columns of a tile that suit those who work."""
        ...

    def run(
        self,
        templates: Templates,
        todo: Pass[Found],
        parts: Iterable[Part],
        compute: Compute,
        answer_bytes: int,
    ) -> Iterator[Found]:
        """Give what each part holds, in any order.

        Args:
            templates: one a row.
            todo: what is done with each part.
            parts: the parts.
            compute: how.
            answer_bytes: what a part's answer is planned to take.
        """
        ...


@dataclass(frozen=True)
class Blocks:
    """The blocks of a pass: how many of rows and of columns, and whether (i, j) is also (j, i)."""

    rows: int
    columns: int
    once: bool

    @property
    def whole(self) -> Part:
        """All of them."""
        return Part(0, self.rows, 0, self.columns)

    def parts(self, slots: int) -> Iterator[Part]:
        """Give squares of blocks that cover every pair of blocks once.

        Args:
            slots: how many parts are worked on at once.
        """
        edge = self._edge(slots)
        for top in range(0, self.rows, edge):
            for left in range(top if self.once else 0, self.columns, edge):
                yield Part(top, min(top + edge, self.rows), left, min(left + edge, self.columns))

    def share(self, slots: int) -> float:
        """Return how much of everything the largest part is."""
        return min(1.0, self._edge(slots) ** 2 / max(self._pairs, 1))

    @property
    def _pairs(self) -> int:
        return self.rows * self.columns // (2 if self.once else 1)

    def _edge(self, slots: int) -> int:
        return min(max(isqrt(self._pairs // (EACH * slots)), 1), WIDEST)


def in_one(templates: Templates, compute: Compute) -> bool:
    """Whether a pass is done in one part: here, and with all templates in memory."""
    return compute.spread is None and at_hand(templates.vectors)


def over_parts(
    templates: Templates, todo: Pass[Found], blocks: Blocks, compute: Compute
) -> Iterator[Found]:
    """Give what each part of a pass holds: of one part here, or of many elsewhere.

    Of templates that are not in memory a part reads its own once, so that there are many here too.
    """
    spread = compute.spread
    if in_one(templates, compute):
        yield todo(templates, compute, blocks.whole)
    elif spread is None:
        for part in blocks.parts(slots=1):
            yield todo(templates, compute, part)
    else:
        slots = spread.slots(compute)
        planned = todo.answer_bytes(blocks.share(slots))
        yield from spread.run(templates, todo, blocks.parts(slots), compute, planned)
