"""FPIR against the size of the gallery, as far as stored searches and the stated slope give it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.stats.extrapolation import GallerySlope, fpir_from_maxima
from evenmatch.verifying.findings import Check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evenmatch.results.model import RunResult
    from evenmatch.results.search_rows import GallerySize
    from evenmatch.stats.identification import Searches
    from evenmatch.verifying.searches import StoredSearches

DRAWN = "gallery_size: searches of random parts of the gallery are not stored"


def check_gallery_sizes(
    result: RunResult, matcher: str, stored: Mapping[str, StoredSearches]
) -> Check:
    """Count the whole gallery's FPIR again, and work out what the models make of it."""
    rows = [row for row in result.gallery_size if row.matcher == matcher]
    check = Check("gallery_size", rows=len(rows))
    for row in rows:
        searches = stored.get(row.probe_mask)
        again = _again(result, row, searches) if searches else None
        if again is None:
            check.leave(DRAWN)
            continue
        words = f"{matcher} {row.operating_point} {row.probe_mask} {row.gallery_subjects} people"
        stated = row.model_dump(exclude_unset=True)
        check.compare(f"{words} {row.model}".rstrip(), stated, again)
    return check


def _again(result: RunResult, row: GallerySize, stored: StoredSearches) -> dict[str, object] | None:
    """Return what stands in a row; None where the searches behind it are not stored."""
    part = stored.searches.where(~stored.searches.mated)
    found: dict[str, object] = {
        "searches": part.mated.size,
        "subjects": int(np.unique(part.searcher).size),
    }
    if row.basis == "extrapolated":
        return found | {"fpir": _modelled(result, row, part)}
    if row.gallery_subjects != part.gallery_people:
        return None
    if row.fpir is not None:
        best = part.best_non_mate[~part.failed]
        found["fpir"] = np.count_nonzero(best >= row.threshold) / max(part.mated.size, 1)
    return found


def _modelled(result: RunResult, row: GallerySize, part: Searches) -> float | None:
    """Carry the FPIR to a larger gallery as the row says; None where no model reaches it."""
    try:
        if row.model == "slope":
            slope = _slope(result, row)
            return slope.fpir(row.gallery_subjects) if slope else None
        best = part.best_non_mate[~part.failed]
        maxima = best[np.isfinite(best)]
        times = row.gallery_subjects / part.gallery_people
        fpir = fpir_from_maxima(maxima, row.threshold, times)
        return None if fpir is None else fpir * maxima.size / part.mated.size
    except (ArithmeticError, ValueError, RuntimeError):  # numbers that no audit would hold
        return None


def _slope(result: RunResult, row: GallerySize) -> GallerySlope | None:
    """Return the slope that the audit states beside a row."""
    for each in result.gallery_slope:
        same = (each.matcher, each.operating_point, each.gallery, each.probe_mask) == (
            row.matcher, row.operating_point, row.gallery, row.probe_mask,
        )  # fmt: skip
        if same and each.slope is not None and each.intercept is not None:
            return GallerySlope(each.intercept, each.slope, each.largest)
    return None
