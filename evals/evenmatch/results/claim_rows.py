"""Rows about claims and about thresholds of groups."""

from __future__ import annotations

from typing import Literal

from evenmatch.results.row import Row


class ClaimVerdict(Row):
    """One row of `claims.csv`; the columns the contract names come first, in its order."""

    claim: str
    matcher: str
    scope: str
    metric: Literal["fnmr", "fmr", "fpir", "fnir"]
    bound: float
    estimate: float | None
    low: float | None
    high: float | None
    verdict: Literal["supported", "refuted", "undecided"]
    reason: str
    needed: int | None
    # Beyond the contract: which part of the claim, and what a reader needs to check it.
    part: Literal["whole", "group", "fmr"]
    group: str
    at: str
    threshold: float | None  # similarity at which the estimate is counted
    set_on: str | None
    guard_low: float | None
    guard_high: float | None
    alpha: float  # one-sided error of the verdict; each of `low` and `high` has it too
    errors: int
    trials: int
    people: int
    guaranteed_high: float | None
    failures: Literal["non-match", "excluded"]
    impostors: str | None
    probe_mask: str | None
    reference_mask: str | None
    gallery_people: int | None
    gallery_size: int | None
    text: str
    source: str

    @property
    def refuted(self) -> bool:
        """Whether the claim as a whole does not hold."""
        return self.part == "whole" and self.verdict == "refuted"


class GroupThreshold(Row):
    """One row of `tradeoff.csv`: a group at the common threshold, and at one of its own."""

    matcher: str
    operating_point: str
    set_on: str
    probe_mask: str
    reference_mask: str
    group_by: str
    group: str
    threshold: float
    fmr: float | None
    fmr_low: float | None
    fmr_high: float | None
    fnmr: float | None
    fnmr_low: float | None
    fnmr_high: float | None
    own_threshold: float | None
    own_status: Literal["estimate", "unresolvable", "suppressed", "none"]
    own_fmr: float | None
    own_fmr_low: float | None
    own_fmr_high: float | None
    own_fnmr: float | None
    own_fnmr_low: float | None
    own_fnmr_high: float | None
    fmr_over_target: float | None  # the group's FMR at the common threshold over the FMR asked for
    fmr_change: float | None  # what the group's own threshold would change
    fnmr_change: float | None
    false_matches: int
    own_false_matches: int | None
    non_mated: int
    false_non_matches: int
    own_false_non_matches: int | None
    mated: int
    subjects: int
    labelled_by: str = ""
