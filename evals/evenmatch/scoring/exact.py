"""What a score is: two float32 templates compared in float64, rounded to float32.

The products (or squared differences) are padded with zeros to a power of two, and the upper half
is added onto the lower until one number is left. The order is always this one and nothing is
contracted, so that every machine gets the same bits.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.matching.matcher import ScoreKind
from evenmatch.matching.vectors import at_hand, gathered
from evenmatch.scoring.compiled import compiled, inlined
from evenmatch.scoring.passes import core_count

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.matching import vectors as lying
    from evenmatch.scoring.plan import Rows

    Vectors = npt.NDArray[np.float32]

CHUNK = 1 << 15  # pairs a thread takes at once
FETCHED = 32 << 20  # bytes of templates that all threads have read or copied at once, at most


def similarities(
    vectors: lying.Vectors,
    score_kind: ScoreKind,
    probe: Rows,
    reference: Rows,
    *,
    threads: int = 0,
) -> npt.NDArray[np.float32]:
    """Return the scores of given pairs of rows.

    Args:
        vectors: templates, one a row; of what is not in memory only these rows are read, some at
            a time.
        score_kind: inner product, or Euclidean distance negated.
        probe: row of one template of each pair.
        reference: row of the other.
        threads: how many threads to use; 0 for every core.
    """
    scores, threads = np.empty(probe.size, np.float32), core_count(threads)
    euclidean = score_kind is ScoreKind.EUCLIDEAN
    as_it_is = isinstance(vectors, np.ndarray) and at_hand(vectors)
    few = max(1, FETCHED // (8 * vectors.shape[1] * threads))
    chunk = CHUNK if as_it_is else min(CHUNK, few)

    def score(start: int) -> None:
        part = slice(start, start + chunk)
        here, one, other = gathered(vectors, probe[part], reference[part])
        score_pairs(here, euclidean, one, other, scores[part])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(score, range(0, probe.size, chunk)))
    return scores


@compiled
def score_pairs(
    vectors: Vectors,
    euclidean: bool,  # noqa: FBT001 -- kernels take positions only
    probe: Rows,
    reference: Rows,
    scores: npt.NDArray[np.float32],
) -> None:
    """Fill in the scores of pairs of rows."""
    terms = np.zeros(padded(vectors.shape[1]), np.float64)
    for pair in range(probe.size):
        scores[pair] = exact(vectors, probe[pair], vectors, reference[pair], euclidean, terms)


@compiled
def padded(dimension: int) -> int:
    """Return half the smallest power of two that holds the dimension, and at least 16."""
    width = 16
    while width * 2 < dimension:
        width *= 2
    return width


@inlined
def exact(
    x: npt.NDArray[np.floating],
    i: int,
    y: Vectors,
    j: int,
    euclidean: bool,  # noqa: FBT001 -- kernels take positions only
    terms: npt.NDArray[np.float64],
) -> np.float32:
    """Return the score of row i of x and row j of y; `terms` is scratch of the padded dimension.

    Rows are given as places, not as slices: a slice would cost a third of the time.
    """
    half, dimension = terms.size, x.shape[1]
    both = max(dimension - half, 0)
    if euclidean:
        for k in range(both):
            lower = np.float64(x[i, k]) - np.float64(y[j, k])
            upper = np.float64(x[i, k + half]) - np.float64(y[j, k + half])
            terms[k] = lower * lower + upper * upper
        for k in range(both, min(dimension, half)):
            lower = np.float64(x[i, k]) - np.float64(y[j, k])
            terms[k] = lower * lower
    else:
        for k in range(both):
            upper = np.float64(x[i, k + half]) * np.float64(y[j, k + half])
            terms[k] = np.float64(x[i, k]) * np.float64(y[j, k]) + upper
        for k in range(both, min(dimension, half)):
            terms[k] = np.float64(x[i, k]) * np.float64(y[j, k])
    for k in range(dimension, half):
        terms[k] = 0.0
    half //= 2
    while half > 8:
        for k in range(half):
            terms[k] += terms[k + half]
        half //= 2
    total = _last_sixteen(terms)
    return np.float32(-np.sqrt(total)) if euclidean else np.float32(total)


@inlined
def _last_sixteen(t: npt.NDArray[np.float64]) -> float:
    """Add sixteen terms by halves."""
    a, b, c, d = t[0] + t[8], t[1] + t[9], t[2] + t[10], t[3] + t[11]
    e, f, g, h = t[4] + t[12], t[5] + t[13], t[6] + t[14], t[7] + t[15]
    return ((a + e) + (c + g)) + ((b + f) + (d + h))  # type: ignore[no-any-return]
