"""Groups compared again: indices, ratios, tests, and each group at a threshold of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from evenmatch.results.differences import difference_rows, group_test_rows
from evenmatch.results.equity import equity_rows
from evenmatch.results.group_slices import Family, group_slices
from evenmatch.verifying.findings import Check, same
from evenmatch.verifying.stored import PARTIAL, level_of
from evenmatch.verifying.thresholds import fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evenmatch.results.claim_rows import GroupThreshold
    from evenmatch.results.model import RunResult
    from evenmatch.results.one_to_one import Stated
    from evenmatch.results.row import Row
    from evenmatch.verifying.cells import CountedCell
    from evenmatch.verifying.stored import Stored

EQUITY_STREAM, TEST_STREAM = 401, 402  # the streams of chance that an audit draws from
SIMULATED = ("p_value", "sum_p_value", "adjusted_p", "margin", "flagged")
MOST_ERRORS = 4.0  # standard errors between two simulations of one p-value
SIMULATION = (
    "group_tests: p-values were simulated again with people in another order and agree within "
    "chance; margin, flagged and adjusted_p rest on the same draws"
)


def check_groups(result: RunResult, stored: Stored, stated: Sequence[Stated]) -> list[Check]:
    """Work out one matcher's indices, ratios and tests from the rates counted again.

    Chance is drawn from the config's own seed, so that simulated numbers come out the same.
    """
    asked = result.config.get("statistics") or {}
    level, replicates = level_of(result), int(asked.get("replicates", 2000))
    margin = float(asked.get("equivalence_margin", 1.25))
    slices, family = group_slices(stated), Family(_primary(result), _leading(stored))

    def rng(stream: int) -> np.random.Generator:
        return np.random.default_rng([result.provenance.seed, stream])

    parts: dict[str, Callable[[], Sequence[Row]]] = {
        "equity": lambda: equity_rows(
            slices, family, rng(EQUITY_STREAM), level=level, replicates=replicates
        ),
        "differences": lambda: difference_rows(slices, family, level=level, margin=margin),
        "group_tests": lambda: group_test_rows(
            slices, family, rng(TEST_STREAM), level=level, replicates=replicates
        ),
    }
    return [_compare(part, result, stored, made) for part, made in parts.items()]


def _compare(
    part: str, result: RunResult, stored: Stored, made: Callable[[], Sequence[Row]]
) -> Check:
    rows = [row for row in getattr(result, part) if row.matcher == stored.facts.name]
    check = Check(part, rows=len(rows))
    if not stored.complete:
        check.leave(f"{part}: {PARTIAL}", len(rows))
        return check
    found = made()
    if len(found) != len(rows):
        check.differs(stored.facts.name, "rows", len(rows), len(found))
    for row, again in zip(rows, found, strict=False):
        columns = {k: v for k, v in again.model_dump().items() if k != "labelled_by"}
        if part == "group_tests" and _by_chance(row.model_dump(), columns):
            columns = {k: v for k, v in columns.items() if k not in SIMULATED}
            if SIMULATION not in check.remarks:
                check.remarks.append(SIMULATION)
        check.compare(_words(row), row.model_dump(exclude_unset=True), columns)
    return check


def _by_chance(stated: dict[str, Any], again: dict[str, Any]) -> bool:
    """Whether simulated p-values are not the same but as near as two simulations are."""
    if all(same(stated[column], again[column]) for column in SIMULATED):
        return False
    for column in ("p_value", "sum_p_value"):
        p, replicates = again[column], again["replicates"]
        spread = MOST_ERRORS * math.sqrt(2 * max(p * (1 - p), 1 / replicates) / replicates)
        if abs(stated[column] - p) > spread:
            return False
    return True


def _words(row: Any) -> str:  # noqa: ANN401 - any of three kinds of row
    names = (
        "matcher", "metric", "operating_point", "probe_mask", "reference_mask", "group_by", "index",
        "group", "other_group",
    )  # fmt: skip
    return " ".join(str(getattr(row, name)) for name in names if hasattr(row, name))


def _primary(result: RunResult) -> frozenset[tuple[str, str, str]]:
    asked = result.config.get("statistics") or {}
    points = (result.config.get("one_to_one") or {}).get("operating_points") or [""]
    return frozenset(
        (each["metric"], "+".join(each["group_by"]), each.get("operating_point") or points[0])
        for each in asked.get("primary", [])
    )


def _leading(stored: Stored) -> tuple[str, str] | None:
    for bare in (("unmasked", "unmasked"), ("unknown", "unknown")):
        if bare in stored.conditions:
            return bare
    return next(iter(stored.conditions), None)


def check_tradeoff(result: RunResult, stored: Stored) -> Check:
    """Count each group again at the common threshold and at its own."""
    rows = [row for row in result.tradeoff if row.matcher == stored.facts.name]
    check = Check("tradeoff", rows=len(rows))
    level = level_of(result)
    for row in rows:
        condition = stored.conditions.get((row.probe_mask, row.reference_mask))
        words = f"{row.matcher} {row.operating_point} {row.group_by} {row.group}"
        if not stored.complete:
            check.leave(f"tradeoff: {PARTIAL}")
        elif condition is None:
            check.differs(words, "masks", f"{row.probe_mask}/{row.reference_mask}", None)
        else:
            cell = condition.cell(row.group_by, row.group, row.group)
            check.compare(
                words, row.model_dump(exclude_unset=True), _tradeoff_columns(row, cell, level)
            )
    return check


def _tradeoff_columns(row: GroupThreshold, cell: CountedCell, level: float) -> dict[str, object]:
    """Work out a row; a group too small for rates keeps its counts."""
    fmr = cell.fmr(row.threshold, level)
    fnmr = cell.fnmr(row.threshold, level, "non-match")
    found: dict[str, object] = {
        "false_matches": fmr.errors,
        "non_mated": fmr.trials,
        "false_non_matches": fnmr.errors,
        "mated": fnmr.trials,
        "subjects": fnmr.subjects,
        **_bounds("", fmr, fnmr),
    }
    if row.own_threshold is None:
        return found
    number = row.operating_point.partition("=")[2]
    chosen = ~cell.mated & ~np.isnan(cell.score)
    mated = cell.score[cell.mated & ~np.isnan(cell.score)]
    candidates = fitted(cell.score[chosen], mated, number)
    own = row.own_threshold if row.own_threshold in candidates else candidates[0]
    own_fmr, own_fnmr = cell.fmr(own, level), cell.fnmr(own, level, "non-match")
    found |= {
        "own_threshold": own,
        "own_false_matches": own_fmr.errors,
        "own_false_non_matches": own_fnmr.errors,
        **_bounds("own_", own_fmr, own_fnmr),
    }
    return found


def _bounds(prefix: str, fmr: Any, fnmr: Any) -> dict[str, object]:  # noqa: ANN401 - estimates
    found: dict[str, object] = {}
    for name, estimate in (("fmr", fmr), ("fnmr", fnmr)):
        interval = estimate.interval()
        found[f"{prefix}{name}"] = estimate.rate
        found[f"{prefix}{name}_low"] = interval.low if interval else None
        found[f"{prefix}{name}_high"] = interval.high if interval else None
    return found
