"""Counted again: failed comparisons, histograms, DET curves, variants and claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.stats.intervals import lower_bound, upper_bound
from evenmatch.verifying.findings import Check
from evenmatch.verifying.stored import PARTIAL

if TYPE_CHECKING:
    from evenmatch.results.claim_rows import ClaimVerdict
    from evenmatch.results.model import RunResult
    from evenmatch.stats.estimate import Estimate
    from evenmatch.verifying.cells import CountedCell
    from evenmatch.verifying.stored import Condition, Stored

EXTRACTION = "failures to make a template or to draw a mask: photographs are not in the audit"
REVIEWED = "variants after review or without training identities: who was left out is not stored"
SEARCHED = "bounds of claims about searches (counts are those of `identification`)"
CHOSEN_PAIRS = "FMR claims about chosen non-mated pairs (`impostors`)"


def check_failures(result: RunResult, stored: Stored) -> Check:
    """Count failed comparisons again; photographs that failed are not in the scores."""
    rows = [row for row in result.failures if row.matcher == stored.facts.name]
    check = Check("failures", rows=len(rows))
    for row in rows:
        if row.stage != "compare":
            check.leave(EXTRACTION)
            continue
        if not stored.complete:
            check.leave(f"failures: {PARTIAL}")
            continue
        failed = attempts = 0
        for condition in stored.conditions.values():
            touched = _touched(condition, row.group_by, row.group)
            attempts += int(touched.sum())
            wrong = (condition.table["status"] == row.reason).to_numpy()
            failed += int((touched & wrong).sum())
        found = {"failed": failed, "attempts": attempts, "rate": failed / max(attempts, 1)}
        words = f"{row.matcher} {row.stage} {row.reason} {row.group_by} {row.group}"
        check.compare(words, row.model_dump(exclude_unset=True), found)
    return check


def _touched(condition: Condition, group_by: str, group: str) -> np.ndarray:
    left, right, names = condition.labels(group_by)
    code = names.index(group) if group in names else -1
    touched: np.ndarray = left == code
    return touched | (right == code) if condition.symmetric else touched


def check_distributions(result: RunResult, stored: Stored) -> Check:
    """Fill every histogram again."""
    rows = [row for row in result.distributions if row.matcher == stored.facts.name]
    check = Check("distributions", rows=len(rows))
    for row in rows:
        condition = stored.conditions.get((row.probe_mask, row.reference_mask))
        kind = "mated" if row.mated else "non-mated"
        words = f"{row.matcher} {row.probe_mask}/{row.reference_mask} {row.probe_group} {kind}"
        if not (stored.complete or row.mated):
            check.leave(f"distributions: {PARTIAL}")
        elif condition is not None:
            cell = condition.cell(row.group_by, row.probe_group, row.reference_group)
            score = cell.score[(cell.mated == row.mated) & ~np.isnan(cell.score)]
            place = np.searchsorted(np.array(row.edges[1:-1]), score, side="right")
            counts = np.bincount(place, minlength=len(row.edges) - 1).tolist()
            check.compare(words, {"counts": row.counts}, {"counts": counts})
    return check


def check_curves(result: RunResult, stored: Stored) -> Check:
    """Count both rates again at every threshold of every DET curve."""
    rows = [row for row in result.curves if row.matcher == stored.facts.name]
    check = Check("curves", rows=len(rows))
    for row in rows:
        condition = stored.conditions.get((row.probe_mask, row.reference_mask))
        words = f"{row.matcher} {row.probe_mask}/{row.reference_mask} {row.group_by} {row.group}"
        if not stored.complete:
            check.leave(f"curves: {PARTIAL}")
        elif condition is not None:
            cell = condition.cell(row.group_by, row.group, row.group)
            scored = ~np.isnan(cell.score)
            mated = np.sort(cell.score[cell.mated & scored])
            others = np.sort(cell.score[~cell.mated & scored])
            at = np.array(row.thresholds)
            fmr = (others.size - np.searchsorted(others, at, side="left")) / max(others.size, 1)
            fnmr = np.searchsorted(mated, at, side="left") / max(mated.size, 1)
            stated = {"fmr": np.array(row.fmr), "fnmr": np.array(row.fnmr)}
            for column, found in (("fmr", fmr), ("fnmr", fnmr)):
                wrong = np.flatnonzero(~np.isclose(stated[column], found, rtol=1e-9, atol=0))
                if wrong.size:
                    k = int(wrong[0])
                    check.differs(f"{words} at {at[k]!r}", column, stated[column][k], found[k])
            check.compare(
                words,
                row.model_dump(exclude_unset=True),
                {"mated_trials": int(mated.size), "non_mated_trials": int(others.size)},
            )
    return check


def check_variants(result: RunResult, matcher: str) -> Check:
    """Compare the variant `as-published` with the rates; nobody can count the others again."""
    rows = [row for row in result.variants if row.matcher == matcher]
    check = Check("variants", rows=len(rows))
    published = [row for row in rows if row.variant == "as-published"]
    rates = [row for row in result.error_rates if row.matcher == matcher]
    if len(rows) > len(published):
        check.leave(REVIEWED, len(rows) - len(published))
    if published and len(published) != len(rates):
        check.differs(matcher, "rows as published", len(published), len(rates))
    for row, rate in zip(published, rates, strict=False):
        words = f"{matcher} {rate.metric} {rate.operating_point} {rate.probe_group}"
        check.compare(words, row.model_dump(exclude_unset=True), rate.model_dump())
    return check


def check_claims(result: RunResult, stored: Stored) -> Check:
    """Count again what verdicts rest on, and hold each verdict against its bounds."""
    rows = [row for row in result.claims if row.matcher == stored.facts.name]
    check = Check("claims", rows=len(rows))
    if any(row.guard_low is not None or row.guard_high is not None for row in rows):
        check.remarks.append(
            "claims: the ends of the guard are taken from the audit; what stands at them is "
            "counted again"
        )
    for row in rows:
        words = f"{row.claim} {row.part} {row.group}"
        _check_verdict(check, words, row, rows)
        condition = stored.conditions.get((row.probe_mask or "", row.reference_mask or ""))
        if row.metric in ("fpir", "fnir"):
            check.leave(SEARCHED)
        elif row.metric == "fmr" and not stored.complete:
            check.leave(f"claims: {PARTIAL}")
        elif row.metric == "fmr" and row.impostors not in (None, "all"):
            check.leave(CHOSEN_PAIRS)
        elif row.part == "whole" and row.scope != "all":
            _check_worst(check, words, row, rows)
        elif condition is not None and row.threshold is not None and row.trials:
            group_by = "all" if row.group == "all" else row.scope
            cell = condition.cell(group_by, row.group, row.group)
            check.compare(words, row.model_dump(exclude_unset=True), _claim_columns(row, cell))
    return check


def _check_verdict(check: Check, words: str, row: ClaimVerdict, rows: list[ClaimVerdict]) -> None:
    """A verdict says no more than its bounds do, or those of its parts."""
    parts = [each for each in rows if each.claim == row.claim and each.part != "whole"]
    judged = parts if row.part == "whole" and parts else [row]
    highs = [each.high for each in judged if each.high is None or each.high > each.bound]
    if row.verdict == "supported" and highs:
        check.differs(words, "verdict", row.verdict, f"an upper bound of {highs[0]}")
    if row.verdict == "refuted" and all((each.low or 0.0) <= each.bound for each in judged):
        check.differs(words, "verdict", row.verdict, "no lower bound above what is claimed")


def _check_worst(check: Check, words: str, row: ClaimVerdict, rows: list[ClaimVerdict]) -> None:
    """The row of a whole claim about groups has the numbers of the one that errs most."""
    parts = [each for each in rows if each.claim == row.claim and each.part == "group"]
    rates = [each.estimate for each in parts if each.estimate is not None]
    check.compare(words, {"estimate": row.estimate}, {"estimate": max(rates, default=None)})


def _claim_columns(row: ClaimVerdict, cell: CountedCell) -> dict[str, object]:
    """Count the rate, and its bounds where they were judged."""

    def at(threshold: float) -> Estimate:
        if row.metric == "fmr":
            return cell.fmr(threshold, 1 - 2 * row.alpha)
        return cell.fnmr(threshold, 1 - 2 * row.alpha, row.failures)

    estimate = at(row.threshold or 0.0)
    found: dict[str, object] = {
        "errors": estimate.errors,
        "trials": estimate.trials,
        "people": estimate.subjects,
        "estimate": estimate.rate,
    }
    if not estimate.shown:
        return found
    fixed = row.set_on == "vendor"
    alpha = row.alpha if fixed else row.alpha / 2
    low_at, high_at = row.guard_low, row.guard_high
    if row.metric == "fmr":
        low_at, high_at = high_at, low_at
    for column, end, bound in (("low", low_at, lower_bound), ("high", high_at, upper_bound)):
        place = row.threshold if fixed else end
        if place is None:
            found[column] = 0.0 if column == "low" else 1.0
            continue
        again = at(place)
        if again.shown:
            found[column] = bound(again.counts, alpha, again.looser)
    return found
