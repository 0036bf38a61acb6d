"""Thresholds fitted again from the stored scores (methods 1.2)."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.verifying.findings import Check

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.results.model import RunResult, Threshold
    from evenmatch.verifying.stored import Condition, Stored

    Doubles = npt.NDArray[np.float64]

TRANSFERRED = "thresholds of an earlier audit: verify that one too"
PARTIAL = (
    "thresholds whose non-mated trials are not all stored (compute.keep_scores): their number "
    "is taken from the audit"
)


def row_words(row: Threshold) -> str:
    """Name a row of `thresholds`."""
    return f"{row.matcher} {row.kind} {row.operating_point}"


def fitted(
    non_mated: Doubles, mated: Doubles, target: str, trials: int | None = None
) -> tuple[float, ...]:
    """Return the thresholds that a target rate may come to; more than one where none lies above.

    Args:
        non_mated: scores of non-mated trials; the highest at least.
        mated: scores of mated trials.
        target: the rate, as the config writes it.
        trials: how many non-mated trials there are; all that are given by default.
    """
    ordered = np.sort(non_mated)[::-1]
    allowed = math.floor(Fraction(target) * (len(ordered) if trials is None else trials))
    if allowed >= len(ordered):
        return ()
    rejected = float(ordered[allowed])
    if not math.isfinite(rejected):
        return (-math.inf,)
    above = np.concatenate([ordered[ordered > rejected], mated[mated > rejected]])
    if not above.size:
        # The next number that a score could be, in the type that the scores were made in.
        single = float(np.nextafter(np.float32(rejected), np.float32(np.inf)))
        return single, float(np.nextafter(rejected, np.inf))
    accepted = float(above.min())
    middle = (rejected + accepted) / 2
    return (middle if rejected < middle <= accepted else accepted,)


def check_thresholds(
    result: RunResult, stored: Stored
) -> tuple[Check, dict[str, tuple[float, bool]]]:
    """Fit one matcher's one-to-one thresholds again.

    Returns:
        The check, and operating point to threshold and whether it is resolved; where one cannot
        be fitted again, the audit's own.
    """
    rows = [
        row
        for row in result.thresholds
        if row.matcher == stored.facts.name and row.kind == "one_to_one"
    ]
    check, found = Check("thresholds", rows=len(rows)), dict[str, tuple[float, bool]]()
    asked = (result.config.get("one_to_one") or {}).get("operating_points", [])
    for point in asked:
        if point not in {row.operating_point for row in rows}:
            check.differs(f"{stored.facts.name} {point}", "", None, "an operating point asked for")
    for row in rows:
        found[row.operating_point] = _check_one(check, row, result, stored)
    return check, found


def _check_one(
    check: Check, row: Threshold, result: RunResult, stored: Stored
) -> tuple[float, bool]:
    kind, _, number = row.operating_point.partition("=")
    sign = -1.0 if stored.distance else 1.0
    native = {"native_threshold": sign * row.threshold}
    if kind == "threshold":
        given = {"threshold": sign * float(number), "status": "given", "set_on": "vendor"}
        check.compare(row_words(row), row.model_dump(exclude_unset=True), given | native)
        return sign * float(number), True
    if row.set_on.startswith("transferred"):
        check.leave(TRANSFERRED)
        return row.threshold, row.status != "unresolvable"
    non_mated, mated = calibration(result, stored)
    trials = row.trials if not stored.complete else len(non_mated)
    if not stored.complete:
        check.leave(PARTIAL)
    candidates = fitted(non_mated, mated, number, trials)
    if not candidates or trials is None:
        return row.threshold, row.status != "unresolvable"
    threshold = row.threshold if row.threshold in candidates else candidates[0]
    resolved = math.floor(Fraction(number) * trials) > 0
    found = {
        "threshold": threshold,
        "trials": trials,
        "achieved": int(np.count_nonzero(non_mated >= threshold)) / trials,
        "status": "estimate" if resolved else "unresolvable",
        "set_on": _named((result.config.get("one_to_one") or {}).get("calibrate_on", "unmasked")),
        "native_threshold": sign * threshold,
    }
    check.compare(row_words(row), row.model_dump(exclude_unset=True), found, whole=stored.complete)
    return threshold, resolved


def _named(calibrate_on: str | dict[str, str]) -> str:
    if isinstance(calibrate_on, dict):
        return "in_sample:" + ",".join(f"{key}={value}" for key, value in calibrate_on.items())
    return f"in_sample:{calibrate_on}"


def calibration(result: RunResult, stored: Stored) -> tuple[Doubles, Doubles]:
    """Return the non-mated and the mated scores that set thresholds."""
    asked = (result.config.get("one_to_one") or {}).get("calibrate_on", "unmasked")
    parts = [
        part for condition in _bare(asked, stored) for part in [_scores(asked, condition, result)]
    ]
    if not parts:
        return np.zeros(0), np.zeros(0)
    return np.concatenate([each[0] for each in parts]), np.concatenate([each[1] for each in parts])


def _bare(asked: str | dict[str, str], stored: Stored) -> list[Condition]:
    if asked == "all":
        return list(stored.conditions.values())
    labelled = any(masks != ("unknown", "unknown") for masks in stored.conditions)
    bare = "unmasked" if labelled else "unknown"
    return [each for masks, each in stored.conditions.items() if masks == (bare, bare)]


def _scores(
    asked: str | dict[str, str], condition: Condition, result: RunResult
) -> tuple[Doubles, Doubles]:
    chosen = condition.table["score"].notna().to_numpy().copy()
    if isinstance(asked, dict):
        for attribute, value in asked.items():
            for side in ("probe", "reference"):
                chosen &= (condition.table[f"{side}_{attribute}"] == value).to_numpy()
    elif asked == "same-group":
        for group_by in dict.fromkeys(row.group_by for row in result.groups):
            left, right, _ = condition.labels(group_by)
            chosen &= left == right
    score, mated = condition.table["score"].to_numpy(), condition.table["mated"].to_numpy()
    return score[chosen & ~mated], score[chosen & mated]
