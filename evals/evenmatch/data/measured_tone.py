"""Skin tone as an attribute of people, measured in their photographs.

The individual typology angle of three patches of skin, found by landmarks. It says how light a
photograph shows a skin to be: paint, lamp and camera included. It is nobody's ethnicity, and
nothing here or anywhere in this program guesses one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import pandas as pd

from evenmatch.data.benchmark import MASK
from evenmatch.data.content_cache import KeptNumbers, content_key
from evenmatch.data.landmarks import LandmarkFailure, landmark_finder
from evenmatch.data.progress import Progress, silent
from evenmatch.data.samples import UNKNOWN, UNMASKED, Samples
from evenmatch.data.skin_tone import tone_band, typology_angle
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.data.landmarks import LandmarkFinder, Landmarks
    from evenmatch.data.skin_tone import ToneBands

SKIN_TONE: Final = "skin_tone"
MEASURED: Final = "measured"
CAVEAT: Final = "measures paint, lamp and camera, and is nobody's ethnicity"
# Raised whenever an angle can change; angles are kept under it.
RULES: Final = "skin tone, rules 1"
UNREADABLE: Final = "unreadable"
OUTSIDE: Final = "patches_outside"
SMALLEST: Final = 9  # pixels of a patch


class PhotographReader(Protocol):
    """Reads photographs by path; `settings` is what decides a pixel beside the file."""

    settings: tuple[str, ...]

    def data(self, path: str) -> bytes | None:
        """Return a photograph's file, or None where it cannot be read."""
        ...

    def pixels(self, data: bytes) -> npt.NDArray[np.uint8] | None:
        """Return the upright RGB picture in a file, or None where there is none."""
        ...


@dataclass(frozen=True)
class ToneReadings:
    """What was measured, photograph by photograph.

    Attributes:
        angles: degrees by sample_id; NaN where there is none.
        reasons: sample_id to why there is no angle.
        bands: name and lower limit of every band, from light to dark.
    """

    angles: pd.Series[float]
    reasons: dict[str, str]
    bands: ToneBands


def with_skin_tone(
    samples: Samples,
    bands: ToneBands,
    photographs: PhotographReader,
    landmarks: str = "dlib68",
    *,
    progress: Progress = silent,
) -> tuple[Samples, ToneReadings]:
    """Add the attribute `skin_tone`: the band of the median angle of a person's photographs.

    Only photographs of bare faces are measured, as they are given. Somebody with none that
    could be measured is `unknown`.

    Raises:
        RequestError: the benchmark has such a column, or no photographs of its own.
    """
    _refuse(samples)
    readings = _measured(samples, bands, photographs, landmarks, progress)
    table = samples.table
    middle = table["sample_id"].map(readings.angles).groupby(table["subject_id"]).median()
    names = {
        str(subject): UNKNOWN if np.isnan(angle) else tone_band(float(angle), bands)
        for subject, angle in middle.items()
    }
    tones = table["subject_id"].map(names)
    present = set(tones)
    known = tuple(name for name, _ in bands if name in present)
    values = (*known, UNKNOWN) if UNKNOWN in present else known
    return (
        replace(
            samples,
            table=table.assign(**{SKIN_TONE: tones}),
            attributes={**samples.attributes, SKIN_TONE: values},
            labelled_by={**samples.labelled_by, SKIN_TONE: MEASURED},
            notices=(*samples.notices, _notice(readings, names)),
        ),
        readings,
    )


def patches(landmarks: Landmarks) -> list[tuple[float, float, float]]:
    """Return both cheeks and the forehead as `(x, y, half a side)` in pixels.

    A cheek lies midway between the wing of the nose and the outline of the jaw below the eye; the
    forehead patch above the middle of the brows, by a third of the distance of the eyes.
    """
    points = landmarks.points
    left, right = landmarks.eyes
    across = right - left
    up = np.array([across[1], -across[0]]) / 3
    cheeks = [
        ((points[wing] + points[jaw]) / 2, np.hypot(*(points[wing] - points[jaw])) / 6)
        for wing, jaw in ((31, 1), (35, 15))
    ]
    forehead = ((points[21] + points[22]) / 2 + up, np.hypot(*across) / 8)
    return [(float(x), float(y), float(half)) for (x, y), half in (*cheeks, forehead)]


def photograph_angle(photograph: npt.NDArray[np.uint8], landmarks: Landmarks) -> float | None:
    """Return the median angle of the patches that lie in a photograph; None where none does."""
    rows, columns = photograph.shape[:2]
    angles = []
    for x, y, half in patches(landmarks):
        top, bottom = round(y - half), round(y + half) + 1
        left, right = round(x - half), round(x + half) + 1
        if top < 0 or left < 0 or bottom > rows or right > columns:
            continue
        patch = photograph[top:bottom, left:right]
        if patch.shape[0] * patch.shape[1] >= SMALLEST:
            angles.append(typology_angle(patch))
    return float(np.median(angles)) if angles else None


def _refuse(samples: Samples) -> None:
    if SKIN_TONE in samples.table:
        raise RequestError(
            "measured.skin_tone: the benchmark has a column skin_tone already; remove the key, or "
            "rename that column."
        )
    if samples.media is not None or (samples.table["path"] == "").any():
        raise RequestError(
            "measured.skin_tone: not every row of this benchmark is one photograph, so there is "
            "nothing to measure in; remove the key, or fill in the paths."
        )


def _measured(
    samples: Samples,
    bands: ToneBands,
    photographs: PhotographReader,
    landmarks: str,
    progress: Progress,
) -> ToneReadings:
    find = landmark_finder(landmarks)
    settings = (RULES, *photographs.settings, *(f"{k}={v}" for k, v in sorted(find.facts.items())))
    table = samples.table
    # Where the benchmark says who wears a mask, only a face known to be bare is measured.
    bare = table if samples.mask_values == (UNKNOWN,) else table[table[MASK] == UNMASKED]
    angles: dict[str, float] = {}
    reasons: dict[str, str] = {}
    with KeptNumbers("skin_tone") as kept, progress("skin tone", len(bare)) as task:
        for sample, path in zip(bare["sample_id"], bare["path"], strict=True):
            data = photographs.data(path)
            key = b"" if data is None else content_key(data, *settings)
            found = UNREADABLE if data is None else kept.get(key)
            if found is None and data is not None:
                found = _angle(photographs.pixels(data), find)
                kept.put(key, found)
            if isinstance(found, str):
                reasons[sample] = found
            elif found is not None:
                angles[sample] = found[0]
            task.advance(1)
    ids = table["sample_id"].drop_duplicates()
    return ToneReadings(pd.Series(angles, dtype=np.float64).reindex(pd.Index(ids)), reasons, bands)


def _angle(
    photograph: npt.NDArray[np.uint8] | None, find: LandmarkFinder
) -> tuple[float, ...] | str:
    if photograph is None:
        return UNREADABLE
    found = find(photograph)
    if isinstance(found, LandmarkFailure):
        return found.value
    angle = photograph_angle(photograph, found)
    return OUTSIDE if angle is None else (angle,)


def _notice(readings: ToneReadings, names: dict[str, str]) -> str:
    measured = int(readings.angles.notna().sum())
    unknown = sum(name == UNKNOWN for name in names.values())
    return (
        f"skin_tone was measured in {measured} photographs; {len(readings.reasons)} gave no "
        f"angle, and {unknown} of {len(names)} people are unknown. It {CAVEAT}."
    )
