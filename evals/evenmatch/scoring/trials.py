"""How non-mated trials fall on people: in closed form for all pairs, from the list otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import sparse

from evenmatch.scoring.meeting import Held, meetings
from evenmatch.scoring.touched import by_person

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.plan import Plan, Roster, Rows
    from evenmatch.scoring.touched import Codes, Counts

    Selection = npt.NDArray[np.bool_]


REMEMBERED = 128 << 20  # bytes of answers kept for the next question


@dataclass(frozen=True)
class TrialSums:
    """Trials of a selection of cells: in all, by person, and by unordered pair of people."""

    trials: int
    by_person: Counts
    units: int
    squares: int
    probe_people: Counts
    reference_people: Counts


class Trials(Protocol):
    """Answers how many usable non-mated trials a selection holds, and whose."""

    def sums(self, selection: Selection) -> TrialSums:
        """Return the trials of the selected cells."""
        ...

    def between(self, selection: Selection, first: Codes, second: Codes) -> Counts:
        """Return trials of given pairs of people, both directions added."""
        ...


def folded(selection: Selection, *, symmetric: bool) -> Selection:
    """Return the selection with both orientations of a cell where trials have none."""
    return selection | selection.T if symmetric else selection


class AllPairs:
    """Every usable probe against every usable reference of another person.

    With P and R the photographs of each person in each group, person i is compared with person j
    in (P S R')_ij trials for a selection S, so that every sum needs only small matrices.
    """

    def __init__(self, plan: Plan, roster: Roster, usable: npt.NDArray[np.bool_]) -> None:
        self.symmetric = plan.symmetric
        self._probes = _photographs(plan.probes[usable[plan.probes]], roster)
        self._references = _photographs(plan.references[usable[plan.references]], roster)
        self._known: dict[bytes, TrialSums] = {}

    def sums(self, selection: Selection) -> TrialSums:
        """Return the trials of the selected cells, by formula; recent answers are remembered."""
        key = selection.tobytes()
        if key not in self._known:
            if len(self._known) * self._probes.shape[0] * 24 > REMEMBERED:
                self._known.clear()
            self._known[key] = self._sums(selection)
        return self._known[key]

    def _sums(self, selection: Selection) -> TrialSums:
        as_probe, as_reference = self._sides(selection, self._own(selection))
        whole = folded(selection, symmetric=self.symmetric)
        own = self._own(whole)
        probe, reference = self._sides(whole, own)
        total = int(probe.sum())
        return TrialSums(
            trials=total // 2 if self.symmetric else total,
            by_person=probe if self.symmetric else probe + reference,
            units=self._units(whole),
            squares=self._squares(whole, own),
            probe_people=as_probe,
            reference_people=as_reference,
        )

    def between(self, selection: Selection, first: Codes, second: Codes) -> Counts:
        """Return trials of given pairs of people, both directions added."""
        whole = folded(selection, symmetric=self.symmetric)
        count = self._one_way(whole, first, second)
        return count if self.symmetric else count + self._one_way(whole, second, first)

    def _one_way(self, whole: Selection, probes: Codes, references: Codes) -> Counts:
        """Return trials of each probe person with each reference person."""
        count = np.zeros(len(probes), np.int64)
        first, second = probes.astype(np.int64), references.astype(np.int64)
        meetings(_held(self._probes), _held(self._references), whole, first, second, count)
        return count

    def _own(self, whole: Selection) -> Counts:
        """Return, by person, the row pairs of the cells that are of that one person."""
        everyone = np.arange(self._probes.shape[0])
        return self._one_way(whole, everyone, everyone)

    def _sides(self, cells: Selection, own: Counts) -> tuple[Counts, Counts]:
        """Return ordered trials with another person by probe and by reference person."""
        whole = cells.astype(np.int64)
        ahead = whole @ np.asarray(self._references.sum(axis=0)).ravel()
        back = np.asarray(self._probes.sum(axis=0)).ravel() @ whole
        return self._probes @ ahead - own, self._references @ back - own

    def _squares(self, cells: Selection, own: Counts) -> int:
        """Return the sum over unordered pairs of people of their trials squared."""
        whole = cells.astype(np.int64)
        probes = (self._probes.T @ self._probes).toarray()
        references = (self._references.T @ self._references).toarray()
        one_way = int(np.sum((whole.T @ probes @ whole) * references)) - int(np.sum(own * own))
        if self.symmetric:
            return one_way // 2
        cross = (self._references.T @ self._probes).toarray() @ whole
        return one_way + int(np.sum(cross * cross.T)) - int(np.sum(own * own))

    def _units(self, cells: Selection) -> int:
        """Return unordered pairs of people with a trial, by the groups each person appears in."""
        probe, reference, people = self._patterns
        met = probe @ cells.astype(np.int64) @ reference.T > 0
        if not self.symmetric:
            met |= met.T
        ordered = int(people @ met @ people) - int(people @ np.diag(met))
        return ordered // 2

    @cached_property
    def _patterns(self) -> tuple[Counts, Counts, Counts]:
        """Return the distinct (probe groups, reference groups) of people, and people of each."""
        both = sparse.hstack([self._probes, self._references], format="csr")
        both.data[:] = 1
        if not both.shape[0]:
            empty = np.zeros((0, self._probes.shape[1]), np.int64)
            return empty, empty, np.zeros(0, np.int64)
        found: dict[bytes, int] = {}
        indices = both.indices
        for low, high in zip(both.indptr[:-1], both.indptr[1:], strict=True):
            key = np.sort(indices[low:high]).tobytes()
            found[key] = found.get(key, 0) + 1
        dense = np.zeros((len(found), both.shape[1]), np.int64)
        for k, key in enumerate(found):
            dense[k, np.frombuffer(key, dtype=indices.dtype)] = 1
        probe, reference = np.hsplit(dense, 2)
        return probe, reference, np.fromiter(found.values(), np.int64, len(found))


class Listed:
    """Non-mated trials that a protocol or a score file lists one by one."""

    def __init__(self, probe: Rows, reference: Rows, roster: Roster, *, symmetric: bool) -> None:
        self.symmetric = symmetric
        self._n_people = roster.n_people
        self._probe, self._reference = roster.people[probe], roster.people[reference]
        self._cells = roster.groups[probe], roster.groups[reference]

    def sums(self, selection: Selection) -> TrialSums:
        """Return the trials of the selected cells, from the list."""
        _, i, j, count = self._pairs(selection)
        as_probe, as_reference = self._sides(selection)
        return TrialSums(
            trials=int(count.sum()),
            by_person=by_person(i, j, count, self._n_people),
            units=int(count.size),
            squares=int(np.sum(count * count)),
            probe_people=as_probe,
            reference_people=as_reference,
        )

    def _sides(self, selection: Selection) -> tuple[Counts, Counts]:
        """Return trials by probe and by reference person, in either direction where none counts."""
        groups, people = self._cells, (self._probe, self._reference)
        ahead = selection[groups]
        sides = [np.bincount(side[ahead], minlength=self._n_people) for side in people]
        if self.symmetric:
            back = selection[groups[::-1]]
            sides[0] += np.bincount(people[1][back], minlength=self._n_people)
            sides[1] += np.bincount(people[0][back], minlength=self._n_people)
        return sides[0].astype(np.int64, copy=False), sides[1].astype(np.int64, copy=False)

    def between(self, selection: Selection, first: Codes, second: Codes) -> Counts:
        """Return trials of given pairs of people, both directions added."""
        keys, _, _, count = self._pairs(selection)
        low, high = np.minimum(first, second).astype(np.int64), np.maximum(first, second)
        asked = low * self._n_people + high
        if not keys.size:
            return np.zeros(asked.size, np.int64)
        at = np.minimum(np.searchsorted(keys, asked), keys.size - 1)
        return np.where(keys[at] == asked, count[at], 0)

    def _pairs(self, selection: Selection) -> tuple[Counts, Counts, Counts, Counts]:
        """Return the unordered pairs of people tried: key, either person, trials."""
        chosen = folded(selection, symmetric=self.symmetric)[self._cells]
        probe, reference = self._probe[chosen], self._reference[chosen]
        low, high = np.minimum(probe, reference).astype(np.int64), np.maximum(probe, reference)
        keys, count = np.unique(low * self._n_people + high, return_counts=True)
        return keys, keys // max(self._n_people, 1), keys % max(self._n_people, 1), count


def _held(photographs: sparse.csr_array) -> Held:
    """Return a sparse matrix as the kernels take it."""
    return Held(
        photographs.indptr.astype(np.int64, copy=False),
        photographs.indices.astype(np.int64, copy=False),
        photographs.data,
    )


def _photographs(rows: Rows, roster: Roster) -> sparse.csr_array:
    """Return the photographs of each person (row) in each group (column)."""
    ones = np.ones(rows.size, np.int64)
    shape = (roster.n_people, roster.n_groups)
    return sparse.csr_array((ones, (roster.people[rows], roster.groups[rows])), shape=shape)
