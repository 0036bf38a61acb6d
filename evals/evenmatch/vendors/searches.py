"""A vendor's own searches, from candidate lists to rates: what the lists say and no more."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.data.benchmark import MASK
from evenmatch.errors import RequestError
from evenmatch.results.galleries import gallery_rows
from evenmatch.results.one_to_many import Identified, identification_rows, search_threshold
from evenmatch.scoring.galleries import Split
from evenmatch.scoring.list_search import MISSING, lists_reach
from evenmatch.scoring.planning import make_roster, rows_where
from evenmatch.searches.details import beyond_rates
from evenmatch.searches.searcher import Searcher
from evenmatch.searches.searching import make_run_splits, search_split

if TYPE_CHECKING:
    from evenmatch.config import RunConfig
    from evenmatch.data.groups import Groups
    from evenmatch.data.samples import Samples
    from evenmatch.entries.search import OneToMany
    from evenmatch.matching.candidates import CandidateLists, EnrolledPhotographs
    from evenmatch.results.model import IdentificationRate, Threshold
    from evenmatch.results.one_to_many import Searched
    from evenmatch.results.thresholds import Scale
    from evenmatch.scoring.plan import Roster


def identify_lists(
    lists: CandidateLists, samples: Samples, groups: Groups, scale: Scale, config: RunConfig
) -> Identified:
    """State the rates of a vendor's searches of one gallery.

    A list ends somewhere. What lies beyond its end is stated by no row: ranks beyond the longest
    list, and the rates at a threshold that some list does not reach down to; a notice says so.

    Raises:
        RequestError: the run asks for what lists cannot say, or the lists are of another gallery.
    """
    asked = config.one_to_many
    if asked is None:
        return Identified()
    _refuse_policies(scale.matcher, asked)
    roster = make_roster(samples, groups)
    split = _split(lists, samples, roster, asked, config.seed)
    searcher = Searcher(lists, roster)
    worn = set(samples.table[MASK].iloc[split.searches])
    found = [
        search_split(searcher, samples, split, mask, asked)
        for mask in samples.mask_values
        if mask in worn
    ]
    lacking = sum(int(np.count_nonzero(each.results.status == MISSING)) for each in found)
    if lacking:
        said = (
            f"{scale.matcher} has no one-to-many rates: its candidate lists lack {lacking:,} of "
            f"the {split.searches.size:,} searches."
        )
        return Identified(notices=[said])
    thresholds = [search_threshold(text, scale, found[0]) for text in asked.operating_points]
    known = _Known(lists, roster, found)
    ranks = [rank for rank in asked.ranks if rank <= lists.length]
    rates = identification_rows([found], [thresholds], groups, ranks, config.statistics.level)
    first = Identified(
        rates=[row for row in rates if known.states(row)],
        thresholds=thresholds,
        splits=[split],
        first_split=found,
        notices=known.notices(scale.matcher, asked, thresholds),
        settles=_settles(known, scale, config),
    )
    if all(known.reaches(each.threshold, mated=False) for each in thresholds):
        return beyond_rates(searcher, first, groups, config, others=lists.gallery is None)
    return replace(first, galleries=list(gallery_rows(found[:1], roster, groups, asked)))


def _refuse_policies(matcher: str, asked: OneToMany) -> None:
    if asked.mates == "all":
        raise RequestError(
            f"one_to_many.mates: `all` asks for the score of every mate, and the candidate lists "
            f"of {matcher} have only those listed; write `mates: any`."
        )
    if asked.gallery.policy == "consolidated":
        raise RequestError(
            f"one_to_many.gallery.policy: the candidate lists of {matcher} name photographs; write "
            "`policy: unconsolidated` or `recent`."
        )


def _split(
    lists: CandidateLists, samples: Samples, roster: Roster, asked: OneToMany, seed: int
) -> Split:
    """Return the gallery that was searched: the vendor's own, or the first of the run's."""
    if lists.gallery is not None:
        return _given_split(lists.gallery, samples, roster, asked)
    (split,), _ = make_run_splits(samples, roster, asked.model_copy(update={"splits": 1}), seed)
    enrolled = roster.photographs[split.gallery]
    outside = ~np.isin(lists.candidates, enrolled)
    if outside.any():
        strange = int(lists.candidates[outside][0])
        name = samples.table["sample_id"].iloc[int(np.argmax(roster.photographs == strange))]
        raise RequestError(
            f"matchers.candidates: {int(outside.sum()):,} candidates, such as {name!r}, are not in "
            f"the run's first gallery of {split.gallery.size:,}; name the file of those enrolled "
            "with `gallery`."
        )
    return split


def _given_split(
    gallery: EnrolledPhotographs, samples: Samples, roster: Roster, asked: OneToMany
) -> Split:
    enrolled = np.isin(roster.photographs, gallery.codes)
    searching = rows_where(samples, asked.searches.where, "one_to_many.searches") & ~enrolled
    searches = np.flatnonzero(searching).astype(np.int32)
    mated = np.isin(roster.people[searches], roster.people[enrolled])
    if not mated.any() or mated.all():
        raise RequestError(
            f"one_to_many: with the {int(enrolled.sum()):,} photographs enrolled there are "
            f"{int(mated.sum()):,} mated and {int((~mated).sum()):,} non-mated searches; choose "
            "`searches.where` so that there are some of each."
        )
    return Split(gallery.name, np.flatnonzero(enrolled).astype(np.int32), searches, mated)


@dataclass(frozen=True)
class _Known:
    """What lists can say of thresholds and ranks."""

    lists: CandidateLists
    roster: Roster
    found: list[Searched]
    # Every row of a table asks the same of all lists, once for each threshold.
    _reached: dict[tuple[float, bool], bool] = field(default_factory=dict)

    def reaches(self, threshold: float, *, mated: bool) -> bool:
        """Whether each list surely holds everybody at or above a threshold.

        Of mated searches only those count whose mate is on no list.
        """
        asked = (threshold, mated)
        if asked not in self._reached:
            self._reached[asked] = all(self._reaches(each, *asked) for each in self.found)
        return self._reached[asked]

    def _reaches(self, searched: Searched, threshold: float, mated: bool) -> bool:  # noqa: FBT001 - a key, split
        chosen = searched.searches.mated == mated
        if mated:
            chosen &= searched.results.best_mate_row < 0
        rows, gallery = searched.rows[chosen], searched.split.gallery
        return bool(lists_reach(self.lists, self.roster, rows, gallery, threshold).all())

    def states(self, row: IdentificationRate) -> bool:
        """Whether a row is one that the lists decide."""
        if row.threshold is None:
            return True  # the ranks asked for end with the lists
        if row.metric == "fpir":
            return not self._cut_above(row.threshold) or not self._empty_non_mated
        if row.rank is None:
            return self.reaches(row.threshold, mated=True)
        return not (self._cut_above(row.threshold) and self._short_unlisted)

    def notices(self, matcher: str, asked: OneToMany, thresholds: list[Threshold]) -> list[str]:
        """Say what is not stated, and why."""
        said, longest = [], self.lists.length
        beyond = [rank for rank in asked.ranks if rank > longest]
        if beyond:
            said.append(
                f"The candidate lists of {matcher} end at rank {longest}: rates at rank "
                f"{', '.join(map(str, beyond))} are undefined and not stated."
            )
        low = [
            each.operating_point
            for each in thresholds
            if not self.reaches(each.threshold, mated=True)
            or not self.reaches(each.threshold, mated=False)
        ]
        if low:
            said.append(
                f"Some candidate lists of {matcher} end above the threshold of {', '.join(low)}: "
                "rates that need what lies beyond their end are not stated there, nor are "
                "candidates by group and gallery size."
            )
        if self._short_unlisted:
            said.append(
                f"Some candidate lists of {matcher} are shorter than {longest}: a mate that they "
                "leave out counts as not found, whatever the rank."
            )
        return said

    def _cut_above(self, threshold: float) -> bool:
        """Whether a short list may leave out somebody at or above a threshold."""
        return threshold < self.lists.lowest

    @cached_property
    def _empty_non_mated(self) -> bool:
        """Whether a non-mated search returned nobody, though it did not fail."""
        return any(
            bool(
                np.any(
                    ~each.searches.mated
                    & ~each.searches.failed
                    & np.isneginf(each.searches.best_non_mate)
                )
            )
            for each in self.found
        )

    @cached_property
    def _short_unlisted(self) -> bool:
        """Whether a list that misses its mate is neither of full length nor the whole gallery."""
        for each in self.found:
            lost = each.searches.mated & (each.results.best_mate_row < 0)
            rows = each.rows[lost & ~each.searches.failed]
            at = self.lists.places(self.roster.photographs[rows].astype(np.int64))
            sizes = np.diff(self.lists.starts)[at]
            if np.any(sizes < min(self.lists.length, each.split.gallery.size)):
                return True
        return False


def _settles(known: _Known, scale: Scale, config: RunConfig) -> bool:
    """Whether the lists can decide every claim about the matcher's searches.

    A fitted threshold is judged at both ends of its guard, wherever these fall, so lists have to
    hold the whole gallery for it.
    """
    for claim in config.claims:
        if claim.matcher != scale.matcher or not claim.one_to_many:
            continue
        at = -np.inf if claim.point.is_rate else scale.similarity(claim.point.value)
        if not all(known.reaches(at, mated=mated) for mated in (True, False)):
            return False
    return True
