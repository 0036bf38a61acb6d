"""Five points of a face, and turning it upright by them onto a published template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import numpy.typing as npt

# Where the centres of the eyes, the tip of the nose and the corners of the mouth come to lie in a
# face of 112 by 112 pixels, the eye on the picture's left first. From the public code of Deng, J.,
# Guo, J., Xue, N., & Zafeiriou, S. (2019). ArcFace: additive angular margin loss for deep face
# recognition. CVPR. It is the template of Wang et al. (2017), NormFace, widened from 96 by 8 on
# either side.
ARCFACE: Final = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
ARCFACE_PIXELS: Final = 112


def five_of_68(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the five points that iBUG 300-W's 68 contain, (5, 2), as `ARCFACE` orders them."""
    eyes = [points[36:42].mean(axis=0), points[42:48].mean(axis=0)]
    return np.stack([*eyes, points[30], points[48], points[54]])


def similarity(
    found: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the turn, scale and shift that bring points nearest to others, (2, 3).

    Least squares without reflection: Umeyama, S. (1991). Least-squares estimation of
    transformation parameters between two point patterns. IEEE PAMI 13(4):376-380.

    Args:
        found: points (n, 2).
        wanted: where they should come to lie, (n, 2).
    """
    middle, target = found.mean(axis=0), wanted.mean(axis=0)
    spread = found - middle
    u, singular, vt = np.linalg.svd((wanted - target).T @ spread / len(found))
    sign = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    turn = u @ np.diag(sign) @ vt
    scale = float(singular @ sign) / float((spread**2).sum() / len(found))
    return np.column_stack([scale * turn, target - scale * turn @ middle])


def aligned(
    photograph: npt.NDArray[np.uint8], points: npt.NDArray[np.float64], size: tuple[int, int]
) -> npt.NDArray[np.uint8]:
    """Return the face upright in a picture of `size` (height, width), RGB; black where none is.

    Points are in pixels, a pixel's centre at whole numbers, as detectors and the template count.
    Other sizes than 112 by 112 scale the template by the height and centre it across.
    """
    height, width = size
    factor = height / ARCFACE_PIXELS
    wanted = ARCFACE * factor + [(width - ARCFACE_PIXELS * factor) / 2, 0]
    forth = np.vstack([similarity(points, wanted), [0, 0, 1]])
    # Pillow asks for the way back, and counts from the corner of a pixel.
    corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    back = corner @ np.linalg.inv(forth) @ np.linalg.inv(corner)
    picture = Image.fromarray(photograph).transform(
        (width, height),
        Image.Transform.AFFINE,
        tuple(back[:2].ravel()),
        resample=Image.Resampling.BILINEAR,
    )
    return np.asarray(picture, dtype=np.uint8)
