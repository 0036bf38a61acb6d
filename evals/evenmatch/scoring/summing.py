"""Sums one task's errors by person and by pair of people, in memory of the task alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evenmatch.scoring.compiled import compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.scoring.tile import Int32, Int64


class Errors(NamedTuple):
    """Pairs of one task that reach the lowest threshold.

    Attributes:
        low: the person of lower rank, counted from the first of the task's first block.
        high: the other person, counted from the first of the second block.
        probe_group: group of the probe.
        reference_group: group of the reference.
        level: how many thresholds the score reaches.
    """

    low: Int32
    high: Int32
    probe_group: Int32
    reference_group: Int32
    level: Int32


@compiled
def sum_errors(
    errors: Errors,
    selection: npt.NDArray[np.bool_],
    level: int,
    table: Int32,
    touched: Int32,
) -> int:
    """Count a question's errors by pair of people into `table`; return how many pairs err.

    Args:
        errors: the task's pairs.
        selection: the cells asked for.
        level: thresholds a score must reach.
        table: zeros; on return, errors by (low, high).
        touched: filled with the flat places of `table` that are not zero.
    """
    pairs = 0
    width = table.shape[1]
    for k in range(errors.level.size):
        if errors.level[k] < level:
            continue
        if not selection[errors.probe_group[k], errors.reference_group[k]]:
            continue
        i, j = errors.low[k], errors.high[k]
        if table[i, j] == 0:
            touched[pairs] = i * width + j
            pairs += 1
        table[i, j] += 1
    return pairs


@compiled
def drain(
    table: Int32, touched: Int32, low_people: Int32, high_people: Int32, by_person: Int64
) -> tuple[np.int64, np.int64]:
    """Add errors to the people they touch; return their sum and the sum of their squares."""
    total, squares = np.int64(0), np.int64(0)
    width = table.shape[1]
    for place in touched:
        i, j = place // width, place % width
        count = np.int64(table[i, j])
        total += count
        squares += count * count
        by_person[low_people[i]] += count
        by_person[high_people[j]] += count
    return total, squares


@compiled
def weigh(
    table: Int32,
    touched: Int32,
    trials: Int64,
) -> int:
    """Return the sum of errors times trials over touched pairs, and clear the table."""
    total = 0
    width = table.shape[1]
    for k in range(touched.size):
        i, j = touched[k] // width, touched[k] % width
        total += np.int64(table[i, j]) * trials[k]
        table[i, j] = 0
    return total
