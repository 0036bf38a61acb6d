"""One-to-many search in a place of use: alerts, right and wrong, and misses in a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evenmatch.results.carrying import Carried, Rate, basis_of, carry, readable
from evenmatch.results.place_of_use import ALL, Place, exposed
from evenmatch.stats.extrapolation import FARTHEST_GALLERY
from evenmatch.stats.identification import fmr_implied, fpir_if_independent
from evenmatch.stats.scenario import half_wrong_base_rate, search_day
from evenmatch.stats.thresholds import OperatingPoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from evenmatch.entries.scenario import ListSearches
    from evenmatch.results.model import Threshold
    from evenmatch.results.search_rows import GallerySlopeRow, ScenarioRow

AS_MEASURED = "as_measured"  # the audit's own gallery, so that every day is seen once unmodelled
WANTED_FPIR = 0.001  # where the operating point names a threshold and no FPIR
NOTHING = Rate(None, None, None, "suppressed")


def search_rows(place: Place, asked: ListSearches) -> Iterator[ScenarioRow]:
    """Work out a day of searches in every list, and in all lists together."""
    point = place.point("one_to_many", asked.operating_point)
    if point is None:
        return
    alarms = place.searched("fpir", point.operating_point, (ALL, ALL))
    misses = place.searched("fnir", point.operating_point, (ALL, ALL))
    if alarms is None or misses is None:
        return
    fpir, fnir = readable(alarms), readable(misses)
    for name, size in {AS_MEASURED: alarms.gallery_subjects, **asked.lists}.items():
        carried = carry(fpir, alarms.gallery_subjects, size, _slope(place, point))
        here = _List(place, asked, point, name, size, alarms.gallery_subjects)
        yield here.needed()
        yield here.half_wrong(carried, fnir)
        for base_rate in asked.base_rates:
            yield from here.day(base_rate, carried, fnir)
        for group_by in asked.travellers_by_group:
            yield from here.by_group(group_by)


def _slope(place: Place, point: Threshold) -> GallerySlopeRow | None:
    for row in place.result.gallery_slope:
        if (row.matcher, row.operating_point) == (place.matcher, point.operating_point):
            return row
    return None


@dataclass(frozen=True)
class _List:
    """One list of enrolled people that faces are searched in."""

    place: Place
    asked: ListSearches
    point: Threshold
    name: str
    size: int
    measured: int

    def row(self, **values: Any) -> ScenarioRow:  # noqa: ANN401 - the cells of one row
        """Return a row of this list."""
        return self.place.row(
            **{
                "part": "searches",
                "operating_point": self.point.operating_point,
                "threshold": self.point.threshold,
                "enrolled": self.name,
                "enrolled_subjects": self.size,
                "measured_subjects": self.measured,
                "basis": basis_of(self.size, self.measured),
            }
            | values
        )

    def needed(self) -> ScenarioRow:
        """Say how seldom a comparison may match wrongly to keep this FPIR on this list."""
        point = OperatingPoint.parse(self.point.operating_point)
        wanted = float(point.value) if point.kind == "fpir" else WANTED_FPIR
        return self.row(
            measure="fmr_needed",
            rate=wanted,
            value=fmr_implied(wanted, self.size),
            status="estimate",
            note=f"false match rate of independent comparisons that gives an FPIR of {wanted:g}",
        )

    def half_wrong(self, carried: Carried, fnir: Rate) -> ScenarioRow:
        """State the share of mated searches at which half of the alerts are wrong."""
        fpir = carried.rate
        return self.row(
            measure="half_wrong_base_rate",
            model=carried.model,
            note=carried.note,
            status=_weaker(fpir, fnir),
            value=_both(half_wrong_base_rate, fpir.value, fnir.value),
            low=_both(half_wrong_base_rate, fpir.low, fnir.low),
            high=_both(half_wrong_base_rate, fpir.high, fnir.high),
        )

    def day(self, base_rate: float, carried: Carried, fnir: Rate) -> Iterator[ScenarioRow]:
        """State the alerts, right and wrong, and the misses at one share of mated searches."""
        place, fpir = self.place, carried.rate
        mated = self.asked.searches * base_rate
        others = self.asked.searches - mated
        kept = "at an unchanged threshold; a system that adjusts scores to the list may differ"
        beyond = basis_of(self.size, self.measured) != "measured"
        held = {"base_rate": base_rate, "note": kept if beyond else ""}
        modelled = {"base_rate": base_rate, "model": carried.model, "note": carried.note}
        yield self.row(measure="false_alerts", **modelled, **place.counted(others, fpir))
        yield self.row(
            measure="true_alerts", **held, **place.counted(mated, _found(fnir), fixed=False)
        )
        yield self.row(measure="misses", **held, **place.counted(mated, fnir, fixed=False))

        def right(false: float, missed: float) -> float | None:
            return search_day(1.0, base_rate, fpir=false, fnir=missed).ppv

        yield self.row(
            measure="ppv",
            **modelled,
            status=_weaker(fpir, fnir),
            value=_both(right, fpir.value, fnir.value),
            low=_both(right, fpir.high, fnir.high),
            high=_both(right, fpir.low, fnir.low),
        )

    def by_group(self, group_by: str) -> Iterator[ScenarioRow]:
        """Share the false alerts out among the groups, at the smallest share of mated searches."""
        base_rate = self.asked.base_rates[0]
        others = self.asked.searches * (1 - base_rate)
        shares = self.asked.travellers_by_group[group_by]
        searches = {group: others * share for group, share in shares.items()}
        carried = {group: self._group(group_by, group) for group in shares}
        shared = exposed(searches, {group: each.rate for group, each in carried.items()})
        for group, each in carried.items():
            yield self.row(
                measure="false_alerts",
                base_rate=base_rate,
                group_by=group_by,
                group=group,
                model=each.model,
                note=each.note,
                **self.place.counted(searches[group], each.rate),
                **shared[group],
            )

    def _group(self, group_by: str, group: str) -> Carried:
        row = self.place.searched("fpir", self.point.operating_point, (group_by, group))
        if row is None:
            return Carried(NOTHING, basis_of(self.size, self.measured), "", "nobody searched")
        composition = self.asked.enrolled_by_group.get(group_by)
        near = self.size <= FARTHEST_GALLERY * self.measured
        if composition is None or not near or row.status != "estimate":
            return carry(readable(row), self.measured, self.size, _slope(self.place, self.point))
        rate = self._composed(group_by, group, composition)
        return Carried(
            Rate(rate, None, None, "estimate" if rate is not None else "suppressed"),
            basis_of(self.size, self.measured),
            "composition",
            "independent comparisons within and across groups in the list's own proportions, one "
            "photograph a person; modelled, without an interval",
        )

    def _composed(self, group_by: str, group: str, shares: Mapping[str, float]) -> float | None:
        """Return 1 - prod_r (1 - FMR[group, r])^N_r; None where a group was not enrolled."""
        cells = {
            row.reference_group: row
            for row in self.place.result.candidates
            if (row.matcher, row.operating_point)
            == (self.place.matcher, self.point.operating_point)
            and (row.group_by, row.probe_group) == (group_by, group)
            and row.probe_mask == self._bare_mask()
        }
        present = [part for part, share in shares.items() if share > 0]
        if any(part not in cells or not cells[part].comparisons for part in present):
            return None
        rates = [cells[part].candidates / cells[part].comparisons for part in present]
        modelled = fpir_if_independent(rates, [self.size * shares[part] for part in present])
        # A search without a template raises no alarm.
        where = (group_by, group)
        every = self.place.searched("fpir", self.point.operating_point, where)
        usable = self.place.searched("fpir", self.point.operating_point, where, "excluded")
        if every is None or usable is None or not every.searches:
            return None
        return modelled * usable.searches / every.searches

    def _bare_mask(self) -> str:
        return next(
            row.probe_mask
            for row in self.place.result.candidates
            if row.matcher == self.place.matcher
        )


def _found(fnir: Rate) -> Rate:
    """Return the share found; an upper bound on misses is a lower one on these."""
    value, low, high = (None if x is None else 1 - x for x in (fnir.value, fnir.high, fnir.low))
    return Rate(value, low, high, fnir.status)


def _weaker(one: Rate, other: Rate) -> str:
    order = ("estimate", "upper_bound", "unresolvable", "suppressed")
    return max(one.status, other.status, key=order.index)


def _both(make: Any, false: float | None, missed: float | None) -> float | None:  # noqa: ANN401
    """Apply a function of FPIR and FNIR where both are known."""
    if false is None or missed is None:
        return None
    found: float | None = (
        make(fpir=false, fnir=missed) if make is half_wrong_base_rate else make(false, missed)
    )
    return found
