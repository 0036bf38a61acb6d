"""The decision, the counts it leads to, and rates of whole transactions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


def is_match(scores: npt.ArrayLike, threshold: float) -> npt.NDArray[np.bool_]:
    """Decide each comparison: a similarity at or above the threshold is a match.

    Compared in float64: a float32 score beside a float64 threshold would be rounded otherwise.
    """
    return np.greater_equal(np.asarray(scores, dtype=np.float64), threshold)


@dataclass(frozen=True)
class ErrorCount:
    """Errors seen in a set of trials; counts of disjoint sets add up."""

    errors: int
    trials: int

    def __add__(self, other: ErrorCount) -> ErrorCount:
        return ErrorCount(self.errors + other.errors, self.trials + other.trials)

    @property
    def rate(self) -> float | None:
        """Observed proportion of errors, or None where there were no trials."""
        return self.errors / self.trials if self.trials else None


def count_false_matches(non_mated_scores: npt.ArrayLike, threshold: float) -> ErrorCount:
    """Count non-mated comparison trials the threshold accepts."""
    matches = is_match(non_mated_scores, threshold)
    return ErrorCount(int(np.count_nonzero(matches)), matches.size)


def count_false_non_matches(
    mated_scores: npt.ArrayLike, threshold: float, *, failed: int = 0
) -> ErrorCount:
    """Count mated comparison trials the threshold rejects.

    Args:
        mated_scores: similarity scores of the comparisons that could be made.
        threshold: the similarity from which a comparison is a match.
        failed: mated comparisons without a template, counted as non-matches; 0 excludes them.
    """
    matches = is_match(mated_scores, threshold)
    rejected = matches.size - int(np.count_nonzero(matches))
    return ErrorCount(rejected + failed, matches.size + failed)


@dataclass(frozen=True)
class TransactionRates:
    """False accept and false reject rates of whole transactions of one attempt."""

    far: float
    frr: float


def transaction_rates(fmr: float, fnmr: float, *, fta: float, fte: float = 0.0) -> TransactionRates:
    """Turn comparison rates into transaction rates (ISO/IEC 19795-1).

    Args:
        fmr: false match rate.
        fnmr: false non-match rate that excludes failures; they would otherwise count twice.
        fta: failure-to-acquire rate of the probe.
        fte: failure-to-enrol rate of the reference; with it the rates are the generalised ones.
    """
    for name, rate in {"fmr": fmr, "fnmr": fnmr, "fta": fta, "fte": fte}.items():
        if not 0 <= rate <= 1:
            raise ValueError(f"{name} is {rate}; give a proportion between 0 and 1.")
    acquired = (1 - fte) * (1 - fta)
    return TransactionRates(far=fmr * acquired, frr=fte + (1 - fte) * fta + acquired * fnmr)
