"""How much memory counting will take, worked out before it begins."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from evenmatch.errors import RequestError
from evenmatch.scoring.needs import Compute
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
        copied: templates brought into the order of tiles.
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


def plan_memory(
    plan: Plan, roster: Roster, dimension: int, compute: Compute | None = None
) -> MemoryPlan:
    """Return what counting a plan takes at most.

    Args:
        plan: which rows are compared.
        roster: who the rows are.
        dimension: length of a template.
        compute: threads and what is kept.
    """
    compute = compute or Compute()
    size = plan.size(roster)
    if plan.listed is not None or size <= compute.keep_scores:
        everything = size * SCORED
        cells = roster.n_groups**2 * bin_count(roster.n_groups) * 8
        return MemoryPlan(0, cells, everything, roster.n_people * PERSON, 0)
    threads, tile = core_count(compute.threads), compute.tile or TILE
    columns = min(tile, max(plan.probes.size, plan.references.size))
    # A tile, its second part, and pairs found in it with their levels: six numbers of four bytes.
    each = 24 * columns**2 + 2 * 4 * columns * dimension
    cells = roster.n_groups**2 * bin_count(roster.n_groups) * 8
    sides = [plan.probes.size] if plan.symmetric else [plan.probes.size, plan.references.size]
    copied = sum(min(rows * dimension * 4, COPIED) for rows in sides)
    return MemoryPlan(
        tiles=threads * each,
        cells=cells * (threads + 3),
        kept=min(2 * compute.keep_tail, size) * KEPT,
        people=roster.n_people * PERSON,
        copied=copied,
    )


def plan_search_memory(
    searches: int, gallery: int, dimension: int, n_groups: int, length: int
) -> int:
    """Return the bytes that searching a gallery takes at most above the templates."""
    threads = core_count(0)
    lists = TILE * (8 * (4 * length + 8) + n_groups * 8 * 12)
    tiles = threads * (4 * TILE**2 + 8 * TILE * dimension + 2 * lists)
    copied = sum(min(rows * dimension * 4, COPIED) for rows in (searches, gallery))
    return tiles + copied + searches * (SEARCH + 12 * length + 8 * n_groups)


def refuse_unless_it_fits(needed: int, what: str) -> None:
    """Refuse work that memory cannot hold, before any of it is done.

    Raises:
        RequestError: less memory is available.
    """
    available = available_memory()
    if available is not None and needed > available:
        raise RequestError(
            f"{what} needs {_mib(needed)} of memory and {_mib(available)} are available; lower "
            "compute.keep_scores or compute.keep_tail, or use a machine with more memory."
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
