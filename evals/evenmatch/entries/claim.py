"""A vendor's claim as a run's author writes it down, before any score is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from evenmatch.entries.limits import MOST
from evenmatch.entries.words import Name
from evenmatch.stats.claims import parse_bound
from evenmatch.stats.thresholds import OperatingPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

# Where each rate can be claimed.
PLACES = {
    "fnmr": ("fmr", "threshold"),
    "fmr": ("threshold", "fmr"),
    "fpir": ("threshold", "fpir"),
    "fnir": ("fpir", "threshold"),
}


def _bound(text: str) -> str:
    parse_bound(text)
    return text


Bound = Annotated[str, AfterValidator(_bound)]


class ClaimedMasks(BaseModel):
    """The masks that a claim is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    probe: str
    reference: str | None = None


class Claim(BaseModel):
    """A rate that somebody says a matcher keeps to, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Name
    text: str = ""
    source: str = ""
    matcher: str
    metric: Literal["fnmr", "fmr", "fpir", "fnir"]
    at: str
    bound: Bound
    claimed_fmr: Bound | None = None
    scope: tuple[str, ...] = ()
    impostors: Literal["all", "same-group"] | None = None
    masks: ClaimedMasks | None = None
    failures: Literal["non-match", "excluded"] = "non-match"
    gallery_size: int | None = Field(default=None, ge=1, le=MOST)

    @field_validator("scope")
    @classmethod
    def _each_once(cls, scope: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(scope)) < len(scope):
            raise ValueError("a scope names each attribute once, such as [sex]; correct it.")
        if "mask" in scope:
            raise ValueError("mask status is no group of people; write `masks` instead.")
        return scope

    @model_validator(mode="after")
    def _parts_fit(self) -> Claim:
        allowed = PLACES[self.metric]
        if self.point.kind not in allowed:
            raise ValueError(
                f"`at: {self.at}` is no place to claim {self.metric}; write "
                + " or ".join(f"{kind}=..." for kind in allowed)
                + "."
            )
        if self.one_to_many != (self.gallery_size is not None):
            raise ValueError(
                "`gallery_size`, the people in the gallery that the claim speaks of, belongs to "
                "fpir and fnir and to these alone; add or remove it."
            )
        if self.one_to_many and self.impostors is not None:
            raise ValueError("`impostors` belongs to fmr and fnmr; remove it.")
        if self.one_to_many and self.masks is not None and self.masks.reference is not None:
            raise ValueError("galleries hold photographs as they are; remove `masks.reference`.")
        if not self.one_to_many and self.masks is not None and self.masks.reference is None:
            raise ValueError("a comparison has two sides; add `masks.reference`.")
        if self.claimed_fmr is not None and (self.metric, self.point.kind) != ("fnmr", "threshold"):
            raise ValueError(
                "`claimed_fmr` says which FMR a fixed threshold keeps to beside the FNMR; remove "
                "it, or write `metric: fnmr` and `at: threshold=...`."
            )
        return self

    @property
    def point(self) -> OperatingPoint:
        """Where the claim holds."""
        return OperatingPoint.parse(self.at)

    @property
    def one_to_many(self) -> bool:
        """Whether the claim is about searches."""
        return self.metric in ("fpir", "fnir")

    @property
    def limit(self) -> float:
        """What the rate is claimed to keep to."""
        return parse_bound(self.bound)

    @property
    def about_fmr(self) -> bool:
        """Whether the claim, or a part of it, is about false matches."""
        return self.metric == "fmr" or self.point.kind == "fmr" or self.claimed_fmr is not None


def unjudgeable(claims: Sequence[Claim], matchers: Sequence[str], *, searches: bool) -> str:
    """Say what keeps a run's claims from being judged, or nothing.

    Args:
        claims: the run's claims.
        matchers: names of its matchers.
        searches: whether it searches galleries.
    """
    for number, claim in enumerate(claims):
        if claim.id.lower() in {other.id.lower() for other in claims[:number]}:
            return f"claims: two claims have the id {claim.id!r}; rename one."
        if claim.matcher not in matchers:
            return (
                f"claims.{claim.id}.matcher: there is no matcher {claim.matcher!r} in this run; "
                f"choose from {list(matchers)}."
            )
        if claim.one_to_many and not searches:
            return f"claims.{claim.id}: {claim.metric} needs searches; add `one_to_many`."
    return ""
