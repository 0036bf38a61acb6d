"""What the threshold slider reads: counts at every stop, marks and bounds, packed for the page."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from evenmatch.reporting.leading import BALANCED, leading
from evenmatch.reporting.selection import ALL, masks_label
from evenmatch.results.sweep_rows import Sweep, SweepCell
from evenmatch.stats.cells import PEOPLE_FOR_ESTIMATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evenmatch.reporting.selection import View
    from evenmatch.results.model import Distribution, ErrorRate
    from evenmatch.results.sweep_rows import SearchSweep

EXAMPLE_SEARCHES = 10_000  # a day, where the run describes no place of use
_MOST_NUMBERS = 1_200_000  # on one page; beyond it cross-group cells are left out
# What a cell may say: anything, counts and a bound, or counts alone (methods 3.5).
OPEN, BOUNDED, LED, CLOSED = "", "bounded", "led", "closed"


def explore_data(view: View) -> dict[str, Any] | None:
    """Return everything the slider moves, or nothing where no scores were counted."""
    known = _Known(view)
    sweeps = [*view.result.sweeps, *_from_histograms(view)]
    crowded = sum(len(s.cells) * len(s.thresholds) for s in sweeps) > _MOST_NUMBERS
    views = [known.comparisons(sweep, crossed=not crowded) for sweep in sweeps]
    compared = {(sweep.matcher, sweep.probe_mask) for sweep in sweeps}
    views += [
        known.searches_alone(row)
        for row in view.result.search_sweeps
        if (row.matcher, row.probe_mask) not in compared
    ]
    return {"views": views, "day": _day(view)} if views else None


def _from_histograms(view: View) -> Iterator[Sweep]:
    """Give the sweeps of an audit written without them: its histograms, within groups alone.

    A count at an inner edge of a histogram is exact; how many mated trials have no score is read
    from the rates.
    """
    there = {(s.matcher, s.probe_mask, s.reference_mask) for s in view.result.sweeps}
    parts: dict[tuple[str, str, str], list[Distribution]] = defaultdict(list)
    for part in view.result.distributions:
        key = (part.matcher, part.probe_mask, part.reference_mask)
        if key not in there and part.probe_group == part.reference_group:
            parts[key].append(part)
    for (matcher, probe, reference), rows in parts.items():
        found: dict[tuple[str, str], dict[bool, Distribution]] = defaultdict(dict)
        for row in rows:
            if row.edges == rows[0].edges and len(row.edges) > 2:
                found[row.group_by, row.probe_group][row.mated] = row
        cells = [
            _histogram_cell(key, both[True].counts, both[False].counts)
            for key, both in found.items()
            if len(both) == 2
        ]
        if cells:
            yield Sweep(
                matcher=matcher,
                probe_mask=probe,
                reference_mask=reference,
                thresholds=rows[0].edges[1:-1],
                cells=cells,
            )


def _histogram_cell(key: tuple[str, str], mated: list[int], others: list[int]) -> SweepCell:
    above = list(accumulate(reversed(others)))[::-1]
    return SweepCell(
        group_by=key[0],
        probe_group=key[1],
        reference_group=key[1],
        non_mated=sum(others),
        false_matches=above[1:],
        mated=sum(mated),
        failed=0,
        misses=list(accumulate(mated))[:-1],
    )


@dataclass(frozen=True)
class _Known:
    """What the tables say of the cells, and how the page is told."""

    view: View

    @cached_property
    def _rows(self) -> dict[tuple[str, ...], list[ErrorRate]]:
        """Rows by matcher, masks, breakdown, both groups and metric."""
        found: dict[tuple[str, ...], list[ErrorRate]] = defaultdict(list)
        for row in self.view.result.error_rates:
            if row.failures != ("non-match" if row.metric == "fmr" else "excluded"):
                found[
                    row.matcher, row.probe_mask, row.reference_mask or "", row.group_by,
                    row.probe_group, row.reference_group or "", row.metric,
                ].append(row)  # fmt: skip
        return dict(found)

    def comparisons(self, sweep: Sweep, *, crossed: bool) -> dict[str, Any]:
        """Return one matcher's comparisons under one mask condition."""
        by: dict[str, list[SweepCell]] = defaultdict(list)
        for cell in sweep.cells:
            by[cell.group_by].append(cell)
        masks = masks_label((sweep.probe_mask, sweep.reference_mask))
        searches = next(
            (
                row
                for row in self.view.result.search_sweeps
                if (row.matcher, row.probe_mask) == (sweep.matcher, sweep.probe_mask)
                and row.thresholds == sweep.thresholds
            ),
            None,
        )
        return {
            **self._named(sweep.matcher, f"{sweep.matcher}: {masks}"),
            "at": sweep.thresholds,
            "crossed": crossed and sweep in self.view.result.sweeps,
            "by": [self._breakdown(sweep, name, by[name], crossed=crossed) for name in by],
            "searches": self._searches(searches) if searches else None,
            "fta": self._acquisition(sweep),
        }

    def searches_alone(self, row: SearchSweep) -> dict[str, Any]:
        """Return searches whose matcher made no comparisons."""
        return {
            **self._named(row.matcher, f"{row.matcher}: searches, {row.probe_mask} probe"),
            "at": row.thresholds,
            "crossed": False,
            "by": [],
            "searches": self._searches(row),
            "fta": None,
        }

    def _named(self, matcher: str, name: str) -> dict[str, Any]:
        facts = next(row for row in self.view.result.matchers if row.name == matcher)
        first = self.view.headline(matcher) or self.view.headline(matcher, "one_to_many")
        return {
            "name": name,
            "distance": facts.score_kind == "distance",
            "marks": self._marks(matcher),
            "first": first.threshold if first and math.isfinite(first.threshold) else None,
        }

    def _marks(self, matcher: str) -> list[list[Any]]:
        """Return thresholds chosen by the run and claimed by a vendor, with their names."""
        named: dict[float, list[str]] = defaultdict(list)
        for point in self.view.result.thresholds:
            if point.matcher == matcher:
                named[point.threshold].append(point.operating_point)
        for claim in self.view.result.claims:
            if claim.matcher == matcher and claim.part == "whole" and claim.threshold is not None:
                named[claim.threshold].append(f"claim {claim.claim}")
        finite = {at: names for at, names in named.items() if math.isfinite(at)}
        return [[at, ", ".join(dict.fromkeys(names))] for at, names in sorted(finite.items())]

    def _breakdown(
        self, sweep: Sweep, name: str, cells: Sequence[SweepCell], *, crossed: bool
    ) -> dict[str, Any]:
        groups = list(dict.fromkeys(c.probe_group for c in cells if _within(c)))
        place = {group: number for number, group in enumerate(groups)}
        return {
            "name": name,
            "groups": groups,
            "cells": [
                {"a": place[c.probe_group], "b": place[c.reference_group], **self._cell(sweep, c)}
                for c in cells
                if (crossed or _within(c)) and {c.probe_group, c.reference_group} <= place.keys()
            ],
        }

    def _cell(self, sweep: Sweep, cell: SweepCell) -> dict[str, Any]:
        """Return a cell's counts, what may be said of them, and the tables' upper bounds."""
        key = (
            sweep.matcher, sweep.probe_mask, sweep.reference_mask,
            cell.group_by, cell.probe_group, cell.reference_group,
        )  # fmt: skip
        matches, misses = (self._rows.get((*key, metric), []) for metric in ("fmr", "fnmr"))
        found: dict[str, Any] = {
            "n": cell.non_mated,
            "fm": packed(cell.false_matches[::-1]),
            "fs": _state(matches),
            "fb": _bounds(matches),
        }
        failed = cell.failed
        if not failed and misses:  # an audit without sweeps counts them in its rates alone
            failed = max(0, misses[0].trials - cell.mated)
        if cell.mated or failed:
            trials = cell.mated if cell.failed else cell.mated + failed
            found |= {
                "m": trials,
                "f": failed,
                "ms": packed(cell.misses),
                "s": _state(misses),
                "mb": _bounds(misses),
            }
        return found

    def _searches(self, row: SearchSweep) -> dict[str, Any]:
        states: dict[tuple[str, str, str], str] = {}
        for each in self.view.result.identification:
            if (each.matcher, each.probe_mask, each.gallery) == (
                row.matcher, row.probe_mask, row.gallery,
            ):  # fmt: skip
                known = each.subjects >= PEOPLE_FOR_ESTIMATE
                state = OPEN if known else CLOSED if each.status == "suppressed" else BOUNDED
                states[each.metric, each.group_by, each.group] = state
        return {
            "gallery": row.gallery_subjects,
            "cells": [
                {
                    "by": cell.group_by,
                    "group": cell.group,
                    "n": cell.non_mated,
                    "fm": packed(cell.alarms[::-1]),
                    "fs": states.get(("fpir", cell.group_by, cell.group), OPEN),
                    "m": cell.mated,
                    "ms": packed(cell.misses),
                    "s": states.get(("fnir", cell.group_by, cell.group), OPEN),
                }
                for cell in row.cells
            ],
        }

    def _acquisition(self, sweep: Sweep) -> float | None:
        """Return everyone's share of photographs without a template."""
        rows = self._rows.get((sweep.matcher, sweep.probe_mask, "", ALL, ALL, "", "fta"), [])
        return rows[0].errors / rows[0].trials if rows and rows[0].trials else None


