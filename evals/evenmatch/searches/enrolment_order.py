"""Which photograph of a person is the most recent, by a column of the benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.data.samples import UNKNOWN
from evenmatch.errors import RequestError
from evenmatch.scoring.enrolment import most_recent

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.data.samples import Samples


def recent_rows(
    samples: Samples, enrollable: npt.NDArray[np.bool_], recent_by: str | None
) -> tuple[npt.NDArray[np.bool_], str]:
    """Mark each person's most recent photograph among those that may be enrolled.

    Args:
        samples: the benchmark's rows.
        enrollable: rows that may be enrolled.
        recent_by: the column that says when; None takes the last row of the manifest.

    Returns:
        The rows, and a sentence for the reader where the manifest's order decided.

    Raises:
        RequestError: the benchmark has no such column.
    """
    when = np.zeros(len(samples)) if recent_by is None else _when(samples, recent_by)
    chosen = most_recent(samples.people, enrollable, when)
    if recent_by is None:
        return chosen, (
            "Gallery policy `recent` without `recent_by`: each person's last row of the manifest "
            "was enrolled, which need not be the most recent photograph."
        )
    tied = _tied(samples.people, enrollable, when, chosen)
    if not tied:
        return chosen, ""
    return chosen, (
        f"Gallery policy `recent`: {tied} people have several photographs of one {recent_by}; "
        "the last of these in the manifest was enrolled."
    )


def _when(samples: Samples, recent_by: str) -> npt.NDArray[np.float64]:
    """Place the column's values: numbers as numbers, else in the card's order, else as text."""
    values = samples.attributes.get(recent_by)
    if values is None:
        raise RequestError(
            f"one_to_many.gallery.recent_by: there is no column {recent_by!r}; choose from "
            f"{sorted(samples.attributes)}."
        )
    known = [value for value in values if value != UNKNOWN]
    try:
        place = {value: float(value) for value in known}
    except ValueError:
        place = {value: float(number) for number, value in enumerate(known)}
    place[UNKNOWN] = -np.inf  # what has no date is never the most recent where another has one
    return np.array([place[value] for value in samples.table[recent_by]], dtype=np.float64)


def _tied(
    people: npt.NDArray[np.int32],
    enrollable: npt.NDArray[np.bool_],
    when: npt.NDArray[np.float64],
    chosen: npt.NDArray[np.bool_],
) -> int:
    latest = np.full(int(people.max()) + 1, np.nan)
    latest[people[chosen]] = when[chosen]
    rivals = enrollable & (when == latest[people])
    return int(np.count_nonzero(np.bincount(people[rivals]) > 1))
