"""Scores that come as a list: listed protocols, vendors' score files, and sets kept whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.scoring.counts import ScoreCounts
from evenmatch.scoring.scored import ScoredPairs, bins_around
from evenmatch.scoring.trials import Listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.scoring.plan import Pairs, Plan, Roster
    from evenmatch.scoring.scored import Bins
    from evenmatch.scoring.trials import Trials


def from_pairs(
    plan: Plan,
    roster: Roster,
    pairs: Pairs,
    scores: npt.NDArray[np.floating],
    status: Sequence[str],
) -> ScoreCounts:
    """Count scores given one a comparison.

    Args:
        plan: what was asked for; its `symmetric` says whether a comparison has a direction.
        roster: who the rows are.
        pairs: the comparisons made.
        scores: a similarity for each, float32 or float64; what is not a number has a status.
        status: empty or `ok` for a score, anything else is the failure's name.
    """
    names = np.asarray(status, dtype=np.str_)
    reasons, code = np.unique(np.where(names == "ok", "", names), return_inverse=True)
    shift = 0 if reasons.size and not reasons[0] else 1
    scored = ScoredPairs(pairs.probe, pairs.reference, scores, (code + shift).astype(np.int16))
    usable = np.zeros(roster.people.size, np.bool_)
    usable[pairs.probe[scored.usable]] = usable[pairs.reference[scored.usable]] = True
    right = scored[~pairs.mated & scored.usable]
    trials = Listed(right.probe, right.reference, roster, symmetric=plan.symmetric)
    named = tuple(str(reason) for reason in reasons if reason)
    bins = bins_around(scores)
    return kept_whole(plan, roster, usable, scored, pairs.mated, named, trials, bins)


def kept_whole(  # noqa: PLR0913 -- the fields of ScoreCounts
    plan: Plan,
    roster: Roster,
    usable: npt.NDArray[np.bool_],
    scored: ScoredPairs,
    mated: npt.NDArray[np.bool_],
    reasons: tuple[str, ...],
    trials: Trials,
    bins: Bins,
) -> ScoreCounts:
    """Return counts that keep every comparison."""
    non_mated = scored[~mated]
    kept = non_mated.descending()
    return ScoreCounts(
        plan=plan,
        roster=roster,
        usable=usable,
        bins=bins,
        cells=_cells(kept, roster, bins, symmetric=plan.symmetric),
        mated=scored[mated],
        kept=kept,
        cuts=np.full((roster.n_groups, roster.n_groups), -np.inf),
        reasons=reasons,
        trials=trials,
        failed=non_mated[~non_mated.usable],
    )


def _cells(
    kept: ScoredPairs, roster: Roster, bins: Bins, *, symmetric: bool
) -> npt.NDArray[np.int64]:
    """Return scores by (probe group, reference group, bin)."""
    n = roster.n_groups
    one, other = roster.groups[kept.probe], roster.groups[kept.reference]
    if symmetric:
        one, other = np.minimum(one, other), np.maximum(one, other)
    cell = (one.astype(np.int64) * n + other) * bins.count + bins.of(kept.score)
    return np.bincount(cell, minlength=n * n * bins.count).reshape(n, n, bins.count)
