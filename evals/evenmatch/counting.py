"""Every mask condition's comparisons counted, each looked at as few times as possible."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.config import EarlierAudit
from evenmatch.data.progress import Progress, silent
from evenmatch.engines import spread_of
from evenmatch.matching.matcher import Templates
from evenmatch.matching.program_scores import row_scores
from evenmatch.matching.vectors import at_hand
from evenmatch.results.one_to_one import cells
from evenmatch.results.thresholds import calibration_plans, find_thresholds, same_group
from evenmatch.scoring.engine import Compute, Need, count
from evenmatch.scoring.listed import from_pairs
from evenmatch.scoring.memory import plan_memory
from evenmatch.stats.thresholds import OperatingPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.config import RunConfig
    from evenmatch.data.groups import Groups
    from evenmatch.matching.program_scores import ProgramScores
    from evenmatch.matching.scores import ScoreTable
    from evenmatch.results.model import Threshold
    from evenmatch.results.thresholds import Scale
    from evenmatch.scoring.counts import ScoreCounts
    from evenmatch.scoring.plan import Plan, Roster
    from evenmatch.scoring.trials import Selection


GUARD = 3  # times a claimed FMR, down to which its guard will look

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Conditions:
    """What is compared: one plan a mask condition, who the rows are, and their groups."""

    plans: Sequence[Plan]
    roster: Roster
    groups: Groups


def count_scored(
    conditions: Conditions,
    scored: Templates | ScoreTable | ProgramScores,
    scale: Scale,
    config: RunConfig,
    progress: Progress = silent,
) -> list[ScoreCounts]:
    """Count every condition of a matcher's templates or of a score file or program."""
    if isinstance(scored, Templates):
        return count_conditions(conditions, scored, scale, config, progress)
    return [_count_table(plan, conditions.roster, scored) for plan in conditions.plans]


def _count_table(plan: Plan, roster: Roster, table: ScoreTable | ProgramScores) -> ScoreCounts:
    pairs = plan.pairs(roster)
    photographs = roster.photographs
    scores, status = row_scores(table, photographs, pairs.probe, pairs.reference)
    return from_pairs(plan, roster, pairs, scores, status.tolist())


def count_conditions(
    conditions: Conditions,
    templates: Templates,
    scale: Scale,
    config: RunConfig,
    progress: Progress = silent,
) -> list[ScoreCounts]:
    """Count every condition; those that set thresholds first, so that the others know them.

    Where a set is too large to keep every score, the engine is told which thresholds will be
    asked of it and keeps what answers them (methods 1.1).
    """
    plans, roster, groups = conditions.plans, conditions.roster, conditions.groups
    needs = _needs_before(plans, groups, scale, config)
    calibrating = sorted(needs)
    counted = {
        place: _count(plans[place], roster, templates, needs[place], config, progress)
        for place in calibrating
    }
    thresholds = find_thresholds(
        scale, [counted[place] for place in calibrating], groups, config.one_to_one
    )
    everyone = np.ones((groups.n_groups, groups.n_groups), dtype=bool)
    known = [Need(everyone, threshold=each.threshold) for each in thresholds]
    for place, plan in enumerate(plans):
        if place not in counted:
            counted[place] = _count(plan, roster, templates, known, config, progress)
        _prepare(counted[place], groups, thresholds)
    return [counted[place] for place in range(len(plans))]


def _needs_before(
    plans: Sequence[Plan], groups: Groups, scale: Scale, config: RunConfig
) -> dict[int, list[Need]]:
    """Say what will be asked of the plans that set thresholds, by their place."""
    asked = config.one_to_one
    if isinstance(asked.calibrate_on, EarlierAudit):
        return {}
    points = [OperatingPoint.parse(text) for text in asked.operating_points]
    return {
        place: [
            Need(selection, fmr=Fraction(point.number))
            if point.is_rate
            else Need(selection, threshold=scale.similarity(point.value))
            for point in points
        ]
        + _claimed(selection, groups, scale, config)
        for place, selection in calibration_plans(asked.calibrate_on, plans, groups)
    }


def _claimed(selection: Selection, groups: Groups, scale: Scale, config: RunConfig) -> list[Need]:
    """Say what the matcher's claims will ask, with room for the guard of a fitted threshold."""
    claims = [claim for claim in config.claims if claim.matcher == scale.matcher]
    found = []
    for claim in claims:
        cells = same_group(groups) if claim.impostors == "same-group" else selection
        if claim.point.kind == "fmr":
            found.append(Need(cells, fmr=min(GUARD * Fraction(claim.point.number), Fraction(1))))
        elif not claim.one_to_many:
            found.append(Need(cells, threshold=scale.similarity(claim.point.value)))
    return found


def _count(
    plan: Plan,
    roster: Roster,
    templates: Templates,
    needs: Sequence[Need],
    config: RunConfig,
    progress: Progress,
) -> ScoreCounts:
    description = f"comparisons: {plan.probe_mask} against {plan.reference_mask}"
    with progress(description, plan.size(roster)) as task:
        compute = Compute(
            device=config.compute.first_device,
            keep_scores=config.compute.keep_scores,
            keep_tail=config.compute.keep_tail,
            report=task.advance,
            spread=spread_of(config),
        )
        lying, dimension = not at_hand(templates.vectors), templates.vectors.shape[1]
        memory = plan_memory(plan, roster, dimension, compute, lying=lying)
        _LOG.info("%s, %s: at most %s", description, f"{plan.size(roster):,}", memory)
        return count(plan, roster, templates, needs=needs, compute=compute)


def _prepare(counts: ScoreCounts, groups: Groups, thresholds: Sequence[Threshold]) -> None:
    """Have every table's questions below the kept tail answered in one pass."""
    if not counts.keeps_everything:
        table = list(cells(groups, symmetric=counts.plan.symmetric))
        counts.prepare([(cell.selection, each.threshold) for cell in table for each in thresholds])
