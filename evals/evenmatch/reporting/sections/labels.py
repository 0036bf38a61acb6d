"""What wrong labels and unequal photographs would do to the rates by group."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from evenmatch.reporting.claim_words import NAMES
from evenmatch.reporting.group_words import index_number, noise_sentence
from evenmatch.reporting.numbers import interval, percent
from evenmatch.reporting.sections.blocks import (
    Cell,
    Section,
    Text,
    counted,
    matcher_heading,
    rate_cells,
    table,
)
from evenmatch.reporting.selection import masks_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.reporting.selection import View
    from evenmatch.results.group_rows import LabelNoise, Stratum

_ASSUMED = {
    "symmetric": "as many wrong in every group",
    "worst_case": "worst case, nothing assumed",
    "validated": "as the checked labels were",
}
_NOISE_COLUMNS = (
    "Group", "Assumption", "Wrong labels", "By label", "Corrected", "Between", "Condition number",
)  # fmt: skip
_STRATA_COLUMNS = (
    "Group", "Stratum", "Share of the group's comparisons", "Share of all", "Rate", "Interval",
    "Errors / comparisons", "People",
)  # fmt: skip


def labels_section(view: View) -> Section | None:
    """Return what wrong labels would change; nothing where people labelled themselves."""
    rows = view.result.label_noise
    if not rows:
        return None
    blocks: list[Block] = []
    for matcher in view.matchers:
        mine = [row for row in rows if row.matcher == matcher]
        blocks += matcher_heading(view, matcher) if mine else []
        for (group_by, metric), each in groupby(mine, key=lambda row: (row.group_by, row.metric)):
            part = list(each)
            caption = (
                f"{NAMES[metric].capitalize()} by {group_by} if labels are wrong, {matcher}, at "
                f"{part[0].operating_point}; labelled by: {part[0].labelled_by}"
            )
            cells = [_noise_cells(row) for row in part]
            blocks += [
                Text(noise_sentence(part)),
                table(caption, _NOISE_COLUMNS, cells, labels=2, folded=True),
            ]
    return Section(
        "labels",
        "If labels are wrong",
        "Somebody or something other than the people themselves wrote these labels. Wrong labels "
        "mix the groups, and usually pull their rates together. The tables say what the rates of "
        "the true groups would be if so many labels were wrong independently of the scores, how "
        "far they could be off if nothing is known of the wrong ones, and from which share on "
        "the conclusion changes: which group errs most, and whether by more than the margin. A "
        "condition number far above 1 means that a correction magnifies chance.",
        tuple(blocks),
    )


def _noise_cells(row: LabelNoise) -> list[Cell]:
    said = _rate if row.quantity == "rate" else _ratio
    between = interval(row.low, row.high) if row.quantity == "rate" else ""
    if row.quantity != "rate" and row.high is not None:
        between = f"{_ratio(row.low)} to {_ratio(row.high)}"
    return [
        Cell(row.group or "largest / smallest"),
        Cell(_ASSUMED[row.assumption]),
        Cell("" if row.error is None else percent(row.error)),
        Cell(said(row.observed)),
        Cell(said(row.corrected)),
        Cell(between),
        Cell("" if row.condition is None else f"{row.condition:.3g}"),
    ]


def _rate(value: float | None) -> str:
    return "" if value is None else percent(value)


def _ratio(value: float | None) -> str:
    return index_number(value, "")


def strata_section(view: View) -> Section | None:
    """Return rates by stratum, or nothing where the config names no column to stratify by."""
    if not view.result.strata:
        return None
    blocks: list[Block] = []
    for matcher in view.matchers:
        point = view.headline(matcher)
        mine = [row for row in view.result.strata if row.matcher == matcher]
        blocks += matcher_heading(view, matcher) if mine else []
        for _, each in groupby(mine, key=_key):
            part = list(each)
            first = part[0]
            leads = (first.probe_mask, first.reference_mask) == view.bare and (
                point is None or first.operating_point == point.operating_point
            )
            blocks += [Text(_standardised_words(part))] if leads else []
            blocks.append(_strata_table(part, folded=not leads))
    return Section(
        "confounders",
        "Confounders",
        "Photographs of two groups may differ in more than whom they show. Rates are given within "
        "strata of the columns that the config names, with the share of each group's comparisons "
        "in every stratum; a standardised rate is what a group's would be if its comparisons were "
        "spread over the strata as everybody's are. What no column records is not corrected for.",
        tuple(blocks),
    )


def _key(row: Stratum) -> tuple[str, ...]:
    return (
        row.column, row.group_by, row.metric, row.operating_point, row.probe_mask,
        row.reference_mask,
    )  # fmt: skip


def _strata_table(rows: Sequence[Stratum], *, folded: bool) -> Block:
    first = rows[0]
    masks = masks_label((first.probe_mask, first.reference_mask))
    caption = (
        f"{NAMES[first.metric].capitalize()} by {first.group_by} and {first.column}, "
        f"{first.matcher}, at {first.operating_point}, {masks}"
    )
    return table(
        caption, _STRATA_COLUMNS, [_strata_cells(row) for row in rows], labels=2, folded=folded
    )


def _strata_cells(row: Stratum) -> list[Cell]:
    return [
        Cell(row.group),
        Cell(row.stratum),
        Cell(_rate(row.share)),
        Cell(_rate(row.common_share)),
        *rate_cells(row),
        counted(row.errors, row.trials),
        Cell(str(row.subjects)),
    ]


def _standardised_words(rows: Sequence[Stratum]) -> str:
    """Return the ratio of the extreme groups before and after standardising."""
    first = rows[0]
    name = f"{NAMES[first.metric].capitalize()} by {first.group_by}"
    kinds = {
        kind: {row.group: row.rate for row in rows if row.stratum == kind and row.rate is not None}
        for kind in ("crude", "standardised")
    }
    crude, even = kinds["crude"], kinds["standardised"]
    if len(even) < 2 or set(crude) != set(even):
        return f"{name}: the groups share no stratum of {first.column} with people enough in each."
    high, low = max(crude, key=crude.__getitem__), min(crude, key=crude.__getitem__)
    if not crude[low] or not even[low]:
        return f"{name}: a group has no error, so no ratio is given."
    return (
        f"{name}: {high} over {low} is {crude[high] / crude[low]:.3g} as observed and "
        f"{even[high] / even[low]:.3g} with one mix of {first.column} for all groups."
    )
