"""FPIR against the size of the gallery: random parts of it measured, and models beyond it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.results.search_rows import GallerySize, GallerySlopeRow
from evenmatch.stats.cells import UNITS_FOR_ESTIMATE, cell_status, stated_status
from evenmatch.stats.extrapolation import CAVEAT, fpir_from_maxima, gallery_slope
from evenmatch.stats.identification import fpir_if_independent
from evenmatch.stats.people import PersonCounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from evenmatch.results.alarms import Alarms
    from evenmatch.scoring.plan import Roster
    from evenmatch.stats.extrapolation import GallerySlope

DRAWS = 20
HALVINGS = 5  # N, N/2, ... N/32
FEWEST_PEOPLE = 2
MODELLED = (2, 4)  # times the gallery
FEWEST_MAXIMA = 30  # searches to fit an extreme-value distribution to
METHOD = "searcher_bootstrap"


@dataclass(frozen=True)
class GalleryCurve:
    """Alarms of every non-mated search on random parts of one gallery.

    Attributes:
        alarms: the wrong candidates on the whole gallery.
        people: person code of every search.
        sizes: people enrolled in each part, the whole gallery first.
        templates: entries of the whole gallery.
        shares: searches by sizes: the share of draws in which a search raised an alarm.
        rates: for each size the FPIR of each draw.
    """

    alarms: Alarms
    people: npt.NDArray[np.int32]
    sizes: list[int]
    templates: int
    shares: npt.NDArray[np.float64]
    rates: list[npt.NDArray[np.float64]]

    @property
    def counts(self) -> PersonCounts:
        """Searches, and those with an alarm on the whole gallery, by searcher."""
        hit = self.shares[:, 0] > 0
        people = int(self.people.max(initial=-1)) + 1
        return PersonCounts.of_people(
            np.bincount(self.people[hit], minlength=people),
            np.bincount(self.people, minlength=people),
        )


def gallery_curve(alarms: Alarms, roster: Roster, rng: np.random.Generator) -> GalleryCurve:
    """Draw parts of a gallery, people at random, and see which searches still raise an alarm."""
    enrolled = np.unique(roster.people[alarms.found.results.gallery])
    whole = int(enrolled.size)
    sizes = [whole >> k for k in range(HALVINGS + 1) if whole >> k >= FEWEST_PEOPLE]
    hit = np.searchsorted(enrolled, roster.people[alarms.reference])
    shares = np.zeros((alarms.searches.size, len(sizes)))
    rates = []
    for column, size in enumerate(sizes):
        draws = 1 if size == whole else DRAWS
        drawn = np.zeros((draws, alarms.searches.size), dtype=bool)
        for draw in range(draws):
            chosen = np.zeros(whole, dtype=bool)
            chosen[rng.permutation(whole)[:size]] = True
            drawn[draw, alarms.search[chosen[hit]]] = True
        shares[:, column] = drawn.mean(axis=0)
        rates.append(drawn.mean(axis=1))
    templates = int(alarms.found.results.gallery.size)
    return GalleryCurve(alarms, roster.people[alarms.searches], sizes, templates, shares, rates)


def fitted_slope(
    curve: GalleryCurve, rng: np.random.Generator, *, replicates: int, level: float
) -> GallerySlope | None:
    """Fit the slope; None where too few people raised an alarm or fewer than two sizes serve."""
    counts = curve.counts
    status = cell_status(trials=counts.trials, erring_units=counts.erring_units, kish=[counts.kish])
    if status in ("suppressed", "no_trials") or counts.erring_units < UNITS_FOR_ESTIMATE:
        return None
    means = curve.shares.mean(axis=0)
    if np.count_nonzero((means > 0) & (means < 1)) < 2:
        return None
    return gallery_slope(
        curve.sizes, curve.shares, curve.people, rng, replicates=replicates, level=level
    )


def slope_row(curve: GalleryCurve, slope: GallerySlope | None, level: float) -> GallerySlopeRow:
    """State the slope."""
    point, found = curve.alarms.threshold, curve.alarms.found
    return GallerySlopeRow(
        matcher=point.matcher,
        operating_point=point.operating_point,
        threshold=point.threshold,
        gallery=found.split.name,
        probe_mask=found.probe_mask,
        sizes=len(curve.sizes),
        smallest=curve.sizes[-1],
        largest=curve.sizes[0],
        draws=DRAWS,
        slope=slope.slope if slope else None,
        low=slope.slope_low if slope else None,
        high=slope.slope_high if slope else None,
        intercept=slope.intercept if slope else None,
        level=level,
        method=METHOD,
        status="estimate" if slope else "suppressed",
    )


def size_rows(curve: GalleryCurve, slope: GallerySlope | None) -> Iterator[GallerySize]:
    """State the FPIR of every size drawn, then what the models say of larger galleries."""
    counts = curve.counts
    status = cell_status(
        trials=counts.trials,
        erring_units=counts.erring_units,
        kish=[counts.kish],
        resolved=curve.alarms.threshold.status != "unresolvable",
    )
    shown = status not in ("suppressed", "no_trials")
    for column, size in enumerate(curve.sizes):
        rates = curve.rates[column]
        yield _row(
            curve,
            size,
            status=stated_status(status),
            draws=rates.size,
            fpir=float(rates.mean()) if shown else None,
            draw_low=float(rates.min()) if shown else None,
            draw_high=float(rates.max()) if shown else None,
        )
    if slope is None or status != "estimate":
        return
    whole = curve.sizes[0]
    for times in MODELLED:
        yield _row(
            curve, times * whole, status="estimate", model="slope", fpir=slope.fpir(times * whole)
        )
        maxima = _maxima(curve)
        if maxima.size >= FEWEST_MAXIMA and math.isfinite(curve.alarms.threshold.threshold):
            modelled = fpir_from_maxima(maxima, curve.alarms.threshold.threshold, times)
            if modelled is None:
                continue
            modelled *= maxima.size / counts.trials
            yield _row(
                curve, times * whole, status="estimate", model="extreme-value", fpir=modelled
            )


def _maxima(curve: GalleryCurve) -> npt.NDArray[np.float64]:
    part = curve.alarms.found.searches
    best = part.best_non_mate[~part.mated & ~part.failed]
    return best[np.isfinite(best)]


def _row(curve: GalleryCurve, size: int, **values: object) -> GallerySize:
    point, found, counts = curve.alarms.threshold, curve.alarms.found, curve.counts
    beyond = size > curve.sizes[0]
    cells = {
        "model": "",
        "draws": None,
        "draw_low": None,
        "draw_high": None,
        "caveat": CAVEAT if beyond else "",
    } | values
    return GallerySize.model_validate(
        {
            "matcher": point.matcher,
            "operating_point": point.operating_point,
            "threshold": point.threshold,
            "gallery": found.split.name,
            "probe_mask": found.probe_mask,
            "gallery_subjects": size,
            "basis": "extrapolated" if beyond else "measured",
            "searches": counts.trials,
            "subjects": counts.subjects,
            "independent": _independent(curve, size) if cells["fpir"] is not None else None,
            **cells,
        }
    )


def _independent(curve: GalleryCurve, size: int) -> float | None:
    """Return the FPIR of independent comparisons that match as often as these searches' do."""
    usable = int(np.count_nonzero(~curve.alarms.failed))
    if not usable:
        return None
    fmr = curve.alarms.search.size / (usable * curve.templates)
    # A search without a template raises no alarm, here as in the rate beside it.
    searched = usable / curve.alarms.searches.size
    return searched * fpir_if_independent(fmr, curve.templates * size / curve.sizes[0])
