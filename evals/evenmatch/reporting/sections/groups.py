"""How far groups lie apart: indices beside chance, ratios of two groups, tests of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.reporting.group_words import (
    INDEX,
    difference_sentence,
    equity_rows,
    equity_sentence,
    headline_index,
    index_number,
    p_words,
)
from evenmatch.reporting.numbers import percent
from evenmatch.reporting.sections.blocks import Cell, Section, Text, matcher_heading, table
from evenmatch.reporting.selection import masks_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.reporting.selection import View
    from evenmatch.results.group_rows import Difference, Equity, GroupTest

_SUMMARY = ("overall", "smallest", "largest")
_SUMMARY_INDICES = ("max_over_min", "difference", "max_over_mean", "max_over_gm", "gini")
_SUMMARY_COLUMNS = (
    "Rate", "Overall", "Smallest", "Largest", "Largest / smallest", "Largest less smallest",
    "Largest / mean", "Largest / geometric mean", "Gini",
)  # fmt: skip
_INDEX_COLUMNS = (
    "Rate", "Index", "Value", "Between", "Chance alone: 95 of 100 under", "Differential",
    "Adjusted p", "Groups", "Remarks",
)  # fmt: skip
_FLAGS = {"few_errors": "few errors", "few_people": "few people"}
_LONGEST_SAID = 6


def equity_section(view: View) -> Section | None:
    """Return how far the groups' rates lie apart, or nothing where no grouping has two groups."""
    if not view.result.equity:
        return None
    blocks: list[Block] = []
    for matcher in view.matchers:
        blocks += matcher_heading(view, matcher)
        for group_by in view.group_bys:
            blocks += _equity_blocks(view, matcher, group_by)
        blocks += _other_indices(view, matcher)
    return Section(
        "equity",
        "How far groups lie apart",
        "Indices over the rates of all groups at one threshold. Groups that err alike differ in "
        "any sample, so each index stands beside what such groups of this size would show by "
        "chance, and beside the range it has while each rate moves within its own interval. A "
        "differential is detected only where the index exceeds chance after all comparisons are "
        "counted. More groups give larger indices: compare systems over one list of groups only.",
        tuple(blocks),
    )


def _equity_blocks(view: View, matcher: str, group_by: str) -> list[Block]:
    rows = equity_rows(view, matcher, group_by)
    if not rows:
        return []
    heads = [headline_index(view, matcher, metric, group_by) for metric in ("fmr", "fnmr")]
    said: list[Block] = [Text(equity_sentence(row)) for row in heads if row]
    single = [row for row in rows if row.metric != "combined"]
    combined = [row for row in rows if row.metric == "combined"]
    at = f"by {group_by}, {matcher}, at {rows[0].operating_point}"
    metrics = list(dict.fromkeys(row.metric for row in single))
    blocks = [
        *said,
        table(
            f"Rates of the groups summarised {at}",
            _SUMMARY_COLUMNS,
            [_summary_cells([row for row in single if row.metric == m]) for m in metrics],
            folded=False,
        ),
        table(f"Indices {at}", _INDEX_COLUMNS, map(_index_cells, single), labels=2),
    ]
    if combined:
        caption = f"Indices of both rates together {at} (secondary)"
        blocks.append(
            table(caption, _INDEX_COLUMNS, map(_index_cells, combined), labels=2, folded=True)
        )
    if left_out := single[0].left_out if single else "":
        blocks.append(Text(f"Left out, with too few people to compare or unknown: {left_out}."))
    return blocks


def _summary_cells(rows: Sequence[Equity]) -> list[Cell]:
    """Return one rate in the layout of NIST's summary tables."""
    first = rows[0]
    rates = [getattr(first, name) for name in _SUMMARY]
    by_index = {row.index: row for row in rows}
    return [
        Cell(first.metric.upper()),
        *(Cell("" if rate is None else percent(rate)) for rate in rates),
        *(_value_cell(by_index[index]) for index in _SUMMARY_INDICES),
    ]


def _value_cell(row: Equity) -> Cell:
    if row.value is None:
        return Cell(f"at least {index_number(row.low, row.index)}", quiet=True)
    return Cell(index_number(row.value, row.index))


def _index_cells(row: Equity) -> list[Cell]:
    between = ""
    if row.high is not None:
        low, high = index_number(row.low, row.index), index_number(row.high, row.index)
        between = f"{low} to {high}"
    said = "detected" if row.detected else "not detected"
    over = "over" if row.index == "fdr" else ""
    return [
        Cell(row.metric.upper() if row.metric != "combined" else "both"),
        Cell(INDEX.get(row.index, row.index)),
        _value_cell(row),
        Cell(between),
        Cell(f"{over} {index_number(row.null_p95, row.index)}".strip()),
        Cell("not estimated" if row.value is None else said, quiet=not row.detected),
        Cell("" if row.adjusted_p is None else p_words(row.adjusted_p)),
        Cell(str(row.groups)),
        Cell(", ".join(_FLAGS.get(flag, flag) for flag in row.flags)),
    ]


