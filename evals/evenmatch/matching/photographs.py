"""A benchmark's photographs as a matcher sees them, for what else is measured in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.matching.images import decode, enlarged, photograph_bytes, reading
from evenmatch.matching.matcher import FailureReason

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from evenmatch.data.samples import Samples


class Photographs:
    """Reads photographs by path.

    Attributes:
        settings: what, beside the file, decides a pixel.
    """

    def __init__(self, samples: Samples) -> None:
        self._root = samples.root
        self._resize_to = samples.resize_to
        self.settings: tuple[str, ...] = reading(samples.resize_to)

    def data(self, path: str) -> bytes | None:
        """Return a photograph's file as it is, or None where it cannot be read.

        Raises:
            RequestError: the path lies outside the root, or there is no such file.
        """
        found = photograph_bytes(self._root, path)
        return None if isinstance(found, FailureReason) else found

    def pixels(self, data: bytes) -> npt.NDArray[np.uint8] | None:
        """Return the upright RGB picture in a file, or None where there is none."""
        found = decode(data)
        return None if isinstance(found, FailureReason) else enlarged(found, self._resize_to)
