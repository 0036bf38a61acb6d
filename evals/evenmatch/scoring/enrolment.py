"""How a person stands in a gallery: by every photograph, the latest, or one template of all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.matching.room import room
from evenmatch.matching.vectors import BLOCK, Stacked
from evenmatch.scoring.plan import Roster

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from evenmatch.scoring.dense_search import Lookup
    from evenmatch.scoring.plan import Rows

    Scores = npt.NDArray[np.float64]


def most_recent(
    people: Rows, enrollable: npt.NDArray[np.bool_], when: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Mark each person's most recent row among those that may be enrolled.

    Args:
        people: person code of every row.
        enrollable: rows that may be enrolled.
        when: larger is later; of equal ones the last row counts as the latest.
    """
    rows = np.flatnonzero(enrollable)
    order = rows[np.lexsort((rows, when[rows], people[rows]))]
    last = np.ones(order.size, dtype=bool)
    last[:-1] = people[order][1:] != people[order][:-1]
    chosen = np.zeros(people.size, dtype=bool)
    chosen[order[last]] = True
    return chosen


@dataclass(frozen=True)
class Pools:
    """A gallery with one entry a person, made of all that person's enrolled photographs.

    Entries are rows after those of the roster, so that a search meets them as it meets any other.

    Attributes:
        roster: the roster with the entries' rows added.
        entries: their rows, one a person.
        members: rows pooled, person after person.
        sizes: how many belong to each entry.
        first: the first row pooled of each entry.
    """

    roster: Roster
    entries: Rows
    members: Rows
    sizes: npt.NDArray[np.int64]
    first: Rows

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where each entry begins among the members."""
        return np.cumsum(self.sizes) - self.sizes

    def original(self, rows: Rows) -> Rows:
        """Return rows of the roster: an entry's first photograph stands for it; -1 stays."""
        before = self.entries[0]
        named = self.first[np.maximum(rows - before, 0)]
        return np.where(rows >= before, named, rows).astype(np.int32)


def pool(roster: Roster, gallery: Rows) -> Pools:
    """Put each person's enrolled photographs together."""
    members = gallery[np.argsort(roster.people[gallery], kind="stable")]
    _, start, sizes = np.unique(roster.people[members], return_index=True, return_counts=True)
    first = members[start]
    # An entry is no photograph: it has a code of its own, so that no search is mistaken for it.
    codes = int(roster.photographs.max()) + 1 + np.arange(first.size)
    return Pools(
        roster=Roster(
            np.concatenate([roster.people, roster.people[first]]),
            np.concatenate([roster.photographs, codes.astype(np.int32)]),
            np.concatenate([roster.groups, roster.groups[first]]),
            roster.n_groups,
        ),
        entries=(roster.people.size + np.arange(first.size)).astype(np.int32),
        members=members,
        sizes=sizes.astype(np.int64),
        first=first.astype(np.int32),
    )


def pooled_templates(templates: Templates, pools: Pools) -> Templates:
    """Add one template an entry: the mean of its photographs' templates that there are.

    Templates compared by inner product are brought to length 1 before and after, since an entry
    is compared as a template of its own; descriptors compared by distance are averaged as they
    are. An entry without any template fails for its first photograph's reason.
    """
    there = ~np.isin(pools.members, list(templates.failures))
    ends = np.append(pools.starts, pools.members.size)
    found = np.add.reduceat(there, ends[:-1], dtype=np.int64)
    made = room(pools.sizes.size, templates.vectors.shape[1])
    for start, stop in _stretches(ends[:-1]):
        some = slice(ends[start], ends[stop])
        members, sizes = pools.members[some], pools.sizes[start:stop]
        made[start:stop] = _means(templates, members, there[some], sizes)
    lost = {
        int(pools.entries[place]): templates.failures[int(pools.first[place])]
        for place in np.flatnonzero(found == 0)
    }
    return Templates(
        vectors=Stacked(templates.vectors, made),
        failures={**templates.failures, **lost},
        score_kind=templates.score_kind,
    )


def _stretches(starts: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Give stretches of entries whose photographs are read together."""
    edges = [*np.flatnonzero(np.diff(starts // BLOCK, prepend=-1)).tolist(), starts.size]
    yield from pairwise(edges)


def _means(
    templates: Templates,
    members: Rows,
    there: npt.NDArray[np.bool_],
    sizes: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return the means of some entries; zero where none of their photographs has a template."""
    vectors = templates.vectors[members].astype(np.float64)
    unit = templates.score_kind is ScoreKind.INNER_PRODUCT
    vectors = _unit(vectors) if unit else vectors
    entry = np.repeat(np.arange(sizes.size), sizes)
    summed = np.zeros((sizes.size, vectors.shape[1]))
    np.add.at(summed, entry[there], vectors[there])
    found = np.bincount(entry[there], minlength=sizes.size)
    mean = summed / np.maximum(found, 1)[:, None]
    return _unit(mean) if unit else mean


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def pooled_lookup(lookup: Lookup, pools: Pools) -> Lookup:
    """Return scores against entries: the largest over the photographs that have one."""
    before = int(pools.entries[0])

    def best(probe: Rows, reference: Rows) -> tuple[Scores, npt.NDArray[np.str_]]:
        entry = reference - before
        sizes = pools.sizes[entry]
        start = np.cumsum(sizes) - sizes
        within = np.arange(int(sizes.sum())) - np.repeat(start, sizes)
        rows = pools.members[np.repeat(pools.starts[entry], sizes) + within]
        scores, status = lookup(np.repeat(probe, sizes), rows)
        top = np.maximum.reduceat(np.where(np.isnan(scores), -np.inf, scores), start)
        lost = np.isneginf(top)
        return np.where(lost, np.nan, top), np.where(lost, status[start], "")

    return best