def _other_indices(view: View, matcher: str) -> list[Block]:
    """Return the leading index everywhere else: other operating points, other masks."""
    shown = {id(row) for by in view.group_bys for row in equity_rows(view, matcher, by)}
    rows = [
        [
            Cell(row.operating_point),
            Cell(masks_label((row.probe_mask, row.reference_mask))),
            Cell(row.group_by),
            *_index_cells(row),
        ]
        for row in view.result.equity
        if row.matcher == matcher and row.index == "max_over_gm" and id(row) not in shown
    ]
    if not rows:
        return []
    columns = ("Operating point", "Masks", "Breakdown", *_INDEX_COLUMNS)
    caption = f"Largest over geometric mean at other operating points and masks, {matcher}"
    return [table(caption, columns, rows, labels=5, folded=True)]


def differences_section(view: View) -> Section | None:
    """Return ratios of two groups and tests of all, or nothing where none was made."""
    if not view.result.differences:
        return None
    blocks: list[Block] = []
    for matcher in view.matchers:
        blocks += matcher_heading(view, matcher)
        blocks += _difference_blocks(view, matcher)
    return Section(
        "differences",
        "Differences between two groups",
        "The rate of one group over that of another, with an interval that knows that comparisons "
        "share people. Comparisons declared in the config are judged first, by Holm's procedure "
        "within their own family; all others are exploratory, judged by Benjamini and Hochberg's, "
        "and are to be tested on other people. A large p-value shows nothing: two rates are "
        "called equivalent only where the ratio's interval lies within the margin declared.",
        tuple(blocks),
    )


def _difference_blocks(view: View, matcher: str) -> list[Block]:
    rows = [row for row in view.result.differences if row.matcher == matcher]
    primary = [row for row in rows if row.family.startswith("primary")]
    others = [row for row in rows if not row.family.startswith("primary")]
    blocks: list[Block] = [Text(difference_sentence(row)) for row in primary[:_LONGEST_SAID]]
    if not primary:
        blocks.append(Text("The config declares no comparison: everything here is exploratory."))
    for kind, kept in (("Declared comparisons", primary), ("Exploratory comparisons", others)):
        if kept:
            folded = kind.startswith("Exploratory") and len(kept) > _LONGEST_SAID
            cells = [_difference_cells(row) for row in kept]
            caption = f"{kind}, judged as one family: {kept[0].family}"
            blocks.append(table(caption, _DIFFERENCE_COLUMNS, cells, labels=5, folded=folded))
    tests = [row for row in view.result.group_tests if row.matcher == matcher]
    if tests:
        cells = [_test_cells(row) for row in tests]
        caption = f"Does any group's false non-match rate differ from that of all, {matcher}"
        blocks.append(table(caption, _TEST_COLUMNS, cells, labels=3))
    return blocks


_DIFFERENCE_COLUMNS = (
    "Groups", "Breakdown", "Rate", "Operating point", "Masks", "Ratio", "Interval", "Adjusted p",
    "Difference", "Equivalence", "Smallest detectable ratio",
)  # fmt: skip
_TEST_COLUMNS = (
    "Breakdown", "Operating point", "Masks", "Largest difference, standard errors",
    "Equal groups stay within", "p", "Adjusted p", "Groups beyond it",
)  # fmt: skip


def _difference_cells(row: Difference) -> list[Cell]:
    ratio = "not defined" if row.ratio is None else index_number(row.ratio, "")
    bounds = f"{index_number(row.low, '')} to {index_number(row.high, '')}"
    return [
        Cell(f"{row.group} / {row.other_group}"),
        Cell(row.group_by),
        Cell(row.metric.upper()),
        Cell(row.operating_point),
        Cell(masks_label((row.probe_mask, row.reference_mask))),
        Cell(ratio, quiet=row.ratio is None),
        Cell(bounds),
        Cell("" if row.adjusted_p is None else p_words(row.adjusted_p)),
        Cell(row.difference, quiet=row.difference not in ("higher", "lower")),
        Cell(row.equivalence, quiet=row.equivalence == "undecided"),
        Cell(index_number(row.smallest_detectable_ratio, "")),
    ]


def _test_cells(row: GroupTest) -> list[Cell]:
    return [
        Cell(row.group_by),
        Cell(row.operating_point),
        Cell(masks_label((row.probe_mask, row.reference_mask))),
        Cell(f"{row.statistic:.2f}"),
        Cell(f"{row.margin:.2f}"),
        Cell(p_words(row.p_value)),
        Cell(p_words(row.adjusted_p)),
        Cell(row.flagged),
    ]
