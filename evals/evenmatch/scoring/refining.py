"""Counted scores of one group, divided anew by classes of its photographs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.scoring.plan import Roster
from evenmatch.scoring.trials import AllPairs, Listed

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.counts import ScoreCounts
    from evenmatch.scoring.trials import Trials


def refined(
    counts: ScoreCounts,
    inside: npt.NDArray[np.bool_],
    classes: npt.NDArray[np.int32],
    n_classes: int,
) -> ScoreCounts | None:
    """Return the same comparisons with classes for groups; all other rows are one more group.

    Non-mated counts hold at thresholds from `cut` on. None where neither a formula nor the kept
    comparisons say how many trials there are.

    Args:
        counts: the counted scores.
        inside: rows of the group that is divided.
        classes: class of every row.
        n_classes: how many classes there are.
    """
    codes = np.where(inside, classes, n_classes).astype(np.int32)
    whole = counts.roster
    roster = Roster(whole.people, whole.photographs, codes, n_classes + 1)
    trials: Trials
    if isinstance(counts.trials, AllPairs):
        trials = AllPairs(counts.plan, roster, counts.usable)
    elif counts.keeps_everything:
        kept = counts.kept
        trials = Listed(kept.probe, kept.reference, roster, symmetric=counts.plan.symmetric)
    else:
        return None
    cut = float(counts.cuts.max()) if counts.cuts.size else -np.inf
    size = (n_classes + 1, n_classes + 1)
    return replace(
        counts,
        roster=roster,
        cells=np.zeros((*size, 0), dtype=np.int64),
        cuts=np.full(size, cut),
        trials=trials,
        source=None,
    )
