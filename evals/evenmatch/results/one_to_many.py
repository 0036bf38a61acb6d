"""One-to-many search: from what galleries returned to the rows of `identification.csv`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from evenmatch.data.groups import ALL
from evenmatch.data.samples import UNKNOWN, UNMASKED
from evenmatch.errors import RequestError
from evenmatch.results.model import IdentificationRate, Threshold
from evenmatch.results.one_to_one import BOTH_CONVENTIONS
from evenmatch.results.thresholds import given_threshold
from evenmatch.stats.cells import cell_status, stated_status
from evenmatch.stats.estimate import Estimate
from evenmatch.stats.identification import Searches, fnir, fpir
from evenmatch.stats.intervals import ENOUGH_ERRING
from evenmatch.stats.thresholds import (
    OperatingPoint,
    allowed_errors,
    next_above,
    threshold_between,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from evenmatch.data.groups import Groups
    from evenmatch.results.one_to_one import Failures
    from evenmatch.results.search_rows import (
        CandidateCell,
        GalleryPart,
        GallerySize,
        GallerySlopeRow,
        Selectivity,
    )
    from evenmatch.results.thresholds import Scale
    from evenmatch.scoring.galleries import Split
    from evenmatch.scoring.plan import Roster
    from evenmatch.scoring.search import SearchResults
    from evenmatch.stats.people import PersonCounts

Metric = Literal["fpir", "fnir", "cmc"]


@dataclass(frozen=True)
class Searched:
    """One gallery, and what it returned to the searches of one mask condition."""

    split: Split
    probe_mask: str
    results: SearchResults
    searches: Searches
    rows: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Identified:
    """What the searches of one matcher contribute to an audit; `settles`: claims too."""

    rates: list[IdentificationRate] = field(default_factory=list)
    thresholds: list[Threshold] = field(default_factory=list)
    splits: list[Split] = field(default_factory=list)
    first_split: list[Searched] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    galleries: list[GalleryPart] = field(default_factory=list)
    selectivity: list[Selectivity] = field(default_factory=list)
    candidates: list[CandidateCell] = field(default_factory=list)
    gallery_size: list[GallerySize] = field(default_factory=list)
    gallery_slope: list[GallerySlopeRow] = field(default_factory=list)
    settles: bool = True


def searched(
    split: Split,
    probe_mask: str,
    results: SearchResults,
    roster: Roster,
    *,
    worst: tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]] | None = None,
) -> Searched:
    """Hand the results of the scoring room to the statistics.

    Args:
        split: who was enrolled and who searched.
        probe_mask: mask condition of the searches.
        results: what the gallery returned.
        roster: who the rows are.
        worst: each search's lowest score with its own person's photographs, and whether one of
            them has none, where all of them have to be found; None where any will do.
    """
    people = roster.people
    enrolled, codes = np.unique(people[split.gallery], return_inverse=True)
    code_of = np.full(roster.n_people, -1, dtype=np.int64)
    code_of[people[split.gallery]] = codes
    mated = np.isin(people[results.searches], enrolled)
    first = results.candidate_rows[:, 0]
    # A mate who could not be enrolled is as lost as a probe without a template.
    failed = (results.status != "") | (mated & (results.rank == 0))
    best_mate, rank = results.best_mate, results.rank
    if worst is not None:
        best_mate, failed = worst[0], failed | worst[1]
        # The candidates reach to the last rank asked for, which settles every question there is.
        ahead = np.count_nonzero(results.candidates >= best_mate[:, None], axis=1)
        rank = np.where(mated & ~failed, 1 + ahead, 0)
    return Searched(
        split=split,
        probe_mask=probe_mask,
        results=results,
        rows=results.searches,
        searches=Searches(
            searcher=people[results.searches].astype(np.int64),
            mated=mated,
            failed=failed,
            best_mate=best_mate,
            rank=rank,
            best_non_mate=results.candidates[:, 0],
            best_non_mate_person=np.where(first >= 0, code_of[people[first]], -1),
            runner_up=results.runner_up,
            gallery_people=int(enrolled.size),
        ),
    )


def search_threshold(text: str, scale: Scale, bare: Searched) -> Threshold:
    """Turn an operating point of search into a threshold, on the bare faces' own searches.

    The same step as for comparisons (methods 1.2), over the best non-mate of each non-mated
    search.

    Raises:
        RequestError: no non-mated search of them has a score.
    """
    point = OperatingPoint.parse(text)
    if point.kind == "threshold":
        return given_threshold(text, scale, "one_to_many")
    part = bare.searches
    usable = ~part.failed
    alarms = np.sort(part.best_non_mate[usable & ~part.mated])
    if not alarms.size:
        raise RequestError(
            f"one_to_many: no non-mated search of {bare.split.name} with mask {bare.probe_mask!r} "
            f"has a score, so nothing sets {text}; widen `searches.where` or give a threshold."
        )
    # A target below 1 never allows every search to match, so there is one to reject.
    allowed = allowed_errors(point.number, alarms.size)
    threshold = -math.inf
    if np.isfinite(alarms[-allowed - 1]):
        rejected = float(alarms[-allowed - 1])
        accepted = next_above(rejected, alarms, part.best_mate[usable & part.mated])
        threshold = threshold_between(rejected, accepted, scale.float_type)
    matched = int(np.count_nonzero(alarms >= threshold))
    named = [bare.split.name, *({bare.probe_mask} - {UNMASKED, UNKNOWN})]
    return Threshold(
        matcher=scale.matcher,
        kind="one_to_many",
        operating_point=text,
        threshold=threshold,
        native_threshold=scale.native(threshold),
        set_on=f"in_sample:{':'.join(named)}",
        trials=int(alarms.size),
        achieved=matched / alarms.size,
        status="estimate" if allowed else "unresolvable",
    )


@dataclass(frozen=True)
class _Question:
    """One rate of one table: what is asked, and how the searches answer it."""

    metric: Metric
    threshold: Threshold | None
    rank: int | None
    count: Callable[[Searches, Failures], PersonCounts]
    looser: Callable[[Searches, Failures], PersonCounts | None]


def _questions(thresholds: Sequence[Threshold], ranks: Sequence[int]) -> list[_Question]:
    asked = []
    for each in thresholds:
        at = each.threshold
        asked += [
            _Question("fpir", each, None, _fpir_at(at), _looser_fpir(at)),
            *(
                _Question("fnir", each, rank, _fnir_at(at, rank), _looser_fnir(at, rank))
                for rank in (None, *ranks)
            ),
        ]
    for rank in ranks:
        within = _fnir_at(-math.inf, rank)
        asked += [
            _Question("fnir", None, rank, within, _no_looser),
            _Question("cmc", None, rank, within, _no_looser),
        ]
    return asked


def _fpir_at(threshold: float) -> Callable[[Searches, Failures], PersonCounts]:
    return lambda searches, failures: fpir(searches, threshold, failures=failures)


def _fnir_at(threshold: float, rank: int | None) -> Callable[[Searches, Failures], PersonCounts]:
    return lambda searches, failures: fnir(searches, threshold, rank, failures=failures)


def _no_looser(_: Searches, __: Failures) -> None:
    """A rank has no threshold to loosen."""


def _looser_fpir(threshold: float) -> Callable[[Searches, Failures], PersonCounts | None]:
    def at_looser(searches: Searches, failures: Failures) -> PersonCounts | None:
        part = searches.where(~searches.mated & ~searches.failed)
        best = _extreme_by_person(-part.best_non_mate, part.searcher)
        if best.size < ENOUGH_ERRING or not np.isfinite(best[ENOUGH_ERRING - 1]):
            return None
        return fpir(searches, min(threshold, -best[ENOUGH_ERRING - 1]), failures=failures)

    return at_looser


def _looser_fnir(
    threshold: float, rank: int | None
) -> Callable[[Searches, Failures], PersonCounts | None]:
    def at_looser(searches: Searches, failures: Failures) -> PersonCounts | None:
        kept = searches.mated if failures == "non-match" else searches.mated & ~searches.failed
        part = searches.where(kept)
        worst = _extreme_by_person(np.where(part.failed, -np.inf, part.best_mate), part.searcher)
        if worst.size < ENOUGH_ERRING:
            return None
        above = float(np.nextafter(worst[ENOUGH_ERRING - 1], np.inf))
        return fnir(searches, max(threshold, above), rank, failures=failures)

    return at_looser


def _extreme_by_person(
    values: npt.NDArray[np.float64], people: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return each person's smallest value, ascending."""
    order = np.lexsort((values, people))
    first = np.ones(order.size, dtype=bool)
    first[1:] = people[order][1:] != people[order][:-1]
    return np.sort(values[order][first])


