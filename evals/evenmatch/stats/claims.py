"""Three-way verdicts on a vendor's claim: supported, refuted, undecided."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scipy.optimize import brentq

from evenmatch.stats.intervals import effective_trials, lower_bound, upper_bound
from evenmatch.stats.power import planned_trials, trials_to_support

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evenmatch.stats.people import PersonCounts

Verdict = Literal["supported", "refuted", "undecided"]

_BOUND = re.compile(r"\s*<=?\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")
GALLERY_SHARE = 0.9  # a gallery below this share of the claimed one extrapolates (NIST SP 800-63-4)


def parse_bound(text: str) -> float:
    """Read the limit a claim sets, written like `<= 0.003`."""
    found = _BOUND.fullmatch(text)
    value = float(found.group(1)) if found else math.nan
    if not 0 < value < 1:
        raise ValueError(f"{text!r} is no bound; write a limit between 0 and 1, like '<= 0.003'.")
    return value


def judge(
    counts: PersonCounts, bound: float, alpha: float = 0.05, looser: PersonCounts | None = None
) -> Verdict:
    """Judge "the rate is at most `bound`" on one-sided bounds, each wrong with chance alpha."""
    if counts.trials == 0:
        return "undecided"
    if upper_bound(counts, alpha, looser) <= bound:
        return "supported"
    return "refuted" if lower_bound(counts, alpha, looser) > bound else "undecided"


@dataclass(frozen=True, eq=False)
class Part:
    """One of the statements a claim is made of, as seen in the data.

    Attributes:
        counts: errors and trials by person.
        bound: what the claim allows.
        looser: the same at the nearest looser threshold where at least 30 units err.
    """

    counts: PersonCounts
    bound: float
    looser: PersonCounts | None = None

    def supported(self, alpha: float) -> bool:
        """Whether the upper bound lies within what is claimed."""
        return bool(self.counts.trials) and (
            upper_bound(self.counts, alpha, self.looser) <= self.bound
        )

    def refuted(self, alpha: float) -> bool:
        """Whether the lower bound lies beyond what is claimed."""
        return bool(self.counts.trials) and (
            lower_bound(self.counts, alpha, self.looser) > self.bound
        )


def judge_all(parts: Sequence[Part], alpha: float = 0.05) -> Verdict:
    """Judge a claim that holds only if every part does: all groups, or FNMR and FMR together.

    Supported if each part is at alpha (an intersection-union test needs no correction); refuted
    if any part is at alpha over the number of parts (the first step of Holm's procedure).
    """
    if not parts:
        raise ValueError("A claim has at least one part; name the groups or the rate it is about.")
    if all(part.supported(alpha) for part in parts):
        return "supported"
    return "refuted" if any(part.refuted(alpha / len(parts)) for part in parts) else "undecided"


def refuting_p_value(part: Part) -> float:
    """Smallest alpha at which the part is refuted, for Holm's procedure over groups.

    A half where even the observed rate keeps to the bound; never below 1e-12.
    """
    floor, half = 1e-12, 0.5
    if not part.refuted(half - 1e-9):
        return half
    if part.refuted(floor):
        return floor

    def above(log_alpha: float) -> float:
        return lower_bound(part.counts, math.exp(log_alpha), part.looser) - part.bound

    return math.exp(float(brentq(above, math.log(floor), math.log(half - 1e-9), xtol=1e-9)))


@dataclass(frozen=True)
class Guard:
    """Thresholds between which a fitted one may truly lie (methods 5.6).

    Attributes:
        low: largest threshold whose FMR is surely above the target; None where there is none.
        high: smallest threshold whose FMR is surely within the target; None where there is none.
    """

    low: float | None
    high: float | None


def guard(
    thresholds: Sequence[float],
    target: float,
    *,
    upper_at: Callable[[float], float],
    lower_at: Callable[[float], float],
) -> Guard:
    """Find the guard of a threshold fitted to an FMR.

    Args:
        thresholds: candidates, ascending; one between any two neighbouring non-mated scores.
        target: the FMR claimed.
        upper_at: upper bound of the FMR at a threshold, at half the alpha of the verdict.
        lower_at: lower bound of the FMR at a threshold, at half the alpha of the verdict.

    The bounds are taken to fall with the threshold. Where clustering makes them step back up,
    the thresholds found still satisfy their conditions; they may not be the very nearest.
    """
    above = _count_true(len(thresholds), lambda k: upper_at(thresholds[k]) > target)
    surely = _count_true(len(thresholds), lambda k: lower_at(thresholds[k]) > target)
    return Guard(
        low=thresholds[surely - 1] if surely else None,
        high=thresholds[above] if above < len(thresholds) else None,
    )


def judge_guarded(at_low: Part | None, at_high: Part | None, alpha: float = 0.05) -> Verdict:
    """Judge "FNMR is at most the bound at this FMR" where the threshold was fitted to the FMR.

    Args:
        at_low: mated trials at the guard's low threshold, where FNMR is least; None without one.
        at_high: mated trials at the guard's high threshold; None without one.
        alpha: one-sided error; half of it went into the guard.
    """
    if at_high is not None and at_high.supported(alpha / 2):
        return "supported"
    return "refuted" if at_low is not None and at_low.refuted(alpha / 2) else "undecided"


def guarded_bounds(
    at_low: Part | None, at_high: Part | None, alpha: float = 0.05
) -> tuple[float, float]:
    """Where FNMR at a fitted FMR may lie; an end without a threshold is 0 or 1."""
    low = lower_bound(at_low.counts, alpha / 2, at_low.looser) if at_low else 0.0
    high = upper_bound(at_high.counts, alpha / 2, at_high.looser) if at_high else 1.0
    return low, high


@dataclass(frozen=True)
class Circumstances:
    """What may forbid a verdict whatever the numbers say.

    Attributes:
        pairs_chosen: how non-mated pairs were chosen: `all`, `random`, `matched` or `mined`.
        about_fmr: whether the claim, or a part of it, is about false matches.
        in_sample: whether the threshold was fitted on the very trials judged.
        guarded: whether the guard of a fitted threshold was used.
        gallery_tested: people in the gallery searched; None for one-to-one.
        gallery_claimed: people in the gallery the claim is about; None for one-to-one.
        label_noise_flips: whether wrong group labels, at rates that occur, flip the verdict.
        outside: conditions of the trials that the claim does not cover, such as masks.
    """

    pairs_chosen: str = "all"
    about_fmr: bool = False
    in_sample: bool = False
    guarded: bool = False
    gallery_tested: int | None = None
    gallery_claimed: int | None = None
    label_noise_flips: bool = False
    outside: tuple[str, ...] = ()


def downgrades(circumstances: Circumstances) -> tuple[str, ...]:
    """Reasons to leave a claim undecided, as sentences; empty where there is none."""
    c, reasons = circumstances, []
    if (
        c.gallery_claimed is not None
        and (c.gallery_tested or 0) < GALLERY_SHARE * c.gallery_claimed
    ):
        reasons.append(
            f"extrapolated: the gallery searched has {c.gallery_tested or 0} people, "
            f"the claim is about {c.gallery_claimed}"
        )
    if c.in_sample and not c.guarded:
        reasons.append("the threshold was fitted on the trials it is judged on, without a guard")
    if c.pairs_chosen == "mined" and c.about_fmr:
        reasons.append("non-mated pairs were mined for likeness, so that their FMR is no FMR")
    if c.pairs_chosen == "matched" and c.about_fmr:
        reasons.append("non-mated pairs were matched on attributes, and the claim is about all")
    if c.label_noise_flips:
        reasons.append("wrong group labels at rates that occur would change the verdict")
    reasons += [f"the claim does not cover {condition}" for condition in c.outside]
    return tuple(reasons)


def people_needed(part: Part, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """People it would take in all to decide the part, if the observed rate were the true one.

    As many more as effective trials are missing, with this design's effective trials a person.
    None where the observed rate is the bound itself, or nobody was tried: no number would do.
    """
    rate = part.counts.rate
    if rate is None or rate == part.bound:
        return None
    if rate == 0:
        needed = trials_to_support(part.bound, 0, alpha)
    elif rate == 1:
        needed = 2
    else:
        needed = planned_trials(part.bound, rate, alpha=alpha, power=power)
    have = effective_trials(part.counts, alpha, part.looser)
    return max(math.ceil(part.counts.subjects * needed / have), part.counts.subjects)


def _count_true(size: int, holds: Callable[[int], bool]) -> int:
    """How many of the first places hold, for a condition that turns false once."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if holds(middle) else (low, middle)
    return low
