"""What each claim is judged on: its groups at the thresholds that decide, and what forbids it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from evenmatch.data.groups import ALL
from evenmatch.results.claim_evidence import find_guard, scope_groups
from evenmatch.results.claim_labels import labels_matter
from evenmatch.results.claim_sources import Ground, find_ground
from evenmatch.stats.claims import (
    Circumstances,
    Guard,
    Part,
    Verdict,
    downgrades,
    judge_all,
    parse_bound,
    people_needed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.config import RunConfig
    from evenmatch.data.groups import Group, Groups
    from evenmatch.entries.claim import Claim
    from evenmatch.results.claim_evidence import Metric, Seen
    from evenmatch.results.one_to_many import Searched
    from evenmatch.results.thresholds import Scale
    from evenmatch.scoring.counts import ScoreCounts

ALPHA = 0.05  # one-sided, whatever the level of the intervals


@dataclass(frozen=True)
class Member:
    """One of the statements that together are the claim.

    Attributes:
        kind: a group of the claim's scope, or the FMR claimed beside an FNMR.
        label: the group.
        metric: the rate.
        bound: what it is claimed to keep to.
        observed: it at the threshold the estimate belongs to.
        support: where support is decided: at the guard's end for a fitted threshold.
        refute: where refutation is decided.
    """

    kind: Literal["group", "fmr"]
    label: str
    metric: Metric
    bound: float
    observed: Seen | None
    support: Seen | None
    refute: Seen | None

    def part(self, end: Literal["support", "refute"]) -> Part | None:
        """Return what decides at one end; None where nothing can."""
        seen: Seen | None = getattr(self, end)
        return seen.part(self.bound) if seen is not None and seen.decides else None


@dataclass(frozen=True)
class Case:
    """A claim with everything its verdict rests on.

    Attributes:
        alpha: one-sided error left to the bounds, once a guard has had its half.
        members: its groups, and the FMR claimed beside it.
        guard: of a fitted threshold.
        guard_needs: people more that would give the guard the end it lacks.
        reasons: why it stays undecided whatever the numbers say.
    """

    claim: Claim
    ground: Ground
    threshold: float | None
    set_on: str | None
    alpha: float = ALPHA
    members: tuple[Member, ...] = ()
    guard: Guard | None = None
    guard_needs: int | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judging:
    """What one matcher's claims are judged on."""

    counts: Sequence[ScoreCounts]
    searched: Sequence[Searched]
    groups: Groups
    scale: Scale
    labelled_by: dict[str, str] = field(default_factory=dict)


def see_claim(claim: Claim, judging: Judging, config: RunConfig) -> Case:
    """Collect what a claim is to be judged on."""
    ground = find_ground(
        claim,
        judging.counts,
        judging.searched,
        judging.groups,
        judging.scale,
        config.one_to_one.calibrate_on,
    )
    if ground.evidence is None:
        return Case(claim, ground, None, None, reasons=(ground.lacking,))
    if claim.point.is_rate:
        case = _fitted(claim, ground, judging)
    else:
        case = _fixed(claim, ground, judging)
    return replace(case, reasons=_reasons(case, config.benchmark.impostors, judging))


def _fixed(claim: Claim, ground: Ground, judging: Judging) -> Case:
    """See a claim at the threshold that its author gave."""
    assert ground.evidence is not None  # noqa: S101 - the caller made sure
    at = judging.scale.similarity(claim.point.value)
    members = []
    for group in scope_groups(judging.groups, claim.scope):
        seen = ground.evidence.seen(claim.metric, group, at)
        members.append(_member("group", group, claim.metric, claim.limit, (seen, seen, seen)))
    if claim.claimed_fmr is not None:
        everyone = judging.groups.groupings[ALL][0]
        seen = ground.evidence.seen("fmr", everyone, at)
        bound = parse_bound(claim.claimed_fmr)
        members.append(_member("fmr", everyone, "fmr", bound, (seen, seen, seen)))
    return Case(claim, ground, at, "vendor", members=tuple(members))


def _fitted(claim: Claim, ground: Ground, judging: Judging) -> Case:
    """See a claim at a fitted threshold: each side at its end of the guard (methods 5.6)."""
    evidence = ground.evidence
    assert evidence is not None  # noqa: S101 - the caller made sure
    if not evidence.trials:
        lacking = f"no non-mated trial has a score to set {claim.at}"
        return Case(claim, ground, None, None, reasons=(lacking,))
    threshold = evidence.fitted(claim.at)
    guard = find_guard(evidence, claim.point.value, ALPHA)
    # Misses grow with the threshold and false matches shrink: the ends change places.
    strict, loose = (guard.high, guard.low)
    ends = (strict, loose) if claim.metric in ("fnmr", "fnir") else (loose, strict)
    members = []
    for group in scope_groups(judging.groups, claim.scope):
        seen = [
            None if at is None else evidence.seen(claim.metric, group, at)
            for at in (threshold.threshold, *ends)
        ]
        members.append(_member("group", group, claim.metric, claim.limit, seen))
    return Case(
        claim,
        ground,
        threshold.threshold,
        threshold.set_on,
        ALPHA / 2,
        tuple(members),
        guard,
        _guard_needs(ground, claim, guard),
    )


def _member(
    kind: Literal["group", "fmr"],
    group: Group,
    metric: Metric,
    bound: float,
    seen: Sequence[Seen | None],
) -> Member:
    observed, support, refute = seen
    return Member(kind, group.label, metric, bound, observed, support, refute)


def _guard_needs(ground: Ground, claim: Claim, guard: Guard) -> int | None:
    """Say how many more people would give the guard its upper end; None where it has one."""
    if guard.high is not None or ground.evidence is None:
        return None
    strictest = ground.evidence.fitted_rate(ground.evidence.accepting(0)[0])
    return more_people(strictest, claim.point.value, ALPHA / 2)


def more_people(seen: Seen, bound: float, alpha: float) -> int | None:
    """Say about how many more people would decide; None where nobody can say."""
    in_all = people_needed(seen.part(bound), alpha) if seen.counts.trials else None
    return None if in_all is None else max(in_all - seen.counts.subjects, 1)


def _reasons(case: Case, pairs_chosen: str, judging: Judging) -> tuple[str, ...]:
    claim, verdict = case.claim, verdict_on(case.members, case.alpha)
    stated = downgrades(
        Circumstances(
            pairs_chosen=pairs_chosen,
            about_fmr=claim.about_fmr,
            in_sample=claim.point.is_rate,
            guarded=case.guard is not None,
            gallery_tested=case.ground.gallery_people,
            gallery_claimed=claim.gallery_size,
            label_noise_flips=labels_matter(case, verdict, judging.groups, judging.labelled_by),
            outside=case.ground.outside,
        )
    )
    return (*case.reasons, *stated)


def verdict_on(members: Sequence[Member], alpha: float) -> Verdict:
    """Judge the conjunction of all members; one that cannot be tested supports nothing."""
    supports = [member.part("support") for member in members]
    if members and all(part is not None and part.supported(alpha) for part in supports):
        return "supported"
    refutes = [part for member in members if (part := member.part("refute")) is not None]
    return "refuted" if refutes and judge_all(refutes, alpha) == "refuted" else "undecided"
