"""Counts every comparison of a plan: the one way from templates to counted scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.matching.matcher import ScoreKind
from evenmatch.matching.vectors import at_hand
from evenmatch.scoring.counts import ScoreCounts
from evenmatch.scoring.listed import kept_whole
from evenmatch.scoring.memory import plan_memory, refuse_unless_it_fits
from evenmatch.scoring.needs import Compute, Need
from evenmatch.scoring.pilot import floor_for
from evenmatch.scoring.recount import Recount
from evenmatch.scoring.scored import Bins, ScoredPairs, bin_count
from evenmatch.scoring.tiled import Work, count_tiles
from evenmatch.scoring.trials import AllPairs, Listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.matching.matcher import Templates
    from evenmatch.scoring.plan import Plan, Roster, Rows

__all__ = ["Compute", "Need", "count"]

DEFAULT_RATE = 1e-3


def count(
    plan: Plan,
    roster: Roster,
    templates: Templates,
    *,
    needs: Sequence[Need] = (),
    compute: Compute | None = None,
) -> ScoreCounts:
    """Count every comparison of a plan.

    Args:
        plan: which rows are compared.
        roster: who the rows are.
        templates: one a row; rows without one are failures.
        needs: the loosest operating points that will be asked, so that each is read exactly.
        compute: device, threads and what is kept.

    Raises:
        RequestError: memory cannot hold what is to be kept, or there is no such device.
    """
    compute = compute or Compute()
    lying, dimension = not at_hand(templates.vectors), templates.vectors.shape[1]
    needed = plan_memory(plan, roster, dimension, compute, lying=lying)
    refuse_unless_it_fits(needed.total, "Counting every comparison")
    reasons = tuple(sorted(set(templates.failures.values())))
    status = np.zeros(roster.people.size, np.int16)
    for row, reason in templates.failures.items():
        status[row] = reasons.index(reason) + 1
    work = Work(plan, roster, templates, status == 0, compute)
    if plan.listed is not None or plan.size(roster) <= compute.keep_scores:
        return _whole(work, status, reasons)
    return _tiled(work, status, reasons, needs)


def _whole(work: Work, status: npt.NDArray[np.int16], reasons: tuple[str, ...]) -> ScoreCounts:
    """Score every comparison and keep it."""
    plan, roster = work.plan, work.roster
    pairs = plan.pairs(roster)
    scored = _score(work, pairs.probe, pairs.reference, status)
    if plan.listed is None:
        trials: AllPairs | Listed = AllPairs(plan, roster, work.usable)
    else:
        right = scored[~pairs.mated & scored.usable]
        trials = Listed(right.probe, right.reference, roster, symmetric=plan.symmetric)
    bins = _bins_for(work)
    return kept_whole(plan, roster, work.usable, scored, pairs.mated, reasons, trials, bins)


def _tiled(
    work: Work, status: npt.NDArray[np.int16], reasons: tuple[str, ...], needs: Sequence[Need]
) -> ScoreCounts:
    """Count by tiles and keep the mated scores and the tail."""
    plan, roster = work.plan, work.roster
    everyone = np.ones((roster.n_groups, roster.n_groups), np.bool_)
    asked = needs or [Need(everyone, fmr=DEFAULT_RATE)]
    bins = _bins_for(work)
    floor = floor_for(asked, plan, roster, work.templates, work.compute.keep_tail)
    counted = count_tiles(work, bins, floor)
    return ScoreCounts(
        plan=plan,
        roster=roster,
        usable=work.usable,
        bins=bins,
        cells=counted.cells,
        mated=_score(work, *plan.mated_pairs(roster), status),
        kept=counted.kept,
        cuts=counted.cuts,
        reasons=reasons,
        trials=AllPairs(plan, roster, work.usable),
        failed=counted.kept[:0],
        source=Recount(work, bins),
    )


def _score(work: Work, probe: Rows, reference: Rows, status: npt.NDArray[np.int16]) -> ScoredPairs:
    """Score given comparisons; one whose row failed has the row's status instead."""
    failed = np.where(status[probe] > 0, status[probe], status[reference])
    scores = work.scores(probe, reference)
    scores[failed > 0] = np.nan
    return ScoredPairs(probe, reference, scores, failed)


def _bins_for(work: Work) -> Bins:
    """Return bins that hold every score the usable templates can give."""
    most = work.longest or 1.0
    # Unit vectors are so only up to rounding; other lengths are rounded up to three digits.
    most = 1.0 if abs(most - 1.0) < 1e-3 else float(f"{most * 1.005:.2e}")
    count = bin_count(work.roster.n_groups)
    if work.templates.score_kind is ScoreKind.EUCLIDEAN:
        return Bins(-2.0 * most, 0.0, count)
    return Bins(-(most**2), most**2, count)
