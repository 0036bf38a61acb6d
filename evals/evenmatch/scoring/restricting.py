"""Counted scores of fewer photographs, and the same mated comparisons under two mask conditions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.scoring.ordering import top_non_mated
from evenmatch.scoring.recount import Recount
from evenmatch.scoring.tiled import count_tiles
from evenmatch.scoring.touched import weighted
from evenmatch.scoring.trials import AllPairs, Listed, folded

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.counts import ScoreCounts
    from evenmatch.scoring.scored import ScoredPairs
    from evenmatch.scoring.touched import Counts
    from evenmatch.scoring.trials import Selection

    Marked = npt.NDArray[np.bool_]


def restricted(counts: ScoreCounts, allowed: Marked) -> ScoreCounts:
    """Return the counts of comparisons whose photographs are both allowed, scores not made again.

    Rates and thresholds of the result are exact; `cells`, from which figures are drawn, stay those
    of all photographs.
    """
    usable = counts.usable & allowed
    plan = counts.plan
    used = np.concatenate([plan.probes, plan.references])
    if np.array_equal(usable[used], counts.usable[used]):
        return counts
    kept = _between(counts.kept, usable)
    trials: AllPairs | Listed = AllPairs(plan, counts.roster, usable)
    if isinstance(counts.trials, Listed):
        trials = Listed(kept.probe, kept.reference, counts.roster, symmetric=plan.symmetric)
    source = counts.source
    if source is not None:
        source = Recount(replace(source.work, usable=usable), source.bins)
    return replace(
        counts,
        usable=usable,
        kept=kept,
        mated=_between(counts.mated, usable),
        failed=_between(counts.failed, usable),
        trials=trials,
        source=source,
    )


def top_non_mated_of(
    counts: ScoreCounts, selection: Selection, k: int
) -> tuple[float, float | None]:
    """Return what `top_non_mated` does, also of counts that were restricted."""
    if counts.source is not None and counts.kept_scores(selection).size <= k:
        work, bins = counts.source.work, counts.source.bins
        counts = replace(counts, cells=count_tiles(work, bins, np.inf, quota=0).cells)
    return top_non_mated([(counts, selection)], k)


def _between(pairs: ScoredPairs, usable: Marked) -> ScoredPairs:
    return pairs[usable[pairs.probe] & usable[pairs.reference]]


@dataclass(frozen=True)
class MatedTwice:
    """Mated comparisons of the same photographs under two conditions, by person.

    Attributes:
        trials: comparisons made under both.
        lost: those that match under the first condition alone.
        gained: those that match under the second alone.
    """

    trials: Counts
    lost: Counts
    gained: Counts


def mated_twice(
    first: ScoreCounts,
    second: ScoreCounts,
    selection: Selection,
    thresholds: tuple[float, float],
    *,
    failed: bool,
) -> MatedTwice:
    """Pair each mated comparison of the second condition with that of the first.

    A drawn mask leaves the photograph what it was, so that both conditions compare the same two
    photographs; where the first has no roles, either order of the second meets it.

    Args:
        first: counts of the one condition.
        second: counts of the other, over the same rows.
        selection: cells asked for.
        thresholds: similarity from which a comparison matches, in either condition.
        failed: whether failed comparisons count, as non-matches.
    """
    either_order = first.plan.symmetric
    sides = [_mated(each, selection, failed=failed) for each in (first, second)]
    keys = [_keys(pairs, first, either_order=either_order) for pairs in sides]
    missed = [
        ~(pairs.score.astype(np.float64) >= at) for pairs, at in zip(sides, thresholds, strict=True)
    ]
    order = np.argsort(keys[0], kind="stable")
    known = keys[0][order]
    n = first.roster.n_people
    if not known.size:
        none = np.zeros(n, np.int64)
        return MatedTwice(none, none, none)
    at = np.minimum(np.searchsorted(known, keys[1]), known.size - 1)
    met = known[at] == keys[1]
    before, after = missed[0][order[at[met]]], missed[1][met]
    people = first.roster.people[sides[1].probe[met]]
    lost, gained = after & ~before, before & ~after
    return MatedTwice(
        np.bincount(people, minlength=n).astype(np.int64),
        weighted(people, lost.astype(np.int64), n),
        weighted(people, gained.astype(np.int64), n),
    )


def _mated(counts: ScoreCounts, selection: Selection, *, failed: bool) -> ScoredPairs:
    groups, mated = counts.roster.groups, counts.mated
    cells = folded(selection, symmetric=counts.plan.symmetric)
    chosen = cells[groups[mated.probe], groups[mated.reference]]
    return mated[chosen if failed else chosen & mated.usable]


def _keys(pairs: ScoredPairs, counts: ScoreCounts, *, either_order: bool) -> Counts:
    """Return a number for the two photographs of each comparison."""
    photographs = counts.roster.photographs.astype(np.int64)
    one, other = photographs[pairs.probe], photographs[pairs.reference]
    if either_order:
        one, other = np.minimum(one, other), np.maximum(one, other)
    return np.asarray(one * (int(photographs.max()) + 1) + other, dtype=np.int64)
