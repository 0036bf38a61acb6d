"""A matcher's rows as a scenario asks them, and the row that a scenario gives back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evenmatch.results.search_rows import ScenarioRow
from evenmatch.stats.scenario import exposure, prediction_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evenmatch.results.carrying import Rate
    from evenmatch.results.model import ErrorRate, IdentificationRate, RunResult, Threshold

ALL = "all"


@dataclass(frozen=True)
class Place:
    """One matcher's rows, and where they are put to use."""

    result: RunResult
    matcher: str
    level: float

    def point(self, kind: str, text: str | None) -> Threshold | None:
        """Return the operating point asked for; the first where none is."""
        known = [
            row
            for row in self.result.thresholds
            if (row.matcher, row.kind) == (self.matcher, kind)
            and text in (None, row.operating_point)
        ]
        return next(iter(known), None)

    def compared(
        self, metric: str, point: str | None, failures: str | None, where: tuple[str, str]
    ) -> ErrorRate | None:
        """Return the row of a group's own comparisons in the barest mask condition."""
        for row in self.result.error_rates:
            if (
                (row.matcher, row.metric, row.operating_point) == (self.matcher, metric, point)
                and row.failures == failures
                and (row.group_by, row.probe_group) == where
                and row.reference_group in (None, row.probe_group)
            ):
                return row
        return None

    def searched(
        self, metric: str, point: str, where: tuple[str, str], failures: str = "non-match"
    ) -> IdentificationRate | None:
        """Return the row of a group's searches of the gallery as drawn, with the barest faces."""
        for row in self.result.identification:
            if (
                (row.matcher, row.metric, row.operating_point) == (self.matcher, metric, point)
                and (row.group_by, row.group) == where
                and row.rank is None
                and row.failures == failures
            ):
                return row
        return None

    def row(self, **values: Any) -> ScenarioRow:  # noqa: ANN401 - the cells of one row
        """Return a row, what is not given left empty."""
        return ScenarioRow.model_validate(
            dict.fromkeys(ScenarioRow.model_fields)
            | {"matcher": self.matcher, "level": self.level, "model": "", "note": ""}
            | {"enrolled": "", "basis": "measured", "group_by": ALL, "group": ALL}
            | {"labelled_by": ""}
            | values
        )

    def counted(self, a_day: float, rate: Rate, *, fixed: bool = True) -> dict[str, Any]:
        """Return a day's count: what is expected, and where the day's own count will lie.

        Args:
            a_day: transactions a day that the rate applies to.
            rate: the rate.
            fixed: whether there are no more of them than this on any day.
        """
        cells: dict[str, Any] = {
            "a_day": a_day,
            "rate": rate.value,
            "rate_low": rate.low,
            "rate_high": rate.high,
            "status": rate.status,
            "value": None if rate.value is None else a_day * rate.value,
        }
        if rate.low is not None and rate.high is not None:
            low, high = prediction_interval(a_day, rate.low, rate.high, self.level)
            most = math.ceil(a_day) if fixed else high
            cells |= {"low": min(low, most), "high": min(high, most)}
        return cells


def exposed(
    people: Mapping[str, float], rates: Mapping[str, Rate]
) -> dict[str, dict[str, float | None]]:
    """Return each group's share of the wrong decisions; nothing where a group has no rate."""
    known = {group: rate.value for group, rate in rates.items() if rate.value is not None}
    if len(known) < len(people):
        return {group: {"share": None, "ratio": None} for group in people}
    return {
        group: {"share": each.share_of_alerts, "ratio": each.ratio}
        for group, each in exposure(people, known).items()
    }
