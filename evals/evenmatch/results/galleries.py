"""Who is enrolled: the size and composition of every gallery that was searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.results.search_rows import GalleryPart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evenmatch.data.groups import Groups
    from evenmatch.entries.search import OneToMany
    from evenmatch.results.one_to_many import Searched
    from evenmatch.scoring.plan import Roster


def gallery_rows(
    found: Sequence[Searched], roster: Roster, groups: Groups, asked: OneToMany
) -> Iterator[GalleryPart]:
    """Count the people and templates of every gallery by group; empty groups have no row."""
    for each in found:
        gallery = each.results.gallery
        for group_by, members in groups.groupings.items():
            for group in members:
                rows = gallery[groups.rows(group)[gallery]]
                if rows.size:
                    yield GalleryPart(
                        gallery=each.split.name,
                        policy=asked.gallery.policy,
                        mates=asked.mates,
                        group_by=group_by,
                        group=group.label,
                        subjects=int(np.unique(roster.people[rows]).size),
                        templates=int(rows.size),
                        share=rows.size / gallery.size,
                    )
