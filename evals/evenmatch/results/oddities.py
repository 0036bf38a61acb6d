"""What looks like a slip of whoever set a run up: said before the numbers, never corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.data.groups import ALL
from evenmatch.matching.scores import MISSING
from evenmatch.results.claim_sources import bare_faces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evenmatch.results.model import ErrorRate, FailureCount, Threshold
    from evenmatch.results.thresholds import Scale
    from evenmatch.scoring.counts import ScoreCounts

# Share of (mated, non-mated) pairs of comparisons in which the mated one is the more alike. A
# matcher that tells nobody apart has 0.5; scores read the wrong way round lie far below.
WRONG_WAY: Final = 0.4


def oddities(
    scale: Scale,
    counts: Sequence[ScoreCounts],
    thresholds: Sequence[Threshold],
    rates: Sequence[ErrorRate],
    failures: Sequence[FailureCount],
) -> list[str]:
    """Return sentences about scores that look misread, thresholds off the scale and missing rows.

    Args:
        scale: the matcher's scale.
        counts: the counted scores of every mask condition.
        thresholds: the matcher's thresholds.
        rates: its error rates.
        failures: who could not be measured.
    """
    bare = bare_faces(counts)
    said = list(_missing(scale.matcher, failures))
    if bare is None:
        return said
    wrong_way = _wrong_way_round(bare)
    if wrong_way:
        said.append(
            f"{scale.matcher}: two photographs of one person score as less alike than photographs "
            "of two people more often than not. If its numbers run the other way, correct "
            "`score_kind`; otherwise check that its ids belong to these photographs."
        )
    given = [row for row in thresholds if row.status == "given" and row.kind == "one_to_one"]
    for threshold in [] if wrong_way else given:
        said += _off_the_scale(scale, bare, threshold, rates)
    return said


def _wrong_way_round(bare: ScoreCounts) -> bool:
    n_groups = bare.roster.n_groups
    everyone = np.ones((n_groups, n_groups), dtype=bool)
    mated = bare.mated_histogram(everyone).astype(np.float64)
    others = bare.histogram(everyone).astype(np.float64)
    if not mated.sum() or not others.sum():
        return False
    below = np.cumsum(others) - others / 2  # a tie counts as half
    return bool(mated @ below < WRONG_WAY * mated.sum() * others.sum())


def _off_the_scale(
    scale: Scale, bare: ScoreCounts, threshold: Threshold, rates: Sequence[ErrorRate]
) -> Iterator[str]:
    """Say that no comparison, or every one, is a match at a threshold that the run gives."""
    masks = (bare.plan.probe_mask, bare.plan.reference_mask)
    found = {
        row.metric: row
        for row in rates
        if row.operating_point == threshold.operating_point
        and row.group_by == ALL
        and row.failures == "excluded"
        and (row.probe_mask, row.reference_mask) == masks
    }
    fmr, fnmr = found.get("fmr"), found.get("fnmr")
    if fmr is None or fnmr is None or not fmr.trials or not fnmr.trials:
        return
    none = not fmr.errors and fnmr.errors == fnmr.trials
    every = fmr.errors == fmr.trials and not fnmr.errors
    if none or every:
        n_groups = bare.roster.n_groups
        scores = bare.mated_scores(np.ones((n_groups, n_groups), dtype=bool))
        ends = sorted(scale.native(float(score)) for score in scores[[0, -1]])
        yield (
            f"{scale.matcher}: at {threshold.operating_point} "
            f"{'no comparison' if none else 'every comparison'} is a match. Its scores of one "
            f"person lie between {ends[0]:.6g} and {ends[1]:.6g}; a threshold is written in the "
            "matcher's own numbers."
        )


def _missing(matcher: str, failures: Sequence[FailureCount]) -> Iterator[str]:
    """Say how much a vendor's file lacks, since that counts as failed."""
    for row in failures:
        if row.reason == MISSING and row.group_by == ALL and row.matcher == matcher:
            what = "comparisons" if row.stage == "compare" else "photographs"
            yield (
                f"{matcher}: its file lacks {row.failed:,} of {row.attempts:,} {what}; they count "
                "as failed, under the name `missing`."
            )
