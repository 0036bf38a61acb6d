"""What wrong group labels do to rates by group, and how far that can be undone.

Rates by label are mixtures of rates by true group, `r_observed = P r_true`, where `P[k, j]` is
the share of the comparisons labelled k that truly belong to j. That needs label errors that are
independent of the scores within a true group, and shares of comparisons, not of people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

Doubles = npt.NDArray[np.float64]

ASSUMED_ERRORS = (0.01, 0.02, 0.05, 0.10)  # symmetric label errors every sensitivity table shows


def symmetric_confusion(error: float, groups: int) -> Doubles:
    """Return `C[j, k]`, the chance that a member of j is labelled k, the same for all errors."""
    if not 0 <= error < 1 or groups < 2:
        raise ValueError("Give an error share from 0 to below 1 and at least two groups.")
    others = error / (groups - 1)
    return np.full((groups, groups), others) + (1 - error - others) * np.eye(groups)


def true_given_label(confusion: npt.ArrayLike, priors: npt.ArrayLike) -> Doubles:
    """Return `P[k, j]`, the chance that what is labelled k truly belongs to j (Bayes).

    Args:
        confusion: `C[j, k]`, chance of label k for a member of j.
        priors: true shares of the groups, of comparisons.
    """
    joint = np.asarray(confusion, dtype=np.float64).T * np.asarray(priors, dtype=np.float64)
    labelled = joint.sum(axis=1, keepdims=True)
    if np.any(labelled <= 0):
        raise ValueError("A label never occurs under these shares; leave its group out.")
    return np.asarray(joint / labelled)


def true_shares(confusion: npt.ArrayLike, labelled: npt.ArrayLike) -> Doubles:
    """Shares of the true groups that give these shares of labels, cut off at zero."""
    shares = np.linalg.solve(np.asarray(confusion, dtype=np.float64).T, np.asarray(labelled))
    positive = np.clip(shares, 0, None)
    return np.asarray(positive / positive.sum())


def observed_rates(mixing: npt.ArrayLike, true_rates: npt.ArrayLike) -> Doubles:
    """Rates by label that true rates of one person's comparisons lead to."""
    return np.asarray(mixing, dtype=np.float64) @ np.asarray(true_rates, dtype=np.float64)


def observed_matrix(mixing: npt.ArrayLike, true_matrix: npt.ArrayLike) -> Doubles:
    """FMR by the labels of both sides, `P F P'`."""
    p = np.asarray(mixing, dtype=np.float64)
    return np.asarray(p @ np.asarray(true_matrix, dtype=np.float64) @ p.T)


def corrected_rates(mixing: npt.ArrayLike, rates: npt.ArrayLike) -> Doubles:
    """Rates by true group behind rates by label, cut off at 0 and 1."""
    p = np.asarray(mixing, dtype=np.float64)
    return np.clip(np.linalg.solve(p, np.asarray(rates, dtype=np.float64)), 0, 1)


def corrected_matrix(mixing: npt.ArrayLike, matrix: npt.ArrayLike) -> Doubles:
    """FMR by the true groups of both sides behind FMR by label, cut off at 0 and 1."""
    p = np.asarray(mixing, dtype=np.float64)
    half = np.linalg.solve(p, np.asarray(matrix, dtype=np.float64))
    return np.clip(np.linalg.solve(p, half.T).T, 0, 1)


def corrected_draws(draws: Doubles, validated: npt.ArrayLike, rng: np.random.Generator) -> Doubles:
    """Correct bootstrap draws of the rates under a mixing matrix that is itself uncertain.

    Args:
        draws: one row of rates by label a replicate.
        validated: comparisons labelled k found to belong to j; its rows are drawn from Dirichlet
            distributions with half a comparison added to each cell.
        rng: the source of chance.
    """
    counts = np.asarray(validated, dtype=np.float64) + 0.5
    size = len(draws)
    mixing = np.stack([rng.dirichlet(row, size) for row in counts], axis=1)
    solved = np.linalg.solve(mixing, draws[..., None])[..., 0]
    return np.clip(solved, 0, 1)


