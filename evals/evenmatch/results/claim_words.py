"""Why a claim has the verdict it has, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evenmatch.stats.claims import Guard, Verdict

_VERDICTS: tuple[Verdict, ...] = ("supported", "refuted", "undecided")


@dataclass(frozen=True)
class Spoken:
    """What the reason of a verdict speaks of; the tuples have one entry a part of the claim."""

    whole: Verdict
    labels: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    bounds: tuple[tuple[float, float] | None, ...]
    limits: tuple[float, ...]
    guard: Guard | None
    at: str
    metric: str
    too_few: tuple[int | None, ...]

    def of(self, place: int) -> Spoken:
        """Return what is to be said of one part alone."""
        one = slice(place, place + 1)
        return replace(
            self,
            whole=self.verdicts[place],
            labels=self.labels[one],
            verdicts=self.verdicts[one],
            bounds=self.bounds[one],
            limits=self.limits[one],
            too_few=self.too_few[one],
        )


def reason_of(said: Spoken) -> str:
    """Say why a claim, or a part of it, is supported, refuted or undecided."""
    if len(said.labels) == 1:
        return _one(said)
    named: dict[Verdict, list[str]] = {verdict: [] for verdict in _VERDICTS}
    for label, verdict in zip(said.labels, said.verdicts, strict=True):
        named[verdict].append(label)
    if said.whole == "supported":
        return "the upper bound keeps to the claim in every part"
    if said.whole == "refuted":
        return f"the lower bound lies beyond the claim for {', '.join(named['refuted'])}"
    held = f"; supported for {', '.join(named['supported'])}" if named["supported"] else ""
    parts = [_one(said.of(k)) for k, each in enumerate(said.verdicts) if each == "undecided"]
    why = f": {parts[0]}" if len(set(parts)) == 1 else ""
    return f"nothing is decided for {', '.join(named['undecided'])}{why}{held}"


def _one(said: Spoken) -> str:
    (bounds,), (limit,) = said.bounds, said.limits
    if bounds is None:
        people = said.too_few[0]
        return (
            "no trial was made"
            if not people
            else f"too few people ({people}) for a bound to mean anything"
        )
    low, high = bounds
    if said.whole == "supported":
        return f"the upper bound {_number(high)} keeps to {_number(limit)}"
    if said.whole == "refuted":
        return f"the lower bound {_number(low)} lies above {_number(limit)}"
    if said.guard is not None and (said.guard.high is None or said.guard.low is None):
        return _half_guarded(said.guard, said.at, beyond=high > limit)
    return f"the bounds {_number(low)} and {_number(high)} lie on both sides of {_number(limit)}"


def _half_guarded(guard: Guard, at: str, *, beyond: bool) -> str:
    """Say which end of a fitted threshold the trials cannot tell."""
    if guard.high is None:
        return f"the trials are too few to say which thresholds surely keep to {at}"
    if beyond:
        return f"the upper bound lies beyond, and no threshold surely exceeds {at}"
    return f"no threshold surely exceeds {at} with these trials"


def _number(rate: float) -> str:
    return f"{rate:.3g}"
