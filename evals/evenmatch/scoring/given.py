"""Scores of given pairs: by this process, or by those that read templates where they lie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.matching.vectors import at_hand
from evenmatch.scoring.exact import similarities
from evenmatch.scoring.parts import WIDEST, Blocks, over_parts

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.matching.matcher import Templates
    from evenmatch.scoring.needs import Compute
    from evenmatch.scoring.parts import Part
    from evenmatch.scoring.plan import Rows

    Scores = npt.NDArray[np.float32]

PAIRS: Final = 1 << 14  # of a block


def given_scores(templates: Templates, probe: Rows, reference: Rows, compute: Compute) -> Scores:
    """Return the exact scores of given pairs of rows.

    Templates that are in this process are compared here. Others are not brought here for it where
    other processes do the work.
    """
    vectors, kind = templates.vectors, templates.score_kind
    if compute.spread is None or at_hand(vectors) or probe.size <= PAIRS:
        return similarities(vectors, kind, probe, reference, threads=compute.threads)
    scores = np.empty(probe.size, np.float32)
    blocks = Blocks(-(-probe.size // PAIRS), 1, once=False)
    todo = _GivenPass(probe, reference)
    for first, found in over_parts(templates, todo, blocks, replace(compute, device="cpu")):
        scores[first : first + found.size] = found
    return scores


@dataclass(frozen=True)
class _GivenPass:
    """Scores some blocks of the pairs."""

    probe: Rows
    reference: Rows

    def answer_bytes(self, share: float) -> int:
        """Return what the scores of some blocks take."""
        del share
        return 4 * WIDEST * PAIRS

    def __call__(self, templates: Templates, compute: Compute, part: Part) -> tuple[int, Scores]:
        """Return the first of a part's pairs and the scores of all of them."""
        some = slice(part.top * PAIRS, part.bottom * PAIRS)
        kind, threads = templates.score_kind, compute.threads
        probe, reference = self.probe[some], self.reference[some]
        return some.start, similarities(templates.vectors, kind, probe, reference, threads=threads)
