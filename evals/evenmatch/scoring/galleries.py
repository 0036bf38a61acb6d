"""Who is enrolled in a gallery and who searches it: random splits of the people, by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.plan import Roster

    Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Split:
    """One gallery and its searches.

    Attributes:
        name: `split-1`, `split-2`, ...
        gallery: rows enrolled.
        searches: rows searched with; never a photograph that is enrolled.
        mated: for each search, whether its person is enrolled.
    """

    name: str
    gallery: Rows
    searches: Rows
    mated: npt.NDArray[np.bool_]


def make_splits(
    roster: Roster,
    enrollable: npt.NDArray[np.bool_],
    searching: npt.NDArray[np.bool_],
    *,
    enrolled: float,
    splits: int,
    rng: np.random.Generator,
) -> list[Split]:
    """Enrol a share of the people, stratified by group, again and again.

    Args:
        roster: who each row is.
        enrollable: rows that may be enrolled.
        searching: rows that may be searched with.
        enrolled: share of the people enrolled; the others' searches are non-mated.
        splits: how many random splits; where everybody is enrolled there is one.
        rng: the only source of chance.

    Raises:
        RequestError: a split leaves no gallery, no mated search or no non-mated search.
    """
    made = []
    for number in range(1, (splits if enrolled < 1 else 1) + 1):
        people = _draw_people(roster, enrollable, enrolled, rng)
        gallery = np.flatnonzero(enrollable & np.isin(roster.people, people))
        in_gallery = np.isin(roster.photographs, roster.photographs[gallery])
        searches = np.flatnonzero(searching & ~in_gallery)
        mated = np.isin(roster.people[searches], people)
        if not gallery.size or not mated.any() or mated.all():
            raise RequestError(
                f"one_to_many: split {number} has {gallery.size} photographs enrolled, "
                f"{int(mated.sum())} mated and {int((~mated).sum())} non-mated searches; choose "
                "`gallery.where`, `searches.where` and `enrolled` so that there are some of each."
            )
        made.append(
            Split(f"split-{number}", gallery.astype(np.int32), searches.astype(np.int32), mated)
        )
    return made


def _draw_people(
    roster: Roster, enrollable: npt.NDArray[np.bool_], share: float, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Draw a share of the people of every group; a person is in the group of their first row."""
    rows = np.flatnonzero(enrollable)
    people, first = np.unique(roster.people[rows], return_index=True)
    groups = roster.groups[rows[first]]
    drawn = []
    for group in np.unique(groups):
        members = people[groups == group]
        # Groups too small to divide evenly round at random, so that the share holds on average.
        count = int(np.floor(share * members.size + rng.random()))
        drawn.append(rng.permutation(members)[:count])
    return np.sort(np.concatenate(drawn)).astype(np.int32)
