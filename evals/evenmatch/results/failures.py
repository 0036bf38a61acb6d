"""Who could not be measured: failures by stage, reason and group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.results.model import FailureCount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from evenmatch.data.groups import Groups
    from evenmatch.scoring.counts import ScoreCounts


def extraction_failures(
    matcher: str,
    failures: Mapping[int, str],
    groups: Groups,
    masks: npt.NDArray[np.str_] | None = None,
) -> Iterator[FailureCount]:
    """Count photographs without a template, every reason by every group.

    A mask that could not be drawn is counted for each mask by itself, among the photographs that it
    was to be drawn on.

    Args:
        matcher: its name.
        failures: row to reason.
        groups: the groupings asked for.
        masks: every row's mask label, where masks are drawn.
    """
    rows = np.array(sorted(failures), dtype=np.int64)
    tried = np.ones(groups.codes.size, dtype=bool)
    reasons = np.array([failures[row] for row in rows], dtype=object)
    for reason in sorted(set(failures.values())):
        failed = np.zeros(tried.size, dtype=bool)
        failed[rows[reasons == reason]] = True
        if reason != "mask_not_drawn":
            yield from _by_group((matcher, "extract", reason, ""), failed, tried, groups)
            continue
        worn = np.full(tried.size, "") if masks is None else masks
        for mask in dict.fromkeys(worn[failed].tolist()):
            to_draw = worn == mask
            place = (matcher, "mask", reason, mask)
            yield from _by_group(place, failed & to_draw, to_draw, groups)


def comparison_failures(
    matcher: str, counts: Sequence[ScoreCounts], groups: Groups
) -> Iterator[FailureCount]:
    """Count comparisons a score file has no score for, every reason by every group.

    A comparison belongs to its probe's group; one without roles to the groups of both sides.
    """
    parts = [(each, each.comparisons()[0]) for each in counts]
    reasons = sorted({reason for each in counts for reason in each.reasons})
    for reason in reasons:
        for group_by, members in groups.groupings.items():
            for group in members:
                inside, failed, attempts = groups.rows(group), 0, 0
                for each, scored in parts:
                    touched = inside[scored.probe]
                    if each.plan.symmetric:
                        touched = touched | inside[scored.reference]
                    attempts += int(np.count_nonzero(touched))
                    if reason in each.reasons:
                        code = 1 + each.reasons.index(reason)
                        failed += int(np.count_nonzero(touched & (scored.status == code)))
                what = (matcher, "compare", reason, "")
                yield from _row(what, (group_by, group.label), failed, attempts)


def _by_group(
    what: tuple[str, str, str, str],
    failed: npt.NDArray[np.integer] | npt.NDArray[np.bool_],
    attempts: npt.NDArray[np.integer] | npt.NDArray[np.bool_],
    groups: Groups,
) -> Iterator[FailureCount]:
    for group_by, members in groups.groupings.items():
        for group in members:
            inside = groups.rows(group)
            n_failed, n_attempts = int(failed[inside].sum()), int(attempts[inside].sum())
            yield from _row(what, (group_by, group.label), n_failed, n_attempts)


def _row(
    what: tuple[str, str, str, str], where: tuple[str, str], failed: int, attempts: int
) -> Iterator[FailureCount]:
    """Give the row of a group that was tried at all."""
    if not attempts:
        return
    matcher, stage, reason, mask = what
    group_by, group = where
    yield FailureCount(
        matcher=matcher,
        stage=stage,
        reason=reason,
        group_by=group_by,
        group=group,
        failed=failed,
        attempts=attempts,
        rate=failed / attempts,
        mask=mask,
    )
