"""What each operating point comes to, and which trials set it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.config import EarlierAudit
from evenmatch.data.groups import ALL
from evenmatch.data.samples import UNKNOWN, UNMASKED
from evenmatch.errors import RequestError
from evenmatch.results.model import Threshold
from evenmatch.results.reading import read_results
from evenmatch.scoring.counts import top_non_mated
from evenmatch.stats.thresholds import OperatingPoint, allowed_errors, threshold_between

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.config import OneToOne
    from evenmatch.data.groups import Groups
    from evenmatch.results.model import RunResult
    from evenmatch.scoring.counts import ScoreCounts
    from evenmatch.scoring.plan import Plan

Calibration = list[tuple["ScoreCounts", "npt.NDArray[np.bool_]"]]


@dataclass(frozen=True)
class Scale:
    """A matcher's own scale: a distance is negated so that larger means more alike."""

    matcher: str
    distance: bool
    float_type: type[np.floating]

    def similarity(self, native: float) -> float:
        """Return a threshold of the matcher's own scale as a similarity."""
        return -native if self.distance else native

    def native(self, similarity: float) -> float:
        """Return a similarity in the matcher's own scale."""
        return -similarity if self.distance else similarity


def calibration_trials(
    calibrate_on: str | dict[str, str], counts: Sequence[ScoreCounts], groups: Groups
) -> Calibration:
    """Choose the trials that set fitted thresholds; see `calibration_plans`."""
    chosen = calibration_plans(calibrate_on, [each.plan for each in counts], groups)
    return [(counts[place], selection) for place, selection in chosen]


def calibration_plans(
    calibrate_on: str | dict[str, str], plans: Sequence[Plan], groups: Groups
) -> list[tuple[int, npt.NDArray[np.bool_]]]:
    """Choose the plans whose trials set fitted thresholds, and which of their cells.

    Args:
        calibrate_on: `all`, `unmasked`, `same-group`, or attribute to value: comparisons of bare
            faces within that group.
        plans: the comparisons of every mask condition.
        groups: the groupings asked for.

    Raises:
        RequestError: nobody is in the group named, or no photograph is unmasked.
    """
    everyone = np.ones((groups.n_groups, groups.n_groups), dtype=bool)
    if calibrate_on == ALL:
        return [(place, everyone) for place in range(len(plans))]
    # Photographs as given stand for bare faces only where nobody labelled the masks.
    labelled = any(_masks(plan) != {UNKNOWN} for plan in plans)
    wanted = {UNMASKED if labelled else UNKNOWN}
    bare = [place for place, plan in enumerate(plans) if _masks(plan) == wanted]
    if not bare:
        raise RequestError(
            "one_to_one.calibrate_on: no comparison is of two unmasked photographs; "
            "write `calibrate_on: all`."
        )
    if isinstance(calibrate_on, dict):
        inside = _reference_group(calibrate_on, groups)
        return [(place, np.outer(inside, inside)) for place in bare]
    selection = same_group(groups) if calibrate_on == "same-group" else everyone
    return [(place, selection) for place in bare]


def _reference_group(named: dict[str, str], groups: Groups) -> npt.NDArray[np.bool_]:
    """Mark the fine groups that have every value named."""
    inside = np.ones(groups.n_groups, dtype=bool)
    for attribute, value in named.items():
        members = [group for group in groups.references[attribute] if group.label == value]
        if not members:
            raise RequestError(
                f"one_to_one.calibrate_on: no photograph has {attribute}={value!r}; choose from "
                f"{[group.label for group in groups.references[attribute]]}."
            )
        inside &= members[0].members
    return inside


def same_group(groups: Groups) -> npt.NDArray[np.bool_]:
    """Return the cells whose two sides are in one group of every grouping that has tables."""
    same = np.ones((groups.n_groups, groups.n_groups), dtype=bool)
    for members in groups.groupings.values():
        same &= np.any([np.outer(group.members, group.members) for group in members], axis=0)
    return same


def _masks(plan: Plan) -> set[str]:
    return {plan.probe_mask, plan.reference_mask}


