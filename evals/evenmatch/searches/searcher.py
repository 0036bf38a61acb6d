"""One matcher as searches see it: a probe and a gallery in, what the gallery returned out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.errors import RequestError
from evenmatch.matching.candidates import CandidateLists
from evenmatch.matching.matcher import Templates
from evenmatch.matching.program_scores import ProgramScores, row_scores
from evenmatch.scoring.enrolment import pool, pooled_lookup, pooled_templates
from evenmatch.scoring.given import given_scores
from evenmatch.scoring.list_search import search_lists
from evenmatch.scoring.needs import Compute
from evenmatch.scoring.search import search, search_scores
from evenmatch.vendors.program_lists import search_program

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.matching.scores import ScoreTable
    from evenmatch.scoring.plan import Roster, Rows
    from evenmatch.scoring.search import Index, SearchResults

    Scores = npt.NDArray[np.float64]
    Statuses = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Searcher:
    """Templates, a score file or a vendor's own searches, under one gallery policy.

    Attributes:
        scored: templates of every row, a score file, or candidate lists.
        roster: who the rows are.
        consolidated: whether a person's enrolled photographs make one entry.
        index: which index answers searches of templates; what an approximate one misses then
            counts as the system's own errors. Score files have no index.
        compute: where an exact search of templates is done.
    """

    scored: Templates | ScoreTable | CandidateLists | ProgramScores
    roster: Roster
    consolidated: bool = False
    index: Index = "exact"
    compute: Compute = field(default_factory=Compute)

    def search(self, searches: Rows, gallery: Rows, *, length: int) -> SearchResults:
        """Search a gallery of photographs; rows of the answer are always photographs.

        A consolidated person is named by the first of the photographs put together, and
        `gallery` of the answer has one row an entry.
        """
        if not self.consolidated:
            return self._search(self.scored, self.roster, searches, gallery, length)
        pools = pool(self.roster, gallery)
        if isinstance(self.scored, Templates):
            pooled = pooled_templates(self.scored, pools)
            found = self._search(pooled, pools.roster, searches, pools.entries, length)
        else:
            best = pooled_lookup(self.lookup, pools)
            found = search_scores(best, pools.roster, searches, pools.entries, length=length)
        return replace(
            found,
            gallery=pools.first,
            best_mate_row=pools.original(found.best_mate_row),
            candidate_rows=pools.original(found.candidate_rows),
        )

    def lookup(self, probe: Rows, reference: Rows) -> tuple[Scores, Statuses]:
        """Return the scores of given rows, nan where one failed, and why."""
        if isinstance(self.scored, CandidateLists):
            raise RequestError(
                "candidate lists have no scores but of the candidates; write `mates: any` and "
                "`policy: unconsolidated`, or give `path` and no `candidates`."
            )
        if not isinstance(self.scored, Templates):
            return row_scores(self.scored, self.roster.photographs, probe, reference)
        failures = self.scored.failures
        failed = np.isin(probe, list(failures)) | np.isin(reference, list(failures))
        scores = given_scores(self.scored, probe, reference, self.compute)
        why = [
            str(failures.get(one, failures.get(other, "")))
            for one, other in zip(probe.tolist(), reference.tolist(), strict=True)
        ]
        return np.where(failed, np.nan, scores.astype(np.float64)), np.array(why, dtype=np.str_)

    def _search(
        self,
        scored: Templates | ScoreTable | CandidateLists | ProgramScores,
        roster: Roster,
        searches: Rows,
        gallery: Rows,
        length: int,
    ) -> SearchResults:
        if isinstance(scored, Templates):
            return search(
                scored,
                roster,
                searches,
                gallery,
                length=length,
                index=self.index,
                compute=self.compute,
            )
        if isinstance(scored, CandidateLists):
            return search_lists(scored, roster, searches, gallery, length=length)
        if isinstance(scored, ProgramScores) and scored.can_search(searches, gallery):
            return search_program(scored, roster, searches, gallery, length=length)
        return search_scores(self.lookup, roster, searches, gallery, length=length)

    def worst_mates(self, searches: Rows, gallery: Rows) -> tuple[Scores, npt.NDArray[np.bool_]]:
        """Return each search's lowest score with an enrolled photograph of its person.

        Returns:
            The scores, minus infinity where the person is not enrolled or one of the photographs
            has no score; and whether that is so for an enrolled person.
        """
        order = np.argsort(self.roster.people[gallery], kind="stable")
        enrolled = self.roster.people[gallery][order]
        wanted = self.roster.people[searches]
        first = np.searchsorted(enrolled, wanted, side="left")
        sizes = np.searchsorted(enrolled, wanted, side="right") - first
        search = np.repeat(np.arange(searches.size), sizes)
        within = np.arange(search.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        scores, _ = self.lookup(searches[search], gallery[order[np.repeat(first, sizes) + within]])
        worst = np.where(sizes > 0, np.inf, -np.inf)
        np.minimum.at(worst, search, np.where(np.isnan(scores), -np.inf, scores))
        return worst, (sizes > 0) & np.isneginf(worst)
