"""How much of each group's faces is covered by which mask, and where none could be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.data.benchmark import MASK
from evenmatch.data.conditions import SYNTHETIC
from evenmatch.results.measured_rows import MaskCoverage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from evenmatch.data.groups import Groups
    from evenmatch.data.samples import Samples

DRAWN: Final = "drawn"


@dataclass(frozen=True)
class Covered:
    """Photographs under their masks, and what each mask hides.

    Attributes:
        samples: the rows.
        shares: covered share of the face and of the nose bridge by row; NaN where nothing is drawn.
        sources: grouping to who wrote its labels.
        mask_source: who wrote the benchmark's own mask labels.
    """

    samples: Samples
    shares: npt.NDArray[np.float64]
    sources: Mapping[str, str]
    mask_source: str


def mask_coverage_rows(covered: Covered, groups: Groups) -> Iterator[MaskCoverage]:
    """Give one row for each mask and group; masks are never put together."""
    samples = covered.samples
    if len(samples.mask_values) < 2:
        return
    masks = samples.table[MASK].to_numpy()
    for mask in samples.mask_values:
        for group_by, members in groups.groupings.items():
            for group in members:
                inside = (masks == mask) & groups.rows(group)
                if inside.any():
                    yield _row(covered, (mask, group_by, group.label), covered.shares[inside])


def _row(
    covered: Covered, place: tuple[str, str, str], shares: npt.NDArray[np.float64]
) -> MaskCoverage:
    mask, group_by, group = place
    is_drawn = mask.startswith(SYNTHETIC)
    drawn = shares[~np.isnan(shares[:, 0])]
    hidden = drawn[:, 0] if len(drawn) else None
    return MaskCoverage(
        mask=mask,
        group_by=group_by,
        group=group,
        photographs=len(shares),
        drawn=len(drawn) if is_drawn else None,
        failed=len(shares) - len(drawn) if is_drawn else None,
        covered_mean=None if hidden is None else float(hidden.mean()),
        covered_low=None if hidden is None else float(np.percentile(hidden, 5)),
        covered_high=None if hidden is None else float(np.percentile(hidden, 95)),
        nose_bridge_mean=None if hidden is None else float(drawn[:, 1].mean()),
        mask_labelled_by=DRAWN if is_drawn else covered.mask_source,
        labelled_by=covered.sources.get(group_by, ""),
    )
