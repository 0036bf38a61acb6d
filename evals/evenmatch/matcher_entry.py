"""The key `matchers` of a run: which matchers are audited."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from evenmatch.data.benchmark import VANISHING


def _readable(name: str) -> str:
    if name.lower() in VANISHING:
        raise ValueError("spreadsheet programs read this word as nothing; choose another name.")
    return name


Name = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"),
    AfterValidator(_readable),
]


class MatcherEntry(BaseModel):
    """A matcher to audit; which keys it takes beyond these depends on its kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    kind: str
    weights: str | None = None
    path: Path | None = None
    score_kind: Literal["similarity", "distance"] = "similarity"
    detector: Literal["dlib", "mtcnn"] | None = None
    faces: Literal["largest", "central", "refuse"] = "largest"

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> MatcherEntry:
        if self.kind == "scores":
            if self.path is None:
                raise ValueError("a matcher of kind 'scores' needs `path`, its score file; add it.")
            if self.weights is not None or self.detector is not None:
                raise ValueError(
                    "a matcher of kind 'scores' reads no photographs; "
                    "remove `weights` and `detector`."
                )
        elif self.path is not None or self.score_kind != "similarity":
            raise ValueError(
                "`path` and `score_kind` belong to a matcher of kind 'scores'; remove them."
            )
        return self
