"""The outline of a face in its own frame: what a mask is cut along.

In a face's own frame the eyes lie level, whatever the tilt of the head in the photograph. One
unit is one pixel; only the direction of the axes differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.data.landmarks import Landmarks

Points = npt.NDArray[np.float64]

# An average face seen from the front, its left half: across from the midline in distances between
# the eyes; down from the eyes in distances from eyes to mouth. Means over 98 photographs (a part
# of the Face Research Lab London Set, DeBruine & Jones 2017, CC BY 4.0; mostly white adults) of
# dlib's 68 points in the frame of MTCNN's five, both halves together, rounded.
JAW: Final = (
    (-1.13, 0.07), (-1.11, 0.35), (-1.07, 0.63), (-1.01, 0.90), (-0.92, 1.16),
    (-0.77, 1.39), (-0.56, 1.57), (-0.30, 1.71), (0.0, 1.75),
)  # fmt: skip
BROW: Final = ((-0.94, -0.16), (-0.80, -0.31), (-0.60, -0.36), (-0.40, -0.34), (-0.20, -0.28))
INNER_EYE: Final = (-0.29, 0.03)
NOSE_ROOT: Final = (0.0, -0.05)
# From the tip of the nose, which is among the five points.
NOSTRILS: Final = ((-0.21, 0.12), (-0.11, 0.14), (0.0, 0.17))


@dataclass(frozen=True, eq=False)
class FaceOutline:
    """A face's outline in its own frame.

    Attributes:
        jaw: 17 points from ear to ear, left to right, along the chin.
        bridge: four points down the ridge of the nose; the last is its tip.
        nostrils: five points below the nose, left to right.
        inner_eyes: the inner corner of the left and of the right eye.
        brows: points along the eyebrows.
        eye_distance: distance between the centres of the eyes.
        axes: the frame's two directions in the photograph, one a row.
    """

    jaw: Points
    bridge: Points
    nostrils: Points
    inner_eyes: Points
    brows: Points
    eye_distance: float
    axes: Points

    @property
    def hull(self) -> Points:
        """The convex hull of jaw and eyebrows: what counts as the face's area."""
        points = np.concatenate([self.jaw, self.brows])
        return np.asarray(points[ConvexHull(points).vertices])

    def in_photograph(self, points: Points) -> Points:
        """Turn points of the face's frame into pixels of the photograph."""
        return points @ self.axes


def face_outline(landmarks: Landmarks) -> FaceOutline:
    """Return the outline of a face: seen with 68 points, estimated with five.

    From five points the outline is that of one average face, stretched so that eyes and mouth lie
    where they were found; it fits some faces better than others, and worse as a head turns.
    """
    left, right = landmarks.eyes
    width = float(np.hypot(*(right - left)))
    across = (right - left) / width
    axes = np.stack([across, [-across[1], across[0]]])
    places = _seen(landmarks.points) if landmarks.source == "dlib68" else _estimated(landmarks)
    jaw, bridge, nostrils, inner_eyes, brows = (part @ axes.T for part in places)
    return FaceOutline(jaw, bridge, nostrils, inner_eyes, brows, width, axes)


def _seen(points: Points) -> tuple[Points, ...]:
    return points[:17], points[27:31], points[31:36], points[[39, 42]], points[17:27]


def _estimated(landmarks: Landmarks) -> tuple[Points, ...]:
    """Place the average face: across along the eyes, down towards the mouth, nose at its tip."""
    (left, right), tip = landmarks.eyes, landmarks.points[2]
    middle = (left + right) / 2
    units = np.stack([right - left, landmarks.mouth - middle])
    root = middle + np.array(NOSE_ROOT) @ units
    return (
        middle + _mirrored(JAW) @ units,
        root + np.linspace(0, 1, 4)[:, None] * (tip - root),
        tip + _mirrored(NOSTRILS) @ units,
        middle + _mirrored((INNER_EYE,)) @ units,
        middle + _mirrored(BROW) @ units,
    )


def _mirrored(left: Sequence[tuple[float, float]]) -> Points:
    """Return the left half and its mirror image, from left to right; the midline stands once."""
    right = [(-x, y) for x, y in reversed(left) if x != 0]
    return np.array([*left, *right])
