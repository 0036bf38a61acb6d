"""What a cell of a table may say, given the people behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Stated = Literal["estimate", "upper_bound", "unresolvable", "suppressed"]
Status = Stated | Literal["no_trials"]

FEWEST_PEOPLE = 10  # below this no rate is shown
PEOPLE_FOR_ESTIMATE = 30  # below this a rate is an upper bound
PEOPLE_TO_RANK = 100  # below this a group is compared but never ranked
UNITS_FOR_ESTIMATE = 3  # fewer erring people, or pairs of people, make an upper bound


def cell_status(
    *, trials: int, erring_units: int, kish: Sequence[float], resolved: bool = True
) -> Status:
    """Say what a cell supports (methods 3.5).

    Args:
        trials: trials in the cell.
        erring_units: distinct erring pairs of people; for mated trials, erring people.
        kish: effective people of each group the cell needs: one entry for mated trials, two for
            a cross of groups; the smallest decides.
        resolved: whether the trials that set the threshold could resolve its target.
    """
    if trials == 0 or not kish:
        return "no_trials"
    people = min(kish)
    if people < FEWEST_PEOPLE:
        return "suppressed"
    if not resolved:
        return "unresolvable"
    if people < PEOPLE_FOR_ESTIMATE or erring_units < UNITS_FOR_ESTIMATE:
        return "upper_bound"
    return "estimate"


def stated_status(status: Status) -> Stated:
    """Return a status as tables have it: without a trial there are too few people to speak of."""
    return "suppressed" if status == "no_trials" else status


def few_people(subjects: int) -> bool:
    """Whether a group is too small to be ranked by an index; it is still compared."""
    return subjects < PEOPLE_TO_RANK
