"""A polygon painted over a photograph with smooth edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.data.face_outline import Points

# Steps within a pixel, along each side; fewer on a large canvas, where no eye can tell.
FINEST: Final = 8
CANVAS: Final = 4096


@dataclass(frozen=True, eq=False)
class Cover:
    """How much of each pixel a polygon hides.

    Attributes:
        alpha: 0 for a bare pixel to 255 for a hidden one, over the smallest box that holds the
            polygon's part inside the photograph.
        top: first row of the box in the photograph.
        left: its first column.
    """

    alpha: npt.NDArray[np.uint8]
    top: int
    left: int

    @property
    def box(self) -> tuple[slice, slice]:
        """The box's rows and columns in the photograph."""
        rows, columns = self.alpha.shape
        return slice(self.top, self.top + rows), slice(self.left, self.left + columns)

    def share_of(self, other: Cover) -> float:
        """Return the share of another polygon's area in the photograph that this one hides."""
        area = float(other.alpha.sum(dtype=np.int64))
        (rows, columns), (other_rows, other_columns) = self.box, other.box
        top, bottom = max(rows.start, other_rows.start), min(rows.stop, other_rows.stop)
        left, right = max(columns.start, other_columns.start), min(columns.stop, other_columns.stop)
        if area == 0 or top >= bottom or left >= right:
            return 0.0
        mine = self.alpha[top - self.top : bottom - self.top, left - self.left : right - self.left]
        theirs = other.alpha[
            top - other.top : bottom - other.top, left - other.left : right - other.left
        ]
        return float(np.minimum(mine, theirs).sum(dtype=np.int64)) / area


def cover(polygon: Points, size: tuple[int, int]) -> Cover:
    """Return how much of each pixel a polygon hides.

    Args:
        polygon: corners in pixels, x and y; a whole number is the middle of a pixel.
        size: rows and columns of the photograph; what lies outside is cut off.
    """
    limits = np.array([size[1], size[0]])
    low = np.clip(np.floor(polygon.min(axis=0)).astype(int), 0, limits)
    high = np.clip(np.ceil(polygon.max(axis=0)).astype(int) + 1, 0, limits)
    (left, top), (width, height) = low, high - low
    if width <= 0 or height <= 0:
        return Cover(np.zeros((0, 0), dtype=np.uint8), int(top), int(left))
    steps = int(np.clip(CANVAS // max(width, height), 1, FINEST))
    canvas = Image.new("L", (int(width) * steps, int(height) * steps))
    corners = (polygon - low + 0.5) * steps - 0.5
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in corners], fill=255)
    return Cover(np.asarray(canvas.reduce(steps), dtype=np.uint8), int(top), int(left))


def paint(
    photograph: npt.NDArray[np.uint8], shape: Cover, colour: tuple[int, int, int]
) -> npt.NDArray[np.uint8]:
    """Return a copy of an RGB photograph with the covered pixels in one colour."""
    painted = photograph.copy()
    below = painted[shape.box].astype(np.int32)
    alpha = shape.alpha[..., None].astype(np.int32)
    mixed = (alpha * np.array(colour, dtype=np.int32) + (255 - alpha) * below + 127) // 255
    painted[shape.box] = mixed.astype(np.uint8)
    return painted
