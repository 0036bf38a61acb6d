"""Error curves as steps, and the numbers people read off them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evenmatch.stats.rates import count_false_non_matches
from evenmatch.stats.thresholds import threshold_at_fmr

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StepCurve:
    """False match and false non-match counts at every threshold where either changes.

    Attributes:
        thresholds: ascending; the last is infinite, where nothing matches.
        false_matches: non-mated trials at or above each threshold.
        false_non_matches: mated trials below each threshold.
        non_mated: non-mated trials in all.
        mated: mated trials in all.
    """

    thresholds: Doubles
    false_matches: npt.NDArray[np.int64]
    false_non_matches: npt.NDArray[np.int64]
    non_mated: int
    mated: int

    @property
    def fmr(self) -> Doubles:
        """False match rate at each threshold."""
        return self.false_matches / self.non_mated

    @property
    def fnmr(self) -> Doubles:
        """False non-match rate at each threshold."""
        return self.false_non_matches / self.mated

    def thinned(self, points: int = 500) -> StepCurve:
        """Keep about as many steps as a drawing can show, even on both logarithmic axes."""
        if self.thresholds.size <= points:
            return self
        floor = 0.5 / np.array([self.non_mated, self.mated])
        depth = np.log(np.maximum(self.fnmr, floor[1])) - np.log(np.maximum(self.fmr, floor[0]))
        wanted = np.linspace(depth[0], depth[-1], points)
        keep = np.unique(np.searchsorted(depth, wanted).clip(0, depth.size - 1))
        return StepCurve(
            self.thresholds[keep],
            self.false_matches[keep],
            self.false_non_matches[keep],
            self.non_mated,
            self.mated,
        )


def step_curve(
    mated: npt.ArrayLike, non_mated: npt.ArrayLike, *, non_mated_trials: int | None = None
) -> StepCurve:
    """Count both errors at every distinct score.

    Args:
        mated: similarity scores of the mated trials.
        non_mated: similarity scores of the non-mated trials, or the largest of them.
        non_mated_trials: how many there are in all, where only the largest are given; the curve
            then begins at the smallest of these, below which it is not known.
    """
    accepted, rejected = _ascending(non_mated, "non-mated"), _ascending(mated, "mated")
    trials = accepted.size if non_mated_trials is None else non_mated_trials
    thresholds = np.unique(np.concatenate([accepted, rejected, [math.inf]]))
    if trials > accepted.size:
        thresholds = thresholds[thresholds >= accepted[0]]
    return StepCurve(
        thresholds,
        accepted.size - np.searchsorted(accepted, thresholds).astype(np.int64),
        np.searchsorted(rejected, thresholds).astype(np.int64),
        trials,
        rejected.size,
    )


@dataclass(frozen=True)
class EqualErrorRate:
    """Where both rates meet, under the conventions in use; never the headline of an audit.

    Attributes:
        low: smaller rate of the step where the curves cross.
        high: larger rate of that step.
        midpoint: their mean (FVC2000; Maio et al., IEEE TPAMI 24:402, 2002).
        linear: crossing of the two curves drawn as lines.
        rocch: crossing of the convex hull of the ROC.
    """

    low: float
    high: float
    midpoint: float
    linear: float
    rocch: float


def equal_error_rate(curve: StepCurve) -> EqualErrorRate:
    """Read the equal error rate off a curve that begins where everything matches."""
    fmr, fnmr = curve.fmr, curve.fnmr
    if fmr[0] < fnmr[0]:
        raise ValueError(
            "The curve begins beyond its equal error rate, which is therefore unknown; "
            "keep a longer tail of non-mated scores."
        )
    b = int(np.argmax(fmr <= fnmr))
    a = b if fmr[b] == fnmr[b] else b - 1
    side = a if fmr[a] + fnmr[a] <= fmr[b] + fnmr[b] else b
    low, high = sorted((float(fmr[side]), float(fnmr[side])))
    above, below = fmr[a] - fnmr[a], fnmr[b] - fmr[b]
    share = above / (above + below) if above + below > 0 else 0.0
    linear = float(fmr[a] + share * (fmr[b] - fmr[a]))
    return EqualErrorRate(low, high, (low + high) / 2, linear, _hull_crossing(curve))


def convex_hull(curve: StepCurve) -> Doubles:
    """Corners of the curve's lower convex hull, as rows `fmr, fnmr` from high FMR to none."""
    hull: list[tuple[float, float]] = []
    for x, y in zip(curve.fmr[::-1].tolist(), curve.fnmr[::-1].tolist(), strict=True):
        while len(hull) > 1 and _turn(hull[-2], hull[-1], (x, y)) <= 0:
            hull.pop()
        hull.append((x, y))
    return np.array(hull[::-1])


def area_under_roc(mated: npt.ArrayLike, non_mated: npt.ArrayLike) -> float:
    """Chance that a mated score exceeds a non-mated one, ties counted half (Mann-Whitney)."""
    above, below = _ascending(mated, "mated"), _ascending(non_mated, "non-mated")
    wins = np.searchsorted(below, above, side="left").sum(dtype=np.int64)
    not_lost = np.searchsorted(below, above, side="right").sum(dtype=np.int64)
    return float(wins + not_lost) / 2 / (above.size * below.size)


def fnmr_at_fmr(mated: npt.ArrayLike, non_mated: npt.ArrayLike, target: str) -> float:
    """FNMR at the threshold where FMR is at most the target: `0.01` gives FMR100, `0` ZeroFMR."""
    threshold = threshold_at_fmr(non_mated, mated, target)
    rate = count_false_non_matches(mated, threshold).rate
    if rate is None:
        raise ValueError("There are no mated scores to count; say 'no trials' instead.")
    return rate


def _ascending(scores: npt.ArrayLike, name: str) -> Doubles:
    ascending = np.sort(np.asarray(scores, dtype=np.float64))
    if ascending.size == 0:
        raise ValueError(f"There are no {name} scores; a curve needs both kinds.")
    return ascending


def _turn(o: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
    """Positive where the way from o over a to b turns left."""
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def _hull_crossing(curve: StepCurve) -> float:
    hull = convex_hull(curve)[::-1]
    gap = hull[:, 1] - hull[:, 0]  # falls along the hull
    b = int(np.argmax(gap <= 0))
    if gap[b] == 0:
        return float(hull[b, 0])
    share = gap[b - 1] / (gap[b - 1] - gap[b])
    return float(hull[b - 1, 0] + share * (hull[b, 0] - hull[b - 1, 0]))
