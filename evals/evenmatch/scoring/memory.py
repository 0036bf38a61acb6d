"""How much memory counting will take, worked out before it begins."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

from evenmatch.errors import RequestError
from evenmatch.matching.shards import BATCH
from evenmatch.scoring.needs import Compute
from evenmatch.scoring.parts import WIDEST
from evenmatch.scoring.passes import core_count
from evenmatch.scoring.scored import bin_count
from evenmatch.scoring.sides import COPIED, TILE

if TYPE_CHECKING:
    from evenmatch.scoring.plan import Plan, Roster

MIB = 1 << 20
# Bytes of a kept comparison: probe, reference, score and status, and what sorting them takes.
KEPT = 14 + 34
SCORED = 22 + 42  # the same where every comparison is kept, mated or not, and put in two orders
PERSON = 8 * 16  # arrays by person that questions fill
SEARCH = 64  # a search's own numbers, and 12 bytes a candidate


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes that counting one plan takes above the templates themselves.

    Attributes:
        tiles: every thread's tile, its templates, and the pairs found in it.
        cells: histograms.
        kept: the scores that are kept.
        people: sums by person.
        copied: templates brought into the order of tiles, or read where they lie.
    """

    tiles: int
    cells: int
    kept: int
    people: int
    copied: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(getattr(self, field.name) for field in fields(self))

    def __str__(self) -> str:
        parts = ", ".join(
            f"{field.name} {_mib(getattr(self, field.name))}" for field in fields(self)
        )
        return f"{_mib(self.total)} above the templates ({parts})"


@dataclass(frozen=True)
class Sizes:
    """How much a plan counts, for whoever has no plan yet.

    Attributes:
        comparisons: how many.
        sides: rows that are compared with one another, or probes and references.
        people: who the rows are of.
        groups: finest groups.
        listed: whether a list says who is compared.
        lying: whether templates are read where they lie, those of one part after another.
    """

    comparisons: int
    sides: tuple[int, ...]
    people: int
    groups: int
    listed: bool = False
    lying: bool = False


def plan_memory(
    plan: Plan,
    roster: Roster,
    dimension: int,
    compute: Compute | None = None,
    *,
    lying: bool = False,
) -> MemoryPlan:
    """Return what counting a plan takes at most.

    Args:
        plan: which rows are compared.
        roster: who the rows are.
        dimension: length of a template.
        compute: threads and what is kept.
        lying: whether templates are read where they lie, those of one part after another.
    """
    sides = (plan.probes.size, plan.references.size)
    sizes = Sizes(
        comparisons=plan.size(roster),
        sides=sides[:1] if plan.symmetric else sides,
        people=roster.n_people,
        groups=roster.n_groups,
        listed=plan.listed is not None,
        lying=lying,
    )
    return memory_of(sizes, dimension, compute or Compute())


def memory_of(sizes: Sizes, dimension: int, compute: Compute) -> MemoryPlan:
    """Return what counting so much takes at most."""
    cells = sizes.groups**2 * bin_count(sizes.groups) * 8
    people = sizes.people * PERSON
    if sizes.listed or sizes.comparisons <= compute.keep_scores:
        return MemoryPlan(0, cells, sizes.comparisons * SCORED, people, 0)
    threads, tile = core_count(compute.threads), compute.tile or TILE
    columns = min(tile, max(sizes.sides))
    # A tile, its second part, and pairs found in it with their levels: six numbers of four bytes.
    each = 24 * columns**2 + 2 * 4 * columns * dimension
    copied = sum(min(rows * dimension * 4, COPIED) for rows in sizes.sides)
    if sizes.lying:
        copied = max(copied, part_bytes(sizes.sides[0], sizes.sides[-1], dimension, tile))
    return MemoryPlan(
        tiles=threads * each,
        cells=cells * (threads + 3),
        kept=min(2 * compute.keep_tail, sizes.comparisons) * KEPT,
        people=people,
        copied=copied,
    )


def part_bytes(rows: int, columns: int, dimension: int, tile: int) -> int:
    """Return what reading one part's templates where they lie takes at most."""
    sides = sum(min(side, WIDEST * tile) for side in (rows, columns))
    # They are read in the order of the files, then put in that of the tiles.
    return 2 * sides * dimension * 4 + 4 * BATCH


def plan_search_memory(
    searches: int, gallery: int, dimension: int, n_groups: int, length: int, *, lying: bool = False
) -> int:
    """Return the bytes that searching a gallery takes at most above the templates.

    Args:
        searches: how many searches.
        gallery: how many are enrolled.
        dimension: length of a template.
        n_groups: how many groups there are.
        length: length of a candidate list.
        lying: whether templates are read where they lie, those of one part after another.
    """
    threads = core_count(0)
    lists = TILE * (8 * (4 * length + 8) + n_groups * 8 * 12)
    tiles = threads * (4 * TILE**2 + 8 * TILE * dimension + 2 * lists)
    copied = sum(min(rows * dimension * 4, COPIED) for rows in (searches, gallery))
    copied += part_bytes(searches, gallery, dimension, TILE) if lying else 0
    return tiles + copied + searches * (SEARCH + 12 * length + 8 * n_groups)


LESS: Final = "lower compute.keep_scores or compute.keep_tail, or use a machine with more memory"


def refuse_unless_it_fits(needed: int, what: str, instead: str = LESS) -> None:
    """Refuse work that memory cannot hold, before any of it is done.

    Args:
        needed: bytes.
        what: the work.
        instead: what to do then.

    Raises:
        RequestError: less memory is available.
    """
    available = available_memory()
    if available is not None and needed > available:
        raise RequestError(
            f"{what} needs {_mib(needed)} of memory and {_mib(available)} are available; {instead}."
        )


def available_memory() -> int | None:
    """Return the bytes this process may still take, or None where the system does not say."""
    limits = [_available_on_linux(), _left_in_group()]
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def _available_on_linux() -> int | None:
    meminfo = Path("/proc/meminfo")
    if not meminfo.is_file():
        return None
    for line in meminfo.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _left_in_group(group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return what the control group of this process has left."""
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text())
        # Pages of files that can be dropped are not in anybody's way.
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    if limit == "max":
        return None
    return max(int(limit) - used + int(stat.get("inactive_file", 0)), 0)


def peak_memory() -> int:
    """Return the most memory this process has ever held, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():
        # The kernel's own mark: the one of getrusage starts at that of the process's parent.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource  # noqa: PLC0415 -- not on every system

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most if sys.platform == "darwin" else most * 1024)


def _mib(size: int) -> str:
    return f"{size / MIB:,.0f} MiB"