@dataclass(frozen=True)
class _Place:
    """Where a row stands in the table: whose searches, and how failures count."""

    matcher: str
    group_by: str
    group: str
    inside: npt.NDArray[np.bool_]
    failures: Failures
    level: float

    def searches(self, found: Searched) -> Searches:
        """Return the searches of the group."""
        return found.searches.where(self.inside[found.rows])


def identification_rows(
    splits: Sequence[Sequence[Searched]],
    thresholds: Sequence[Sequence[Threshold]],
    groups: Groups,
    ranks: Sequence[int],
    level: float,
) -> Iterator[IdentificationRate]:
    """Give the rates of the first split, and how they vary over all of them.

    Args:
        splits: for every split its searches, one entry a mask condition.
        thresholds: for every split the thresholds fitted to it, in the order of the config.
        groups: the groupings asked for.
        ranks: ranks of investigation and of the CMC.
        level: confidence of the intervals.
    """
    asked = [_questions(fitted, ranks) for fitted in thresholds]
    matcher = thresholds[0][0].matcher if thresholds[0] else ""
    for condition in range(len(splits[0])):
        for number, question in enumerate(asked[0]):
            for place in _places(matcher, groups, level):
                spread = [
                    _rate(each[condition], questions[number], place)
                    for each, questions in zip(splits, asked, strict=True)
                ]
                yield _row(splits[0][condition], question, place, spread)


