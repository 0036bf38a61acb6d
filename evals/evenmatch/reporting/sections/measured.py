"""What was measured in the photographs: how much masks cover, and how far a skin tone repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.data.measured_tone import CAVEAT, SKIN_TONE
from evenmatch.reporting.numbers import count, percent
from evenmatch.reporting.plots.coverage import SECTION
from evenmatch.reporting.sections.blocks import FigureBlock, Section, Text, counted, heading, table
from evenmatch.reporting.selection import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.reporting.plots import Plot
    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.reporting.selection import View
    from evenmatch.results.measured_rows import MaskCoverage, SkinToneSpread

_COVERAGE_COLUMNS = (
    "Breakdown", "Group", "Mask", "Mask labelled by", "Photographs", "Not drawn / photographs",
    "Face covered, mean", "5th to 95th percentile", "Nose bridge covered, mean",
)  # fmt: skip
_TONE_COLUMNS = (
    "Breakdown", "Group", "People", "Measured", "No angle / photographs", "Median angle",
    "5th to 95th percentile", "Within a person (sd)", "Between people (sd)",
    "A person's spread, median", "95th percentile", "All photographs in one band",
)  # fmt: skip


def coverage_blocks(view: View, plots: Sequence[Plot]) -> list[Block]:
    """Return how much of whose face each mask covers; nothing where no mask is told apart."""
    rows = view.result.mask_coverage
    if not rows:
        return []
    blocks: list[Block] = [
        heading("What the masks cover"),
        Text(
            "The share of the face, from jaw to eyebrows, that a drawn mask hides, and of the nose "
            "that lies below its upper edge. It is measured in each photograph, since one rule "
            "fits faces differently. Where no landmarks were found nothing is drawn, and the "
            "photograph counts as failed. What a worn mask covers is not measured."
        ),
    ]
    blocks += [FigureBlock(plot) for plot in plots if plot.section == SECTION]
    for group_by in view.group_bys or [ALL]:
        mine = [row for row in rows if row.group_by in (ALL, group_by)]
        caption = f"Faces covered by mask and {group_by}"
        cells = [_coverage_cells(row) for row in mine]
        blocks.append(table(caption, _COVERAGE_COLUMNS, cells, labels=4, folded=True))
    return blocks


def _coverage_cells(row: MaskCoverage) -> tuple[str, ...]:
    by = "everyone" if row.group_by == ALL else row.group_by
    first = (by, row.group, row.mask, row.mask_labelled_by, count(row.photographs))
    failed = "" if row.failed is None else counted(row.failed, row.photographs).text
    between = ""
    if row.covered_low is not None and row.covered_high is not None:
        between = f"{percent(row.covered_low)} to {percent(row.covered_high)}"
    return (*first, failed, _share(row.covered_mean), between, _share(row.nose_bridge_mean))


def skin_tone_section(view: View) -> Section | None:
    """Return how reliable the measured skin tone is; nothing where none was measured."""
    rows = view.result.skin_tone
    if not rows:
        return None
    cells = [_tone_cells(row) for row in rows]
    return Section(
        "skin-tone",
        "Skin tone, measured",
        "The individual typology angle of both cheeks and the forehead, in photographs of bare "
        "faces as they are given; a person has the median over their photographs, and its band is "
        f"their group. A larger angle is lighter. It {CAVEAT}. Where a person's own photographs "
        "differ by as much as people do, the bands say little. Nothing in this audit guesses "
        "anybody's race or ethnicity from a picture.",
        (table(f"How far {SKIN_TONE} repeats", _TONE_COLUMNS, cells, labels=2, folded=False),),
    )


def _tone_cells(row: SkinToneSpread) -> tuple[str, ...]:
    between = ""
    if row.angle_low is not None and row.angle_high is not None:
        between = f"{row.angle_low:.0f}° to {row.angle_high:.0f}°"
    return (
        "everyone" if row.group_by == ALL else row.group_by,
        row.group,
        count(row.subjects),
        count(row.measured_subjects),
        counted(row.failed, row.photographs).text,
        _angle(row.angle_median),
        between,
        _angle(row.within_person_sd),
        _angle(row.between_people_sd),
        _angle(row.spread_median),
        _angle(row.spread_high),
        _share(row.same_band),
    )


def _share(value: float | None) -> str:
    return "" if value is None else percent(value)


def _angle(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}°"
