"""Every wrong candidate at or above a threshold, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from evenmatch.results.search_rows import CandidateCell, Selectivity
from evenmatch.stats.cells import cell_status, stated_status
from evenmatch.stats.people import PersonCounts
from evenmatch.stats.resampling import ratio_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from evenmatch.data.groups import Group, Groups
    from evenmatch.results.model import Threshold
    from evenmatch.results.one_to_many import Searched
    from evenmatch.scoring.plan import Roster, Rows
    from evenmatch.scoring.search import SearchResults

METHOD = "searcher_bootstrap"


class Searching(Protocol):
    """What can search a gallery again, for a longer list."""

    def search(self, searches: Rows, gallery: Rows, *, length: int) -> SearchResults:
        """Return the candidates of searches."""


@dataclass(frozen=True)
class Alarms:
    """The wrong candidates of the non-mated searches of one gallery at one threshold.

    Attributes:
        found: the searches.
        threshold: the threshold.
        searches: rows of the non-mated searches.
        failed: which of them have no template.
        search: position among `searches` of each wrong candidate.
        reference: row of each wrong candidate.
    """

    found: Searched
    threshold: Threshold
    searches: Rows
    failed: npt.NDArray[np.bool_]
    search: npt.NDArray[np.int64]
    reference: Rows


def wrong_candidates(searching: Searching, found: Searched, threshold: Threshold) -> Alarms:
    """List the wrong candidates; where a list ends above the threshold, search for all of it."""
    chosen = ~found.searches.mated
    rows, results = found.rows[chosen], found.results
    scores, references = results.candidates[chosen], results.candidate_rows[chosen]
    above = (scores >= threshold.threshold) & (references >= 0)
    whole = int(results.gallery.size)
    cut = above[:, -1] & (above.shape[1] < whole)
    search, place = np.nonzero(above & ~cut[:, None])
    reference = references[search, place]
    if cut.any():
        longer = searching.search(rows[cut], found.split.gallery, length=whole)
        above = (longer.candidates >= threshold.threshold) & (longer.candidate_rows >= 0)
        again, place = np.nonzero(above)
        search = np.concatenate([search, np.flatnonzero(cut)[again]])
        reference = np.concatenate([reference, longer.candidate_rows[again, place]])
    failed = found.searches.failed[chosen]
    return Alarms(found, threshold, rows, failed, search.astype(np.int64), reference)


def selectivity_rows(
    alarms: Alarms,
    roster: Roster,
    groups: Groups,
    rng: np.random.Generator,
    *,
    level: float,
    replicates: int,
) -> Iterator[Selectivity]:
    """Give the wrong candidates a search by the searcher's group, and whether they share it."""
    for group_by, members in groups.groupings.items():
        whole = len(members) > 1 or group_by != "all"
        expected = _expected(alarms, groups, members) if whole else None
        for group in [None, *members] if whole else members:
            yield _Cell(alarms, roster, groups, group_by, group, expected).row(
                rng, level=level, replicates=replicates
            )


def _expected(alarms: Alarms, groups: Groups, members: list[Group]) -> npt.NDArray[np.float64]:
    """Return for each wrong candidate the gallery's share of the searched person's group."""
    gallery = alarms.found.results.gallery
    expected = np.zeros(alarms.search.size)
    for group in members:
        inside = groups.rows(group)
        expected[inside[alarms.searches[alarms.search]]] = inside[gallery].mean()
    return expected


