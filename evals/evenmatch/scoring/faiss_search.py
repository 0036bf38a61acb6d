"""Searches a gallery with the faiss package, so that an index's own misses can be audited."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import numpy as np

from evenmatch.errors import RequestError
from evenmatch.matching.matcher import ScoreKind
from evenmatch.scoring.exact import similarities
from evenmatch.scoring.mates import find_mates
from evenmatch.scoring.memory import refuse_unless_it_fits

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.matching.matcher import Templates
    from evenmatch.scoring.plan import Roster, Rows
    from evenmatch.scoring.search_results import SearchResults

NEIGHBOURS = 32  # links of a node in the HNSW graph
PROBED = 16  # lists of an inverted file that a search looks into
BLOCK = 4096
COPIES = 2  # of the gallery: what is enrolled, and what the index keeps of it


def search_faiss(
    templates: Templates,
    roster: Roster,
    searches: Rows,
    gallery: Rows,
    length: int,
    index: str,
) -> SearchResults:
    """Search a gallery through an index; what it misses is not returned.

    A mate that the index does not return has rank 0. Scores of what it returns are exact, and
    `group_best` knows of candidates alone.

    Raises:
        RequestError: faiss is not installed.
    """
    searching = find_mates(templates, roster, searches, gallery, length)
    results = searching.results
    probes = searches[searching.search_places]
    enrolled = gallery[searching.gallery_places]
    if not probes.size or not enrolled.size:
        return results
    size = 4 * enrolled.size * templates.vectors.shape[1]
    instead = "write `index: exact`, which reads a gallery part by part"
    refuse_unless_it_fits(COPIES * size, f"The index {index} of the gallery", instead)
    built = build_index(templates.vectors[enrolled], templates.score_kind, index)
    own = np.bincount(roster.people[enrolled], minlength=roster.n_people)
    wanted = min(length + int(own[roster.people[probes]].max()), enrolled.size)
    if hasattr(built, "hnsw"):
        built.hnsw.efSearch = max(64, wanted)
    for start in range(0, probes.size, BLOCK):
        at = searching.search_places[start : start + BLOCK]
        rows = searches[at]
        _, found = built.search(np.ascontiguousarray(templates.vectors[rows]), wanted)
        _write(results, templates, roster, at, np.where(found >= 0, enrolled[found], -1))
    return results


def build_index(vectors: npt.NDArray[np.float32], score_kind: ScoreKind, index: str) -> Any:  # noqa: ANN401 -- of an optional package
    """Return a trained index that holds the vectors.

    Raises:
        RequestError: faiss is not installed.
    """
    if importlib.util.find_spec("faiss") is None:
        raise RequestError(
            f"one_to_many.index: {index} needs the package faiss-cpu; "
            "install evenmatch[faiss], or write `index: exact`."
        )
    import faiss  # noqa: PLC0415 -- optional

    euclidean = score_kind is ScoreKind.EUCLIDEAN
    metric = faiss.METRIC_L2 if euclidean else faiss.METRIC_INNER_PRODUCT
    dimension = vectors.shape[1]
    flat = faiss.IndexFlatL2(dimension) if euclidean else faiss.IndexFlatIP(dimension)
    built: Any = flat  # faiss's own stubs know no common base
    if index == "faiss-ivf":
        lists = max(1, int(np.sqrt(vectors.shape[0])))
        built = faiss.IndexIVFFlat(flat, dimension, lists, metric)
        built.cp.min_points_per_centroid = 1  # small galleries are trained on without a warning
        built.nprobe = min(PROBED, lists)
    elif index == "faiss-hnsw":
        built = faiss.IndexHNSWFlat(dimension, NEIGHBOURS, metric)
    contiguous = np.ascontiguousarray(vectors)
    built.train(contiguous)
    built.add(contiguous)
    return built


def _write(
    results: SearchResults,
    templates: Templates,
    roster: Roster,
    at: npt.NDArray[np.intp],
    found: npt.NDArray[np.int32],
) -> None:
    """Score what the index returned to a block of searches and write it down."""
    rows = results.searches[at]
    probe = np.repeat(rows, found.shape[1])
    score = similarities(
        templates.vectors, templates.score_kind, probe, np.maximum(found, 0).ravel()
    )
    exact = np.where(found >= 0, score.reshape(found.shape).astype(np.float64), -np.inf)
    mate = roster.people[found] == roster.people[rows][:, None]
    others = np.where(mate | (found < 0), -np.inf, exact)
    place = np.zeros(roster.people.size, np.int64)
    place[results.gallery] = np.arange(results.gallery.size)
    order = np.lexsort((place[found], -others), axis=1)[:, : results.candidates.shape[1]]
    others_sorted = np.take_along_axis(others, order, axis=1)
    results.candidates[at, : order.shape[1]] = others_sorted
    kept = np.where(np.isneginf(others_sorted), -1, np.take_along_axis(found, order, axis=1))
    results.candidate_rows[at, : order.shape[1]] = kept
    _write_mates(results, roster, at, np.where(found >= 0, exact, -np.inf), found, others)
    first = roster.people[kept[:, :1]]
    rest = np.where((kept < 0) | (roster.people[kept] == first), -np.inf, others_sorted)
    results.runner_up[at] = rest.max(axis=1, initial=-np.inf)
    for column in range(found.shape[1]):
        groups = roster.groups[found[:, column]]
        results.group_best[at, groups] = np.maximum(
            results.group_best[at, groups], others[:, column]
        )


def _write_mates(
    results: SearchResults,
    roster: Roster,
    at: npt.NDArray[np.intp],
    exact: npt.NDArray[np.float64],
    found: npt.NDArray[np.int32],
    others: npt.NDArray[np.float64],
) -> None:
    """Replace the true best mates by the best that the index returned."""
    rows = results.searches[at]
    mate = (found >= 0) & (roster.people[found] == roster.people[rows][:, None])
    mate &= roster.photographs[found] != roster.photographs[rows][:, None]
    scores = np.where(mate, exact, -np.inf)
    best = scores.argmax(axis=1)
    returned = mate.any(axis=1)
    top = np.take_along_axis(scores, best[:, None], axis=1)[:, 0]
    row = np.take_along_axis(found, best[:, None], axis=1)[:, 0]
    ahead = np.count_nonzero((others >= top[:, None]) & np.isfinite(others), axis=1)
    results.best_mate[at] = np.where(returned, top, -np.inf)
    results.best_mate_row[at] = np.where(returned, row, -1)
    results.rank[at] = np.where(returned, 1 + ahead, 0)
