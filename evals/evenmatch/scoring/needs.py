"""What will be asked of counts, and how they are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from evenmatch.scoring.parts import Spread
    from evenmatch.scoring.passes import Report
    from evenmatch.scoring.trials import Selection

KEEP_SCORES = 5_000_000
KEEP_TAIL = 5_000_000


@dataclass(frozen=True)
class Need:
    """An operating point that will be asked of a selection: a false match rate or a threshold."""

    selection: Selection
    fmr: Fraction | float | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class Compute:
    """How to count; none of it changes a number.

    Attributes:
        device: `auto`, `cpu`, or a torch device such as `cuda`.
        threads: threads on the CPU; 0 for every core.
        keep_scores: up to this many comparisons, every score is kept.
        keep_tail: above that, how many non-mated scores are kept.
        tile: rows and columns of a tile; 0 for what suits the device.
        report: told how many scores were just counted, for a progress bar.
        spread: does the work in other processes or on other machines; None does it here.
    """

    device: str = "auto"
    threads: int = 0
    keep_scores: int = KEEP_SCORES
    keep_tail: int = KEEP_TAIL
    tile: int = 0
    report: Report | None = None
    spread: Spread | None = None
