"""One-to-many search: false positive and false negative identification rates (ISO/IEC 19795-1)."""

from __future__ import annotations

import math
from dataclasses import Field, dataclass, fields, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from evenmatch.stats.people import PersonCounts

Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Failures = Literal["non-match", "excluded"]


@dataclass(frozen=True, eq=False)
class Searches:
    """What each search of a gallery returned; arrays aligned, one entry a search.

    Attributes:
        searcher: person code of the probe, from 0.
        mated: whether the gallery is meant to hold the searched person.
        failed: no template for the probe, or none for its mate in the gallery.
        best_mate: similarity of the best mate; ignored where there is none.
        rank: rank of the best mate, ties counted against the system; 0 where no mate was
            returned.
        best_non_mate: similarity of the best candidate who is not the searched person; minus
            infinity where there is none.
        best_non_mate_person: gallery person code of that candidate, from 0; -1 where none.
        runner_up: best similarity of any other gallery person who is not the searched one.
        gallery_people: how many people the gallery holds.
    """

    searcher: Integers
    mated: Flags
    failed: Flags
    best_mate: Doubles
    rank: Integers
    best_non_mate: Doubles
    best_non_mate_person: Integers
    runner_up: Doubles
    gallery_people: int

    def __post_init__(self) -> None:
        sizes = {field.name: getattr(self, field.name).size for field in _arrays()}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"Searches need one entry each in every array, not {sizes}.")

    def where(self, chosen: npt.NDArray[np.bool_]) -> Searches:
        """Return the chosen searches of the same gallery."""
        return replace(self, **{f.name: getattr(self, f.name)[chosen] for f in _arrays()})


def pessimistic_rank(best_mate: float, non_mates: npt.ArrayLike) -> int:
    """Rank of a mate when every tied non-mate stands before it."""
    return 1 + int(np.count_nonzero(np.asarray(non_mates) >= best_mate))


def fpir(searches: Searches, threshold: float, *, failures: Failures = "non-match") -> PersonCounts:
    """Count non-mated searches that return anyone at or above the threshold, by searcher.

    The variance counts what searches share: the searcher, and the gallery person hit
    (`gallery_variance`).
    """
    part = _kept(searches, ~searches.mated, failures)
    alarms = ~part.failed & (part.best_non_mate >= threshold)
    counts = _by_searcher(part, alarms)
    sole = alarms & (part.runner_up < threshold) & (part.best_non_mate_person >= 0)
    return replace(counts, shared_variance=gallery_variance(part, counts, sole))


def fnir(
    searches: Searches,
    threshold: float = -math.inf,
    rank: int | None = None,
    *,
    failures: Failures = "non-match",
) -> PersonCounts:
    """Count mated searches without a mate at or above the threshold within the rank, by searcher.

    Args:
        searches: the searches; non-mated ones are left out.
        threshold: similarity from which a candidate is returned; minus infinity where a person
            reads the whole list (investigation).
        rank: length of the list read; None for any rank (identification).
        failures: failed searches are misses (`non-match`), or left out.
    """
    part = _kept(searches, searches.mated, failures)
    found = ~part.failed & (part.rank > 0) & (part.best_mate >= threshold)
    if rank is not None:
        found &= part.rank <= rank
    return _by_searcher(part, ~found)


def cmc(searches: Searches, ranks: int, *, failures: Failures = "non-match") -> Doubles:
    """Share of mated searches with a mate within each rank from 1 to `ranks`."""
    part = _kept(searches, searches.mated, failures)
    if part.mated.size == 0:
        raise ValueError("There are no mated searches to rank; say 'no trials' instead.")
    hit = ~part.failed & (part.rank > 0) & (part.rank <= ranks)
    return np.cumsum(np.bincount(part.rank[hit], minlength=ranks + 1)[1:]) / part.mated.size


def gallery_variance(searches: Searches, counts: PersonCounts, sole: Flags) -> float:
    """Variance of an FPIR whose searches share the gallery as well as the searcher.

    `V_searcher + (N-1)/N sum_j (G_j - mean G)^2/Q^2 - sum_ij g_ij^2/Q^2` (methods 2.1): leaving
    out gallery person j takes away the alarms that only j raised.

    Args:
        searches: the non-mated searches counted.
        counts: their errors and trials by searcher.
        sole: which of them only the best candidate's person hit.
    """
    if counts.trials == 0 or searches.gallery_people < 1:
        return 0.0
    people = searches.gallery_people
    hit, who = searches.best_non_mate_person[sole], searches.searcher[sole]
    g = np.bincount(hit, minlength=people)
    _, pairs = np.unique(who * people + hit, return_counts=True)
    by_gallery = (people - 1) / people * float(np.sum((g - g.mean()) ** 2))
    shared = (by_gallery - float(np.sum(pairs.astype(np.float64) ** 2))) / counts.trials**2
    return max(_searcher_variance(counts) + shared, 0.0)


def fpir_if_independent(fmr: npt.ArrayLike, gallery: npt.ArrayLike) -> float:
    """FPIR that independent comparisons would give, `1 - prod (1 - FMR_r)^N_r`.

    Args:
        fmr: false match rate, or one for each group of the gallery.
        gallery: gallery size, or how many of each group it holds.
    """
    rate, size = np.asarray(fmr, dtype=np.float64), np.asarray(gallery, dtype=np.float64)
    if np.any(rate < 0) or np.any(rate > 1):
        raise ValueError(f"An FMR of {rate} is no proportion; give one between 0 and 1.")
    if np.any((rate == 1) & (size > 0)):
        return 1.0
    return float(-np.expm1(np.sum(size * np.log1p(-np.where(size > 0, rate, 0.0)))))


def fmr_implied(fpir_value: float, gallery: int) -> float:
    """FMR of independent comparisons that would give this FPIR on a gallery of this size."""
    return -math.expm1(math.log1p(-fpir_value) / gallery)


def _arrays() -> list[Field[Any]]:
    return [field for field in fields(Searches) if field.name != "gallery_people"]


def _kept(searches: Searches, chosen: Flags, failures: Failures) -> Searches:
    return searches.where(chosen & ~searches.failed if failures == "excluded" else chosen)


def _by_searcher(searches: Searches, errors: Flags) -> PersonCounts:
    people = int(searches.searcher.max(initial=-1)) + 1
    return PersonCounts.of_people(
        np.bincount(searches.searcher[errors], minlength=people),
        np.bincount(searches.searcher, minlength=people),
    )


def _searcher_variance(counts: PersonCounts) -> float:
    """Jackknife over searchers, without a floor: the gallery's part is still to be added."""
    tried = counts.trials_by_person > 0
    errors, trials = counts.errors_by_person[tried], counts.trials_by_person[tried]
    p, rest = counts.errors / counts.trials, counts.trials - trials
    if np.any(rest == 0):
        return p * (1 - p)
    return (trials.size - 1) / trials.size * float(np.sum(((errors - p * trials) / rest) ** 2))
