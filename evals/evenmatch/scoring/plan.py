"""Which rows are compared with which: the trials of one mask condition, before any score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Roster:
    """Who each template row is.

    Attributes:
        people: person code of every row, from 0.
        photographs: photograph code of every row; drawn masks share their photograph's code.
        groups: finest-group code of every row, from 0 to `n_groups` - 1.
        n_groups: how many finest groups there are.
    """

    people: Rows
    photographs: Rows
    groups: Rows
    n_groups: int

    @cached_property
    def n_people(self) -> int:
        """Number of person codes; arrays by person have this length."""
        return int(self.people.max()) + 1 if self.people.size else 0


@dataclass(frozen=True)
class Pairs:
    """Comparisons as two arrays of rows and whether each is of one person."""

    probe: Rows
    reference: Rows
    mated: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.probe.size)


@dataclass(frozen=True)
class Plan:
    """The rows compared under one mask condition.

    Two rows of one photograph are never compared. A mated trial is one person's two photographs.

    Attributes:
        probe_mask: mask condition of the probes.
        reference_mask: mask condition of the references.
        probes: rows used as probes, each once.
        references: rows used as references, each once; the same array where symmetric.
        symmetric: every unordered pair of rows once; otherwise every (probe, reference).
        listed: the trials themselves where a protocol lists them.
    """

    probe_mask: str
    reference_mask: str
    probes: Rows
    references: Rows
    symmetric: bool
    listed: Pairs | None = None

    def pairs(self, roster: Roster) -> Pairs:
        """Return every planned comparison, probes in order and references within a probe."""
        if self.listed is not None:
            return self.listed
        first, second = self._positions()
        probe, reference = self.probes[first], self.references[second]
        other = roster.photographs[probe] != roster.photographs[reference]
        probe, reference = probe[other], reference[other]
        return Pairs(probe, reference, roster.people[probe] == roster.people[reference])

    def mated_pairs(self, roster: Roster) -> tuple[Rows, Rows]:
        """Return the mated comparisons alone, in the order of `pairs`."""
        if self.listed is not None:
            return self.listed.probe[self.listed.mated], self.listed.reference[self.listed.mated]
        probe, reference = self.same_person(roster)
        other = roster.photographs[probe] != roster.photographs[reference]
        return probe[other], reference[other]

    def same_person(self, roster: Roster) -> tuple[Rows, Rows]:
        """Return the pairs of one person that the rows span, those of one photograph too."""
        left, right = join(roster.people[self.probes], roster.people[self.references])
        if self.symmetric:
            once = left < right
            left, right = left[once], right[once]
        return self.probes[left], self.references[right]

    def size(self, roster: Roster) -> int:
        """Return how many comparisons are planned, without enumerating them."""
        if self.listed is not None:
            return len(self.listed)
        if self.symmetric:
            every = self.probes.size * (self.probes.size - 1) // 2
        else:
            every = self.probes.size * self.references.size
        return int(every) - self._same_photograph(roster)

    def _same_photograph(self, roster: Roster) -> int:
        """Return how many of the row pairs are of one photograph."""
        left, right = join(roster.photographs[self.probes], roster.photographs[self.references])
        return int(np.count_nonzero(left < right)) if self.symmetric else int(left.size)

    def _positions(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return positions in `probes` and `references` of every pair of rows."""
        if self.symmetric:
            return np.triu_indices(self.probes.size, 1)
        grid = np.indices((self.probes.size, self.references.size)).reshape(2, -1)
        return grid[0], grid[1]


def join(
    left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return positions (i, j) with left[i] == right[j], ordered by i and then by j."""
    order = np.argsort(right, kind="stable")
    first = np.searchsorted(right[order], left, side="left")
    last = np.searchsorted(right[order], left, side="right")
    found = last - first
    i = np.repeat(np.arange(left.size), found)
    within = np.arange(i.size) - np.repeat(np.cumsum(found) - found, found)
    return i, order[np.repeat(first, found) + within]
