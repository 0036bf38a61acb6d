"""A tile: approximate scores of a block of rows against a block of columns, and their error.

A tile holds a matrix product's float32 sums. Whatever lies within the product's error of an edge
or a cut is scored again exactly, so that no count depends on the product, the tile or the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evenmatch.matching.matcher import ScoreKind
from evenmatch.scoring.compiled import compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.exact import Vectors
    from evenmatch.scoring.scored import Bins

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    Float64 = npt.NDArray[np.float64]

PART = 256  # products summed at once; shorter sums have smaller errors
HALF_ULP = 2.0**-24  # relative error of one float32 operation


class Tile(NamedTuple):
    """Approximate scores of a block of rows against a block of columns.

    Runs of one group follow each other: run a of the rows is `row_starts[a] : row_starts[a + 1]`.
    Row r is compared with the columns from `first + r` on where `first` is positive.
    """

    scores: Vectors
    rows: Vectors
    columns: Vectors
    row_starts: Int32
    row_groups: Int32
    column_starts: Int32
    column_groups: Int32
    first: int


class Ruler(NamedTuple):
    """Bins and the error of the product.

    Attributes:
        edges: bin edges.
        low: the lowest edge.
        scale: bins a unit of score.
        error: largest error of an inner product, or of a squared distance.
        rounding: what float32 arithmetic adds to a place among the bins.
        parts: matrix products that an inner product is summed from.
        euclidean: whether scores are negated distances.
    """

    edges: Float64
    low: np.float32
    scale: np.float32
    error: np.float32
    rounding: np.float32
    parts: int
    euclidean: bool


def ruler(bins: Bins, score_kind: ScoreKind, dimension: int, longest: float, *, part: int) -> Ruler:
    """Return bins with the error that a float32 matrix product can have.

    A sum of d products differs from the true one by at most d u / (1 - d u) times the product of
    the lengths, whatever the order of summation (Higham, Accuracy and Stability of Numerical
    Algorithms, 2nd edition, section 3.1). Summed in parts, d is the length of a part.

    Args:
        bins: the bins to count into.
        score_kind: how templates are compared.
        dimension: length of a template.
        longest: the greatest Euclidean length of a template.
        part: how many products one matrix product may sum.
    """
    parts = -(-dimension // part)
    steps = (-(-dimension // parts) + parts + 1) * HALF_ULP
    error = steps / (1 - steps) * longest**2
    euclidean = score_kind is ScoreKind.EUCLIDEAN
    if euclidean:
        error = 2 * error + 12 * HALF_ULP * longest**2
    scale = bins.count / (bins.high - bins.low)
    reach = 4 * scale * (abs(bins.low) + abs(bins.high)) + 4 * bins.count
    return Ruler(
        edges=bins.edges,
        low=np.float32(bins.low),
        scale=np.float32(scale),
        error=np.float32(error * (1 + 1e-6)),
        rounding=np.float32(HALF_ULP * reach),
        parts=parts,
        euclidean=euclidean,
    )


@compiled
def add_part(scores: Vectors, part: Vectors) -> None:
    """Add another part of the sum of products to the scores."""
    for r in range(scores.shape[0]):
        for c in range(scores.shape[1]):
            scores[r, c] += part[r, c]


@compiled
def distances(scores: Vectors, row_squares: Vectors, column_squares: Vectors) -> None:
    """Turn inner products into negated Euclidean distances, in place."""
    zero, two = np.float32(0.0), np.float32(2.0)
    for r in range(scores.shape[0]):
        for c in range(scores.shape[1]):
            square = row_squares[r] + column_squares[c] - two * scores[r, c]
            scores[r, c] = -np.sqrt(max(zero, square))


@compiled
def reachable(cut: float, ruler: Ruler) -> np.float32:
    """Return the lowest approximate score that an exact score at the cut can have."""
    if ruler.euclidean:
        least = -np.sqrt(cut * cut + ruler.error) if cut <= 0 else np.sqrt(ruler.error)
        slack = abs(least) * 1e-6
    else:
        least = cut - ruler.error
        slack = abs(cut) * 1e-6
    return np.float32(least - slack if cut > -np.inf else -np.inf)


@compiled
def surpassed(cut: float, ruler: Ruler) -> np.float32:
    """Return the approximate score from which an exact score surely reaches the cut."""
    if ruler.euclidean:
        square = cut * cut - ruler.error
        most = -np.sqrt(square) if cut <= 0 and square > 0 else np.inf
        return np.float32(most * (1.0 - 1e-6))
    return np.float32(cut + ruler.error + abs(cut) * 1e-6)
