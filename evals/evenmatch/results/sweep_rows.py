"""Counts at many thresholds, for a reader who moves the threshold on the page."""

from __future__ import annotations

from evenmatch.results.row import Row


class SweepCell(Row):
    """One cell of one breakdown: its trials, and the errors at each of the sweep's thresholds.

    `failed` mated trials have no score: they miss at every threshold and are not in `misses`.
    """

    group_by: str
    probe_group: str
    reference_group: str
    non_mated: int
    false_matches: list[int]
    mated: int
    failed: int
    misses: list[int]


class Sweep(Row):
    """Every cell of one matcher under one mask condition; the thresholds rise, counts are exact."""

    matcher: str
    probe_mask: str
    reference_mask: str
    thresholds: list[float]
    cells: list[SweepCell]


class SearchSweepCell(Row):
    """One group's searches; a failed search raises no alarm and finds nobody."""

    group_by: str
    group: str
    non_mated: int
    alarms: list[int]
    mated: int
    misses: list[int]


class SearchSweep(Row):
    """The first split's searches of one matcher under one mask condition, at rising thresholds."""

    matcher: str
    gallery: str
    gallery_subjects: int
    probe_mask: str
    thresholds: list[float]
    cells: list[SearchSweepCell]
