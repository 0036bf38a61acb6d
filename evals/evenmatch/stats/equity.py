"""How far groups lie apart, with what chance alone would show and where the truth may lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.stats.boxes import at_least, box_interval
from evenmatch.stats.cells import UNITS_FOR_ESTIMATE, few_people
from evenmatch.stats.indices import (
    COMBINED_INDICES,
    RATE_INDICES,
    CombinedIndex,
    Doubles,
    RateIndex,
    rate_index,
)
from evenmatch.stats.intervals import ENOUGH_ERRING, design_effect, lower_bound, upper_bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.stats.people import PersonCounts


@dataclass(frozen=True, eq=False)
class GroupCell:
    """One group's errors at the common threshold.

    Attributes:
        group: its name.
        counts: its errors and trials by person.
        looser: the same at the nearest looser threshold where at least 30 units err.
    """

    group: str
    counts: PersonCounts
    looser: PersonCounts | None = None


@dataclass(frozen=True)
class IndexEstimate:
    """An index over groups.

    Attributes:
        index: its name.
        value: at the observed rates; None where too few errors make it meaningless.
        low: least value the rates' intervals allow.
        high: largest value they allow; None where it is not estimated.
        null_p95: value that equal groups of this design stay under in 95 of 100 audits.
        p_value: chance that equal groups show as much; None where it is not estimated.
        flags: `few_errors`, `few_people`.
    """

    index: str
    value: float | None
    low: float
    high: float | None
    null_p95: float
    p_value: float | None
    flags: tuple[str, ...]

    @property
    def detected(self) -> bool:
        """Whether the groups differ more than chance shows; before multiplicity."""
        return self.value is not None and self._beyond(self.value)

    def _beyond(self, value: float) -> bool:
        return value < self.null_p95 if self.index == "fdr" else value > self.null_p95


@dataclass(frozen=True)
class GroupSummary:
    """The row of NIST's summary tables: one rate over all groups."""

    overall: float
    minimum: float
    maximum: float
    max_over_min: float
    difference: float
    max_over_mean: float
    max_over_gm: float
    gini: float


def equity_indices(
    cells: Sequence[GroupCell],
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    replicates: int = 10_000,
) -> list[IndexEstimate]:
    """Give every index of one error rate over the groups, the headline first.

    Args:
        cells: the groups, at least two, each with trials; leave suppressed ones out and say so.
        rng: the source of the simulated equal groups.
        level: confidence of the interval.
        replicates: how many audits of equal groups are simulated.
    """
    table = _Table(cells, level)
    null = null_rates(cells, replicates, rng)
    return [_one(index, table, null) for index in RATE_INDICES]


def combined_indices(
    fmr: Sequence[GroupCell],
    fnmr: Sequence[GroupCell],
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    replicates: int = 10_000,
) -> list[IndexEstimate]:
    """Give the indices that mix both error rates, each with equal weight; secondary by nature.

    The two rates share the tail, so that both boxes hold together at `level`.
    """
    tables = _Table(fmr, (1 + level) / 2), _Table(fnmr, (1 + level) / 2)
    nulls = null_rates(fmr, replicates, rng), null_rates(fnmr, replicates, rng)
    return [_both(index, tables, nulls) for index in COMBINED_INDICES]


def group_summary(cells: Sequence[GroupCell]) -> GroupSummary:
    """Summarise the observed rates as NIST's tables do (NISTIR 8429)."""
    rates = _rates(cells)
    values = {index.name: float(index.formula(rates)) for index in RATE_INDICES}
    return GroupSummary(_pooled(cells), float(rates.min()), float(rates.max()), **values)


def null_rates(cells: Sequence[GroupCell], replicates: int, rng: np.random.Generator) -> Doubles:
    """Rates of groups of this design that all err alike: one row a simulated audit.

    Drawn as Binomial(trials / design effect, pooled rate) with one design effect for all groups,
    their own weighted by errors; draws of independent trials would raise false alarms.
    """
    trials = np.array([cell.counts.trials for cell in cells])
    effective = np.maximum(np.rint(trials / common_design_effect(cells)), 1).astype(np.int64)
    drawn = rng.binomial(effective, _pooled(cells), size=(replicates, effective.size))
    return np.asarray(drawn / effective, dtype=np.float64)


