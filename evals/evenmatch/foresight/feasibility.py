"""What a run can say before it is made: who is compared, and what so many trials resolve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from evenmatch.config import EarlierAudit
from evenmatch.data.benchmark import MASK
from evenmatch.foresight.model import (
    CellForesight,
    ClaimForesight,
    ConditionForesight,
    Foresight,
    PointForesight,
)
from evenmatch.foresight.searches import PlannedSearches, say
from evenmatch.inputs import group_sizes, read_inputs
from evenmatch.results.claim_cases import ALPHA
from evenmatch.results.claim_evidence import scope_groups
from evenmatch.results.one_to_one import Cell, cells
from evenmatch.results.thresholds import calibration_plans, describe_calibration, same_group
from evenmatch.scoring.planning import make_roster
from evenmatch.scoring.trials import AllPairs, Listed, folded
from evenmatch.stats.claims import parse_bound
from evenmatch.stats.people import effective_people
from evenmatch.stats.power import trials_to_support
from evenmatch.stats.thresholds import OperatingPoint, allowed_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from evenmatch.config import RunConfig
    from evenmatch.data.groups import Groups
    from evenmatch.entries.claim import Claim
    from evenmatch.results.model import GroupSize
    from evenmatch.scoring.plan import Plan, Roster, Rows
    from evenmatch.scoring.trials import Trials


@dataclass(frozen=True)
class _Planned:
    """A plan with its trials counted."""

    plan: Plan
    trials: Trials
    roster: Roster

    @cached_property
    def mated(self) -> tuple[Rows, Rows]:
        """The mated comparisons, which every cell is asked of."""
        return self.plan.mated_pairs(self.roster)

    def mated_by_person(self, cell: Cell) -> npt.NDArray[np.intp]:
        """Return how many mated comparisons of a cell each person has."""
        people, groups = self.roster.people, self.roster.groups
        probe, reference = self.mated
        selection = folded(cell.selection, symmetric=self.plan.symmetric)
        chosen = selection[groups[probe], groups[reference]]
        return np.bincount(people[probe[chosen]], minlength=self.roster.n_people)


def foresee(config: RunConfig) -> Foresight:
    """Read a run's benchmark and say what it can resolve; no matcher is run.

    Raises:
        RequestError: the benchmark cannot be read, or the run asks for what it does not have.
    """
    inputs = read_inputs(config)
    samples = inputs.samples
    groups = inputs.groups(samples)
    roster = make_roster(samples, groups)
    planned = [
        _Planned(plan, _trials(plan, roster), roster)
        for plan in inputs.plans(samples, roster, config)
    ]
    points, setting = _points(config, planned, groups)
    sizes = group_sizes(inputs, inputs.groups(inputs.given))
    conditions = tuple(
        _condition(each, groups, config, sets_thresholds=any(each is other for other in setting))
        for each in planned
    )
    masks = samples.table[MASK].value_counts(sort=False)
    searches = PlannedSearches(samples, groups, config) if config.one_to_many else None
    return Foresight(
        name=config.name,
        listed=inputs.trials is not None,
        finest_groups=groups.n_groups,
        groups=tuple(_group(size) for size in sizes),
        photographs={str(mask): int(number) for mask, number in masks.items()},
        points=tuple(points),
        conditions=conditions,
        claims=tuple(
            row
            for claim in config.claims
            for row in (
                searches.claims(claim)
                if searches and claim.one_to_many
                else _claims(claim, planned, groups)
            )
        ),
        search_points=tuple(searches.points()) if searches else (),
        searches=searches.foresee() if searches else (),
    )


def _group(size: GroupSize) -> dict[str, str | int]:
    return {
        "group_by": size.group_by,
        "group": size.group,
        "people": size.subjects,
        "photographs": size.samples,
        "labelled_by": size.labelled_by,
    }


def _trials(plan: Plan, roster: Roster) -> Trials:
    """Count the non-mated trials as if every photograph gave a template."""
    if plan.listed is None:
        return AllPairs(plan, roster, np.ones(roster.people.size, dtype=bool))
    others = ~plan.listed.mated
    return Listed(
        plan.listed.probe[others],
        plan.listed.reference[others],
        roster,
        symmetric=plan.symmetric,
    )


def _points(
    config: RunConfig, planned: Sequence[_Planned], groups: Groups
) -> tuple[list[PointForesight], list[_Planned]]:
    """Say which trials set each operating point; only they count towards it."""
    calibrate_on = config.one_to_one.calibrate_on
    if isinstance(calibrate_on, EarlierAudit):
        setting, named, trials = [], f"transferred from {calibrate_on.run}", 0
    else:
        chosen = calibration_plans(calibrate_on, [each.plan for each in planned], groups)
        setting = [planned[place] for place, _ in chosen]
        named = describe_calibration(calibrate_on)
        trials = sum(planned[place].trials.sums(cells_).trials for place, cells_ in chosen)
    found = []
    for text in config.one_to_one.operating_points:
        point = OperatingPoint.parse(text)
        if point.kind == "threshold":
            found.append(PointForesight(text, "vendor", None, None, "given"))
        elif isinstance(calibrate_on, EarlierAudit):
            found.append(PointForesight(text, named, None, None, "given"))
        else:
            allowed = allowed_errors(point.number, trials)
            verdict: Literal["resolved", "cannot be resolved"] = (
                "resolved" if allowed else "cannot be resolved"
            )
            found.append(PointForesight(text, named, trials, allowed, verdict))
    return found, setting


def _condition(
    planned: _Planned, groups: Groups, config: RunConfig, *, sets_thresholds: bool
) -> ConditionForesight:
    plan = planned.plan
    mated = planned.mated[0].size
    asked = [OperatingPoint.parse(text) for text in config.one_to_one.operating_points]
    rates = [point for point in asked if point.is_rate]
    return ConditionForesight(
        probe_mask=plan.probe_mask,
        reference_mask=plan.reference_mask,
        mated=int(mated),
        non_mated=plan.size(planned.roster) - int(mated),
        sets_thresholds=sets_thresholds,
        cells=tuple(
            _cell(planned, cell, rates) for cell in cells(groups, symmetric=plan.symmetric)
        ),
    )


def _cell(planned: _Planned, cell: Cell, rates: Sequence[OperatingPoint]) -> CellForesight:
    sums = planned.trials.sums(cell.selection)
    symmetric = planned.plan.symmetric and cell.within
    sides = (sums.by_person,) if symmetric else (sums.probe_people, sums.reference_people)
    mated = planned.mated_by_person(cell)
    return CellForesight(
        group_by=cell.group_by,
        probe_group=cell.probe.label,
        reference_group=cell.reference.label,
        people=int(np.count_nonzero(sums.by_person)),
        non_mated=sums.trials,
        smallest_fmr=1 / sums.trials if sums.trials else None,
        resolves=tuple(
            str(point) for point in rates if allowed_errors(point.number, sums.trials) > 0
        ),
        fmr=say(sums.trials, [effective_people(side) for side in sides]),
        mated=int(mated.sum()),
        fnmr=say(int(mated.sum()), [effective_people(mated)]) if cell.within else None,
    )


def _claims(claim: Claim, planned: Sequence[_Planned], groups: Groups) -> Iterator[ClaimForesight]:
    """Say whether as many people could support a claim if none of them erred (methods 5.2)."""
    masks = (claim.masks.probe, claim.masks.reference) if claim.masks else None
    for each in planned[:1] if masks is None else planned:
        if masks is not None and masks != (each.plan.probe_mask, each.plan.reference_mask):
            continue
        for group in scope_groups(groups, claim.scope):
            cell = Cell("", group, group)
            alpha = ALPHA / 2 if claim.point.is_rate else ALPHA
            if claim.metric == "fmr":
                policy = same_group(groups) if claim.impostors == "same-group" else True
                sums = each.trials.sums(cell.selection & policy)
                units, people = sums.units, int(np.count_nonzero(sums.by_person))
            else:
                units = people = int(np.count_nonzero(each.mated_by_person(cell)))
            needed = trials_to_support(parse_bound(claim.bound), 0, alpha)
            scope = "+".join(claim.scope) or "all"
            yield ClaimForesight(
                claim.id, scope, group.label, people, units, needed, units >= needed
            )
