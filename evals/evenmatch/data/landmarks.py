"""Landmarks of the largest face in a photograph: dlib's 68 points, or MTCNN's five."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np

from evenmatch.data.dlib_models import load_dlib, model_path
from evenmatch.data.mtcnn_cascade import MtcnnCascade
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.data.face_outline import Points

LandmarkSource = Literal["dlib68", "mtcnn5"]
POINTS: Final[dict[LandmarkSource, int]] = {"dlib68": 68, "mtcnn5": 5}


class LandmarkFailure(StrEnum):
    """Why a photograph has no landmarks."""

    NO_FACE = "no_face"
    COLLAPSED = "landmarks_collapsed"


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Points of one face, in pixels of its photograph: x to the right, y down.

    Attributes:
        points: float64 array `(68, 2)` in the order of iBUG 300-W, counted from 0, or `(5, 2)`:
            the eyes, the tip of the nose, the corners of the mouth. Left comes before right, as
            an upright photograph shows them.
        source: what found them.
    """

    points: Points
    source: LandmarkSource

    def __post_init__(self) -> None:
        if self.points.shape != (POINTS[self.source], 2):
            raise RequestError(
                f"{self.source} has {POINTS[self.source]} points of x and y, and an array of "
                f"shape {self.points.shape} was given. Give all of them, in their order."
            )

    @property
    def eyes(self) -> Points:
        """Centres of both eyes `(2, 2)`, the left one of the photograph first."""
        if self.source == "mtcnn5":
            return self.points[:2]
        return np.stack([self.points[36:42].mean(axis=0), self.points[42:48].mean(axis=0)])

    @property
    def mouth(self) -> Points:
        """The middle between the corners of the mouth."""
        corners = self.points[3:5] if self.source == "mtcnn5" else self.points[[48, 54]]
        return np.asarray(corners.mean(axis=0))

    @property
    def collapsed(self) -> bool:
        """Whether eyes and mouth span less than a pixel either way: a face without a shape."""
        left, right = self.eyes
        (across_x, across_y), (down_x, down_y) = right - left, self.mouth - (left + right) / 2
        width = float(np.hypot(across_x, across_y))
        return not (width >= 1 and abs(across_x * down_y - across_y * down_x) >= width)


class LandmarkFinder(Protocol):
    """Finds the landmarks of a photograph's largest face.

    Attributes:
        facts: plain strings for the report; together they decide where every point lies.
    """

    facts: dict[str, str]

    def __call__(self, photograph: npt.NDArray[np.uint8]) -> Landmarks | LandmarkFailure:
        """Return the landmarks of the largest face in an RGB photograph, or why there are none."""
        ...


class Dlib68:
    """dlib's face detector (HOG, no upsampling), then its published 68-point model.

    Kazemi, V., & Sullivan, J. (2014). One millisecond face alignment with an ensemble of
    regression trees. CVPR, 1867-1874.
    """

    def __init__(self) -> None:
        self._dlib = load_dlib()
        with model_path("landmarks_68").open("rb") as model:
            digest = hashlib.file_digest(model, "sha256").hexdigest()
        self.facts = {
            "landmarks": "dlib68: 68 points by dlib's shape_predictor_68_face_landmarks in the "
            "largest face of its frontal detector (HOG, no upsampling, score above 0)",
            "landmark_software": f"dlib {self._dlib.__version__}",
            "landmark_model_sha256": digest,
            "landmark_terms": "dlib's 68-point model was trained on iBUG 300-W, whose use is "
            "non-commercial only; for any other use ask its owners, Imperial College London",
        }

    def __call__(self, photograph: npt.NDArray[np.uint8]) -> Landmarks | LandmarkFailure:
        """Return 68 points, or why there are none."""
        pixels = np.ascontiguousarray(photograph)
        detect, predict = self._models
        boxes, scores, _ = detect.run(pixels, 0, 0.0)
        if len(boxes) == 0:
            return LandmarkFailure.NO_FACE
        faces = zip(boxes, scores, strict=True)
        largest, _ = max(faces, key=lambda f: (f[0].area(), f[1], -f[0].left(), -f[0].top()))
        parts = predict(pixels, largest).parts()
        return _checked(np.array([(part.x, part.y) for part in parts], dtype=np.float64), "dlib68")

    @cached_property
    def _models(self) -> tuple[Any, Any]:
        """Detector and shape model; the model is 100 MB, so it is read on first use."""
        predictor = self._dlib.shape_predictor(str(model_path("landmarks_68")))
        return self._dlib.get_frontal_face_detector(), predictor


class Mtcnn5:
    """MTCNN's largest face and its five points."""

    def __init__(self) -> None:
        self._cascade = MtcnnCascade()
        self.facts = {
            "landmarks": f"mtcnn5: five points in the largest face of {self._cascade.settings}; "
            "the outline of the face is derived from them by fixed proportions, the same for "
            "everybody, so masks fit some faces better than others",
            "landmark_terms": "MTCNN was trained on WIDER FACE and CelebA, whose photographs are "
            "for non-commercial research",
        }

    def __call__(self, photograph: npt.NDArray[np.uint8]) -> Landmarks | LandmarkFailure:
        """Return five points, or why there are none."""
        [(boxes, points)] = self._cascade.find([photograph])
        if len(boxes) == 0:
            return LandmarkFailure.NO_FACE
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        order = np.lexsort((-boxes[:, 1], -boxes[:, 0], boxes[:, 4], areas))
        return _checked(points[order[-1]], "mtcnn5")


FINDERS: Final[dict[str, type[Dlib68 | Mtcnn5]]] = {"dlib68": Dlib68, "mtcnn5": Mtcnn5}


@lru_cache(maxsize=len(FINDERS))
def landmark_finder(source: str) -> LandmarkFinder:
    """Return the finder of that name, loaded once.

    Raises:
        RequestError: there is no such finder, or what it needs is not installed.
    """
    if source not in FINDERS:
        raise RequestError(f"landmarks: {source!r} finds none; choose one of {', '.join(FINDERS)}.")
    return FINDERS[source]()


def find_landmarks(
    photograph: npt.NDArray[np.uint8], source: str = "dlib68"
) -> Landmarks | LandmarkFailure:
    """Return the landmarks of the largest face in an RGB photograph, or why there are none.

    Raises:
        RequestError: there is no such source, or what it needs is not installed.
    """
    return landmark_finder(source)(photograph)


def _checked(points: Points, source: LandmarkSource) -> Landmarks | LandmarkFailure:
    found = Landmarks(points, source)
    return LandmarkFailure.COLLAPSED if found.collapsed else found