@dataclass(frozen=True)
class _Cell:
    """The wrong candidates of one group's searches; of everybody's where `group` is None."""

    alarms: Alarms
    roster: Roster
    groups: Groups
    group_by: str
    group: Group | None
    expected: npt.NDArray[np.float64] | None

    def row(self, rng: np.random.Generator, *, level: float, replicates: int) -> Selectivity:
        """State the cell."""
        alarms, found, point = self.alarms, self.alarms.found, self.alarms.threshold
        inside = self._inside()
        counted = inside[alarms.search]
        people = self.roster.people[alarms.searches]
        alerted = np.zeros(people.size, dtype=bool)
        alerted[alarms.search] = True
        counts = PersonCounts.of_people(
            np.bincount(people[inside & alerted], minlength=self.roster.n_people),
            np.bincount(people[inside], minlength=self.roster.n_people),
        )
        status = cell_status(
            trials=counts.trials,
            erring_units=counts.erring_units,
            kish=[counts.kish],
            resolved=point.status != "unresolvable",
        )
        shown = status not in ("suppressed", "no_trials")
        by_person = self._by_person(counted.astype(np.float64))
        low = high = None
        if status == "estimate":
            low, high = ratio_interval(
                by_person, counts.trials_by_person, rng, replicates=replicates, level=level
            )
        same = self._shared(counted, rng, level=level, replicates=replicates, status=status)
        return Selectivity(
            matcher=point.matcher,
            operating_point=point.operating_point,
            threshold=point.threshold,
            gallery=found.split.name,
            gallery_subjects=found.searches.gallery_people,
            gallery_templates=int(found.results.gallery.size),
            probe_mask=found.probe_mask,
            group_by=self.group_by,
            group=self.group.label if self.group else "all",
            searches=counts.trials,
            subjects=counts.subjects,
            erring_subjects=counts.erring_units,
            candidates=int(counted.sum()),
            selectivity=int(counted.sum()) / counts.trials if shown else None,
            low=low,
            high=high,
            level=level,
            method=METHOD,
            status=stated_status(status),
            **same,
        )

    def _inside(self) -> npt.NDArray[np.bool_]:
        if self.group is None:
            return np.ones(self.alarms.searches.size, dtype=bool)
        return self.groups.rows(self.group)[self.alarms.searches]

    def _by_person(self, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        people = self.roster.people[self.alarms.searches[self.alarms.search]]
        summed = np.bincount(people, weights=weights, minlength=self.roster.n_people)
        return summed.astype(np.float64)

    def _shared(
        self,
        counted: npt.NDArray[np.bool_],
        rng: np.random.Generator,
        *,
        level: float,
        replicates: int,
        status: str,
    ) -> dict[str, int | float | None]:
        """Compare the candidates of the searched person's own group with the gallery's share."""
        if self.expected is None:
            return {"same_group": int(counted.sum())} | dict.fromkeys(_SHARES)
        probes = self.alarms.searches[self.alarms.search]
        same = counted & self._same_group(probes, self.alarms.reference)
        total, expected = int(counted.sum()), float(self.expected[counted].sum())
        values: dict[str, int | float | None] = dict.fromkeys(_SHARES)
        values["same_group"] = int(same.sum())
        if total and status not in ("suppressed", "no_trials"):
            values["same_group_share"] = int(same.sum()) / total
            values["gallery_share"] = expected / total
            values["ratio"] = int(same.sum()) / expected if expected else None
        if status == "estimate" and expected:
            values["ratio_low"], values["ratio_high"] = ratio_interval(
                self._by_person(same.astype(np.float64)),
                self._by_person(self.expected * counted),
                rng,
                replicates=replicates,
                level=level,
            )
        return values

    def _same_group(self, probes: Rows, references: Rows) -> npt.NDArray[np.bool_]:
        same = np.zeros(probes.size, dtype=bool)
        for group in self.groups.groupings[self.group_by]:
            inside = self.groups.rows(group)
            same |= inside[probes] & inside[references]
        return same


_SHARES = ("same_group_share", "gallery_share", "ratio", "ratio_low", "ratio_high")


def candidate_cells(alarms: Alarms, roster: Roster, groups: Groups) -> Iterator[CandidateCell]:
    """Count what non-mated searches met, by the groups of both sides."""
    probes, gallery = alarms.searches[alarms.search], alarms.found.results.gallery
    people = roster.people[probes].astype(np.int64) * roster.n_people
    pairs = people + roster.people[alarms.reference]
    usable = alarms.searches[~alarms.failed]
    for group_by, members in groups.groupings.items():
        for probe in members:
            for reference in members:
                left, right = groups.rows(probe), groups.rows(reference)
                inside = left[probes] & right[alarms.reference]
                yield CandidateCell(
                    matcher=alarms.threshold.matcher,
                    operating_point=alarms.threshold.operating_point,
                    threshold=alarms.threshold.threshold,
                    gallery=alarms.found.split.name,
                    probe_mask=alarms.found.probe_mask,
                    group_by=group_by,
                    probe_group=probe.label,
                    reference_group=reference.label,
                    comparisons=int(left[usable].sum()) * int(right[gallery].sum()),
                    candidates=int(inside.sum()),
                    pairs=int(np.unique(pairs[inside]).size),
                )
