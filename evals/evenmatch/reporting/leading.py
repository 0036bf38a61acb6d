"""Which of a row's two rates leads: of all trials, or the mean of the people's own rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.stats.balanced import PEOPLE_FOR_BALANCED
from evenmatch.stats.cells import UNITS_FOR_ESTIMATE

if TYPE_CHECKING:
    from evenmatch.results.model import ErrorRate

BALANCED = "balanced_exact"


def leading(row: ErrorRate) -> ErrorRate:
    """Return the row with the person-balanced rate in front where a few people are the data.

    Under 30 effective people in a cell of at least 30 (methods 3.5). The counts stay, and from
    them the pooled rate beside it.
    """
    if (
        row.n_kish is None
        or row.n_kish >= PEOPLE_FOR_BALANCED
        or row.subjects < PEOPLE_FOR_BALANCED
        or row.status == "unresolvable"
        or row.balanced_rate is None
        or row.balanced_low is None
        or row.balanced_high is None
    ):
        return row
    enough = row.erring_units >= UNITS_FOR_ESTIMATE
    return row.model_copy(
        update={
            "rate": row.balanced_rate,
            "low": row.balanced_low,
            "high": row.balanced_high,
            "method": BALANCED,
            "status": "estimate" if enough else "upper_bound",
        }
    )
