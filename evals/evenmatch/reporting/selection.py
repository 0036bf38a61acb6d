"""Which rows of a result belong together: the questions every section and figure asks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from evenmatch.data.conditions import SYNTHETIC
from evenmatch.data.samples import UNKNOWN, UNMASKED
from evenmatch.reporting.leading import leading
from evenmatch.reporting.numbers import spoken

if TYPE_CHECKING:
    from evenmatch.results.model import (
        ErrorRate,
        GroupSize,
        IdentificationRate,
        RunResult,
        Threshold,
    )

ALL = "all"
HEADLINE_FAILURES = {"fmr": "excluded", "fnmr": "non-match"}
MaskPair = tuple[str, str | None]


@dataclass(frozen=True)
class Slice:
    """One table's worth of error rates: everything but the groups."""

    matcher: str
    metric: str
    operating_point: str | None
    masks: MaskPair
    failures: str | None
    group_by: str


@dataclass(frozen=True)
class View:
    """A result with its rows found by what they are about.

    Rows give the rate that leads: where a few people are most of the data, the mean of the
    people's own rates.
    """

    result: RunResult

    @cached_property
    def _slices(self) -> dict[Slice, list[ErrorRate]]:
        found: dict[Slice, list[ErrorRate]] = defaultdict(list)
        for row in self.result.error_rates:
            found[slice_of(row)].append(leading(row))
        return dict(found)

    @cached_property
    def slices(self) -> list[Slice]:
        """Every slice there is, in the order of the rows."""
        return list(self._slices)

    @cached_property
    def mask_pairs(self) -> list[MaskPair]:
        """Mask conditions of probe and reference, in the order of the rows."""
        pairs = ((key.masks) for key in self.slices if key.metric != "fta")
        return list(dict.fromkeys(pairs))

    @cached_property
    def bare(self) -> MaskPair:
        """The mask condition the report leads with: no mask where the benchmark says so."""
        for wanted in (("unmasked", "unmasked"), ("unknown", "unknown")):
            if wanted in self.mask_pairs:
                return wanted
        return self.mask_pairs[0] if self.mask_pairs else ("unknown", "unknown")

    @cached_property
    def matchers(self) -> list[str]:
        """Names of the matchers, in the config's order."""
        return [matcher.name for matcher in self.result.matchers]

    @cached_property
    def group_bys(self) -> list[str]:
        """The breakdowns in the order of the rows, without the marginal over everyone."""
        seen = [row.group_by for row in self.result.groups]
        seen += [key.group_by for key in self.slices]
        seen += [row.group_by for row in self.result.identification]
        return [name for name in dict.fromkeys(seen) if name != ALL]

    def rows(self, key: Slice) -> list[ErrorRate]:
        """Return the rows of a slice, or none."""
        return self._slices.get(key, [])

    def points(self, matcher: str, kind: str) -> list[Threshold]:
        """Return a matcher's operating points of a kind, in the config's order."""
        wanted = (matcher, kind)
        return [row for row in self.result.thresholds if (row.matcher, row.kind) == wanted]

    def headline(self, matcher: str, kind: str = "one_to_one") -> Threshold | None:
        """Return the first operating point the trials resolve; the first of all where none is."""
        points = self.points(matcher, kind)
        resolved = [point for point in points if point.status != "unresolvable"]
        return next(iter(resolved or points), None)

    def headline_slice(
        self, matcher: str, metric: str, group_by: str, *, masks: MaskPair | None = None
    ) -> Slice:
        """Return the slice the report leads with for a metric and a breakdown."""
        point = self.headline(matcher)
        text = point.operating_point if point else None
        failures = HEADLINE_FAILURES[metric]
        return Slice(matcher, metric, text, masks or self.bare, failures, group_by)

    def overall(
        self, matcher: str, metric: str, *, masks: MaskPair | None = None
    ) -> ErrorRate | None:
        """Return the marginal row over everyone at the headline operating point."""
        key = self.headline_slice(matcher, metric, ALL, masks=masks)
        return next(iter(self.rows(key)), None)

    def acquisition(self, matcher: str) -> ErrorRate | None:
        """Return everyone's failure to acquire, of bare faces where there are any."""
        wanted = (matcher, "fta", ALL)
        every = [
            row
            for row in self.result.error_rates
            if (row.matcher, row.metric, row.group_by) == wanted
        ]
        bare = [row for row in every if row.probe_mask == self.bare[0]]
        return next(map(leading, bare or every), None)

    def searches(
        self, matcher: str, metric: str, group_by: str, *, failures: str = "non-match"
    ) -> list[IdentificationRate]:
        """Return one-to-many rows of a metric; a point-bound metric at its headline point only."""
        point = self.headline(matcher, "one_to_many")
        text = None if metric == "cmc" or point is None else point.operating_point
        return [
            row
            for row in self.result.identification
            if (row.matcher, row.metric, row.group_by) == (matcher, metric, group_by)
            and row.failures == failures
            and text in (None, row.operating_point)
            and (row.rank is None or metric == "cmc")
            and operational(row)
        ]


