"""Rows of one-to-many search beyond its rates, and of what rates mean in a place of use."""

from __future__ import annotations

from typing import Literal

from evenmatch.results.row import Row

Basis = Literal["measured", "interpolated", "extrapolated"]


class GalleryPart(Row):
    """One row of `galleries.csv`: who is enrolled in a gallery, and under which policy."""

    gallery: str
    policy: Literal["unconsolidated", "recent", "consolidated"]
    mates: Literal["any", "all"]
    group_by: str
    group: str
    subjects: int
    templates: int
    share: float  # of the gallery's templates
    labelled_by: str = ""


class Selectivity(Row):
    """One row of `selectivity.csv`: wrong candidates at or above a threshold, and whose they are.

    Of all groups together, `gallery_share` is the mean over the candidates of the gallery's share
    of the searched person's own group.
    """

    matcher: str
    operating_point: str
    threshold: float
    gallery: str
    gallery_subjects: int
    gallery_templates: int
    probe_mask: str
    group_by: str
    group: str
    searches: int
    subjects: int
    erring_subjects: int
    candidates: int
    selectivity: float | None  # candidates a non-mated search
    low: float | None
    high: float | None
    same_group: int
    same_group_share: float | None
    gallery_share: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    level: float
    method: str
    status: Literal["estimate", "upper_bound", "unresolvable", "suppressed"]
    labelled_by: str = ""


class CandidateCell(Row):
    """One row of `candidates.csv`: what non-mated searches met, by the groups of both sides."""

    matcher: str
    operating_point: str
    threshold: float
    gallery: str
    probe_mask: str
    group_by: str
    probe_group: str
    reference_group: str
    comparisons: int
    candidates: int
    pairs: int  # distinct pairs of people among the candidates
    labelled_by: str = ""


class GallerySize(Row):
    """One row of `gallery_size.csv`: FPIR on random parts of the gallery, and models beyond it."""

    matcher: str
    operating_point: str
    threshold: float
    gallery: str
    probe_mask: str
    gallery_subjects: int
    basis: Literal["measured", "extrapolated"]
    model: Literal["", "slope", "extreme-value"]
    draws: int | None
    searches: int
    subjects: int
    fpir: float | None
    draw_low: float | None  # smallest and largest over the draws; no interval
    draw_high: float | None
    independent: float | None  # what independent comparisons would give
    status: Literal["estimate", "upper_bound", "unresolvable", "suppressed"]
    caveat: str


class GallerySlopeRow(Row):
    """One row of `gallery_slope.csv`: `log(-log(1 - FPIR)) = intercept + slope log N`."""

    matcher: str
    operating_point: str
    threshold: float
    gallery: str
    probe_mask: str
    sizes: int
    smallest: int
    largest: int
    draws: int
    slope: float | None
    low: float | None
    high: float | None
    intercept: float | None
    level: float
    method: str
    status: Literal["estimate", "suppressed"]


class ScenarioRow(Row):
    """One row of `scenario.csv`: one number of a day in the place of use.

    `basis` says whether the scenario's gallery is as large as the one measured, smaller or larger;
    `model` how the rate was carried there, empty where it was not.
    """

    matcher: str
    part: Literal["gates", "searches"]
    measure: Literal[
        "false_rejects",
        "false_accepts",
        "false_alerts",
        "true_alerts",
        "misses",
        "ppv",
        "half_wrong_base_rate",
        "fmr_needed",
    ]
    operating_point: str
    threshold: float
    enrolled: str
    enrolled_subjects: int | None
    measured_subjects: int | None
    basis: Basis
    model: Literal["", "slope", "bounds", "composition"]
    group_by: str
    group: str
    base_rate: float | None
    a_day: float | None  # transactions, attempts or searches that the rate applies to
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    value: float | None
    low: float | None
    high: float | None
    share: float | None  # of a day's false alerts or rejects, for a group
    ratio: float | None  # of that share to the group's share of the travellers
    level: float
    status: Literal["estimate", "upper_bound", "unresolvable", "suppressed"]
    note: str
    labelled_by: str = ""
