"""What a run may say about a matcher."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evenmatch.data.progress import Progress, silent
from evenmatch.errors import RequestError
from evenmatch.matching.arithmetic import PUBLISHED, Arithmetic
from evenmatch.matching.faces import LARGEST, FaceChoice

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class MatcherOptions:
    """One entry of `matchers`, as far as a matcher needs it.

    Attributes:
        name: the name the config gives the matcher.
        faces: which of the detected faces is compared.
        detector: which detector finds the face; None for the matcher's own.
        weights: the name of published weights or the path of a file; None for the default.
        card: the model's card, for matchers that are a model file.
        aligned: the template that the benchmark's faces lie on already; None where they do not.
        device: `auto`, `cpu` or `cuda`, for matchers that have a choice.
        arithmetic: at which precision a network computes, and whether it is compiled.
        progress: shows how far the fetching of weights is.
    """

    name: str
    faces: FaceChoice = LARGEST
    detector: str | None = None
    weights: str | None = None
    card: Path | None = None
    aligned: str | None = None
    device: str = "auto"
    arithmetic: Arithmetic = PUBLISHED
    progress: Progress = field(default=silent, compare=False)

    def required_card(self, kind: str) -> Path:
        """Return the path of the model's card.

        Raises:
            RequestError: the entry names none.
        """
        if self.card is None:
            raise RequestError(
                f"matchers.{self.name}: a matcher of kind {kind!r} needs `card`, the YAML file "
                "that says whose model it is and what goes in and comes out; write one."
            )
        return self.card
