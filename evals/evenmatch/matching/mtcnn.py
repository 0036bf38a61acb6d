"""MTCNN as a detector of faces for matchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.data.mtcnn_cascade import MtcnnCascade
from evenmatch.matching.faces import FaceBox

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def detect(self, photographs: Sequence[npt.NDArray[np.uint8]]) -> list[list[FaceBox]]:
        """Return every face found in each RGB photograph, in any order."""
        return [
            [FaceBox(*(float(edge) for edge in box)) for box in boxes]
            for boxes, _ in self._cascade.find(photographs)
        ]
