"""From samples and a protocol to plans: who is compared with whom under each mask condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.data.benchmark import MASK
from evenmatch.data.conditions import mask_conditions
from evenmatch.errors import RequestError
from evenmatch.scoring.plan import Pairs, Plan, Roster

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from evenmatch.data.groups import Groups
    from evenmatch.data.protocols import ListedTrials
    from evenmatch.data.samples import Samples


@dataclass(frozen=True)
class Roles:
    """Filters on who may be probe and who reference; None leaves the roles interchangeable."""

    probe: Mapping[str, str | Sequence[str]] | None = None
    reference: Mapping[str, str | Sequence[str]] | None = None

    @property
    def apart(self) -> bool:
        """Whether probe and reference are chosen apart, so that order matters."""
        return self.probe is not None or self.reference is not None


def make_roster(samples: Samples, groups: Groups) -> Roster:
    """Say who each row is: person, photograph and finest group."""
    return Roster(samples.people, samples.photographs, groups.codes, groups.n_groups)


def rows_where(
    samples: Samples, where: Mapping[str, str | Sequence[str]] | None, key: str
) -> npt.NDArray[np.bool_]:
    """Mark the rows whose attributes have the values asked for.

    Raises:
        RequestError: an attribute or a value that the benchmark does not have.
    """
    chosen = np.ones(len(samples), dtype=bool)
    for name, wanted in (where or {}).items():
        values = [wanted] if isinstance(wanted, str) else list(wanted)
        known = samples.mask_values if name == MASK else samples.attributes.get(name)
        if known is None:
            raise RequestError(
                f"{key}.where: there is no attribute {name!r}; choose from "
                f"{sorted([*samples.attributes, MASK])}."
            )
        strange = [value for value in values if value not in known]
        if strange:
            raise RequestError(
                f"{key}.where.{name}: no photograph has the value {strange[0]!r}; "
                f"choose from {list(known)}."
            )
        chosen &= samples.table[name].isin(values).to_numpy()
    return chosen


def plan_one_to_one(
    samples: Samples,
    roster: Roster,
    roles: Roles,
    trials: ListedTrials | None,
    apply_to: Sequence[str],
) -> list[Plan]:
    """Plan every mask condition of a one-to-one audit; conditions without a trial are left out.

    Args:
        samples: the benchmark's rows, drawn masks included.
        roster: who each row is.
        roles: filters on probes and references.
        trials: the listed comparisons, or None for all pairs.
        apply_to: which sides wear a drawn mask: `probe`, `reference`, `both`.

    Raises:
        RequestError: a masked reference without roles, nothing is left to compare, or no
            comparison is mated or none non-mated.
    """
    probe_ok = rows_where(samples, roles.probe, "one_to_one.probe")
    reference_ok = rows_where(samples, roles.reference, "one_to_one.reference")
    masks = samples.table[MASK].to_numpy(str)
    plans = []
    ordered = roles.apart or trials is not None
    for probe_mask, reference_mask in mask_conditions(samples, apply_to, ordered=ordered):
        probes = np.flatnonzero(probe_ok & (masks == probe_mask)).astype(np.int32)
        references = np.flatnonzero(reference_ok & (masks == reference_mask)).astype(np.int32)
        listed = None
        if trials is not None:
            listed = _listed_pairs(trials, roster, probes, references)
        symmetric = not ordered and probe_mask == reference_mask
        plan = Plan(probe_mask, reference_mask, probes, references, symmetric, listed)
        if plan.size(roster):
            plans.append(plan)
    _refuse_empty(plans, roster)
    return plans


def _listed_pairs(
    trials: ListedTrials,
    roster: Roster,
    probes: npt.NDArray[np.int32],
    references: npt.NDArray[np.int32],
) -> Pairs:
    """Carry listed trials over to the rows of one mask condition."""
    # A trial names photographs; under each mask condition a photograph is at most one row.
    photographs = roster.photographs
    rows = np.full((2, int(photographs.max()) + 1), -1, dtype=np.int32)
    rows[0, photographs[probes]] = probes
    rows[1, photographs[references]] = references
    probe = rows[0, photographs[trials.probes]]
    reference = rows[1, photographs[trials.references]]
    present = (probe >= 0) & (reference >= 0)
    probe, reference = probe[present], reference[present]
    return Pairs(probe, reference, roster.people[probe] == roster.people[reference])


def _refuse_empty(plans: list[Plan], roster: Roster) -> None:
    if not plans:
        raise RequestError(
            "one_to_one: no two photographs are left to compare; loosen `probe`, `reference` or "
            "the protocol."
        )
    mated = [plan.mated_pairs(roster)[0].size for plan in plans]
    if not sum(mated):
        raise RequestError(
            "one_to_one: no comparison is mated, so no false non-match can be seen; the "
            "benchmark needs people with two photographs or more in the roles chosen."
        )
    if not sum(plan.size(roster) for plan in plans) - sum(mated):
        raise RequestError(
            "one_to_one: no comparison is non-mated, so no false match can be seen; the "
            "benchmark needs two people or more in the roles chosen."
        )
