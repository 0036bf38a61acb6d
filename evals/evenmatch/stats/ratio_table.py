"""Ratios of many pairs of groups at once, with the p-values that belong to their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from evenmatch.stats.binomial import tail_of
from evenmatch.stats.differences import Ratio, rate_ratio
from evenmatch.stats.intervals import effective_trials, jackknife_variance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.stats.people import PersonCounts

Doubles = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
_WIDEST, _STEPS = 60.0, 80  # natural logarithm of the largest ratio looked at; bisections
_FEW = 10


@dataclass(frozen=True)
class PairRatio:
    """One group's rate over another's.

    Attributes:
        first: place of the group above the line.
        second: place of the group below it.
        ratio: the ratio with its interval.
        narrow: the same at level 1 - 2 alpha, for equivalence.
        p_value: two-sided, of equal rates; None where nothing can be tested.
    """

    first: int
    second: int
    ratio: Ratio
    narrow: Ratio
    p_value: float | None


def pair_ratios(
    cells: Sequence[PersonCounts], pairs: Sequence[tuple[int, int]], level: float = 0.95
) -> list[PairRatio]:
    """Compare pairs of cells as `rate_ratio` does, all at once where people are not shared.

    Args:
        cells: the groups' counts, every one listing all people in the same order.
        pairs: places of the two cells of each comparison.
        level: confidence of the intervals.
    """
    wide, narrow = _Ends(cells, level), _Ends(cells, 2 * level - 1)
    apart = [k for k, (a, b) in enumerate(pairs) if not _shared(cells[a], cells[b])]
    made: dict[int, PairRatio] = {}
    if apart:
        a, b = np.array([pairs[k] for k in apart], dtype=np.intp).T
        outer, inner, p_values = wide.ratios(a, b), narrow.ratios(a, b), wide.p_values(a, b)
        for place, k in enumerate(apart):
            made[k] = PairRatio(*pairs[k], outer[place], inner[place], p_values[place])
    for k, (first, second) in enumerate(pairs):
        if k not in made:
            made[k] = _together(cells, (first, second), level)
    return [made[k] for k in range(len(pairs))]


def _shared(a: PersonCounts, b: PersonCounts) -> bool:
    return bool(np.any((a.trials_by_person > 0) & (b.trials_by_person > 0)))


def _together(cells: Sequence[PersonCounts], pair: tuple[int, int], level: float) -> PairRatio:
    a, b = cells[pair[0]], cells[pair[1]]
    ratio = rate_ratio(a, b, level, share_people=True)
    narrow = rate_ratio(a, b, 2 * level - 1, share_people=True)
    p_value = None
    if ratio.value is not None and ratio.standard_error is not None:
        p_value = _two_sided(np.log(ratio.value), ratio.standard_error)
    return PairRatio(*pair, ratio, narrow, p_value)


def _two_sided(log_ratio: float, error: float) -> float:
    """P-value of a log ratio; 1 where two cells are alike to the last trial."""
    return float(2 * norm.sf(abs(log_ratio) / error)) if error > 0 else float(log_ratio == 0)


class _Ends:
    """What each cell brings to a ratio, at one level."""

    def __init__(self, cells: Sequence[PersonCounts], level: float) -> None:
        self.tail = tail_of(level)
        self.rate = np.array([c.errors / c.trials for c in cells])
        self.few = np.array([c.erring_units < _FEW for c in cells])
        with np.errstate(divide="ignore", invalid="ignore"):
            variances = np.array([jackknife_variance(c) for c in cells])
            self.variance = np.where(self.rate > 0, variances / self.rate**2, np.inf)
        self.size = np.array([effective_trials(c, self.tail, None) for c in cells])

    def ratios(self, a: Places, b: Places) -> list[Ratio]:
        low, high = self._score(a, b)
        error = np.sqrt(self.variance[a] + self.variance[b])
        both = (self.rate[a] > 0) & (self.rate[b] > 0)
        value = self.rate[a] / np.where(both, self.rate[b], 1.0)
        reach = np.exp(norm.isf(self.tail) * np.where(both, error, 0.0))
        few = self.few[a] | self.few[b]
        return [
            Ratio(
                float(value[k]) if both[k] else None,
                float(low[k] if few[k] else value[k] / reach[k]),
                float(high[k] if few[k] else value[k] * reach[k]),
                "score" if few[k] else "log_jackknife",
                float(error[k]) if both[k] else None,
            )
            for k in range(a.size)
        ]

    def p_values(self, a: Places, b: Places) -> list[float | None]:
        """P-values of equal rates, from what the intervals are made of."""
        few = self.few[a] | self.few[b]
        error = np.sqrt(self.variance[a] + self.variance[b])
        score = self._statistic(a, b, np.zeros(a.size))
        found: list[float | None] = []
        for k in range(a.size):
            top, bottom = self.rate[a[k]], self.rate[b[k]]
            if top == bottom == 0:
                found.append(None)
            elif few[k]:
                found.append(float(2 * norm.sf(abs(score[k]))))
            else:
                found.append(_two_sided(np.log(top / bottom), float(error[k])))
        return found

    def _score(self, a: Places, b: Places) -> tuple[Doubles, Doubles]:
        """Koopman's interval (Biometrics 40:513, 1984) by bisection on the log ratio."""
        z = float(norm.isf(self.tail))
        low, high = self._root(a, b, z), self._root(a, b, -z)
        return (
            np.where(self.rate[a] > 0, np.exp(low), 0.0),
            np.where(self.rate[b] > 0, np.exp(high), np.inf),
        )

    def _root(self, a: Places, b: Places, target: float) -> Doubles:
        """Log ratio at which the falling statistic passes the target."""
        left, right = np.full(a.size, -_WIDEST), np.full(a.size, _WIDEST)
        for _ in range(_STEPS):
            middle = (left + right) / 2
            above = self._statistic(a, b, middle) > target
            left, right = np.where(above, middle, left), np.where(above, right, middle)
        return np.asarray((left + right) / 2)

    def _statistic(self, a: Places, b: Places, log_ratio: Doubles) -> Doubles:
        """Signed root of the score statistic; falls as the supposed ratio rises."""
        ratio, n1, n2 = np.exp(log_ratio), self.size[a], self.size[b]
        x1, x2 = self.rate[a] * n1, self.rate[b] * n2
        square, linear = (n1 + n2) * ratio, n1 * ratio + x1 + n2 + x2 * ratio
        root = np.sqrt(np.maximum(linear**2 - 4 * square * (x1 + x2), 0.0))
        p2 = 2 * (x1 + x2) / (linear + root)
        p1 = np.minimum(ratio * p2, 1.0)
        variance = p1 * (1 - p1) / n1 + ratio**2 * p2 * (1 - p2) / n2
        gap = self.rate[a] - ratio * self.rate[b]
        with np.errstate(divide="ignore", invalid="ignore"):
            score = gap / np.sqrt(variance)
        return np.asarray(np.where(variance > 0, score, np.copysign(np.inf, gap)))
