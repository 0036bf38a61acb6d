"""Verdicts on a run's claims: supported, refuted, or undecided and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.data.groups import ALL
from evenmatch.results.claim_cases import ALPHA, more_people, see_claim, verdict_on
from evenmatch.results.claim_rows import ClaimVerdict
from evenmatch.results.claim_words import Spoken, reason_of
from evenmatch.stats.claims import refuting_p_value
from evenmatch.stats.differences import holm
from evenmatch.stats.guaranteed import guaranteed_high
from evenmatch.stats.intervals import lower_bound, upper_bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.config import RunConfig
    from evenmatch.results.claim_cases import Case, Judging, Member
    from evenmatch.stats.claims import Verdict


def judge_claims(judging: Judging, config: RunConfig) -> list[ClaimVerdict]:
    """Return the verdicts on every claim about one matcher, in the config's order."""
    mine = [claim for claim in config.claims if claim.matcher == judging.scale.matcher]
    return [row for claim in mine for row in _rows(see_claim(claim, judging, config))]


def _member_verdicts(case: Case) -> list[Verdict]:
    """Judge each member: support by itself, refutation by Holm's procedure over them all."""
    tested = [k for k, member in enumerate(case.members) if member.part("refute") is not None]
    parts = [case.members[k].part("refute") for k in tested]
    adjusted = dict(
        zip(tested, holm([refuting_p_value(p) for p in parts if p]) if parts else [], strict=True)
    )
    found: list[Verdict] = []
    for k, member in enumerate(case.members):
        part = member.part("support")
        if part is not None and part.supported(case.alpha):
            found.append("supported")
        else:
            found.append("refuted" if adjusted.get(k, 1.0) <= case.alpha else "undecided")
    return found


def _rows(case: Case) -> list[ClaimVerdict]:
    """Give the row of the whole claim, then one a group and one for the FMR claimed beside it."""
    verdicts = _member_verdicts(case)
    needs = [
        _needed(case, member) if verdict == "undecided" else 0
        for member, verdict in zip(case.members, verdicts, strict=True)
    ]
    whole = verdict_on(case.members, case.alpha)
    words = Spoken(
        whole=whole,
        labels=tuple(_name(member) for member in case.members),
        verdicts=tuple(verdicts),
        bounds=tuple(_bounds(case, member) for member in case.members),
        limits=tuple(member.bound for member in case.members),
        guard=case.guard,
        at=case.claim.at,
        metric=case.claim.metric,
        too_few=tuple(_too_few(member) for member in case.members),
    )
    first = _row(
        case,
        _deciding(case),
        verdict="undecided" if case.reasons else whole,
        reason="; ".join(case.reasons) or reason_of(words),
        needed=None if case.reasons or whole != "undecided" else _whole_need(case, needs),
    )
    first = first.model_copy(update={"part": "whole", "group": ALL})
    if len(case.members) < 2:
        return [first]
    rest = [
        _row(
            case,
            member,
            verdict="undecided" if case.reasons else verdict,
            reason="; ".join(case.reasons) or reason_of(words.of(place)),
            needed=None if case.reasons or verdict != "undecided" else needs[place],
        )
        for place, (member, verdict) in enumerate(zip(case.members, verdicts, strict=True))
    ]
    return [first, *rest]


def _name(member: Member) -> str:
    """Return what a part of a claim is called: its group, or its rate where it is everybody's."""
    return member.label if member.label != ALL else member.metric.upper()


def _deciding(case: Case) -> Member | None:
    """Return the group whose rate lies highest: the claim holds only if it holds there.

    Where no group is large enough to have a rate, the one that most comparisons speak for.
    """
    groups = [member for member in case.members if member.kind == "group"]
    shown = [
        (member.observed.counts.rate or 0.0, member)
        for member in groups
        if member.observed is not None and member.observed.decides
    ]
    if shown:
        return max(shown, key=lambda pair: pair[0])[1]
    tried = [member for member in groups if member.observed is not None]
    return max(tried, key=_trials, default=groups[0] if len(groups) == 1 else None)


def _trials(member: Member) -> int:
    return member.observed.counts.trials if member.observed is not None else 0


def _needed(case: Case, member: Member) -> int | None:
    if member.observed is None or not member.observed.counts.trials:
        return None
    more = more_people(member.observed, member.bound, case.alpha)
    rate = member.observed.counts.rate or 0.0
    if more is not None and case.guard_needs is not None and rate <= member.bound:
        return max(more, case.guard_needs)
    return more


def _whole_need(case: Case, needs: Sequence[int | None]) -> int | None:
    """Say how many more people would decide the claim.

    One group that fails is enough to refute it; all are needed to support it.
    """
    failing = [
        need
        for member, need in zip(case.members, needs, strict=True)
        if need and member.observed and (member.observed.counts.rate or 0.0) > member.bound
    ]
    if failing:
        return min(failing)
    known = [need for need in needs if need is not None]
    return sum(known) if len(known) == len(needs) else None


def _too_few(member: Member) -> int | None:
    """Return the people of a group that is too small to say anything; None for any other."""
    if member.observed is None or member.observed.decides:
        return None
    return member.observed.counts.subjects


def _bounds(case: Case, member: Member) -> tuple[float, float] | None:
    """Return where the rate may lie: one-sided bounds, at the ends of a guard where there is one.

    An end that the guard does not have is 0 or 1.
    """
    if member.observed is None or not member.observed.decides:
        return None
    low, high = member.part("refute"), member.part("support")
    return (
        lower_bound(low.counts, case.alpha, low.looser) if low else 0.0,
        upper_bound(high.counts, case.alpha, high.looser) if high else 1.0,
    )


def _row(
    case: Case,
    member: Member | None,
    *,
    verdict: Verdict,
    reason: str,
    needed: int | None,
) -> ClaimVerdict:
    claim, ground = case.claim, case.ground
    seen = member.observed if member else None
    bounds = _bounds(case, member) if member else None
    shown = seen is not None and bounds is not None
    counts = seen.counts if seen else None
    return ClaimVerdict(
        claim=claim.id,
        matcher=claim.matcher,
        scope="+".join(claim.scope) or ALL,
        metric=member.metric if member else claim.metric,
        bound=member.bound if member else claim.limit,
        estimate=counts.rate if counts and shown else None,
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
        verdict=verdict,
        reason=reason,
        needed=needed,
        part=member.kind if member else "whole",
        group=member.label if member else ALL,
        at=claim.at,
        threshold=case.threshold,
        set_on=case.set_on,
        guard_low=case.guard.low if case.guard else None,
        guard_high=case.guard.high if case.guard else None,
        alpha=ALPHA,
        errors=counts.errors if counts else 0,
        trials=counts.trials if counts else 0,
        people=counts.subjects if counts else 0,
        guaranteed_high=_guaranteed(case, member) if shown else None,
        failures="excluded" if member and member.metric == "fmr" else claim.failures,
        impostors=None if claim.one_to_many else ground.impostors,
        probe_mask=ground.masks[0],
        reference_mask=ground.masks[1],
        gallery_people=ground.gallery_people,
        gallery_size=claim.gallery_size,
        text=claim.text,
        source=claim.source,
    )


def _guaranteed(case: Case, member: Member | None) -> float | None:
    """Return the bound that nothing breaks, where support is decided.

    None for an FPIR: its searches share a gallery, which the bound does not know.
    """
    part = member.part("support") if member else None
    if part is None or member is None or member.metric == "fpir":
        return None
    return guaranteed_high(part.counts, case.alpha)