def common_design_effect(cells: Sequence[GroupCell]) -> float:
    """Design effect of all groups together: their own, weighted by the errors it comes from."""
    effects = [(design_effect(basis), basis.errors) for basis in map(_basis, cells)]
    usable = [(effect, errors) for effect, errors in effects if effect is not None and errors]
    total = sum(errors for _, errors in usable)
    return sum(effect * errors for effect, errors in usable) / total if total else 1.0


class _Table:
    """Observed rates of the groups and simultaneous bounds around them."""

    def __init__(self, cells: Sequence[GroupCell], level: float) -> None:
        tail = (1 - level) / 2 / len(cells) if cells else 0.0  # Bonferroni over the groups
        self.rates = _rates(cells)
        self.low = np.array([lower_bound(c.counts, tail, c.looser) for c in cells])
        self.high = np.array([upper_bound(c.counts, tail, c.looser) for c in cells])
        few = any(cell.counts.erring_units < UNITS_FOR_ESTIMATE for cell in cells)
        small = any(few_people(cell.counts.subjects) for cell in cells)
        self.flags = ("few_errors",) * few + ("few_people",) * small

    @property
    def estimable(self) -> bool:
        return "few_errors" not in self.flags

    def value_and_box(self, index: RateIndex) -> tuple[float | None, float, float | None]:
        if self.estimable:
            return float(index.formula(self.rates)), *box_interval(index, self.low, self.high)
        if index.is_ratio:
            return None, at_least(index, self.rates, self.high), None
        return None, box_interval(index, self.low, self.high)[0], None


def _one(index: RateIndex, table: _Table, null: Doubles) -> IndexEstimate:
    value, low, high = table.value_and_box(index)
    simulated = index.formula(null)
    p_value = None if value is None else _chance(simulated >= value)
    p95 = float(np.quantile(simulated, 0.95, method="higher"))
    return IndexEstimate(index.name, value, low, high, p95, p_value, table.flags)


def _both(
    index: CombinedIndex, tables: tuple[_Table, _Table], nulls: tuple[Doubles, Doubles]
) -> IndexEstimate:
    part = rate_index(index.part)
    (x, x_low, x_high), (y, y_low, y_high) = (table.value_and_box(part) for table in tables)
    flags = tuple(dict.fromkeys(tables[0].flags + tables[1].flags))
    simulated = index.combine(part.formula(nulls[0]), part.formula(nulls[1]))
    falls = index.rule == "complement"
    p95 = float(
        np.quantile(simulated, 0.05 if falls else 0.95, method="lower" if falls else "higher")
    )
    ends = [float(index.combine(x_low, y_low))]
    if x is None or y is None or x_high is None or y_high is None:
        low = float(index.combine(1, 1)) if falls else ends[0]
        return IndexEstimate(index.name, None, low, None, p95, None, flags)
    ends.append(float(index.combine(x_high, y_high)))
    value = float(index.combine(x, y))
    p_value = _chance(simulated <= value if falls else simulated >= value)
    return IndexEstimate(index.name, value, min(ends), max(ends), p95, p_value, flags)


def _rates(cells: Sequence[GroupCell]) -> Doubles:
    if len(cells) < 2:
        raise ValueError("An index compares groups; give at least two with trials.")
    if any(cell.counts.trials == 0 for cell in cells):
        empty = [cell.group for cell in cells if cell.counts.trials == 0]
        raise ValueError(f"Groups {empty} have no trials; leave them out and say so.")
    return np.array([cell.counts.errors / cell.counts.trials for cell in cells])


def _pooled(cells: Sequence[GroupCell]) -> float:
    return sum(c.counts.errors for c in cells) / sum(c.counts.trials for c in cells)


def _basis(cell: GroupCell) -> PersonCounts:
    """Counts the design effect is taken from: the looser ones where few units err."""
    if cell.counts.erring_units >= ENOUGH_ERRING or cell.looser is None:
        return cell.counts
    return cell.looser


def _chance(as_extreme: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    """Monte-Carlo p-value; never zero."""
    return (1 + int(np.count_nonzero(as_extreme))) / (as_extreme.size + 1)
