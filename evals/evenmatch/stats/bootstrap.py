"""Bootstraps that draw people, for bands around curves; verdicts come from intervals.

Vertex and double-or-nothing schemes as Fogliato, Patil and Perona use them (arXiv 2306.01198).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evenmatch.stats.binomial import tail_of

Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PairErrors:
    """False matches by unordered pair of people, at one threshold or several.

    Attributes:
        first: person code of one side of each pair, from 0.
        second: person code of the other side, another person.
        errors: errors of each pair; a second axis holds further thresholds.
        trials: trials of each pair where the rows list every pair compared; None where every
            pair is compared with every photograph, and rows list erring pairs only.
        photographs: photographs of each person; needed where `trials` is None, and the number
            of the vertex scheme's comparisons of a person drawn twice otherwise too.
    """

    first: Integers
    second: Integers
    errors: Integers
    trials: Integers | None
    photographs: Integers

    def __post_init__(self) -> None:
        if np.any(self.first == self.second):
            raise ValueError("A pair names one person twice; list non-mated trials only.")
        sizes = {self.first.size, self.second.size, self.errors.shape[0]}
        if len(sizes) > 1 or (self.trials is not None and self.trials.size not in sizes):
            raise ValueError("Every pair needs one entry in first, second, errors and trials.")


def weighted_fmr(pairs: PairErrors, weights: npt.ArrayLike) -> Doubles:
    """FMR where a pair counts as the product of its people's weights: one value a threshold."""
    w = np.asarray(weights, dtype=np.float64)
    both = w[pairs.first] * w[pairs.second]
    trials = _weighted_trials(pairs, w, both)
    if trials == 0:
        raise ValueError("The weights leave no trial; keep at least two people.")
    return np.asarray(both @ pairs.errors, dtype=np.float64).reshape(-1) / trials


def drawn_fmr(pairs: PairErrors, counts: npt.ArrayLike, overall: npt.ArrayLike) -> Doubles:
    """FMR of people drawn `counts` times each; someone's own copies err at the overall rate."""
    c = np.asarray(counts, dtype=np.float64)
    both = c[pairs.first] * c[pairs.second]
    m = pairs.photographs.astype(np.float64)
    own = float(np.sum(c * (c - 1) / 2 * m * (m - 1) / 2))
    errors = np.asarray(both @ pairs.errors, dtype=np.float64).reshape(-1)
    trials = _weighted_trials(pairs, c, both)
    return (errors + own * np.asarray(overall)) / (trials + own)


def vertex_fmr(pairs: PairErrors, replicates: int, rng: np.random.Generator) -> Doubles:
    """FMR in replicates that draw as many people as there are, with replacement.

    Returns one row a replicate and one column a threshold.
    """
    people = pairs.photographs.size
    overall = weighted_fmr(pairs, np.ones(people))
    drawn = (_draw(people, rng) for _ in range(replicates))
    return np.array([drawn_fmr(pairs, counts, overall) for counts in drawn])


def double_or_nothing_fmr(pairs: PairErrors, replicates: int, rng: np.random.Generator) -> Doubles:
    """FMR in replicates that keep each person, doubled, with probability one half."""
    people = pairs.photographs.size
    kept = (_keep(people, rng) for _ in range(replicates))
    return np.array([weighted_fmr(pairs, weights) for weights in kept])


def vertex_fnmr(
    errors: npt.ArrayLike, trials: npt.ArrayLike, replicates: int, rng: np.random.Generator
) -> Doubles:
    """FNMR in replicates that draw people with replacement, all of a person's trials at once.

    Args:
        errors: errors of each person; a second axis holds further thresholds.
        trials: mated trials of each person.
        replicates: how many replicates.
        rng: the source of chance.

    A replicate that happens to draw nobody with a trial is drawn again.
    """
    m = np.asarray(trials, dtype=np.float64)
    e = np.asarray(errors, dtype=np.float64)
    return _person_rates(e, m, [_drawn_with_trials(m, rng) for _ in range(replicates)])


def double_or_nothing_fnmr(
    errors: npt.ArrayLike, trials: npt.ArrayLike, replicates: int, rng: np.random.Generator
) -> Doubles:
    """FNMR in replicates that keep each person who has trials with probability one half."""
    m = np.asarray(trials, dtype=np.float64)
    e, tried = np.asarray(errors, dtype=np.float64), m > 0
    kept = [_keep(int(tried.sum()), rng) for _ in range(replicates)]
    return _person_rates(e[tried], m[tried], kept)


def percentile_band(replicates: Doubles, level: float = 0.95) -> tuple[Doubles, Doubles]:
    """Order statistics that leave out the tail on each side, rounded outwards."""
    ordered = np.sort(replicates, axis=0)
    place = tail_of(level) * (ordered.shape[0] - 1)
    return ordered[math.floor(place)], ordered[ordered.shape[0] - 1 - math.floor(place)]


def _weighted_trials(pairs: PairErrors, w: Doubles, both: Doubles) -> float:
    if pairs.trials is not None:
        return float(both @ pairs.trials)
    mass = w * pairs.photographs
    return float(mass.sum() ** 2 - mass @ mass) / 2


def _person_rates(errors: Doubles, trials: Doubles, weights: list[Doubles]) -> Doubles:
    e = errors.reshape(trials.size, -1)
    w = np.array(weights)
    return np.asarray((w @ e) / (w @ trials)[:, None], dtype=np.float64)


def _draw(people: int, rng: np.random.Generator) -> Doubles:
    while True:
        counts = np.bincount(rng.integers(people, size=people), minlength=people)
        if np.count_nonzero(counts) > 1:
            return counts.astype(np.float64)


def _drawn_with_trials(trials: Doubles, rng: np.random.Generator) -> Doubles:
    while True:
        counts = np.bincount(rng.integers(trials.size, size=trials.size), minlength=trials.size)
        if counts @ trials > 0:
            return counts.astype(np.float64)


def _keep(people: int, rng: np.random.Generator) -> Doubles:
    if people < 2:
        raise ValueError("A bootstrap of people needs at least two of them; add people.")
    while True:
        weights = np.where(rng.integers(2, size=people) == 1, 2.0, 0.0)
        if np.count_nonzero(weights) > 1:
            return weights
