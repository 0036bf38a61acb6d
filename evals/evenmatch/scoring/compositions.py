"""The same people enrolled in other proportions: galleries balanced by group, and of one group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from evenmatch.scoring.galleries import Split
    from evenmatch.scoring.plan import Roster

FEWEST_ENROLLED = 5  # people of a group, below which a balanced gallery leaves it out


def other_galleries(
    split: Split,
    roster: Roster,
    group_by: str,
    members: Mapping[str, npt.NDArray[np.bool_]],
    rng: np.random.Generator,
) -> list[Split]:
    """Make the balanced and the single-group galleries of one grouping out of a gallery.

    The searches are the non-mated ones, which stay so whoever of these people is enrolled.

    Args:
        split: the gallery at hand.
        roster: who the rows are.
        group_by: the grouping's name.
        members: for each group that is balanced, its rows.
        rng: draws the people of larger groups.
    """
    searches = replace(
        split, searches=split.searches[~split.mated], mated=split.mated[~split.mated]
    )
    parts = {group: split.gallery[inside[split.gallery]] for group, inside in members.items()}
    parts = {group: rows for group, rows in parts.items() if rows.size}
    if len(parts) < 2:
        return []
    made = [
        replace(searches, name=f"only:{group_by}={group}", gallery=rows)
        for group, rows in parts.items()
    ]
    balanced = _balanced(roster, list(parts.values()), rng)
    if balanced.size:
        made.insert(0, replace(searches, name=f"balanced:{group_by}", gallery=balanced))
    return made


def _balanced(
    roster: Roster, parts: list[npt.NDArray[np.int32]], rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Draw as many people of every group as the smallest has that has enough."""
    people = [np.unique(roster.people[rows]) for rows in parts]
    kept = [number for number, each in enumerate(people) if each.size >= FEWEST_ENROLLED]
    if len(kept) < 2:
        return np.empty(0, dtype=np.int32)
    size = min(people[number].size for number in kept)
    chosen = []
    for number in kept:
        drawn = rng.permutation(people[number])[:size]
        chosen.append(parts[number][np.isin(roster.people[parts[number]], drawn)])
    return np.sort(np.concatenate(chosen)).astype(np.int32)
