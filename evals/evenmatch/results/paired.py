"""Rows of `comparison.csv`: one rate of two matchers, thresholds or mask conditions."""

from __future__ import annotations

from typing import Literal

from evenmatch.results.model import Status
from evenmatch.results.row import Row

Outcome = Literal["improved", "worse", "no difference shown", "too few people"]


class PairedRate(Row):
    """One row of `comparison.csv`: the second rate less the first, for one group."""

    first: str
    second: str
    metric: Literal["fmr", "fnmr", "fpir", "fnir"]
    first_at: str
    second_at: str
    first_masks: str
    second_masks: str
    group_by: str
    group: str
    first_rate: float | None
    second_rate: float | None
    difference: float | None
    low: float | None
    high: float | None
    level: float
    method: Literal["jackknife", "bounds", "recovered", ""]
    pairing: Literal["paired_trials", "paired_people", "unpaired"]
    p_value: float | None
    adjusted_p: float | None
    family: str
    outcome: Outcome
    first_errors: int
    first_trials: int
    first_subjects: int
    second_errors: int
    second_trials: int
    second_subjects: int
    failures: Literal["non-match", "excluded"]
    first_threshold: float  # similarities
    second_threshold: float
    first_set_on: str
    second_set_on: str
    # What each rate's people let it say, as in `error_rates.csv`, and its upper end.
    first_status: Status
    second_status: Status
    first_high: float | None
    second_high: float | None


class Contrast(Row):
    """Two audits, or two parts of one, compared."""

    schema_version: Literal[1] = 1
    benchmark: str
    first_audit: str
    second_audit: str
    notices: list[str]  # sentences a reader must see before the numbers
    rates: list[PairedRate]
