"""The key `benchmark` of a run: which photographs, and what is to be read from them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Benchmark(BaseModel):
    """Which photographs, and which comparisons of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    card: str
    root: Path | None = None
    protocol: str | None = None
    impostors: Literal["all", "random", "matched", "mined"] = "all"
    marks: Path | None = None
