"""Interleaved timings, and the tables that are written where a page has a place for them."""

from __future__ import annotations

import statistics
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def seconds(work) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def pairs(ours, theirs, runs: int) -> float:
    """Return the median of theirs / ours over interleaved pairs, after one that is not counted."""
    ours()
    theirs()
    return statistics.median(seconds(theirs) / seconds(ours) for _ in range(runs))


def write_table(page: Path, start: str, end: str, table: str) -> None:
    """Put a table between two marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(start)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{start}\n\n{table}\n\n{end}{after}", encoding="utf-8")
