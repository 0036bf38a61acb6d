"""MTCNN as a detector of faces for matchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.data.mtcnn_cascade import MtcnnCascade
from evenmatch.matching.faces import FaceBox

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class MtcnnDetector:
    """Finds faces with the networks that facenet-pytorch carries.

    Attributes:
        settings: everything that decides what it finds, in words for the report.
    """

    def __init__(self, device: str = "auto") -> None:
        self._cascade = MtcnnCascade(device)
        self.settings = self._cascade.settings

    def detect(self, photograph: npt.NDArray[np.uint8]) -> list[FaceBox]:
        """Return every face found in an RGB photograph, in any order."""
        boxes, _ = self._cascade.find(photograph)
        return [FaceBox(*(float(edge) for edge in box)) for box in boxes]