def describe_calibration(calibrate_on: str | dict[str, str]) -> str:
    """Return the text of `set_on` for thresholds fitted to the audit's own trials."""
    if isinstance(calibrate_on, dict):
        named = ",".join(f"{attribute}={value}" for attribute, value in calibrate_on.items())
        return f"in_sample:{named}"
    return f"in_sample:{calibrate_on}"


def set_threshold(text: str, scale: Scale, calibration: Calibration, set_on: str) -> Threshold:
    """Turn an operating point of one-to-one comparison into a threshold (methods 1.2).

    Args:
        text: `fmr=...` or `threshold=...`, the latter in the matcher's own scale.
        scale: the matcher's scale.
        calibration: the trials that set a fitted threshold.
        set_on: what to call them.

    Raises:
        RequestError: there is no trial to set a threshold on.
    """
    point = OperatingPoint.parse(text)
    if point.kind == "threshold":
        return given_threshold(text, scale)
    trials = sum(counts.non_mated_trials(selection) for counts, selection in calibration)
    if not trials:
        raise RequestError(
            f"one_to_one.calibrate_on: no non-mated comparison of {scale.matcher} has a score "
            f"among the trials that set {text} ({set_on}); choose other trials or give a threshold."
        )
    # A target below 1 never allows every trial to match, so there is one to reject.
    allowed = allowed_errors(point.number, trials)
    rejected, accepted = top_non_mated(calibration, allowed)
    threshold = threshold_between(rejected, accepted, scale.float_type)
    errors = sum(
        counts.false_matches(selection, threshold).errors for counts, selection in calibration
    )
    return Threshold(
        matcher=scale.matcher,
        kind="one_to_one",
        operating_point=text,
        threshold=threshold,
        native_threshold=scale.native(threshold),
        set_on=set_on,
        trials=trials,
        achieved=errors / trials,
        status="estimate" if allowed else "unresolvable",
    )


def given_threshold(text: str, scale: Scale, kind: str = "one_to_one") -> Threshold:
    """Return the threshold that a vendor or the config's author fixed."""
    native = float(OperatingPoint.parse(text).value)
    return Threshold(
        matcher=scale.matcher,
        kind="one_to_many" if kind == "one_to_many" else "one_to_one",
        operating_point=text,
        threshold=scale.similarity(native),
        native_threshold=native,
        set_on="vendor",
        trials=None,
        achieved=None,
        status="given",
    )


def find_thresholds(
    scale: Scale, counts: Sequence[ScoreCounts], groups: Groups, one_to_one: OneToOne
) -> list[Threshold]:
    """Return the threshold of every one-to-one operating point of one matcher."""
    calibrate_on = one_to_one.calibrate_on
    if isinstance(calibrate_on, EarlierAudit):
        earlier = read_results(calibrate_on.run)
        return [
            given_threshold(text, scale)
            if OperatingPoint.parse(text).kind == "threshold"
            else _transferred_threshold(text, scale, earlier, calibrate_on.run)
            for text in one_to_one.operating_points
        ]
    calibration = calibration_trials(calibrate_on, counts, groups)
    set_on = describe_calibration(calibrate_on)
    return [set_threshold(text, scale, calibration, set_on) for text in one_to_one.operating_points]


def _transferred_threshold(text: str, scale: Scale, earlier: RunResult, audit: Path) -> Threshold:
    """Return the threshold that an earlier audit came to for the same matcher.

    Raises:
        RequestError: the audit has no such matcher or operating point.
    """
    for facts in earlier.matchers:
        if facts.name == scale.matcher and (facts.score_kind == "distance") != scale.distance:
            raise RequestError(
                f"one_to_one.calibrate_on.run: {scale.matcher} gave a {facts.score_kind} in "
                f"{audit} and does not here; name an audit of the same matcher."
            )
    for row in earlier.thresholds:
        if (row.matcher, row.kind, row.operating_point) == (scale.matcher, "one_to_one", text):
            return row.model_copy(update={"set_on": f"transferred:{earlier.provenance.run_id}"})
    known = sorted(
        {
            f"{row.matcher} {row.operating_point}"
            for row in earlier.thresholds
            if row.kind == "one_to_one"
        }
    )
    raise RequestError(
        f"one_to_one.calibrate_on.run: {audit} has no threshold for {scale.matcher} {text}; "
        f"choose from {known}."
    )