def everyone(result: RunResult) -> GroupSize | None:
    """Return the row of all people and photographs of the benchmark."""
    return next((row for row in result.groups if row.group_by == ALL), None)


def operational(row: IdentificationRate) -> bool:
    """Whether a row is of the gallery as drawn, not of one made to compare compositions."""
    return not row.gallery.startswith(("balanced:", "only:"))


def slice_of(row: ErrorRate) -> Slice:
    """Return the slice a row belongs to."""
    masks = (row.probe_mask, row.reference_mask)
    return Slice(row.matcher, row.metric, row.operating_point, masks, row.failures, row.group_by)


def within(rows: list[ErrorRate]) -> list[ErrorRate]:
    """Return the rows whose two sides are one group."""
    return [row for row in rows if row.reference_group in (None, row.probe_group)]


def across(rows: list[ErrorRate]) -> list[ErrorRate]:
    """Return the cells of the cross-group matrix: both sides a group of the breakdown."""
    return [row for row in rows if ALL not in (row.probe_group, row.reference_group)]


def separable(rows: list[ErrorRate]) -> tuple[ErrorRate, ErrorRate] | None:
    """Return the rows with the lowest and the highest rate where their intervals do not overlap.

    Upper bounds take part as intervals from 0; suppressed and unresolvable rows do not.
    """
    usable = [row for row in rows if row.status in ("estimate", "upper_bound")]
    bounded = [row for row in usable if row.high is not None]
    estimates = [row for row in bounded if row.status == "estimate"]
    if len(bounded) < 2 or not estimates:
        return None
    lowest = min(bounded, key=_high)
    highest = max(estimates, key=_low)
    return (lowest, highest) if _low(highest) > _high(lowest) else None


def _low(row: ErrorRate) -> float:
    return row.low or 0.0


def _high(row: ErrorRate) -> float:
    return 1.0 if row.high is None else row.high


def masks_label(masks: MaskPair) -> str:
    """Return a mask condition in words: the probe's, then the reference's."""
    probe, reference = masks
    if reference is None or probe == reference == "unknown":
        return probe if probe != "unknown" else "photographs as given"
    return f"{probe} probe, {reference} reference"


def worn(masks: MaskPair) -> str:
    """Say which mask is on which side, as people put it; a drawn one is always called so."""
    probe, reference = masks
    bare = (UNMASKED, UNKNOWN, None)
    if reference in bare:
        return f"{_mask(probe)} on the probe"
    if probe in bare:
        return f"{_mask(reference)} on the reference"
    if probe == reference:
        return f"{_mask(probe)} on both sides"
    return f"{_mask(probe)} on the probe and {_mask(reference)} on the reference"


def _mask(label: str | None) -> str:
    if label in (UNMASKED, None):
        return "no mask"
    if label.startswith(SYNTHETIC):
        shape, coverage, colour = label.removeprefix(SYNTHETIC).split("-", maxsplit=2)
        return f"a drawn (synthetic) {shape} {coverage} {colour} mask"
    return f"a mask labelled {spoken(label)}"
