"""False match and false non-match rates by group, between groups, and under masks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from evenmatch.reporting.numbers import count, percent
from evenmatch.reporting.plain_words import group_sentence
from evenmatch.reporting.sections.blocks import (
    Cell,
    FigureBlock,
    Section,
    Text,
    balanced_note,
    counted,
    matcher_heading,
    rate_cells,
    table,
    units,
)
from evenmatch.reporting.sections.mask_differences import difference_blocks
from evenmatch.reporting.sections.measured import coverage_blocks
from evenmatch.reporting.selection import ALL, Slice, across, masks_label, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.reporting.plots import Plot
    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.reporting.selection import View
    from evenmatch.results.model import ErrorRate

_FMR_COLUMNS = (
    "Group", "Rate", "Interval", "False matches / comparisons", "People",
    "Erring pairs of people", "Effective comparisons", "Mean of people's rates",
    "Largest person's share",
)  # fmt: skip
_FNMR_COLUMNS = (
    "Group", "Rate", "Interval", "Misses / comparisons", "People", "Erring people",
    "Effective comparisons", "Mean of people's rates", "Failures left out: rate", "Interval",
    "Misses / comparisons",
)  # fmt: skip


def fmr_section(view: View, plots: Sequence[Plot]) -> Section:
    """Return false match rates within each group and between groups."""
    blocks: list[Block] = []
    for matcher in view.matchers:
        blocks += matcher_heading(view, matcher)
        for group_by in view.group_bys or [ALL]:
            blocks += _group_blocks(view, plots, ("fmr", matcher, group_by))
            blocks += _matrix_blocks(view, plots, matcher, group_by)
        blocks += _other_points(view, matcher, "fmr")
    return Section(
        "fmr",
        "False matches",
        "How often two different people are called the same. The rate within a group compares "
        "its members with each other, which is where most systems err most; a rate over everyone "
        "mixes in the easier comparisons between groups. All groups are judged at one threshold.",
        tuple(blocks),
    )


def fnmr_section(view: View, plots: Sequence[Plot]) -> Section:
    """Return false non-match rates by group, counting failures both ways."""
    blocks: list[Block] = []
    for matcher in view.matchers:
        blocks += matcher_heading(view, matcher)
        for group_by in view.group_bys or [ALL]:
            blocks += _group_blocks(view, plots, ("fnmr", matcher, group_by))
        blocks += _other_points(view, matcher, "fnmr")
    return Section(
        "fnmr",
        "False non-matches",
        "How often one person is not recognised as themselves. A photograph that gives no "
        "template cannot be matched, so it counts as a miss in the leading figure; the rate with "
        "such photographs left out stands beside it.",
        tuple(blocks),
    )


def masks_section(view: View, plots: Sequence[Plot]) -> Section | None:
    """Return masked against unmasked, or nothing where there is one mask condition."""
    if len(view.mask_pairs) < 2:
        return None
    blocks: list[Block] = []
    for matcher in view.matchers:
        blocks += matcher_heading(view, matcher)
        for group_by in view.group_bys or [ALL]:
            blocks += _figures(plots, ("masks", matcher, group_by))
            blocks += [_mask_table(view, matcher, group_by)]
        blocks += difference_blocks(view, matcher)
    blocks += coverage_blocks(view, plots)
    return Section(
        "masks",
        "Masks",
        "The threshold stays where comparisons without masks put it. Masks named synthetic were "
        "drawn on the photographs by software: they say what covering does, not what real masks "
        "do.",
        tuple(blocks),
    )


def _figures(plots: Sequence[Plot], key: tuple[str, str, str]) -> list[Block]:
    """Return the figures of a section for a matcher and a breakdown."""
    return [
        FigureBlock(plot) for plot in plots if (plot.section, plot.matcher, plot.group_by) == key
    ]


def _group_blocks(view: View, plots: Sequence[Plot], key: tuple[str, str, str]) -> list[Block]:
    """Return what can be said by group, its figure and its table."""
    metric, matcher, group_by = key
    where = view.headline_slice(matcher, metric, group_by)
    rows = within(view.rows(where))
    if not rows:
        return []
    groups = [row for row in rows if row.probe_group != ALL]
    said: list[Block] = [Text(group_sentence(metric, group_by, groups))] if groups else []
    everyone = within(view.rows(replace(where, group_by=ALL))) if group_by != ALL else []
    name = "False match rate" if metric == "fmr" else "False non-match rate"
    caption = f"{name} by {group_by}, {matcher}, at {where.operating_point}"
    shown = [*everyone, *rows]
    cells = [_cells(view, where, row) for row in shown]
    columns = _FMR_COLUMNS if metric == "fmr" else _FNMR_COLUMNS
    return [*said, *_figures(plots, key), table(caption, columns, cells), *balanced_note(shown)]


def _cells(view: View, where: Slice, row: ErrorRate) -> list[Cell]:
    """Return a row of the FMR or the FNMR table."""
    first = [Cell(row.probe_group), *rate_cells(row), counted(row.errors, row.trials), *units(row)]
    if where.metric == "fmr":
        share = "" if row.largest_share is None else percent(row.largest_share, 2)
        return [*first, Cell(share)]
    other = _twin(view, where, row)
    if other is None:
        return [*first, Cell(""), Cell(""), Cell("")]
    return [*first, *rate_cells(other), counted(other.errors, other.trials)]


def _twin(view: View, where: Slice, row: ErrorRate) -> ErrorRate | None:
    """Return the same row with failed photographs left out."""
    key = replace(where, failures="excluded", group_by=row.group_by)
    return next((each for each in view.rows(key) if each.probe_group == row.probe_group), None)


def _matrix_blocks(view: View, plots: Sequence[Plot], matcher: str, group_by: str) -> list[Block]:
    """Return the cross-group matrix as a figure and as a table of its cells."""
    cells = across(view.rows(view.headline_slice(matcher, "fmr", group_by)))
    if all(cell.probe_group == cell.reference_group for cell in cells):
        return []
    rows = [
        (
            cell.probe_group,
            cell.reference_group or "",
            *rate_cells(cell),
            counted(cell.errors, cell.trials),
            count(cell.subjects),
            count(cell.erring_units),
        )
        for cell in cells
    ]
    columns = ("Probe", "Reference", "Rate", "Interval", *_FMR_COLUMNS[3:6])
    caption = f"False match rate between groups by {group_by}, {matcher}"
    figures = _figures(plots, ("matrix", matcher, group_by))
    return [*figures, table(caption, columns, rows, labels=2, folded=True)]


def _other_points(view: View, matcher: str, metric: str) -> list[Block]:
    """Return every other operating point's rates within groups, folded away."""
    headline = view.headline(matcher)
    blocks: list[Block] = []
    for point in view.points(matcher, "one_to_one"):
        if point == headline:
            continue
        rows = []
        for group_by in [ALL, *view.group_bys]:
            where = view.headline_slice(matcher, metric, group_by)
            where = replace(where, operating_point=point.operating_point)
            rows += [
                [Cell(group_by), *_cells(view, where, row)] for row in within(view.rows(where))
            ]
        if rows:
            columns = ("Breakdown", *(_FMR_COLUMNS if metric == "fmr" else _FNMR_COLUMNS))
            caption = f"{metric.upper()} within groups, {matcher}, at {point.operating_point}"
            blocks.append(table(caption, columns, rows, labels=2, folded=True))
    return blocks


