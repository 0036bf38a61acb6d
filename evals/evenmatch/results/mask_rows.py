"""Rows of `mask_differences.csv`: what a mask changed for the same people."""

from __future__ import annotations

from typing import Literal

from evenmatch.results.row import Row

Condition = Literal["probe", "reference", "both-same", "both-different"]
Status = Literal["estimate", "interval", "unresolvable", "suppressed"]


class MaskDifference(Row):
    """One mask condition against bare faces, for one group; masks are never put together."""

    matcher: str
    metric: Literal["fmr", "fnmr"]
    operating_point: str
    at: Literal["same-threshold", "equal-fmr"]  # the second is a diagnostic
    probe_mask: str
    reference_mask: str
    condition: Condition
    masks: Literal["drawn", "real"]
    group_by: str
    group: str
    failures: Literal["non-match", "excluded"]
    subjects: int  # people compared both bare and under the mask
    errors: int | None  # under the mask; None where no threshold has an equal FMR
    trials: int
    rate: float | None
    bare_errors: int | None
    bare_trials: int
    bare_rate: float | None
    difference: float | None  # rate less bare_rate
    low: float | None
    high: float | None
    level: float
    method: str  # empty where nothing is stated
    p_value: float | None
    adjusted_p: float | None  # Holm over the groups of one grouping
    change: Literal["higher", "lower", "not detected", "not tested"]
    newly_missed: int | None  # drawn masks, FNMR: comparisons that match only bare
    newly_found: int | None  # and only under the mask
    status: Status
    threshold: float | None  # similarity, under the mask
    bare_threshold: float | None
    set_on: str
    fmr: float | None  # what the thresholds achieve over everybody; for `equal-fmr` alone
    bare_fmr: float | None
    labelled_by: str = ""
