"""`error_rates` counted again: every rate, its counts and its intervals."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from evenmatch.results.one_to_one import Stated
from evenmatch.verifying.cells import columns_of
from evenmatch.verifying.findings import Check, expect_keys, same
from evenmatch.verifying.stored import level_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evenmatch.results.model import ErrorRate, RunResult
    from evenmatch.stats.estimate import Estimate
    from evenmatch.verifying.stored import Condition, Stored

PHOTOGRAPHS = "photographs without a template: comparisons do not say how many were tried"
PARTIAL = (
    "the scores hold the mated and the most similar non-mated comparisons alone "
    "(compute.keep_scores), so the trials of an FMR and its interval are not counted again; its "
    "errors are, where the scores reach down to the threshold"
)


def row_words(row: ErrorRate) -> str:
    """Name a row of `error_rates`."""
    groups = row.probe_group if row.group_by == "all" else f"{row.group_by} {row.probe_group}"
    if row.reference_group not in (None, row.probe_group):
        groups = f"{groups} against {row.reference_group}"
    masks = "/".join(each for each in (row.probe_mask, row.reference_mask) if each)
    words = (row.matcher, row.metric, row.operating_point, masks, groups, row.failures)
    return " ".join(each for each in words if each)


def check_rates(
    result: RunResult, stored: Stored, thresholds: dict[str, tuple[float, bool]]
) -> tuple[Check, list[Stated]]:
    """Count one matcher's rates again.

    Args:
        result: the audit.
        stored: the matcher's comparisons.
        thresholds: operating point to the threshold found again, and whether it is resolved.

    Returns:
        The check, and the rows with the estimates behind them, in the audit's order.
    """
    rows = [row for row in result.error_rates if row.matcher == stored.facts.name]
    check, stated = Check("error_rates", rows=len(rows)), list[Stated]()
    level = level_of(result)
    for row in rows:
        if row.metric == "fta":
            check.leave(PHOTOGRAPHS)
            continue
        condition = stored.conditions.get((row.probe_mask, row.reference_mask or ""))
        known = thresholds.get(row.operating_point or "")
        if condition is None or known is None:
            continue  # named by `expect_keys`
        if row.metric == "fmr" and not stored.complete:
            _check_tail(check, row, condition)
            continue
        estimate = estimate_of(row, condition, known, level)
        found = columns_of(estimate) | {"threshold": known[0], "level": level}
        check.compare(row_words(row), row.model_dump(exclude_unset=True), found)
        stated.append(Stated(row.model_copy(update=found), estimate))
    named = [row_words(row) for row in rows if row.metric != "fta"]
    expect_keys(check, named, _wanted(rows, stored, thresholds))
    return check, stated


def estimate_of(
    row: ErrorRate, condition: Condition, threshold: tuple[float, bool], level: float
) -> Estimate:
    """Count the cell of a row at a threshold."""
    cell = condition.cell(row.group_by, row.probe_group, row.reference_group or "")
    at, resolved = threshold
    if row.metric == "fmr":
        return cell.fmr(at, level, resolved=resolved)
    return cell.fnmr(at, level, row.failures or "non-match", resolved=resolved)


def _check_tail(check: Check, row: ErrorRate, condition: Condition) -> None:
    """Check what a part of the scores allows: no more errors than stated, and the arithmetic."""
    check.leave(PARTIAL)
    cell = condition.cell(row.group_by, row.probe_group, row.reference_group or "")
    errors = cell.false_matches(row.threshold if row.threshold is not None else 0.0).errors
    if errors > row.errors:
        check.differs(row_words(row), "errors", row.errors, f"at least {errors}")
    rate = row.errors / row.trials if row.trials else None
    if row.rate is not None and not same(row.rate, rate):
        check.differs(row_words(row), "rate", row.rate, rate)


def _wanted(
    rows: list[ErrorRate], stored: Stored, thresholds: dict[str, tuple[float, bool]]
) -> Iterator[str]:
    """Give the name of every row that the scores give, by the contract's own rules."""
    groupings = dict.fromkeys(row.group_by for row in rows)
    matcher = stored.facts.name
    for masks, condition in stored.conditions.items():
        for group_by in groupings:
            pairs = _cells(rows, condition, group_by)
            for (one, other), (point, _) in itertools.product(pairs, thresholds.items()):
                base = {
                    "matcher": matcher, "operating_point": point, "probe_mask": masks[0],
                    "reference_mask": masks[1], "group_by": group_by, "probe_group": one,
                    "reference_group": other,
                }  # fmt: skip
                yield _name(rows, base, "fmr", "excluded")
                if one == other or condition.cell(group_by, one, other).has_mated:
                    yield _name(rows, base, "fnmr", "non-match")
                    yield _name(rows, base, "fnmr", "excluded")


def _name(rows: list[ErrorRate], base: dict[str, str], metric: str, failures: str) -> str:
    return row_words(rows[0].model_copy(update=base | {"metric": metric, "failures": failures}))


def _cells(rows: list[ErrorRate], condition: Condition, group_by: str) -> list[tuple[str, str]]:
    """Return the pairs of groups of a grouping.

    Which side an unordered pair begins with is taken from the rows there are: the card's order is
    not in the scores.
    """
    groups = dict.fromkeys(row.probe_group for row in rows if row.group_by == group_by)
    if condition.symmetric:
        there = {(row.probe_group, row.reference_group) for row in rows if row.group_by == group_by}
        unordered = itertools.combinations_with_replacement(groups, 2)
        return [
            (other, one) if (one, other) not in there and (other, one) in there else (one, other)
            for one, other in unordered
        ]
    return list(itertools.product(groups, groups))
