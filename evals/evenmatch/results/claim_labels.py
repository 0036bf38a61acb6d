"""Whether wrong labels of groups would turn a claim's verdict (methods 5.8 and 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from evenmatch.results.claim_evidence import ComparisonEvidence, scope_groups
from evenmatch.stats.intervals import lower_bound, upper_bound
from evenmatch.stats.label_noise import tipping_point

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from evenmatch.data.groups import Group, Groups
    from evenmatch.results.claim_cases import Case
    from evenmatch.stats.claims import Part, Verdict

    Doubles = npt.NDArray[np.float64]

LIKELY_NOISE = 0.05  # share of wrong labels that a verdict on groups has to survive
TRUSTED_LABELS = ("self-reported", "construction")


def labels_matter(
    case: Case, verdict: Verdict, groups: Groups, labelled_by: Mapping[str, str]
) -> bool:
    """Whether labels wrong as often as labels are would turn a verdict.

    The bounds that decide are corrected as rates are; false match rates, which belong to two
    labels, on both sides, with the rates seen between the groups.

    Args:
        case: the claim and what it is judged on.
        verdict: what the labels as they are say.
        groups: everybody's groups.
        labelled_by: attribute to who labelled it.
    """
    noted = [labelled_by.get(name, "") for name in case.claim.scope]
    if verdict == "undecided" or all(who in TRUSTED_LABELS for who in noted):
        return False
    end: Literal["support", "refute"] = "support" if verdict == "supported" else "refute"
    members = [member for member in case.members if member.kind == "group"]
    named = zip(members, scope_groups(groups, case.claim.scope), strict=True)
    tested = [(part, group) for member, group in named if (part := member.part(end)) is not None]
    if len(tested) < 2:
        return False
    rates = np.array([_bound(part, verdict, case.alpha, len(members)) for part, _ in tested])
    labelled = np.array([part.counts.trials for part, _ in tested], dtype=np.float64)
    if case.claim.metric == "fmr":
        strangers = _strangers(case, [group for _, group in tested], end)
        rates, labelled = _of_both_labels(rates, labelled, strangers, verdict)
    turned = tipping_point(
        rates, labelled, lambda within: max(within) <= case.claim.limit, largest=LIKELY_NOISE
    )
    return turned is not None


def _bound(part: Part, verdict: Verdict, alpha: float, groups: int) -> float:
    """Return the bound that decides: the upper one for support, the lower for refutation."""
    if verdict == "supported":
        return upper_bound(part.counts, alpha, part.looser)
    return lower_bound(part.counts, alpha / groups, part.looser)


def _strangers(
    case: Case, groups: Sequence[Group], end: Literal["support", "refute"]
) -> dict[tuple[int, int], tuple[int, int]]:
    """Count false matches and comparisons between every two groups, where a verdict is decided."""
    evidence, at = case.ground.evidence, case.threshold
    assert isinstance(evidence, ComparisonEvidence)  # noqa: S101 - false matches are of comparisons
    if case.guard is not None:
        at = case.guard.low if end == "support" else case.guard.high
    assert at is not None  # noqa: S101 - a part was decided there
    return {
        (a, b): evidence.false_matches_between(groups[a], groups[b], at)
        for a in range(len(groups))
        for b in range(len(groups))
        if a != b
    }


def _of_both_labels(
    rates: Doubles,
    labelled: Doubles,
    strangers: Mapping[tuple[int, int], tuple[int, int]],
    verdict: Verdict,
) -> tuple[Doubles, Doubles]:
    """Return the rates by the labels of both sides, and the comparisons by the label of one.

    Where nobody of two groups was compared, the rate between them is taken as what endangers the
    verdict most: none at all, or as large as within the worse of the two.
    """
    matrix, trials = np.diag(rates), np.diag(labelled)
    for (a, b), (errors, between) in strangers.items():
        unseen = 0.0 if verdict == "supported" else max(rates[a], rates[b])
        matrix[a, b] = errors / between if between else unseen
        trials[a, b] = between
    return matrix, np.asarray((trials + trials.T).sum(axis=1), dtype=np.float64)
