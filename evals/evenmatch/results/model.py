"""RunResult: everything an audit found, from which every table, page and record is rendered."""

from __future__ import annotations

from typing import Any, Literal

from evenmatch.results.claim_rows import ClaimVerdict, GroupThreshold
from evenmatch.results.group_rows import Difference, Equity, GroupTest, LabelNoise, Stratum
from evenmatch.results.mask_rows import MaskDifference
from evenmatch.results.measured_rows import MaskCoverage, SkinToneSpread
from evenmatch.results.row import Row
from evenmatch.results.search_rows import (
    CandidateCell,
    GalleryPart,
    GallerySize,
    GallerySlopeRow,
    ScenarioRow,
    Selectivity,
)
from evenmatch.results.sweep_rows import SearchSweep, Sweep
from evenmatch.results.variants import OfVariant, VariantChange

SCHEMA_VERSION: Literal[1] = 1

Status = Literal["estimate", "upper_bound", "unresolvable", "suppressed"]


class ErrorRate(Row):
    """One row of `error_rates.csv`; the columns the contract names come first, in its order."""

    matcher: str
    metric: Literal["fmr", "fnmr", "fta"]
    operating_point: str | None
    threshold: float | None
    set_on: str | None
    probe_mask: str
    reference_mask: str | None
    group_by: str
    probe_group: str
    reference_group: str | None
    failures: Literal["non-match", "excluded"] | None
    errors: int
    trials: int
    subjects: int
    rate: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    status: Status
    # Beyond the contract: what a reader needs to check the interval.
    erring_units: int  # distinct erring pairs of people (FMR) or people (FNMR, FTA)
    effective_trials: float | None  # n* of methods 5.2
    wilson_low: float | None  # the literature's reference, methods 5.2
    wilson_high: float | None
    largest_share: float | None  # share of the trials that touch the most frequent person
    balanced_rate: float | None  # mean of the people's own rates
    n_kish: float | None = None  # effective people; the smaller side's in a cell of pairs
    balanced_low: float | None = None
    balanced_high: float | None = None
    labelled_by: str = ""


class VariantRate(ErrorRate, OfVariant):
    """One row of `variants.csv`: `variant`, then the columns of `error_rates.csv`."""


class IdentificationRate(Row):
    """One row of `identification.csv`."""

    matcher: str
    metric: Literal["fpir", "fnir", "cmc"]
    operating_point: str | None
    threshold: float | None
    rank: int | None
    gallery: str
    gallery_subjects: int
    gallery_templates: int
    probe_mask: str
    group_by: str
    group: str
    failures: Literal["non-match", "excluded"]
    errors: int
    searches: int
    subjects: int
    rate: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    status: Status
    split_low: float | None = None  # smallest and largest rate over the random splits
    split_high: float | None = None
    labelled_by: str = ""


class FailureCount(Row):
    """One row of `failures.csv`; `stage` is `extract`, `mask` or `compare`."""

    matcher: str
    stage: str
    reason: str
    group_by: str
    group: str
    failed: int
    attempts: int
    rate: float | None
    labelled_by: str = ""
    mask: str = ""  # the mask that could not be drawn, for the stage `mask`


class Threshold(Row):
    """What an operating point came to for one matcher, and which trials set it."""

    matcher: str
    kind: Literal["one_to_one", "one_to_many"]
    operating_point: str
    threshold: float  # similarity
    native_threshold: float  # in the matcher's own scale; a distance where it has one
    set_on: str
    trials: int | None  # non-mated trials (or searches) that set it; None where it was given
    achieved: float | None  # the rate those trials reach at the threshold
    status: Literal["estimate", "unresolvable", "given"]


class Distribution(Row):
    """Counts of scores in equal bins: `counts[k]` lie in `[edges[k], edges[k+1])`."""

    matcher: str
    probe_mask: str
    reference_mask: str
    mated: bool
    group_by: str
    probe_group: str
    reference_group: str
    edges: list[float]
    counts: list[int]


class Curve(Row):
    """A DET curve as steps: rates at the thresholds where either changes, thinned for drawing."""

    matcher: str
    probe_mask: str
    reference_mask: str
    group_by: str
    group: str
    thresholds: list[float]
    fmr: list[float]
    fnmr: list[float]
    mated_trials: int
    non_mated_trials: int


class GroupSize(Row):
    """How many people and photographs a group has, and who wrote the label."""

    group_by: str
    group: str
    subjects: int
    samples: int
    labelled_by: str


class MatcherFacts(Row):
    """A matcher as it ran: its kind, digest, score scale and what its maker says of it."""

    name: str
    kind: str
    digest: str
    score_kind: Literal["similarity", "distance"]
    facts: dict[str, str]
    comparisons: int
    failed_comparisons: int


class Provenance(Row):
    """What made these numbers, so that another person can make them again."""

    run_id: str
    config_digest: str
    card_digest: str
    samples_digest: str
    seed: int
    versions: dict[str, str]
    git_revision: str | None


class RunResult(Row):
    """One audit, whole. Reports and MLflow are rendered from this and nothing else."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str
    config: dict[str, Any]
    card: dict[str, Any]
    provenance: Provenance
    groups: list[GroupSize]
    matchers: list[MatcherFacts]
    thresholds: list[Threshold]
    error_rates: list[ErrorRate]
    identification: list[IdentificationRate]
    failures: list[FailureCount]
    distributions: list[Distribution]
    curves: list[Curve]
    notices: list[str]  # sentences a reader must see before the numbers
    equity: list[Equity] = []
    differences: list[Difference] = []
    group_tests: list[GroupTest] = []
    label_noise: list[LabelNoise] = []
    strata: list[Stratum] = []
    claims: list[ClaimVerdict] = []
    tradeoff: list[GroupThreshold] = []
    galleries: list[GalleryPart] = []
    selectivity: list[Selectivity] = []
    candidates: list[CandidateCell] = []
    gallery_size: list[GallerySize] = []
    gallery_slope: list[GallerySlopeRow] = []
    scenario: list[ScenarioRow] = []
    mask_coverage: list[MaskCoverage] = []
    mask_differences: list[MaskDifference] = []
    skin_tone: list[SkinToneSpread] = []
    sweeps: list[Sweep] = []
    search_sweeps: list[SearchSweep] = []
    variants: list[VariantRate] = []
    variant_changes: list[VariantChange] = []
