"""The key `masks` of a run: which masks are drawn, and on which side of a comparison."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, field_validator

from evenmatch.data.masks import MaskDrawing


class SyntheticMask(BaseModel):
    """One mask to draw on every photograph."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: Literal["wide", "round"]
    coverage: Literal["low", "medium", "high"]
    colour: Literal["black", "white", "blue", "green", "red", "light-blue"]

    def drawing(self) -> MaskDrawing:
        """Return the drawing this entry asks for."""
        return MaskDrawing(self.shape, self.coverage, self.colour)


def _each_combination(entries: object) -> object:
    """Write out entries whose keys hold lists: every shape with every coverage and colour."""
    if not isinstance(entries, list | tuple):
        return entries
    return [made for entry in entries for made in _combinations(entry)]


def _combinations(entry: object) -> list[object]:
    if not isinstance(entry, dict) or not any(isinstance(each, list) for each in entry.values()):
        return [entry]
    choices = [each if isinstance(each, list) else [each] for each in entry.values()]
    made: list[dict[Any, Any]] = [
        dict(zip(entry, chosen, strict=True)) for chosen in itertools.product(*choices)
    ]
    if not made:
        raise ValueError("an empty list draws no mask; name at least one, or take the key away.")
    return list(made)


class Masks(BaseModel):
    """Masks to draw, and on which side of a comparison; `dlib68` or `mtcnn5` places them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    synthetic: Annotated[tuple[SyntheticMask, ...], BeforeValidator(_each_combination)] = ()
    apply_to: tuple[Literal["probe", "reference", "both"], ...] = ("probe", "both")
    landmarks: Literal["dlib68", "mtcnn5"] = "dlib68"

    @field_validator("synthetic")
    @classmethod
    def _each_once(cls, masks: tuple[SyntheticMask, ...]) -> tuple[SyntheticMask, ...]:
        if len(set(masks)) < len(masks):
            raise ValueError("a mask is written twice; leave each once.")
        return masks
