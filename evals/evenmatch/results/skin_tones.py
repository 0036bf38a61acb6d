"""How reliable a measured skin tone is: its spread within people, and who could not be measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.data.measured_tone import CAVEAT
from evenmatch.data.samples import UNKNOWN
from evenmatch.data.skin_tone import tone_band
from evenmatch.results.measured_rows import SkinToneSpread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from evenmatch.data.groups import Groups
    from evenmatch.data.measured_tone import ToneReadings
    from evenmatch.data.samples import Samples
    from evenmatch.data.skin_tone import ToneBands


def skin_tone_rows(
    samples: Samples, readings: ToneReadings, groups: Groups, sources: Mapping[str, str]
) -> Iterator[SkinToneSpread]:
    """Give one row a group, of every grouping.

    Args:
        samples: the photographs as given, the tone among their attributes.
        readings: the angle of each photograph, or why it has none.
        groups: the groupings.
        sources: grouping to who wrote its labels.
    """
    table = samples.table
    tried = table["sample_id"].isin([*readings.reasons, *readings.angles.dropna().index])
    angles = table["sample_id"].map(readings.angles)
    for group_by, members in groups.groupings.items():
        for group in members:
            inside = groups.rows(group)
            part = table.assign(angle=angles)[inside]
            row = _row(part, int(tried[inside].sum()), readings.bands)
            yield row.model_copy(
                update={
                    "group_by": group_by,
                    "group": group.label,
                    "labelled_by": sources.get(group_by, ""),
                }
            )


def _row(part: pd.DataFrame, tried: int, bands: ToneBands) -> SkinToneSpread:
    seen = part.dropna(subset=["angle"])
    people = [np.sort(each.to_numpy()) for _, each in seen.groupby("subject_id")["angle"]]
    middles = np.array([np.median(each) for each in people])
    repeated = [each for each in people if len(each) > 1]
    spreads = np.array([each[-1] - each[0] for each in repeated])
    one_band = [tone_band(each[0], bands) == tone_band(each[-1], bands) for each in repeated]
    freedom = sum(len(each) - 1 for each in repeated)
    squares = sum(float(((each - each.mean()) ** 2).sum()) for each in repeated)
    return SkinToneSpread(
        group_by=UNKNOWN,
        group=UNKNOWN,
        subjects=part["subject_id"].nunique(),
        measured_subjects=len(people),
        repeated_subjects=len(repeated),
        photographs=tried,
        measured=len(seen),
        failed=tried - len(seen),
        failed_share=(tried - len(seen)) / tried if tried else None,
        angle_median=float(np.median(middles)) if people else None,
        angle_low=float(np.percentile(middles, 5)) if people else None,
        angle_high=float(np.percentile(middles, 95)) if people else None,
        within_person_sd=float(np.sqrt(squares / freedom)) if freedom else None,
        between_people_sd=float(np.std(middles, ddof=1)) if len(people) > 1 else None,
        spread_median=float(np.median(spreads)) if repeated else None,
        spread_high=float(np.percentile(spreads, 95)) if repeated else None,
        same_band=float(np.mean(one_band)) if repeated else None,
        labelled_by="",
        caveat=CAVEAT,
    )