def _mask_table(view: View, matcher: str, group_by: str) -> Block:
    """Return both rates of every group under every mask condition, group by group."""
    by_group: dict[str, list[list[Cell]]] = {}
    for breakdown in dict.fromkeys((ALL, group_by)):
        for masks in view.mask_pairs:
            fnmr = within(view.rows(view.headline_slice(matcher, "fnmr", breakdown, masks=masks)))
            fmr = within(view.rows(view.headline_slice(matcher, "fmr", breakdown, masks=masks)))
            paired = {row.probe_group: row for row in fmr}
            for row in fnmr:
                group = row.probe_group
                said = [Cell(group), Cell(masks_label(masks))]
                rows = by_group.setdefault(group, [])
                rows.append([*said, *_mask_cells(row, paired.get(group))])
    rows = [row for rows in by_group.values() for row in rows]
    columns = (
        "Group", "Masks", "FNMR", "Interval", "Misses / comparisons", "People",
        "FMR", "Interval", "False matches / comparisons", "People",
    )  # fmt: skip
    return table(f"Both rates by mask and {group_by}, {matcher}", columns, rows, labels=2)


def _mask_cells(fnmr: ErrorRate, fmr: ErrorRate | None) -> list[Cell]:
    """Return one group's two rates under one mask condition."""
    cells = [*rate_cells(fnmr), counted(fnmr.errors, fnmr.trials), Cell(count(fnmr.subjects))]
    if fmr is None:
        return [*cells, *(Cell("") for _ in range(4))]
    return [*cells, *rate_cells(fmr), counted(fmr.errors, fmr.trials), Cell(count(fmr.subjects))]
