"""Which trials of an audit a claim speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.config import EarlierAudit
from evenmatch.data.samples import UNKNOWN, UNMASKED
from evenmatch.errors import RequestError
from evenmatch.results.claim_evidence import ComparisonEvidence, Evidence, SearchEvidence
from evenmatch.results.thresholds import calibration_trials, same_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.data.groups import Groups
    from evenmatch.entries.claim import Claim
    from evenmatch.results.one_to_many import Searched
    from evenmatch.results.thresholds import Scale
    from evenmatch.scoring.counts import ScoreCounts

CalibrateOn = str | dict[str, str] | EarlierAudit
BARE = (UNMASKED, UNKNOWN)


@dataclass(frozen=True)
class Ground:
    """The trials that decide a claim, or why there are none."""

    evidence: Evidence | None
    lacking: str = ""
    masks: tuple[str | None, str | None] = (None, None)
    impostors: str | None = None
    gallery_people: int | None = None
    outside: tuple[str, ...] = ()


def find_ground(
    claim: Claim,
    counts: Sequence[ScoreCounts],
    searched: Sequence[Searched],
    groups: Groups,
    scale: Scale,
    calibrate_on: CalibrateOn,
) -> Ground:
    """Find the trials of a claim: bare faces, unless it names masks.

    Raises:
        RequestError: the claim names masks that the audit does not have.
    """
    if claim.one_to_many:
        return _searches(claim, searched, groups, scale)
    return _comparisons(claim, counts, groups, scale, calibrate_on)


def bare_faces(counts: Sequence[ScoreCounts]) -> ScoreCounts | None:
    """Return the comparisons of two bare faces: labelled so, or with nobody's mask labelled."""
    known = {(each.plan.probe_mask, each.plan.reference_mask): each for each in counts}
    return next((known[mask, mask] for mask in BARE if (mask, mask) in known), None)


def _comparisons(
    claim: Claim,
    counts: Sequence[ScoreCounts],
    groups: Groups,
    scale: Scale,
    calibrate_on: CalibrateOn,
) -> Ground:
    known = {(each.plan.probe_mask, each.plan.reference_mask): each for each in counts}
    bare = bare_faces(counts)
    if claim.masks is not None:
        asked = (claim.masks.probe, claim.masks.reference)
        judged = next((each for masks, each in known.items() if masks == asked), None)
        if judged is None:
            raise RequestError(
                f"claims.{claim.id}.masks: no comparison has {asked[0]!r} against {asked[1]!r}; "
                f"choose from {[' / '.join(masks) for masks in known]}."
            )
    else:
        judged = bare
    if judged is None:
        lacking = "no comparison is of two bare faces" if counts else "no comparison has a score"
        return Ground(None, lacking)
    fitting = bare if bare is not None else judged
    named, selection = _calibration(claim, fitting, groups, calibrate_on)
    every = np.ones((groups.n_groups, groups.n_groups), dtype=bool)
    policy = same_group(groups) if claim.impostors == "same-group" else every
    return Ground(
        ComparisonEvidence(judged, fitting, selection, policy, named, scale, claim.failures),
        masks=(judged.plan.probe_mask, judged.plan.reference_mask),
        impostors=claim.impostors or _impostors(claim, named),
    )


def _impostors(claim: Claim, named: str | dict[str, str]) -> str:
    """Say which non-mated pairs the claim's FMR is about."""
    if claim.point.kind == "fmr" and isinstance(named, dict):
        return ",".join(f"{attribute}={value}" for attribute, value in named.items())
    return named if claim.point.kind == "fmr" and named == "same-group" else "all"


def _calibration(
    claim: Claim, fitting: ScoreCounts, groups: Groups, calibrate_on: CalibrateOn
) -> tuple[str | dict[str, str], np.ndarray]:
    """Choose the trials whose FMR the claim speaks of.

    The claim's own `impostors` come first, then `calibrate_on`. An earlier audit sets no threshold
    here: whether its FMR is the one claimed is what these trials have to say.
    """
    every = np.ones((groups.n_groups, groups.n_groups), dtype=bool)
    name = "unmasked" if fitting.plan.probe_mask in BARE else "all"
    if claim.impostors == "same-group" or (
        claim.impostors is None and calibrate_on == "same-group"
    ):
        return "same-group", same_group(groups)
    if claim.impostors is None and isinstance(calibrate_on, dict):
        ((_, selection),) = calibration_trials(calibrate_on, [fitting], groups)
        return calibrate_on, selection
    return name, every


def _searches(claim: Claim, searched: Sequence[Searched], groups: Groups, scale: Scale) -> Ground:
    if not searched:
        return Ground(None, "no search decides it: the vendor's file lacks scores that it needs")
    known = {each.probe_mask: each for each in searched}
    bare = next((known[mask] for mask in BARE if mask in known), None)
    found = bare
    if claim.masks is not None:
        found = known.get(claim.masks.probe)
        if found is None:
            raise RequestError(
                f"claims.{claim.id}.masks.probe: no search is made with {claim.masks.probe!r}; "
                f"choose from {list(known)}."
            )
    if found is None:
        return Ground(None, "no search is made with a bare face")
    evidence = SearchEvidence(found, bare or found, groups.codes, scale, claim.failures)
    return Ground(
        evidence,
        masks=(found.probe_mask, None),
        gallery_people=found.searches.gallery_people,
    )
