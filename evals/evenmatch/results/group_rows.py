"""Rows that compare groups: equity, differences, tests, wrong labels, strata."""

from __future__ import annotations

from typing import Literal

from evenmatch.results.row import Row

Metric = Literal["fmr", "fnmr"]
Adjustment = Literal["holm", "benjamini_hochberg"]


class Equity(Row):
    """One row of `equity.csv`: an index over the groups of one grouping."""

    matcher: str
    metric: Literal["fmr", "fnmr", "combined"]
    operating_point: str
    probe_mask: str
    reference_mask: str
    group_by: str
    index: str
    value: float | None
    low: float
    high: float | None
    null_p95: float
    flags: list[str]
    # Beyond the contract: whether groups that are alike would show as much.
    p_value: float | None
    adjusted_p: float | None
    adjustment: Adjustment
    family: str
    detected: bool
    level: float
    groups: int  # groups compared
    left_out: str  # the others by name, joined by "; "
    overall: float | None  # the rate over the groups compared; empty where two rates are combined
    smallest: float | None
    largest: float | None
    labelled_by: str = ""


class Difference(Row):
    """One row of `differences.csv`: the rate of `group` over that of `other_group`."""

    matcher: str
    metric: Metric
    operating_point: str
    probe_mask: str
    reference_mask: str
    group_by: str
    group: str
    other_group: str
    ratio: float | None
    low: float
    high: float
    level: float
    method: str
    p_value: float | None
    adjusted_p: float | None
    adjustment: Adjustment
    family: str
    difference: Literal["higher", "lower", "not detected", "not tested"]
    equivalence: Literal["equivalent", "not equivalent", "undecided"]
    margin: float
    smallest_detectable_ratio: float | None
    labelled_by: str = ""


class GroupTest(Row):
    """One row of `group_tests.csv`: whether any group's FNMR differs from that of all."""

    matcher: str
    metric: Literal["fnmr"]
    operating_point: str
    probe_mask: str
    reference_mask: str
    group_by: str
    scheme: Literal["bootstrap", "permutation"]
    statistic: float
    margin: float
    p_value: float
    sum_p_value: float
    adjusted_p: float
    adjustment: Adjustment
    family: str
    flagged: str  # groups farther from all than the margin, joined by "; "
    groups: int
    left_out: str
    replicates: int
    labelled_by: str = ""


class LabelNoise(Row):
    """One row of `label_noise.csv`: a rate or a ratio, if labels are wrong in the way assumed."""

    matcher: str
    metric: Metric
    operating_point: str
    probe_mask: str
    reference_mask: str
    group_by: str
    labelled_by: str
    quantity: Literal["rate", "max_over_min"]
    group: str  # empty for the ratio
    assumption: Literal["symmetric", "worst_case", "validated"]
    error: float | None  # assumed share of wrong labels; empty where it was measured
    observed: float | None
    corrected: float | None
    low: float | None
    high: float | None
    condition: float | None
    tipping_point: float | None  # label error at which the conclusion changes; empty for none


class Stratum(Row):
    """One row of `strata.csv`: a group's rate in one stratum, or over all of them."""

    matcher: str
    metric: Metric
    operating_point: str
    probe_mask: str
    reference_mask: str
    group_by: str
    group: str
    column: str
    stratum: str  # its name; `crude` and `standardised` are over all strata
    errors: int
    trials: int
    subjects: int
    rate: float | None
    low: float | None
    high: float | None
    level: float
    status: Literal["estimate", "upper_bound", "unresolvable", "suppressed"]
    share: float | None  # of the group's trials
    common_share: float | None  # of the distribution that rates are standardised to
    labelled_by: str = ""