def corrected_matrix_draws(
    draws: Doubles, validated: npt.ArrayLike, rng: np.random.Generator
) -> Doubles:
    """Correct draws of the FMR by both labels, one matrix a replicate, as `corrected_draws` does.

    Both sides of a comparison are mixed by the same drawn shares.
    """
    counts = np.asarray(validated, dtype=np.float64) + 0.5
    mixing = np.stack([rng.dirichlet(row, len(draws)) for row in counts], axis=1)
    half = np.linalg.solve(mixing, draws)
    whole = np.linalg.solve(mixing, half.swapaxes(1, 2)).swapaxes(1, 2)
    return np.asarray(np.clip(whole, 0, 1), dtype=np.float64)


def condition_number(mixing: npt.ArrayLike) -> float:
    """How many times a correction magnifies relative errors of the rates."""
    return float(np.linalg.cond(np.asarray(mixing, dtype=np.float64)))


@dataclass(frozen=True)
class Sensitivity:
    """Rates by true group if so many labels are wrong.

    Attributes:
        error: share of the members of each group that carry another group's label.
        rates: corrected rates, in the groups' order.
        condition: condition number of the correction; large ones are not to be trusted.
    """

    error: float
    rates: tuple[float, ...]
    condition: float


def sensitivity(
    rates: npt.ArrayLike, labelled: npt.ArrayLike, errors: tuple[float, ...] = ASSUMED_ERRORS
) -> list[Sensitivity]:
    """Correct the rates under each assumed symmetric label error.

    Args:
        rates: rates by label, or a matrix of FMR by the labels of both sides.
        labelled: comparisons, or their shares, by the label of one side.
        errors: assumed shares of wrong labels.
    """
    return [_corrected_at(error, rates, labelled) for error in errors]


def worst_case(rates: npt.ArrayLike, error: float) -> list[tuple[float, float]]:
    """Range of each true rate if any `error` of a label's comparisons belong elsewhere.

    The wrong ones may all err or none of them; nothing is assumed of who they are.
    """
    if not 0 <= error < 1:
        raise ValueError(f"An error share of {error} is not possible; give one from 0 to below 1.")
    r = np.asarray(rates, dtype=np.float64)
    low, high = np.clip((r - error) / (1 - error), 0, 1), np.clip(r / (1 - error), 0, 1)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def tipping_point(
    rates: npt.ArrayLike,
    labelled: npt.ArrayLike,
    verdict: Callable[[tuple[float, ...]], object],
    *,
    largest: float = 0.3,
    step: float = 0.001,
) -> float | None:
    """Return the smallest symmetric label error at which the verdict on the rates changes.

    Args:
        rates: rates by label, or a matrix of FMR by the labels of both sides; the verdict is then
            on the rates within groups.
        labelled: comparisons, or their shares, by the label of one side.
        verdict: what is concluded from rates by group.
        largest: label error beyond which nobody would call it a label.
        step: how finely errors are tried.

    None where no error up to `largest` changes it.
    """
    unchanged = verdict(_within(np.asarray(rates, dtype=np.float64)))
    for k in range(1, round(largest / step) + 1):
        if verdict(_corrected_at(k * step, rates, labelled).rates) != unchanged:
            return k * step
    return None


def _corrected_at(error: float, rates: npt.ArrayLike, labelled: npt.ArrayLike) -> Sensitivity:
    shares, given = np.asarray(labelled, dtype=np.float64), np.asarray(rates, dtype=np.float64)
    confusion = symmetric_confusion(error, shares.size)
    mixing = true_given_label(confusion, true_shares(confusion, shares / shares.sum()))
    condition = condition_number(mixing)
    undo = corrected_matrix if given.ndim == 2 else corrected_rates
    corrected = undo(mixing, given) if condition < 1e12 else given
    return Sensitivity(error, _within(corrected), condition)


def _within(rates: Doubles) -> tuple[float, ...]:
    """Return the rates within groups."""
    return tuple((np.diagonal(rates) if rates.ndim == 2 else rates).tolist())
