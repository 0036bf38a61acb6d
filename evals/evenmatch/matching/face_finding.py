"""Faces with their five points, for networks that take an upright face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from evenmatch.data.dlib_models import load_dlib, model_path
from evenmatch.data.mtcnn_cascade import MtcnnCascade
from evenmatch.errors import RequestError
from evenmatch.matching.faces import FaceBox
from evenmatch.matching.five_points import five_of_68
from evenmatch.matching.weights import file_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class FoundFace:
    """A detected face and its five points (5, 2) in pixels of its photograph."""

    box: FaceBox
    points: npt.NDArray[np.float64]


class FaceFinder(Protocol):
    """Finds faces and their points.

    Attributes:
        settings: everything that decides what it finds, in words for the report.
    """

    settings: str

    def find(self, photographs: Sequence[npt.NDArray[np.uint8]]) -> list[list[FoundFace]]:
        """Return every face found in each RGB photograph, in any order."""
        ...


class MtcnnFinder:
    """Boxes and points of MTCNN."""

    def __init__(self, device: str) -> None:
        self._cascade = MtcnnCascade(device)
        self.settings = self._cascade.settings

    def find(self, photographs: Sequence[npt.NDArray[np.uint8]]) -> list[list[FoundFace]]:
        """Return every face found in each RGB photograph, in any order."""
        return [
            [
                FoundFace(FaceBox(*(float(edge) for edge in box)), five)
                for box, five in zip(boxes, points, strict=True)
            ]
            for boxes, points in self._cascade.find(photographs)
        ]


class DlibFinder:
    """dlib's frontal detector, and five points from its 68-point model."""

    def __init__(self, _device: str) -> None:
        dlib = load_dlib()
        self._detect = dlib.get_frontal_face_detector()
        path = model_path("landmarks_68")
        self._predict = dlib.shape_predictor(str(path))
        self.settings = (
            "dlib frontal face detector (HOG), no upsampling, score above 0; five points from its "
            f"68-point shape predictor ({file_sha256(path)[:12]}, trained on iBUG 300-W)"
        )

    def find(self, photographs: Sequence[npt.NDArray[np.uint8]]) -> list[list[FoundFace]]:
        """Return every face found in each RGB photograph, in any order."""
        return [self._in(np.ascontiguousarray(photograph)) for photograph in photographs]

    def _in(self, photograph: npt.NDArray[np.uint8]) -> list[FoundFace]:
        boxes, scores, _ = self._detect.run(photograph, 0, 0.0)
        found = []
        for box, score in zip(boxes, scores, strict=True):
            parts = self._predict(photograph, box).parts()
            points = np.array([(part.x, part.y) for part in parts], dtype=np.float64)
            face = FaceBox(box.left(), box.top(), box.right(), box.bottom(), score)
            found.append(FoundFace(face, five_of_68(points)))
        return found


FINDERS: Final[dict[str, type[MtcnnFinder | DlibFinder]]] = {
    "mtcnn": MtcnnFinder,
    "dlib": DlibFinder,
}


def face_finder(name: str | None, device: str) -> FaceFinder:
    """Return the finder of that name; None for MTCNN, whose points the template was made for.

    Raises:
        RequestError: there is no such finder, or what it needs is not installed.
    """
    name = name or "mtcnn"
    if name not in FINDERS:
        raise RequestError(
            f"matchers.detector: {name!r} is no detector; choose one of {', '.join(FINDERS)}."
        )
    return FINDERS[name](device)
