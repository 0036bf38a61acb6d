"""Beyond the gallery or the trials at hand: models, labelled so, never evidence for a claim."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import genextreme, genpareto

from evenmatch.stats.binomial import tail_of

Doubles = npt.NDArray[np.float64]

FARTHEST_GALLERY = 4.0  # times the largest gallery measured
EULER = 0.5772156649015329
FEWEST_VALUES = 10  # distinct scores below which a density fits none of them
FARTHEST_TAIL = 10.0  # times beyond one in the effective number of trials
CAVEAT = (
    "modelled, not measured: tail models have understated small false match rates a thousandfold, "
    "and ISO/IEC 5152 does not cover one-to-many search"
)


@dataclass(frozen=True)
class GallerySlope:
    """FPIR against gallery size, `log(-log(1 - FPIR)) = a + b log N`; independence has b = 1.

    Attributes:
        intercept: a.
        slope: b.
        largest: largest gallery measured.
        slope_low: lower end of the slope's interval; None where people were not resampled.
        slope_high: upper end.
    """

    intercept: float
    slope: float
    largest: float
    slope_low: float | None = None
    slope_high: float | None = None

    def fpir(self, gallery: float) -> float:
        """Return the model's FPIR at a gallery size, at most four times the largest measured."""
        if gallery > FARTHEST_GALLERY * self.largest:
            raise ValueError(
                f"A gallery of {gallery:g} is more than {FARTHEST_GALLERY:g} times the largest "
                f"measured ({self.largest:g}); measure a larger one."
            )
        return -math.expm1(-math.exp(self.intercept + self.slope * math.log(gallery)))


def fit_gallery_slope(sizes: npt.ArrayLike, rates: npt.ArrayLike) -> GallerySlope:
    """Fit the slope to FPIRs measured on random parts of a gallery.

    Args:
        sizes: gallery sizes, at least two different ones.
        rates: FPIR at each, averaged over draws of the part; those of 0 or 1 are left out.
    """
    n, p = np.asarray(sizes, dtype=np.float64), np.asarray(rates, dtype=np.float64)
    usable = (p > 0) & (p < 1)
    x = np.log(n[usable])
    if np.unique(x).size < 2:
        raise ValueError(
            "A slope needs an FPIR between 0 and 1 at two gallery sizes; lower the threshold."
        )
    y = np.log(-np.log1p(-p[usable]))
    b = float(np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2))
    return GallerySlope(float(y.mean() - b * x.mean()), b, float(n.max()))


def gallery_slope(
    sizes: npt.ArrayLike,
    alarms: npt.ArrayLike,
    searcher: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    replicates: int = 1000,
    level: float = 0.95,
) -> GallerySlope:
    """Fit the slope with an interval from resampling searchers, not draws of the gallery.

    Args:
        sizes: gallery sizes.
        alarms: for each search and size, the share of the draws in which it raised an alarm.
        searcher: person code of each search, from 0.
        rng: the source of chance.
        replicates: bootstrap replicates; those without a slope are left out.
        level: confidence of the interval.
    """
    shares = np.asarray(alarms, dtype=np.float64)
    codes = np.unique(np.asarray(searcher), return_inverse=True)[1]
    people = int(codes.max()) + 1
    summed = np.zeros((people, shares.shape[1]))
    np.add.at(summed, codes, shares)
    tried = np.bincount(codes, minlength=people)
    fitted = fit_gallery_slope(sizes, summed.sum(axis=0) / tried.sum())
    slopes = []
    for _ in range(replicates):
        drawn = np.bincount(rng.integers(people, size=people), minlength=people)
        rates = drawn @ summed / (drawn @ tried)
        if np.count_nonzero((rates > 0) & (rates < 1)) > 1:
            slopes.append(fit_gallery_slope(sizes, rates).slope)
    tail = tail_of(level)
    low, high = np.quantile(slopes, [tail, 1 - tail]) if slopes else (None, None)
    return GallerySlope(
        fitted.intercept,
        fitted.slope,
        fitted.largest,
        float(low) if low is not None else None,
        float(high) if high is not None else None,
    )


def fpir_from_maxima(best_non_mates: npt.ArrayLike, threshold: float, times: float) -> float | None:
    """FPIR at a gallery `times` as large, from an extreme-value fit to each search's best score.

    `1 - F(threshold)^times` for the fitted distribution F of the maxima (generalised extreme
    value); at most four times. None where the maxima have fewer than 10 distinct values: the fit
    then collapses onto one of them and says that nothing lies above.
    """
    if times > FARTHEST_GALLERY:
        raise ValueError(f"{times:g} times the gallery is too far; at most {FARTHEST_GALLERY:g}.")
    maxima = np.asarray(best_non_mates, dtype=np.float64)
    if np.unique(maxima).size < FEWEST_VALUES:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the search for a start tries bad values
        # From SciPy's own start the search ends far from the best fit; moments of a Gumbel
        # distribution start it near.
        spread = float(maxima.std()) * math.sqrt(6) / math.pi
        shape, place, scale = genextreme.fit(
            maxima, 0.1, loc=float(maxima.mean()) - EULER * spread, scale=spread
        )
    return float(-np.expm1(times * genextreme.logcdf(threshold, shape, place, scale)))


@dataclass(frozen=True)
class TailFit:
    """FMR beyond the trials by a generalised Pareto tail above one cut-off.

    Attributes:
        cut_off: score above which the tail is fitted.
        shape: xi of the fit; negative where scores have an upper end.
        fmr: modelled false match rate at the threshold; None where it is too far to model.
    """

    cut_off: float
    shape: float
    fmr: float | None


def fmr_from_tail(
    tail: npt.ArrayLike,
    trials: int,
    threshold: float,
    *,
    effective: float,
    cut_offs: npt.ArrayLike,
) -> list[TailFit]:
    """Model the FMR at a threshold few or no trials reach, from peaks over several cut-offs.

    Args:
        tail: the largest non-mated scores, everything above the lowest cut-off; where people are
            compared several times, their best score only.
        trials: non-mated trials in all.
        threshold: where the FMR is wanted.
        effective: effective trials; rates under a tenth of one in these are not given.
        cut_offs: at least three scores, each with 30 scores above; their spread is the caveat.
    """
    scores, cuts = np.asarray(tail, dtype=np.float64), np.asarray(cut_offs, dtype=np.float64)
    if cuts.size < 3 or any(np.count_nonzero(scores > u) < 30 for u in cuts):
        raise ValueError("Give at least three cut-offs with 30 scores above each; lower them.")
    least = 1 / (FARTHEST_TAIL * effective)
    return [_peaks_over(scores, trials, threshold, float(u), least) for u in cuts]


def _peaks_over(
    scores: Doubles, trials: int, threshold: float, cut_off: float, least: float
) -> TailFit:
    peaks = scores[scores > cut_off] - cut_off
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the search for a start tries bad values
        shape, _, scale = genpareto.fit(peaks, floc=0)
    beyond = float(genpareto.sf(threshold - cut_off, shape, 0, scale))
    fmr = peaks.size / trials * beyond
    return TailFit(cut_off, float(shape), fmr if fmr >= least else None)
