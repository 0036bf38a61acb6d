"""What a vendor's program makes of searches and comparisons, stated as far as it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.data.conditions import SYNTHETIC
from evenmatch.data.progress import Progress, silent
from evenmatch.matching.matcher import Templates
from evenmatch.matching.vendor_messages import COMPARISON
from evenmatch.results.failures import comparison_failures
from evenmatch.results.one_to_many import Identified
from evenmatch.scoring.planning import make_roster
from evenmatch.searches.searching import identify, make_run_splits
from evenmatch.vendors.searches import identify_lists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.config import RunConfig
    from evenmatch.data.groups import Groups
    from evenmatch.data.samples import Samples
    from evenmatch.matching.program_scores import ProgramScores
    from evenmatch.results.model import FailureCount
    from evenmatch.results.thresholds import Scale
    from evenmatch.scoring.counts import ScoreCounts


def identify_program(
    scored: ProgramScores,
    samples: Samples,
    groups: Groups,
    scale: Scale,
    config: RunConfig,
    progress: Progress = silent,
) -> Identified:
    """Search every split's gallery, by the program's own search where it has one.

    A program is asked for its whole gallery in order. One whose lists end before is taken at its
    word as a vendor's candidate lists are: of the first gallery, and what lies beyond their end
    is stated by no row.
    """
    asked = config.one_to_many
    found = identify(scored, samples, groups, scale, config, progress)
    if asked is None or not scored.cut:
        return found
    if samples.table["mask"].astype(str).str.startswith(SYNTHETIC).any():
        said = (
            f"{scale.matcher} has no one-to-many rates: its searches list fewer candidates than "
            "were enrolled, and with drawn masks nothing can be said of what they leave out."
        )
        return Identified(notices=[said])
    roster = make_roster(samples, groups)
    (split,), _ = make_run_splits(
        samples, roster, asked.model_copy(update={"splits": 1}), config.seed
    )
    lists = scored.searched(split.searches, split.gallery, np.asarray(roster.photographs))
    return identify_lists(lists, samples, groups, scale, config)


def failed_comparisons(
    matcher: str, scored: Templates | ProgramScores, counts: Sequence[ScoreCounts], groups: Groups
) -> list[FailureCount]:
    """Count the comparisons that a program gave no score for, though it had both templates."""
    if isinstance(scored, Templates):
        return []
    rows = comparison_failures(matcher, counts, groups)
    return [row for row in rows if row.reason.startswith(COMPARISON)]