def _within(cell: SweepCell) -> bool:
    return cell.probe_group == cell.reference_group


def packed(counts: Sequence[int]) -> str:
    """Return counts that never fall as their steps, nothing for a step of zero: `3,,,1`."""
    steps = [*counts[:1], *(after - before for before, after in pairwise(counts))]
    return ",".join(str(step) if step else "" for step in steps)


def _state(rows: Sequence[ErrorRate]) -> str:
    """Return what the people behind a cell let it say, whatever the threshold."""
    if not rows:
        return OPEN
    row = rows[0]
    if any(leading(each).method == BALANCED for each in rows):
        return LED
    if any(each.status == "suppressed" for each in rows):
        return CLOSED
    people = row.subjects if row.n_kish is None else row.n_kish
    return BOUNDED if people < PEOPLE_FOR_ESTIMATE else OPEN


def _bounds(rows: Sequence[ErrorRate]) -> list[list[float]]:
    """Return upper ends of the tables' intervals with their thresholds."""
    return [
        [row.threshold, row.high]
        for row in rows
        if row.threshold is not None and row.high is not None and math.isfinite(row.threshold)
    ]


def _day(view: View) -> dict[str, Any]:
    """Return how many searches and travellers a day the page starts from."""
    scenario = view.result.config.get("scenario") or {}
    searches, gates = scenario.get("searches") or {}, scenario.get("gates") or {}
    a_day = EXAMPLE_SEARCHES
    if searches:
        a_day = round(searches["travellers"] * searches.get("cameras", 1))
    return {
        "searches": a_day,
        "described": bool(searches),
        "travellers": gates.get("travellers"),
    }
