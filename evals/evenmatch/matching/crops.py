"""A face's box cut out of a photograph of many, with the head around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from evenmatch.matching.matcher import FailureReason

if TYPE_CHECKING:
    import numpy.typing as npt

# Each edge of a box moves out by this share of the box: detectors look for a head, not a mask of
# skin, and published boxes end at the brow and the chin.
MARGIN: Final = 0.3


class Box(NamedTuple):
    """Where a face lies in the upright photograph, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def settings(self) -> str:
        """What stands for the cut in a template's key."""
        return f"crop {tuple(self)!r}, margin {MARGIN}"


def cropped(photograph: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.uint8] | FailureReason:
    """Return the box with its margin, as far as it lies in the photograph, or NO_FACE."""
    height, width = photograph.shape[:2]
    left, top = box.left - MARGIN * box.width, box.top - MARGIN * box.height
    right = box.left + (1 + MARGIN) * box.width
    bottom = box.top + (1 + MARGIN) * box.height
    columns = slice(*np.clip(np.rint([left, right]), 0, width).astype(int))
    rows = slice(*np.clip(np.rint([top, bottom]), 0, height).astype(int))
    cut = photograph[rows, columns]
    return np.ascontiguousarray(cut) if cut.size else FailureReason.NO_FACE
