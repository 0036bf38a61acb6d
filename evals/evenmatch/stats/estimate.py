"""Estimate: a rate that carries its counts, and whose interval is a question one asks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenmatch.stats.guaranteed import guaranteed_high
from evenmatch.stats.intervals import clustered_exact, clustered_wilson, lower_bound, upper_bound

if TYPE_CHECKING:
    from evenmatch.stats.binomial import Interval
    from evenmatch.stats.cells import Status
    from evenmatch.stats.people import PersonCounts


@dataclass(frozen=True, eq=False)
class Estimate:
    """An error rate of one cell at one threshold.

    Attributes:
        counts: errors and trials, and whom they touch.
        status: what the cell supports; see `cell_status`.
        level: confidence of the interval it gives unasked.
        looser: the same cell at the nearest looser threshold where at least 30 units err.
        kish: effective people of the cell, of the side that has fewer; None where not asked.
    """

    counts: PersonCounts
    status: Status
    level: float = 0.95
    looser: PersonCounts | None = None
    kish: float | None = None

    @property
    def errors(self) -> int:
        """Trials that went wrong."""
        return self.counts.errors

    @property
    def trials(self) -> int:
        """Trials made."""
        return self.counts.trials

    @property
    def subjects(self) -> int:
        """Distinct people behind the trials."""
        return self.counts.subjects

    @property
    def shown(self) -> bool:
        """Whether the rate and its bounds may be printed."""
        return self.status not in ("suppressed", "no_trials")

    @property
    def rate(self) -> float | None:
        """The observed rate; None where there are no trials or too few people to show it."""
        return self.counts.rate if self.shown else None

    @property
    def method(self) -> str:
        """How the interval is made; it says so where the bound is one-sided."""
        one_sided = self.counts.errors == 0
        return "clustered_exact_one_sided" if one_sided else "clustered_exact"

    def interval(self, level: float | None = None) -> Interval | None:
        """Give the interval at a level, its own by default; None where no rate is shown."""
        if not self.shown:
            return None
        return clustered_exact(self.counts, level or self.level, self.looser)

    def reference_interval(self, level: float | None = None) -> Interval | None:
        """Give the literature's interval, for comparison; None where no rate is shown."""
        return clustered_wilson(self.counts, level or self.level) if self.shown else None

    def upper(self, alpha: float = 0.05) -> float:
        """One-sided upper bound, for a verdict."""
        return upper_bound(self.counts, alpha, self.looser)

    def lower(self, alpha: float = 0.05) -> float:
        """One-sided lower bound, for a verdict."""
        return lower_bound(self.counts, alpha, self.looser)

    def guaranteed_upper(
        self, alpha: float = 0.05, *, sides: tuple[int, int] | None = None
    ) -> float:
        """One-sided upper bound that holds however the trials depend on one another."""
        return guaranteed_high(self.counts, alpha, sides=sides)
