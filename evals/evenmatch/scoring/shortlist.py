"""Short lists of the highest scores, kept by approximate score until it matters which is which.

A list has room for more than it must return, so that scores within the product's error of its
last place stay on it. Only a list that is full of such scores, or finished, is scored exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evenmatch.scoring.compiled import compiled, inlined
from evenmatch.scoring.exact import exact, padded

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.exact import Vectors
    from evenmatch.scoring.tile import Float64, Int32, Ruler


class Lists(NamedTuple):
    """Short lists of several searches, or of each group of a gallery for several searches.

    Attributes:
        score: scores on each list, in no order.
        place: places in the gallery.
        count: how many are on each list.
        least: approximate score below which nothing can belong on a list any more.
        length: how many a list must return.
    """

    score: Vectors
    place: Int32
    count: Int32  # type: ignore[assignment] # shadows tuple.count, which nobody calls
    least: Vectors
    length: int


class Gallery(NamedTuple):
    """What exact scores and ties need.

    Attributes:
        vectors: templates.
        at: where in `vectors` the template of each place is.
        order: when each place was enrolled; of equal scores the earlier comes first.
    """

    vectors: Vectors
    at: npt.NDArray[np.int64]
    order: Int32


def empty_lists(searches: int, groups: int, length: int) -> Lists:
    """Return empty lists of a length, one for every search and group."""
    shape, room = (searches, groups), 4 * length + 8
    return Lists(
        np.empty((*shape, room), np.float32),
        np.empty((*shape, room), np.int32),
        np.zeros(shape, np.int32),
        np.full(shape, -np.inf, np.float32),
        length,
    )


@inlined
def lowest(last: np.float32, error: np.float32, euclidean: bool) -> np.float32:  # noqa: FBT001 -- kernels take positions only
    """Return the lowest approximate score of what may be as high as the last on a list."""
    two, little = np.float32(2.0), np.float32(1e-6)
    least = -np.sqrt(last * last + two * error) if euclidean else last - two * error
    return np.float32(least - abs(least) * little)


@compiled
def bar(scores: Vectors, wanted: int, spare: int, low: float, high: float) -> np.float32:
    """Return a mark that at least `wanted` of the scores reach, by bisection.

    It stops where at most `spare` more reach it, or where the marks are as close as makes no
    difference.
    """
    if wanted > scores.size:
        return np.float32(-np.inf)
    for _ in range(20):
        middle = np.float32((low + high) / 2)
        reached = np.int32(0)
        for c in range(scores.size):
            reached += np.int32(scores[c] >= middle)
        if reached < wanted:
            high = float(middle)
        else:
            low = float(middle)
            if reached <= wanted + spare:
                break
    return np.float32(low)


@compiled
def make_room(  # noqa: PLR0913 -- kernels take positions only
    lists: Lists,
    r: int,
    g: int,
    probes: Vectors,
    gallery: Gallery,
    ruler: Ruler,
    terms: Float64,
) -> None:
    """Drop from a full list what cannot be among the highest."""
    drop(lists, r, g, ruler)
    if 2 * lists.count[r, g] > lists.score.shape[2]:
        settle(lists, r, g, probes, gallery, ruler, terms)
        drop(lists, r, g, ruler)


@compiled
def settle(  # noqa: PLR0913 -- kernels take positions only
    lists: Lists,
    r: int,
    g: int,
    probes: Vectors,
    gallery: Gallery,
    ruler: Ruler,
    terms: Float64,
) -> None:
    """Score a list exactly and keep what it must return, the highest first."""
    vectors, score, place = gallery.vectors, lists.score, lists.place
    for k in range(lists.count[r, g]):
        at = gallery.at[place[r, g, k]]
        score[r, g, k] = exact(probes, r, vectors, at, ruler.euclidean, terms)
    _put_in_order(lists, r, g, gallery.order)


@compiled
def settle_all(probes: Vectors, gallery: Gallery, ruler: Ruler, lists: Lists) -> None:
    """Score every list exactly and put it in order.

    Templates are read in the gallery's order, since most of the time goes into fetching them.
    """
    terms = np.zeros(padded(probes.shape[1]), np.float64)
    searches, groups, room = lists.score.shape
    after = np.zeros(gallery.at.size + 1, np.int64)
    for r in range(searches):
        for g in range(groups):
            drop(lists, r, g, ruler)
            for k in range(lists.count[r, g]):
                after[lists.place[r, g, k] + 1] += 1
    after = np.cumsum(after)
    slots = np.empty(after[-1], np.int64)
    for r in range(searches):
        for g in range(groups):
            for k in range(lists.count[r, g]):
                place = lists.place[r, g, k]
                slots[after[place]] = (r * groups + g) * room + k
                after[place] += 1
    flat_score, flat_place, vectors = lists.score.ravel(), lists.place.ravel(), gallery.vectors
    for slot in slots:
        r, at = slot // (groups * room), gallery.at[flat_place[slot]]
        flat_score[slot] = exact(probes, r, vectors, at, ruler.euclidean, terms)
    for r in range(searches):
        for g in range(groups):
            _put_in_order(lists, r, g, gallery.order)


@compiled
def _put_in_order(lists: Lists, r: int, g: int, order: Int32) -> None:
    """Sort a list of exact scores and cut it to its length."""
    score, place = lists.score[r, g], lists.place[r, g]
    for k in range(1, lists.count[r, g]):
        new_score, new_place = score[k], place[k]
        j = k
        while j > 0 and (
            score[j - 1] < new_score
            or (score[j - 1] == new_score and order[place[j - 1]] > order[new_place])
        ):
            score[j], place[j] = score[j - 1], place[j - 1]
            j -= 1
        score[j], place[j] = new_score, new_place
    lists.count[r, g] = min(lists.count[r, g], lists.length)


@compiled
def drop(lists: Lists, r: int, g: int, ruler: Ruler) -> None:
    """Drop what cannot be among the highest."""
    count = lists.count[r, g]
    if count < lists.length:
        return
    score, place = lists.score[r, g], lists.place[r, g]
    edges = ruler.edges
    last = bar(score[:count], lists.length, lists.length // 8, edges[0], edges[-1])
    least = lowest(np.float32(last), ruler.error, ruler.euclidean)
    kept = 0
    for k in range(count):
        if score[k] >= least:
            score[kept], place[kept] = score[k], place[k]
            kept += 1
    lists.count[r, g], lists.least[r, g] = kept, least
