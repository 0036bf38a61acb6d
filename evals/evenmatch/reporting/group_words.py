"""What comparing groups allows to be said, in sentences that claim no more than was tested."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from evenmatch.reporting.numbers import percent, spoken

if TYPE_CHECKING:
    from evenmatch.reporting.selection import View
    from evenmatch.results.group_rows import Difference, Equity, LabelNoise

NAME = {"fmr": "false matches", "fnmr": "false non-matches", "combined": "both rates together"}
INDEX = {
    "max_over_gm": "largest over geometric mean",
    "max_over_min": "largest over smallest",
    "difference": "largest less smallest",
    "max_over_mean": "largest over mean",
    "gini": "Gini",
    "werm": "WERM",
    "ir": "IR",
    "garbe": "GARBE",
    "fdr": "FDR",
}
HEADLINE_INDEX = "max_over_gm"
_SHARES = ("difference",)
LIKELY_ERROR = 0.1  # label error up to which a change of conclusion is worth a sentence


def index_number(value: float | None, index: str) -> str:
    """Return the value of an index: three digits, or a percentage where it is a rate."""
    if value is None:
        return ""
    if math.isinf(value):
        return "∞"
    return percent(value) if index in _SHARES else f"{value:.3g}"


def equity_rows(view: View, matcher: str, group_by: str) -> list[Equity]:
    """Return a matcher's indices at its headline operating point with bare faces."""
    point = view.headline(matcher)
    wanted = (matcher, group_by, point.operating_point if point else None, *view.bare)
    return [
        row
        for row in view.result.equity
        if (row.matcher, row.group_by, row.operating_point, row.probe_mask, row.reference_mask)
        == wanted
    ]


def headline_index(view: View, matcher: str, metric: str, group_by: str) -> Equity | None:
    """Return the leading index of one rate: the largest over the geometric mean."""
    for row in equity_rows(view, matcher, group_by):
        if (row.metric, row.index) == (metric, HEADLINE_INDEX):
            return row
    return None


def equity_sentence(row: Equity) -> str:
    """Return what an index says beside what chance alone would show."""
    who = f"By {trait(row.group_by)}, {NAME[row.metric]}"
    level = index_number(row.null_p95, row.index)
    if row.value is None:
        return (
            f"{who}: fewer than 3 people or pairs of people err in a group, so the index is not "
            f"estimated; it is at least {index_number(row.low, row.index)}."
        )
    value = f"{index_number(row.value, row.index)}{_between(row)}"
    if row.detected:
        tail = "The index exceeds that: a differential is detected."
    elif _beyond_chance(row):
        tail = (
            "The index exceeds that, but not by enough for how many comparisons this audit makes: "
            "no differential is detected, which does not show that the rates are equal."
        )
    else:
        tail = "Chance alone can show this index: no differential is detected, and none ruled out."
    few = (
        " A group has fewer than 100 people, so groups are not ranked."
        if "few_people" in row.flags
        else ""
    )
    return (
        f"{who}: the largest rate is {value} times the geometric mean of {row.groups} groups. "
        f"Equal groups of this size stay at or under {level} in 95 of 100 audits. {tail}{few}"
    )


def _beyond_chance(row: Equity) -> bool:
    return row.value is not None and row.value > row.null_p95


def difference_sentence(row: Difference) -> str:
    """Return what a ratio of two groups says; never that there is no difference."""
    pair = f"{spoken(row.group)} over {spoken(row.other_group)}"
    who = f"{NAME[row.metric].capitalize()} by {trait(row.group_by)}, {pair}"
    bounds = f"{percent(row.level)} interval {_number(row.low)} to {_number(row.high)}"
    ratio = "not defined" if row.ratio is None else _number(row.ratio)
    text = f"{who}: ratio {ratio} ({bounds})"
    if row.difference in ("higher", "lower") and row.adjusted_p is not None:
        text += f", a difference (adjusted p {p_words(row.adjusted_p)})"
    elif row.difference == "not tested":
        return f"{text}; without an error in either group nothing can be tested."
    else:
        text += ", no difference detected"
    if row.equivalence == "equivalent":
        return f"{text}; equivalent within the declared margin of {row.margin:g}."
    if row.difference == "not detected" and row.smallest_detectable_ratio is not None:
        seen = _number(row.smallest_detectable_ratio)
        return f"{text}; the smallest ratio these data would detect is about {seen}."
    return f"{text}."


def noise_sentence(rows: list[LabelNoise]) -> str:
    """Return how far the conclusion about a grouping rests on its labels."""
    ratios = [row for row in rows if row.quantity == "max_over_min"]
    symmetric = [row for row in ratios if row.assumption == "symmetric"]
    first = rows[0]
    who = f"{NAME[first.metric].capitalize()} by {trait(first.group_by)}"
    if not symmetric:
        return (
            f"{who}: comparisons between the groups are missing, so only the worst case is given."
        )
    last = symmetric[-1]
    if last.observed is None or last.corrected is None:
        text = f"{who}: a group errs in no comparison, so its ratio is not defined"
    else:
        text = (
            f"{who}: with {percent(last.error or 0)} of the labels wrong, the largest rate "
            f"would be {_number(last.corrected)} times the smallest instead of "
            f"{_number(last.observed)}"
        )
    if last.tipping_point is None:
        return f"{text}; no share of wrong labels up to 30% changes the conclusion."
    return f"{text}; the conclusion changes from {percent(last.tipping_point)} wrong labels on."


def primary_sentences(view: View, matcher: str) -> list[str]:
    """Return the comparisons that were declared before the data were seen."""
    rows = [row for row in view.result.differences if row.matcher == matcher]
    primary = [row for row in rows if row.family.startswith("primary")]
    return [f"Declared beforehand: {difference_sentence(row)}" for row in primary]


def label_sentences(view: View, matcher: str) -> list[str]:
    """Return a caution for each rate whose conclusion few wrong labels would change."""
    rows = [
        row
        for row in view.result.label_noise
        if row.matcher == matcher and row.tipping_point is not None
    ]
    points = {(row.metric, row.group_by): row.tipping_point for row in rows}
    return [
        f"What is said of {NAME[metric]} by {trait(group_by)} would change if "
        f"{percent(point)} of the labels were wrong."
        for (metric, group_by), point in points.items()
        if point is not None and point <= LIKELY_ERROR
    ]


def p_words(p: float) -> str:
    """Return a p-value, never as zero."""
    return "under 0.0001" if p < 0.0001 else f"{p:.2g}"


def _between(row: Equity) -> str:
    if row.high is None:
        return ""
    low, high = index_number(row.low, row.index), index_number(row.high, row.index)
    return f" (between {low} and {high})"


def _number(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.3g}"


def trait(group_by: str) -> str:
    """Return a breakdown in words."""
    return spoken(group_by.replace("+", " and "))