def composition_rows(
    galleries: Sequence[tuple[str, Searched]],
    thresholds: Sequence[Threshold],
    groups: Groups,
    level: float,
) -> Iterator[IdentificationRate]:
    """Give the FPIR of other galleries at the thresholds of the first split.

    Args:
        galleries: what each returned to the non-mated searches, with the grouping it is made by.
        thresholds: those of the first split.
        groups: the groupings asked for.
        level: confidence of the intervals.
    """
    for group_by, found in galleries:
        for question in (each for each in _questions(thresholds, ()) if each.metric == "fpir"):
            matcher = question.threshold.matcher if question.threshold else ""
            for place in _places(matcher, groups, level):
                if place.group_by in (ALL, group_by):
                    yield _row(found, question, place, [])


def _places(matcher: str, groups: Groups, level: float) -> Iterator[_Place]:
    for group_by, members in groups.groupings.items():
        for group in members:
            inside = groups.rows(group)
            for failures in BOTH_CONVENTIONS:
                yield _Place(matcher, group_by, group.label, inside, failures, level)


def _rate(found: Searched, question: _Question, place: _Place) -> float | None:
    rate = question.count(place.searches(found), place.failures).rate
    return 1 - rate if rate is not None and question.metric == "cmc" else rate


def _estimate(found: Searched, question: _Question, place: _Place) -> Estimate:
    part = place.searches(found)
    counts = question.count(part, place.failures)
    status = cell_status(
        trials=counts.trials,
        erring_units=counts.erring_units,
        kish=[counts.kish],
        resolved=question.threshold is None or question.threshold.status != "unresolvable",
    )
    looser = None
    if counts.trials and counts.erring_units < ENOUGH_ERRING:
        looser = question.looser(part, place.failures)
    return Estimate(counts, status, place.level, looser)


def _row(
    found: Searched, question: _Question, place: _Place, spread: Sequence[float | None]
) -> IdentificationRate:
    estimate = _estimate(found, question, place)
    interval = estimate.interval()
    rate, low, high = estimate.rate, None, None
    if interval is not None:
        low, high = interval.low, interval.high
    if question.metric == "cmc" and rate is not None and low is not None and high is not None:
        # The CMC counts what was found; its errors are still the searches that missed.
        rate, low, high = 1 - rate, 1 - high, 1 - low
    known = [each for each in spread if each is not None] if estimate.shown else []
    return IdentificationRate(
        matcher=place.matcher,
        metric=question.metric,
        operating_point=question.threshold.operating_point if question.threshold else None,
        threshold=question.threshold.threshold if question.threshold else None,
        rank=question.rank,
        gallery=found.split.name,
        gallery_subjects=found.searches.gallery_people,
        gallery_templates=int(found.results.gallery.size),
        probe_mask=found.probe_mask,
        group_by=place.group_by,
        group=place.group,
        failures=place.failures,
        errors=estimate.errors,
        searches=estimate.trials,
        subjects=estimate.subjects,
        rate=rate,
        low=low,
        high=high,
        level=place.level,
        method=estimate.method,
        status=stated_status(estimate.status),
        split_low=min(known, default=None),
        split_high=max(known, default=None),
    )
