"""Faces in a photograph: what a detector returns, and which face is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from evenmatch.errors import RequestError
from evenmatch.matching.matcher import FailureReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

FacePolicy = Literal["largest", "central", "refuse"]


@dataclass(frozen=True)
class FaceBox:
    """A detected face in pixels of its photograph, edges included, and the detector's score."""

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def area(self) -> float:
        """Width times height, in pixels."""
        return (self.right - self.left) * (self.bottom - self.top)

    def distance_from(self, x: float, y: float) -> float:
        """Squared distance of the box's centre from a point."""
        return ((self.left + self.right) / 2 - x) ** 2 + ((self.top + self.bottom) / 2 - y) ** 2


class Detector(Protocol):
    """Finds faces.

    Attributes:
        settings: everything that decides what it finds, in words for the report.
    """

    settings: str

    def detect(self, photographs: Sequence[npt.NDArray[np.uint8]]) -> list[list[FaceBox]]:
        """Return every face found in each RGB photograph, in any order."""
        ...


def choose_face(
    faces: Sequence[FaceBox], policy: FacePolicy, size: tuple[int, int]
) -> FaceBox | FailureReason:
    """Return the face to compare, or why there is none.

    Args:
        faces: all faces found in one photograph.
        policy: with several faces, take the `largest`, take the most `central`, or `refuse`.
        size: height and width of the photograph.
    """
    if not faces:
        return FailureReason.NO_FACE
    if len(faces) == 1:
        return faces[0]
    if policy == "refuse":
        return FailureReason.SEVERAL_FACES
    height, width = size
    if policy == "central":
        return min(faces, key=lambda f: (f.distance_from(width / 2, height / 2), f.left, f.top))
    return max(faces, key=lambda f: (f.area, f.score, -f.left, -f.top))


def checked_policy(policy: str) -> FacePolicy:
    """Return policy as one of the three there are.

    Raises:
        RequestError: there is no such policy.
    """
    for known in get_args(FacePolicy):
        if policy == known:
            return known  # type: ignore[no-any-return]
    raise RequestError(
        f"matchers.faces: {policy!r} is no policy for several faces; "
        f"choose one of {', '.join(get_args(FacePolicy))}."
    )
