"""What one threshold for all costs each group, beside a threshold of its own (methods 3.3).

A threshold for each group is a diagnostic. It would take the group of a person, known and agreed,
before every comparison, and nothing here says that anybody should do that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.data.groups import ALL
from evenmatch.results.claim_rows import GroupThreshold
from evenmatch.results.claim_sources import bare_faces
from evenmatch.results.one_to_one import Cell, stated_cell
from evenmatch.results.thresholds import set_threshold
from evenmatch.stats.thresholds import OperatingPoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from evenmatch.data.groups import Groups
    from evenmatch.results.model import ErrorRate, Threshold
    from evenmatch.results.one_to_one import Stated
    from evenmatch.results.thresholds import Scale
    from evenmatch.scoring.counts import ScoreCounts


def tradeoff_rows(
    scale: Scale,
    counts: Sequence[ScoreCounts],
    groups: Groups,
    thresholds: Sequence[Threshold],
    stated: Sequence[Stated],
) -> Iterator[GroupThreshold]:
    """Give each group at each common threshold and at its own, for comparisons of bare faces.

    Args:
        scale: the matcher's scale.
        counts: the counted scores of every mask condition.
        groups: the groupings asked for.
        thresholds: the common thresholds.
        stated: the rates at them.
    """
    bare = bare_faces(counts)
    if bare is None:
        return
    level = stated[0].row.level if stated else 0.95
    common = _by_cell(rate.row for rate in stated if rate.row.probe_mask == bare.plan.probe_mask)
    for threshold in thresholds:
        for group_by, members in groups.groupings.items():
            for group in members if group_by != ALL else []:
                key = (threshold.operating_point, bare.plan.reference_mask, group_by, group.label)
                fmr, fnmr = common.get(("fmr", *key)), common.get(("fnmr", *key))
                if fmr is None or fnmr is None:
                    continue
                cell = Cell(group_by, group, group)
                own = _own(scale, bare, cell, threshold, fmr.trials)
                rates = {}
                if own is not None:
                    rates = _by_cell(each.row for each in stated_cell(bare, cell, own, level))
                yield _row(
                    threshold,
                    own,
                    (fmr, fnmr),
                    (rates.get(("fmr", *key)), rates.get(("fnmr", *key))),
                )


def _by_cell(
    rows: Iterable[ErrorRate],
) -> dict[tuple[str, str | None, str | None, str, str], ErrorRate]:
    """Find the rows within groups by metric, point, reference mask, grouping and group."""
    return {
        (row.metric, row.operating_point, row.reference_mask, row.group_by, row.probe_group): row
        for row in rows
        if row.probe_group == row.reference_group
        and row.failures == ("excluded" if row.metric == "fmr" else "non-match")
    }


def _own(
    scale: Scale, counts: ScoreCounts, cell: Cell, common: Threshold, trials: int
) -> Threshold | None:
    """Fit the operating point to the group's own comparisons; None without a rate to fit."""
    if OperatingPoint.parse(common.operating_point).kind != "fmr" or not trials:
        return None
    return set_threshold(
        common.operating_point, scale, [(counts, cell.selection)], "diagnostic:own-group"
    )


def _row(
    common: Threshold,
    own: Threshold | None,
    at_common: tuple[ErrorRate, ErrorRate],
    at_own: tuple[ErrorRate | None, ErrorRate | None],
) -> GroupThreshold:
    fmr, fnmr = at_common
    own_fmr, own_fnmr = at_own
    point = OperatingPoint.parse(common.operating_point)
    few = fmr.status == "suppressed" or fnmr.status == "suppressed"
    status = "none" if own is None else "suppressed" if few else own.status
    return GroupThreshold(
        matcher=common.matcher,
        operating_point=common.operating_point,
        set_on=common.set_on,
        probe_mask=fmr.probe_mask,
        reference_mask=fmr.reference_mask or "",
        group_by=fmr.group_by,
        group=fmr.probe_group,
        threshold=common.threshold,
        fmr=fmr.rate,
        fmr_low=fmr.low,
        fmr_high=fmr.high,
        fnmr=fnmr.rate,
        fnmr_low=fnmr.low,
        fnmr_high=fnmr.high,
        own_threshold=own.threshold if own and not few else None,
        own_status="none" if status == "given" else status,
        own_fmr=_rate(own_fmr, few=few),
        own_fmr_low=own_fmr.low if own_fmr and not few else None,
        own_fmr_high=own_fmr.high if own_fmr and not few else None,
        own_fnmr=_rate(own_fnmr, few=few),
        own_fnmr_low=own_fnmr.low if own_fnmr and not few else None,
        own_fnmr_high=own_fnmr.high if own_fnmr and not few else None,
        fmr_over_target=fmr.rate / point.value
        if point.kind == "fmr" and fmr.rate is not None
        else None,
        fmr_change=_change(fmr, own_fmr, few=few),
        fnmr_change=_change(fnmr, own_fnmr, few=few),
        false_matches=fmr.errors,
        own_false_matches=own_fmr.errors if own_fmr else None,
        non_mated=fmr.trials,
        false_non_matches=fnmr.errors,
        own_false_non_matches=own_fnmr.errors if own_fnmr else None,
        mated=fnmr.trials,
        subjects=fnmr.subjects,
    )


def _rate(row: ErrorRate | None, *, few: bool) -> float | None:
    return row.rate if row and not few else None


def _change(common: ErrorRate, own: ErrorRate | None, *, few: bool) -> float | None:
    """Return what the group's own threshold would add to its rate."""
    after = _rate(own, few=few)
    return None if after is None or common.rate is None else after - common.rate
