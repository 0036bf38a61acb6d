"""Galleries and searches as a run's author writes them, and what other keys share with them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from evenmatch.entries.limits import MOST
from evenmatch.stats.thresholds import OperatingPoint


def text_values(value: object) -> object:
    """Take one value for a list of one; a number is refused, since labels are text."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(each, str) for each in values):
        raise ValueError(
            "write a value or a list of values, in quotes where it looks like a number or yes/no."
        )
    return tuple(values)


# A filter: attribute to the values of which a photograph must have one.
Where = dict[str, Annotated[tuple[str, ...], BeforeValidator(text_values)]]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Selected(_Part):
    """The photographs that play one role."""

    where: Where = {}


def operating_points(texts: tuple[str, ...], kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return operating points as written, or say what is wrong with them."""
    points = [OperatingPoint.parse(text) for text in texts]
    for text, point in zip(texts, points, strict=True):
        if point.kind not in kinds:
            raise ValueError(
                f"{text!r} is no operating point here; write one of "
                + ", ".join(f"{kind}=..." for kind in kinds)
                + "."
            )
    if not points or len({(each.kind, each.value) for each in points}) < len(points):
        raise ValueError(f"name at least one operating point, and each once, as {kinds[0]}=0.01.")
    return texts


class Gallery(_Part):
    """Who is enrolled: a share of the people, with which of their photographs; 1 is everybody."""

    where: Where = {}
    enrolled: float = Field(default=0.5, gt=0, le=1)
    policy: Literal["unconsolidated", "recent", "consolidated"] = "unconsolidated"
    recent_by: str | None = None

    @model_validator(mode="after")
    def _recent_by_fits(self) -> Gallery:
        if self.recent_by is not None and self.policy != "recent":
            raise ValueError("`recent_by` belongs to `policy: recent`; remove it or add that.")
        return self


class OneToMany(_Part):
    """Identification: searches against a gallery in which only some of the searchers are."""

    gallery: Gallery = Gallery()
    searches: Selected = Selected()
    operating_points: tuple[str, ...] = ("fpir=0.01",)
    ranks: tuple[Annotated[int, Field(ge=1, le=MOST)], ...] = (1, 5, 20)
    splits: int = Field(default=20, ge=1, le=1000)
    mates: Literal["any", "all"] = "any"
    index: Literal["exact", "faiss-flat", "faiss-ivf", "faiss-hnsw"] = "exact"

    @field_validator("operating_points")
    @classmethod
    def _of_searches(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return operating_points(texts, ("fpir", "threshold"))

    @field_validator("ranks")
    @classmethod
    def _distinct_ranks(cls, ranks: tuple[int, ...]) -> tuple[int, ...]:
        if not ranks or len(set(ranks)) < len(ranks):
            raise ValueError("name at least one rank, and each once, such as [1, 5, 20].")
        return ranks

    @model_validator(mode="after")
    def _mates_fit(self) -> OneToMany:
        if self.mates == "all" and self.gallery.policy != "unconsolidated":
            raise ValueError(
                "`mates: all` needs `policy: unconsolidated`, where a person may have several "
                "photographs enrolled; write `mates: any`."
            )
        return self
