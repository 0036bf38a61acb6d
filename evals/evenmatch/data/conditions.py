"""Mask conditions: every photograph again with a drawn mask, and who meets whom under which."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from evenmatch.data.benchmark import MASK
from evenmatch.data.samples import UNKNOWN, UNMASKED, Samples
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

SYNTHETIC = "synthetic-"


def with_drawn_masks(samples: Samples, labels: Sequence[str]) -> Samples:
    """Add one row for each bare photograph and mask label; the label is the row's mask.

    Where the benchmark has no mask labels its photographs are the unmasked side of the
    comparison, as given. Photographs of people who wear a real mask get no second one.

    Raises:
        RequestError: masks are asked for and no photograph is of a bare face.
    """
    if not labels:
        return samples
    table = samples.table.copy()
    mask_values = samples.mask_values
    if mask_values == (UNKNOWN,):
        table[MASK] = UNMASKED
        mask_values = (UNMASKED,)
    bare = table[table[MASK] == UNMASKED]
    if bare.empty:
        raise RequestError(
            "masks.synthetic: no photograph is labelled unmasked, so there is no face to draw a "
            "mask on; label some, or remove `masks`."
        )
    drawn = [bare.assign(**{MASK: label}) for label in labels]
    return replace(
        samples,
        table=pd.concat([table, *drawn], ignore_index=True),
        mask_values=(*mask_values, *labels),
    )


def mask_conditions(
    samples: Samples, apply_to: Sequence[str], *, ordered: bool
) -> list[tuple[str, str]]:
    """Return the (probe mask, reference mask) pairs to compare, the barest first.

    Real mask values all meet. Where roles are interchangeable, unlike masks meet once, the more
    masked side as probe. A drawn mask meets bare references (`probe`), bare probes where roles are
    told apart (`reference`), and drawn masks (`both`).

    Raises:
        RequestError: `reference` is asked for where either photograph could be the reference.
    """
    real = [value for value in samples.mask_values if not value.startswith(SYNTHETIC)]
    drawn = [value for value in samples.mask_values if value.startswith(SYNTHETIC)]
    conditions = [
        (probe, reference)
        for place, probe in enumerate(real)
        for reference in (real if ordered else real[: place + 1])
    ]
    if "probe" in apply_to:
        conditions += [(mask, UNMASKED) for mask in drawn]
    if "reference" in apply_to and drawn:
        if not ordered:
            raise RequestError(
                "masks.apply_to: `reference` needs comparisons with roles; either photograph of "
                "these could be the reference, so `probe` is the same. Write `probe`, or choose "
                "roles with `one_to_one.probe` and `one_to_one.reference`, or a listed protocol."
            )
        conditions += [(UNMASKED, mask) for mask in drawn]
    if "both" in apply_to:
        conditions += [
            (probe, reference)
            for place, probe in enumerate(drawn)
            for reference in (drawn if ordered else drawn[: place + 1])
        ]
    return conditions
