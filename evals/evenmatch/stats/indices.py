"""Equity indices as formulas: how far the rates of several groups lie apart.

Every formula works on the last axis, so that thousands of simulated tables go through at once.
None adds a small number to a rate: a zero makes a ratio infinite, and `equity` says what then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

Doubles = npt.NDArray[np.float64]
Name = Literal["max_over_gm", "max_over_min", "difference", "max_over_mean", "gini"]
CombinedName = Literal["fdr", "garbe", "ir", "werm"]


def difference(rates: npt.ArrayLike) -> Doubles:
    """Return the largest rate less the smallest (NISTIR 8429, equations 1 and 2)."""
    x = np.asarray(rates, dtype=np.float64)
    return np.asarray(x.max(axis=-1) - x.min(axis=-1))


def max_over_min(rates: npt.ArrayLike) -> Doubles:
    """Return the largest rate over the smallest (NISTIR 8429, equations 3 to 5)."""
    x = np.asarray(rates, dtype=np.float64)
    return _ratio(x.max(axis=-1), x.min(axis=-1))


def max_over_gm(rates: npt.ArrayLike) -> Doubles:
    """Return the largest rate over the geometric mean (NISTIR 8429, equations 6 to 11)."""
    x = np.asarray(rates, dtype=np.float64)
    return _ratio(x.max(axis=-1), geometric_mean(x))


def max_over_mean(rates: npt.ArrayLike) -> Doubles:
    """Return the largest rate over the arithmetic mean."""
    x = np.asarray(rates, dtype=np.float64)
    return _ratio(x.max(axis=-1), x.mean(axis=-1))


def gini(rates: npt.ArrayLike) -> Doubles:
    """Gini coefficient with the factor n/(n-1), so that one erring group of many gives 1.

    NISTIR 8429, equations 13 and 14; Howard et al. 2022 use the same in GARBE. Equal rates, all
    of them zero included, give 0.
    """
    x = np.sort(np.asarray(rates, dtype=np.float64), axis=-1)
    n = x.shape[-1]
    spread = x @ (2.0 * np.arange(1, n + 1) - n - 1)  # half the sum of all |x_i - x_j|
    total = x.sum(axis=-1)
    return np.asarray(np.where(total > 0, spread / np.where(total > 0, total, 1) / (n - 1), 0.0))


def geometric_mean(rates: npt.ArrayLike) -> Doubles:
    """Geometric mean, exactly zero where any rate is."""
    x = np.asarray(rates, dtype=np.float64)
    top = x.max(axis=-1)
    scale = np.where(top > 0, top, 1.0)
    logs = np.log(np.where(x > 0, x, 1.0) / scale[..., None]).mean(axis=-1)  # 0 where all equal
    return np.asarray(np.where((x > 0).all(axis=-1), scale * np.exp(logs), 0.0))


def mean_absolute_percentage_error(rates: npt.ArrayLike, target: float) -> float:
    """Mean distance of the rates from a target, as a percentage of the target."""
    if target <= 0:
        raise ValueError("A target rate of zero has no percentages; give a positive target.")
    x = np.asarray(rates, dtype=np.float64)
    return float(100 * np.mean(np.abs(x - target)) / target)


@dataclass(frozen=True)
class RateIndex:
    """An index of one error rate over groups: its formula and its value at equality."""

    name: Name
    formula: Callable[[npt.ArrayLike], Doubles]
    ideal: float

    @property
    def is_ratio(self) -> bool:
        """Whether a rate of zero can make it infinite."""
        return self.ideal == 1


RATE_INDICES = (
    RateIndex("max_over_gm", max_over_gm, 1.0),
    RateIndex("max_over_min", max_over_min, 1.0),
    RateIndex("difference", difference, 0.0),
    RateIndex("max_over_mean", max_over_mean, 1.0),
    RateIndex("gini", gini, 0.0),
)


@dataclass(frozen=True)
class CombinedIndex:
    """An index of both error rates: an index of each, put together with weights a and 1-a.

    Attributes:
        name: its usual name.
        part: the index taken of FMR and of FNMR.
        rule: `power` multiplies the parts raised to their weights, `sum` adds them weighted, and
            `complement` takes the sum from one.
    """

    name: CombinedName
    part: Name
    rule: Literal["power", "sum", "complement"]

    def combine(self, fmr: npt.ArrayLike, fnmr: npt.ArrayLike, a: float = 0.5) -> Doubles:
        """Put the index of FMR and the index of FNMR together."""
        x, y = np.asarray(fmr, dtype=np.float64), np.asarray(fnmr, dtype=np.float64)
        if self.rule == "power":
            return np.asarray(x**a * y ** (1 - a))
        total = a * x + (1 - a) * y
        return np.asarray(1 - total if self.rule == "complement" else total)


COMBINED_INDICES = (
    CombinedIndex("werm", "max_over_gm", "power"),  # score-norm-fairness
    CombinedIndex("ir", "max_over_min", "power"),  # Grother; Howard et al. 2022
    CombinedIndex("garbe", "gini", "sum"),  # Howard et al. 2022
    CombinedIndex("fdr", "difference", "complement"),  # de Freitas Pereira and Marcel 2021
)


def rate_index(name: Name) -> RateIndex:
    """Return the index of that name."""
    return next(index for index in RATE_INDICES if index.name == name)


def _ratio(top: Doubles, bottom: Doubles) -> Doubles:
    """Quotient that is 1 for no errors anywhere and infinite where only the bottom is zero."""
    safe = np.where(bottom > 0, bottom, 1.0)
    return np.asarray(np.where(bottom > 0, top / safe, np.where(top > 0, np.inf, 1.0)))
