"""Faces in a photograph: what a detector returns, and which face is compared."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final, Literal, Protocol

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

    @property
    def shorter_side(self) -> float:
        """The smaller of width and height, in pixels."""
        return min(self.right - self.left, self.bottom - self.top)

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


@dataclass(frozen=True)
class FaceChoice:
    """Which of the detected faces is compared; `str` says it for the report.

    Attributes:
        policy: with several faces, take the `largest`, take the most `central`, or `refuse`.
        smallest: faces whose shorter side has fewer pixels are passed over.
        lowest_score: faces of which the detector is less sure are passed over; None for none.
    """

    policy: FacePolicy = "largest"
    smallest: float = 0.0
    lowest_score: float | None = None

    def __str__(self) -> str:
        said = [str(self.policy)]
        if self.smallest:
            said.append(f"faces of at least {self.smallest:g} pixels")
        if self.lowest_score is not None:
            said.append(f"detector's score at least {self.lowest_score:g}")
        return ", ".join(said)


LARGEST: Final = FaceChoice()


def choose_face(
    faces: Sequence[FaceBox], choice: FaceChoice, size: tuple[int, int]
) -> FaceBox | FailureReason:
    """Return the face to compare, or why there is none.

    Args:
        faces: all faces found in one photograph.
        choice: which of them counts.
        size: height and width of the photograph.
    """
    counted = _counted(faces, choice)
    if isinstance(counted, FailureReason):
        return counted
    if len(counted) == 1:
        return counted[0]
    if choice.policy == "refuse":
        return FailureReason.SEVERAL_FACES
    height, width = size
    if choice.policy == "central":
        return min(counted, key=lambda f: (f.distance_from(width / 2, height / 2), f.left, f.top))
    return max(counted, key=lambda f: (f.area, f.score, -f.left, -f.top))


def _counted(faces: Sequence[FaceBox], choice: FaceChoice) -> list[FaceBox] | FailureReason:
    """Return the faces that are not passed over, or why there are none."""
    if not faces:
        return FailureReason.NO_FACE
    lowest = -inf if choice.lowest_score is None else choice.lowest_score
    sure = [face for face in faces if face.score >= lowest]
    if not sure:
        return FailureReason.LOW_SCORE
    return [
        face for face in sure if face.shorter_side >= choice.smallest
    ] or FailureReason.TOO_SMALL
