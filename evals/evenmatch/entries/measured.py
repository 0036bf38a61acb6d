"""The key `measured` of a run: attributes that are measured in the photographs."""

from __future__ import annotations

import itertools
import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from evenmatch.data.skin_tone import PUBLISHED_BANDS, ToneBands
from evenmatch.entries.mapping import Label


class SkinTone(BaseModel):
    """Skin tone as an angle of colour; `bands` names each band and the angle above which it lies.

    The angles fall from band to band, and the last has none: what is left over.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bands: dict[Label, float | None] = dict(PUBLISHED_BANDS)
    landmarks: Literal["dlib68"] = "dlib68"

    @field_validator("bands")
    @classmethod
    def _falling(cls, bands: dict[str, float | None]) -> dict[str, float | None]:
        *limits, last = bands.values() or (0.0,)
        numbers = [limit for limit in limits if limit is not None and math.isfinite(limit)]
        falling = all(high > low for high, low in itertools.pairwise(numbers))
        if last is not None or not limits or len(numbers) < len(limits) or not falling:
            raise ValueError(
                "bands go from light to dark, each with the angle above which it begins and the "
                "last with none, such as {lighter: 28, darker: null}."
            )
        if "unknown" in bands:
            raise ValueError("unknown is a group of its own; give the band another name.")
        return bands

    @property
    def tones(self) -> ToneBands:
        """The bands as limits and names."""
        return tuple((name, limit) for name, limit in self.bands.items())


class Measured(BaseModel):
    """What is measured in the photographs as given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    skin_tone: SkinTone | None = None
