"""What a mask changes for the same people: rows of `mask_differences.csv` (methods 6)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evenmatch.data.benchmark import MASK
from evenmatch.data.conditions import SYNTHETIC
from evenmatch.data.samples import UNKNOWN, UNMASKED
from evenmatch.results.mask_rows import MaskDifference
from evenmatch.results.one_to_one import BOTH_CONVENTIONS, cells, person_counts
from evenmatch.scoring.restricting import mated_twice, restricted, top_non_mated_of
from evenmatch.stats.cells import FEWEST_PEOPLE, PEOPLE_FOR_ESTIMATE
from evenmatch.stats.differences import holm
from evenmatch.stats.people import PersonCounts
from evenmatch.stats.same_people import Switched, few_units, paired_difference
from evenmatch.stats.thresholds import threshold_between

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from evenmatch.data.groups import Groups
    from evenmatch.data.samples import Samples
    from evenmatch.results.mask_rows import Condition, Status
    from evenmatch.results.model import Threshold
    from evenmatch.results.one_to_one import Cell, Failures
    from evenmatch.results.thresholds import Scale
    from evenmatch.scoring.counts import ScoreCounts
    from evenmatch.scoring.touched import Touched

BARE = (UNMASKED, UNMASKED)


@dataclass(frozen=True)
class Masked:
    """One mask condition beside bare faces.

    Attributes:
        bare: counts of bare faces.
        worn: counts of the condition.
        usable_bare: the same of photographs usable under every mask of the condition.
        usable_worn: likewise.
        drawn: whether the masks are drawn, and each photograph its own bare counterpart.
    """

    bare: ScoreCounts
    worn: ScoreCounts
    usable_bare: ScoreCounts
    usable_worn: ScoreCounts
    drawn: bool

    @property
    def condition(self) -> Condition:
        """Which side wears a mask, and whether both wear the same."""
        probe, reference = self.worn.plan.probe_mask, self.worn.plan.reference_mask
        if reference == UNMASKED:
            return "probe"
        if probe == UNMASKED:
            return "reference"
        return "both-same" if probe == reference else "both-different"

    def sides(self, failures: Failures) -> tuple[ScoreCounts, ScoreCounts]:
        """Return both counts: of all photographs where failures are misses, else of usable ones."""
        if failures == "non-match":
            return self.bare, self.worn
        return self.usable_bare, self.usable_worn


@dataclass(frozen=True)
class _At:
    """Where one difference is looked at: two thresholds, or None where there are none such."""

    threshold: Threshold
    at: Literal["same-threshold", "equal-fmr"]
    thresholds: tuple[float, float] | None  # bare, and under the mask
    fmr: float | None = None
    bare_fmr: float | None = None

    @property
    def resolved(self) -> bool:
        return self.thresholds is not None and self.threshold.status != "unresolvable"


def mask_difference_rows(
    counts: Sequence[ScoreCounts],
    samples: Samples,
    groups: Groups,
    thresholds: Sequence[Threshold],
    scale: Scale,
    level: float,
) -> list[MaskDifference]:
    """Compare every mask condition of one matcher with bare faces of the same people.

    Args:
        counts: the counted scores of every condition.
        samples: the rows, whose masks they are.
        groups: the groupings asked for.
        thresholds: the matcher's one-to-one operating points.
        scale: its scores' scale.
        level: confidence of the intervals.
    """
    found = list[MaskDifference]()
    table = [cell for cell in cells(groups, symmetric=True) if cell.within]
    asked = [(cell.selection, each.threshold) for cell in table for each in thresholds]
    for masked in masked_conditions(counts, samples):
        for side in (masked.usable_bare, masked.usable_worn):
            side.prepare(asked)  # what lies below a kept tail, in one pass
        for point in thresholds:
            places = [_At(point, "same-threshold", (point.threshold, point.threshold))]
            places.append(_equal_fmr(masked, point, scale))
            for place in places:
                rows = [row for cell in table for row in _rows(masked, cell, place, level)]
                found += _tested(rows, 1 - level)
    return found


def masked_conditions(counts: Sequence[ScoreCounts], samples: Samples) -> Iterator[Masked]:
    """Give each condition with a mask beside the bare one, on the photographs usable in both."""
    by_masks = {(each.plan.probe_mask, each.plan.reference_mask): each for each in counts}
    bare = by_masks.get(BARE)
    if bare is None:
        return
    usable = np.any([each.usable for each in counts], axis=0)
    masks = samples.table[MASK].to_numpy(str)
    known: dict[frozenset[str], tuple[npt.NDArray[np.bool_], ScoreCounts]] = {}
    for pair, worn in by_masks.items():
        if pair == BARE or UNKNOWN in pair:
            continue
        drawn = any(mask.startswith(SYNTHETIC) for mask in pair)
        whose = worn.roster.photographs if drawn else worn.roster.people
        needed = frozenset((*pair, UNMASKED))
        if needed not in known:
            allowed = _under_every(needed, masks, usable, whose)
            known[needed] = allowed, restricted(bare, allowed)
        allowed, usable_bare = known[needed]
        yield Masked(bare, worn, usable_bare, restricted(worn, allowed), drawn)


def _under_every(
    needed: frozenset[str],
    masks: npt.NDArray[np.str_],
    usable: npt.NDArray[np.bool_],
    whose: npt.NDArray[np.int32],
) -> npt.NDArray[np.bool_]:
    """Mark the usable rows of those who have one under every mask needed."""
    among = np.ones(int(whose.max()) + 1, dtype=bool)
    for mask in needed:
        having = np.zeros(among.size, dtype=bool)
        having[whose[usable & (masks == mask)]] = True
        among &= having
    return np.asarray(usable & among[whose], dtype=bool)


def _equal_fmr(masked: Masked, point: Threshold, scale: Scale) -> _At:
    """Find the thresholds at which masked comparisons have the FMR that bare ones achieve.

    Over everybody, on the photographs usable in both, and the best of that FMR for either. Where no
    bare comparison matches falsely, or so few that none under the mask may, there are none.
    """
    n = masked.bare.roster.n_groups
    everyone = np.ones((n, n), dtype=bool)
    bare = masked.usable_bare.false_matches(everyone, point.threshold)
    trials = masked.usable_worn.non_mated_trials(everyone)
    allowed = bare.errors * trials // bare.trials if bare.trials else 0
    if not (0 < allowed < trials and bare.errors < bare.trials):
        return _At(point, "equal-fmr", None)
    fitted = [
        threshold_between(*top_non_mated_of(each, everyone, k), scale.float_type)
        for each, k in ((masked.usable_bare, bare.errors), (masked.usable_worn, allowed))
    ]
    achieved = masked.usable_worn.false_matches(everyone, fitted[1]).errors / trials
    return _At(point, "equal-fmr", (fitted[0], fitted[1]), achieved, bare.errors / bare.trials)


def _rows(masked: Masked, cell: Cell, place: _At, level: float) -> Iterator[MaskDifference]:
    if place.at == "same-threshold":
        yield _fmr_row(masked, cell, place, level)
        for failures in BOTH_CONVENTIONS:
            yield _fnmr_row(masked, cell, place, failures, level)
    else:
        yield _fnmr_row(masked, cell, place, "excluded", level)


def _fmr_row(masked: Masked, cell: Cell, place: _At, level: float) -> MaskDifference:
    bare, worn = masked.sides("excluded")
    at = place.threshold.threshold
    both = (
        person_counts(bare.false_matches(cell.selection, at)),
        person_counts(worn.false_matches(cell.selection, at)),
    )
    looser: tuple[PersonCounts | None, ...] = (None, None)
    if few_units(*both):
        looser = tuple(
            _loosened(each.false_matches_looser(cell.selection, at)) for each in (bare, worn)
        )
    return _row(masked, cell, place, ("fmr", "excluded"), _Sides(*both, looser=looser), level)


def _loosened(found: tuple[float, Touched] | None) -> PersonCounts | None:
    return person_counts(found[1]) if found else None


def _fnmr_row(
    masked: Masked, cell: Cell, place: _At, failures: Failures, level: float
) -> MaskDifference:
    sides = masked.sides(failures)
    thresholds = place.thresholds or (place.threshold.threshold, place.threshold.threshold)
    touched = [
        each.false_non_matches(cell.selection, at, failures)
        for each, at in zip(sides, thresholds, strict=True)
    ]
    met = (touched[0].trials_by_person > 0) & (touched[1].trials_by_person > 0)
    bare, worn = (
        PersonCounts.of_people(each.errors_by_person * met, each.trials_by_person * met)
        for each in touched
    )
    switched = None
    if masked.drawn:
        failed = failures == "non-match"
        twice = mated_twice(*sides, cell.selection, thresholds, failed=failed)
        switched = Switched(
            PersonCounts.of_people(twice.lost, twice.trials),
            PersonCounts.of_people(twice.gained, twice.trials),
        )
    return _row(masked, cell, place, ("fnmr", failures), _Sides(bare, worn, switched), level)


@dataclass(frozen=True)
class _Sides:
    """Both counts of one row and what is known of how they hang together."""

    bare: PersonCounts
    worn: PersonCounts
    switched: Switched | None = None
    looser: tuple[PersonCounts | None, ...] = (None, None)

    @property
    def status(self) -> Literal["estimate", "interval", "suppressed"]:
        """What the people behind the counts support; the smaller of both sides decides."""
        kish = min(self.bare.kish, self.worn.kish)
        if kish < FEWEST_PEOPLE:
            return "suppressed"
        return "interval" if kish < PEOPLE_FOR_ESTIMATE else "estimate"


def _row(
    masked: Masked,
    cell: Cell,
    place: _At,
    what: tuple[Literal["fmr", "fnmr"], Failures],
    sides: _Sides,
    level: float,
) -> MaskDifference:
    plan, point = masked.worn.plan, place.threshold
    bare, worn = sides.bare, sides.worn
    status: Status = sides.status
    if status != "suppressed" and not place.resolved:
        status = "unresolvable"
    there = place.thresholds is not None
    shown = status != "suppressed" and there
    met = (bare.trials_by_person > 0) & (worn.trials_by_person > 0)
    switched = sides.switched if there else None
    return MaskDifference(
        matcher=point.matcher,
        metric=what[0],
        operating_point=point.operating_point,
        at=place.at,
        probe_mask=plan.probe_mask,
        reference_mask=plan.reference_mask,
        condition=masked.condition,
        masks="drawn" if masked.drawn else "real",
        group_by=cell.group_by,
        group=cell.probe.label,
        failures=what[1],
        subjects=int(np.count_nonzero(met)),
        errors=worn.errors if there else None,
        trials=worn.trials,
        rate=worn.rate if shown else None,
        bare_errors=bare.errors if there else None,
        bare_trials=bare.trials,
        bare_rate=bare.rate if shown else None,
        level=level,
        change="not tested",
        adjusted_p=None,
        newly_missed=switched.lost.errors if switched else None,
        newly_found=switched.gained.errors if switched else None,
        status=status,
        threshold=place.thresholds[1] if place.thresholds else None,
        bare_threshold=place.thresholds[0] if place.thresholds else None,
        set_on=point.set_on,
        fmr=place.fmr,
        bare_fmr=place.bare_fmr,
        **_stated(sides, level, shown=shown),
    )


def _stated(sides: _Sides, level: float, *, shown: bool) -> dict[str, Any]:
    """Return the difference with its interval and test, empty where it may not be shown."""
    if not shown:
        names = ("difference", "low", "high", "p_value")
        return dict.fromkeys(names) | {"method": ""}
    found = paired_difference(
        sides.bare,
        sides.worn,
        level,
        switched=sides.switched,
        looser=(sides.looser[0], sides.looser[1]),
    )
    return {
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "method": found.method,
        "p_value": found.p_value,
    }


def _tested(rows: Sequence[MaskDifference], alpha: float) -> list[MaskDifference]:
    """Adjust p-values over the groups of a grouping by Holm; the diagnostic is not tested."""
    families: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        known = UNKNOWN not in row.group.split("+")
        usable = row.status in ("estimate", "interval") and row.at == "same-threshold"
        if known and usable and row.p_value is not None:
            families[row.metric, row.failures, row.group_by].append(place)
    adjusted = dict[int, float]()
    for places in families.values():
        adjusted |= dict(zip(places, holm([rows[k].p_value or 0.0 for k in places]), strict=True))
    return [
        row.model_copy(
            update={"p_value": row.p_value if place in adjusted else None}
            | ({"adjusted_p": adjusted[place]} if place in adjusted else {})
            | {"change": _change(row, adjusted.get(place), alpha)}
        )
        for place, row in enumerate(rows)
    ]


def _change(
    row: MaskDifference, p: float | None, alpha: float
) -> Literal["higher", "lower", "not detected", "not tested"]:
    if p is None or row.difference is None:
        return "not tested"
    if p > alpha or row.difference == 0:
        return "not detected"
    return "higher" if row.difference > 0 else "lower"
