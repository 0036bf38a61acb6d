"""What a run measures in the photographs beside their templates: coverage and skin tone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.data.benchmark import MASK
from evenmatch.data.groups import ALL
from evenmatch.data.measured_tone import SKIN_TONE, ToneReadings, with_skin_tone
from evenmatch.data.progress import Progress, silent
from evenmatch.data.samples import UNKNOWN
from evenmatch.matching.mask_shares import mask_shares
from evenmatch.matching.photographs import Photographs
from evenmatch.results.mask_coverage import Covered, mask_coverage_rows
from evenmatch.results.skin_tones import skin_tone_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.data.groups import Groups
    from evenmatch.data.samples import Samples
    from evenmatch.entries.measured import Measured
    from evenmatch.inputs import Inputs
    from evenmatch.results.measured_rows import MaskCoverage, SkinToneSpread


def without_measured(groups: Sequence[Sequence[str]], measured: Measured) -> list[list[str]]:
    """Return groupings less the attributes that no file holds because they are measured."""
    own = {SKIN_TONE} if measured.skin_tone else set()
    return [[name for name in names if name not in own] for names in groups]


def measure_attributes(
    given: Samples, measured: Measured, progress: Progress = silent
) -> tuple[Samples, ToneReadings | None]:
    """Add the attributes that the run measures.

    Raises:
        RequestError: the benchmark has such a column, or no photographs.
    """
    asked = measured.skin_tone
    if asked is None:
        return given, None
    return with_skin_tone(
        given, asked.tones, Photographs(given), asked.landmarks, progress=progress
    )


def measured_tables(
    inputs: Inputs, *, drawn: bool, progress: Progress = silent
) -> dict[str, list[MaskCoverage] | list[SkinToneSpread]]:
    """Return the tables of what was measured, by their names in a result."""
    return {
        "mask_coverage": coverage(inputs, drawn=drawn, progress=progress),
        "skin_tone": tones(inputs),
    }


def coverage(inputs: Inputs, *, drawn: bool, progress: Progress = silent) -> list[MaskCoverage]:
    """Return how much each mask covers of whose faces.

    Args:
        inputs: the benchmark and the artist of its masks.
        drawn: whether any matcher saw the drawn masks; score files see none.
        progress: shows how far it is.
    """
    samples = inputs.samples if drawn else inputs.given
    if drawn and inputs.artist is not None and samples.media is None:
        shares = mask_shares(samples, inputs.artist, progress=progress)
    else:
        shares = np.full((len(samples), 2), np.nan)
    label = inputs.card.attributes.get(MASK)
    groups = inputs.groups(samples)
    covered = Covered(
        samples, shares, _sources(samples, groups), label.labelled_by if label else UNKNOWN
    )
    return list(mask_coverage_rows(covered, groups))


def tones(inputs: Inputs) -> list[SkinToneSpread]:
    """Return how far the measured skin tone can be relied upon, by group."""
    if inputs.tones is None:
        return []
    groups = inputs.groups(inputs.given)
    sources = _sources(inputs.given, groups)
    return list(skin_tone_rows(inputs.given, inputs.tones, groups, sources))


def _sources(samples: Samples, groups: Groups) -> dict[str, str]:
    """Say of every grouping who wrote its labels."""
    return {
        group_by: ", ".join(
            dict.fromkeys(samples.labelled_by.get(name, UNKNOWN) for name in group_by.split("+"))
        )
        for group_by in groups.groupings
        if group_by != ALL
    }
