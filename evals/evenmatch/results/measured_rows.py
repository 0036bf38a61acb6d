"""Rows of `mask_coverage.csv` and `skin_tone.csv`: what was measured in the photographs."""

from __future__ import annotations

from evenmatch.results.row import Row


class MaskCoverage(Row):
    """How much of the faces of one group one mask hides; empty where masks are worn, not drawn."""

    mask: str
    group_by: str
    group: str
    photographs: int
    drawn: int | None  # None where the mask is not a drawn one
    failed: int | None  # photographs whose face or file gave nothing to draw on
    covered_mean: float | None  # share of the face's hull that is hidden
    covered_low: float | None  # 5th percentile over photographs
    covered_high: float | None  # 95th
    nose_bridge_mean: float | None  # share of the nose below the mask's upper edge
    mask_labelled_by: str  # `drawn`, or who wrote the benchmark's mask labels
    labelled_by: str  # who wrote the group's labels; empty for everybody


class SkinToneSpread(Row):
    """How well the measured skin tone of a group repeats from photograph to photograph.

    Angles are in degrees; a spread is a person's largest angle less the smallest.
    """

    group_by: str
    group: str
    subjects: int
    measured_subjects: int
    repeated_subjects: int  # with two photographs or more that gave an angle
    photographs: int  # of bare faces, which were tried
    measured: int
    failed: int
    failed_share: float | None
    angle_median: float | None  # over people
    angle_low: float | None  # 5th percentile over people
    angle_high: float | None
    within_person_sd: float | None
    between_people_sd: float | None
    spread_median: float | None  # over the people measured twice or more
    spread_high: float | None  # 95th percentile
    same_band: float | None  # share of them whose photographs all lie in one band
    labelled_by: str
    caveat: str
