"""Skin tone measured from pixels: the individual typology angle (ITA).

It measures how light a patch of a photograph is, camera and lamp included. It says nothing about
ethnicity, and never stands for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

# CIE 1931 XYZ of linear sRGB, and the white point D65 (IEC 61966-2-1).
_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _TO_XYZ.sum(axis=1)


def cielab(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return CIELAB (L*, a*, b*) of sRGB pixels, along the last axis of length 3.

    CIE 15:2004, with the white point D65.
    """
    encoded = np.asarray(pixels, dtype=np.float64) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _WHITE
    cube = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(cube, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def typology_angle(pixels: npt.NDArray[np.uint8]) -> float:
    """Return the ITA of a patch of skin in degrees, from the medians of its L* and b*.

    `arctan((L* - 50) / b*)` (Chardon, Cretois and Hourseau, International Journal of Cosmetic
    Science 13, 1991). Larger is lighter. Light that is blue enough to turn b* negative gives
    angles beyond 90 degrees on either side.
    """
    lightness, _, yellowness = np.median(cielab(pixels).reshape(-1, 3), axis=0)
    return float(np.degrees(np.arctan2(lightness - 50, yellowness)))


# Lower limits of the bands in degrees, lightest first (Del Bino and Bernerd, British Journal of
# Dermatology 169, 2013, after Chardon et al.).
BANDS = (
    (55.0, "very light"),
    (41.0, "light"),
    (28.0, "intermediate"),
    (10.0, "tan"),
    (-30.0, "brown"),
)

# Names from light to dark, each with the angle above which it lies; the last has none.
ToneBands = tuple[tuple[str, float | None], ...]
PUBLISHED_BANDS: ToneBands = (*((name, low) for low, name in BANDS), ("dark", None))


def tone_band(angle: float, bands: ToneBands = PUBLISHED_BANDS) -> str:
    """Name the band of an angle; of the published ones, `dark` is all from -30 degrees down."""
    return next(name for name, low in bands if low is None or angle > low)
