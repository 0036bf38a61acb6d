"""Do any of several groups differ in a rate of their own people: bootstrap and permutation.

After Schuckers et al. (arXiv 2208.10948), with every difference divided by its standard error:
without it, groups with more photographs a person raise false alarms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evenmatch.stats.people import PersonCounts

Doubles = npt.NDArray[np.float64]
Scheme = Literal["bootstrap", "permutation"]


@dataclass(frozen=True)
class OmnibusTest:
    """Whether groups differ from the rate of all.

    Attributes:
        statistic: largest difference of a group from all, in standard errors.
        p_value: chance of one as large where all are alike; never 0.
        sum_p_value: the same for the sum of squared differences.
        margin: number of standard errors that groups which are alike stay within.
        flagged: places of the groups farther than the margin.
    """

    statistic: float
    p_value: float
    sum_p_value: float
    margin: float
    flagged: tuple[int, ...]


def omnibus(
    groups: Sequence[PersonCounts],
    rng: np.random.Generator,
    *,
    replicates: int = 2000,
    alpha: float = 0.05,
    scheme: Scheme = "bootstrap",
) -> OmnibusTest:
    """Test that groups share one rate, for trials that touch one person each.

    Args:
        groups: counts of each group; not cells of pairs, whose people cannot change group.
        rng: the source of chance.
        replicates: bootstrap or permutation replicates.
        alpha: false alarms allowed over all groups together.
        scheme: `bootstrap` draws people within their group and centres; `permutation` exchanges
            people between groups, exact where groups are alike in all else.
    """
    if any(g.pair_moments is not None for g in groups):
        raise ValueError("People of a pair cannot be exchanged between cells; compare by ratios.")
    if len(groups) < 2 or any(g.trials == 0 for g in groups):
        raise ValueError("A test needs at least two groups with trials; leave empty ones out.")
    observed = _differences(np.stack([_moments(*_people(g)) for g in groups])[None])
    make = _resampled if scheme == "bootstrap" else _permuted
    centre = observed.rates if scheme == "bootstrap" else np.zeros_like(observed.rates)
    drawn = [_differences(table) for table in make(groups, replicates, rng)]
    null = np.vstack([(d.rates - centre) / d.errors for d in drawn])
    return _summary((observed.rates / observed.errors)[0], null, alpha)


@dataclass(frozen=True, eq=False)
class _Differences:
    rates: Doubles  # each group's rate less that of all; one row a table
    errors: Doubles  # their standard errors


def _differences(moments: Doubles) -> _Differences:
    """Differences of groups from all, from tables of moments (tables, groups, 5)."""
    e, m, ee, em, mm = np.moveaxis(moments, -1, 0)
    total = np.maximum(m.sum(axis=1, keepdims=True), 1)
    size = np.maximum(m, 1)
    p, all_ = e / size, e.sum(axis=1, keepdims=True) / total
    own = ee - 2 * p * em + p**2 * mm
    mixed = ee - (p + all_) * em + p * all_ * mm
    pooled = (ee - 2 * all_ * em + all_**2 * mm).sum(axis=1, keepdims=True)
    variance = own / size**2 - 2 * mixed / (size * total) + pooled / total**2
    floor = all_ * (1 - all_) * np.maximum(1 / size - 1 / total, 0)
    return _Differences(p - all_, np.sqrt(np.maximum(np.maximum(variance, floor), 1e-300)))


def _summary(observed: Doubles, null: Doubles, alpha: float) -> OmnibusTest:
    largest, squares = np.abs(null).max(axis=1), (null**2).sum(axis=1)
    margin = float(np.quantile(largest, 1 - alpha, method="higher"))
    size = np.abs(observed)
    return OmnibusTest(
        statistic=float(size.max()),
        p_value=_p_value(largest >= size.max()),
        sum_p_value=_p_value(squares >= (observed**2).sum()),
        margin=margin,
        flagged=tuple(int(k) for k in np.flatnonzero(size > margin)),
    )


def _p_value(as_extreme: npt.NDArray[np.bool_]) -> float:
    return (1 + int(np.count_nonzero(as_extreme))) / (as_extreme.size + 1)


def _people(group: PersonCounts) -> tuple[Doubles, Doubles]:
    tried = group.trials_by_person > 0
    errors, trials = group.errors_by_person[tried], group.trials_by_person[tried]
    return errors.astype(np.float64), trials.astype(np.float64)


def _powers(errors: Doubles, trials: Doubles) -> Doubles:
    return np.column_stack([errors, trials, errors**2, errors * trials, trials**2])


def _moments(errors: Doubles, trials: Doubles) -> Doubles:
    return np.asarray(_powers(errors, trials).sum(axis=0), dtype=np.float64)


def _resampled(
    groups: Sequence[PersonCounts], replicates: int, rng: np.random.Generator
) -> Iterator[Doubles]:
    """Tables of people drawn with replacement within their group, a few hundred at a time."""
    powers = [_powers(*_people(group)) for group in groups]
    step = max(1, 4_000_000 // max(part.shape[0] for part in powers))
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        draws = (rng.multinomial(len(p), np.full(len(p), 1 / len(p)), size) for p in powers)
        yield np.stack([d @ p for d, p in zip(draws, powers, strict=True)], axis=1)


def _permuted(
    groups: Sequence[PersonCounts], replicates: int, rng: np.random.Generator
) -> Iterator[Doubles]:
    """Tables of all people dealt out again to groups of the same sizes."""
    powers = [_powers(*_people(group)) for group in groups]
    everyone, starts = np.vstack(powers), np.cumsum([0, *(len(p) for p in powers[:-1])])
    for _ in range(replicates):
        dealt = everyone[rng.permutation(len(everyone))]
        yield np.add.reduceat(dealt, starts, axis=0)[None]
