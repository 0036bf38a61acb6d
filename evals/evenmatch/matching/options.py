"""What a run may say about a matcher."""

from __future__ import annotations

from dataclasses import dataclass, field

from evenmatch.data.progress import Progress, silent
from evenmatch.matching.arithmetic import PUBLISHED, Arithmetic


@dataclass(frozen=True)
class MatcherOptions:
    """One entry of `matchers`, as far as a matcher needs it.

    Attributes:
        name: the name the config gives the matcher.
        faces: with several faces, take the `largest`, take the most `central`, or `refuse`.
        detector: which detector finds the face; None for the matcher's own.
        weights: the name of published weights or the path of a file; None for the default.
        device: `auto`, `cpu` or `cuda`, for matchers that have a choice.
        arithmetic: at which precision a network computes, and whether it is compiled.
        progress: shows how far the fetching of weights is.
    """

    name: str
    faces: str = "largest"
    detector: str | None = None
    weights: str | None = None
    device: str = "auto"
    arithmetic: Arithmetic = PUBLISHED
    progress: Progress = field(default=silent, compare=False)
