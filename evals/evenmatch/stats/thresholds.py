"""Operating points, and the threshold each comes to on finite scores: a step, never a line."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast, get_args

import numpy as np
import numpy.typing as npt

Kind = Literal["fmr", "fpir", "threshold"]
FloatType = type[np.float32] | type[np.float64]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ALLOWED = "write fmr=0.001, fpir=0.01 or threshold=0.6"


@dataclass(frozen=True)
class OperatingPoint:
    """Where a matcher is judged: at a rate to be met, or at a threshold given.

    Attributes:
        kind: `fmr`, `fpir` or `threshold`.
        number: the target rate or the threshold, as written.
    """

    kind: Kind
    number: str

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"{self.kind!r} is not an operating point; {_ALLOWED}.")
        if not _NUMBER.fullmatch(self.number):
            raise ValueError(f"{str(self)!r} has no plain number; {_ALLOWED}.")
        if self.is_rate and not 0 < self.value < 1:
            raise ValueError(f"{str(self)!r}: a target rate lies between 0 and 1; {_ALLOWED}.")
        if not math.isfinite(self.value):
            raise ValueError(f"{str(self)!r}: a threshold is a finite number; {_ALLOWED}.")

    @classmethod
    def parse(cls, text: str) -> OperatingPoint:
        """Read what `str` writes; refuse anything else with a sentence that says what to write."""
        kind, _, number = text.partition("=")
        return cls(cast("Kind", kind), number)

    def __str__(self) -> str:
        return f"{self.kind}={self.number}"

    @property
    def is_rate(self) -> bool:
        """Whether scores have to set the threshold."""
        return self.kind != "threshold"

    @property
    def value(self) -> float:
        """The number as a float, for arithmetic; targets are compared through their text."""
        return float(self.number)


def allowed_errors(target: str, trials: int) -> int:
    """How many of the trials may be errors, so that 0.29 of 100 is 29 and not 28."""
    if not _NUMBER.fullmatch(target) or not 0 <= float(target) <= 1:
        raise ValueError(f"{target!r} is no target rate; write a number from 0 to 1, as 0.001.")
    if float(target) == 0:  # nor expand the digits of 1e-999999999
        return 0
    return math.floor(Fraction(target) * trials)


def resolvable(target: str, trials: int) -> bool:
    """Whether the trials are enough for a single error to stay within the target."""
    return allowed_errors(target, trials) >= 1


def threshold_at_fmr(
    non_mated: npt.ArrayLike,
    mated: npt.ArrayLike,
    target: str,
    float_type: FloatType = np.float64,
) -> float:
    """Threshold with the smallest FNMR among those whose observed FMR is at most the target.

    Args:
        non_mated: similarity scores of all non-mated trials, in any order.
        mated: similarity scores of the mated trials; they only move the threshold within its step.
        target: largest rate allowed, as written, for example `0.001`.
        float_type: the type the scores were made in.

    The threshold lies midway between the largest score that has to be rejected and the next score
    of either class, so that neither rounding nor another kernel's arithmetic moves a decision. A
    target the trials cannot resolve gives the threshold of no false match; see `resolvable`.
    """
    scores = np.asarray(non_mated, dtype=np.float64)
    if scores.size == 0:
        raise ValueError("There are no non-mated scores to set a threshold on; give a threshold.")
    allowed = allowed_errors(target, scores.size)
    if allowed == scores.size:
        return -math.inf
    place = scores.size - allowed - 1
    rejected = float(np.partition(scores, place)[place])
    return threshold_between(rejected, next_above(rejected, scores, mated), float_type)


def threshold_from_tail(
    tail: npt.ArrayLike,
    mated: npt.ArrayLike,
    allowed: int,
    float_type: FloatType = np.float64,
) -> float:
    """Threshold that lets at most `allowed` scores through, from the top of the list alone.

    Args:
        tail: the largest non-mated scores, at least `allowed + 1` of them, in any order.
        mated: similarity scores of the mated trials.
        allowed: how many non-mated scores may match.
        float_type: the type the scores were made in.
    """
    scores = np.asarray(tail, dtype=np.float64)
    if scores.size <= allowed:
        raise ValueError(
            f"The tail holds {scores.size} scores where {allowed + 1} are needed; keep a longer "
            "tail, or count again at this threshold."
        )
    place = scores.size - allowed - 1
    rejected = float(np.partition(scores, place)[place])
    return threshold_between(rejected, next_above(rejected, scores, mated), float_type)


def next_above(rejected: float, *scores: npt.ArrayLike) -> float | None:
    """Smallest score above `rejected` in any of the lists, or None where there is none."""
    above = [values[values > rejected] for values in map(_as_doubles, scores)]
    return min((float(values.min()) for values in above if values.size), default=None)


def threshold_between(
    rejected: float, accepted: float | None, float_type: FloatType = np.float64
) -> float:
    """A threshold above `rejected` and at most `accepted`, midway where floats allow.

    Args:
        rejected: the largest score that must not match.
        accepted: the next score above it; None where there is none, and the threshold is then
            the next number that a score could be.
        float_type: the type the scores were made in.
    """
    if math.isnan(rejected) or rejected == math.inf:
        raise ValueError(f"A score of {rejected} cannot be rejected; remove it as a failure.")
    if accepted is None:
        with np.errstate(over="ignore"):
            return float(np.nextafter(float_type(rejected), float_type(np.inf)))
    if not accepted > rejected:
        raise ValueError(f"{accepted} does not lie above {rejected}; give the next score above.")
    low, high = float(rejected), float(accepted)  # numpy's would warn where they overflow
    middle = (low + high) / 2
    if not math.isfinite(middle):
        middle = low / 2 + high / 2
    return middle if low < middle <= high else high


def _as_doubles(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(scores, dtype=np.float64)
