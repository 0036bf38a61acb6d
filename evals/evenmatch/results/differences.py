"""Rows of `differences.csv` and `group_tests.csv`: which groups differ, and by how much."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from evenmatch.results.group_rows import Difference, GroupTest
from evenmatch.stats.differences import equivalence, smallest_detectable_ratio
from evenmatch.stats.omnibus import omnibus
from evenmatch.stats.ratio_table import PairRatio, pair_ratios

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.results.group_slices import Family, GroupSlice, Judged, Where

MOST_PAIRED = 12  # groups up to which every pair is compared without having been declared


class _Found(NamedTuple):
    where: Where
    groups: tuple[str, str]
    pair: PairRatio
    detectable: float | None


def difference_rows(
    slices: Sequence[GroupSlice], family: Family, *, level: float, margin: float
) -> list[Difference]:
    """Give the ratio of the rates of two groups, for every pair that is compared.

    Args:
        slices: one matcher's comparisons of groups.
        family: which of them were declared.
        level: confidence of the intervals; the equivalence test uses the same share of error.
        margin: ratio within which two rates count as equivalent.
    """
    found = [each for one in slices for each in _ratios(one, family, level)]
    wheres, p_values = [each.where for each in found], [each.pair.p_value for each in found]
    judged = family.adjust(wheres, p_values, "ratios")
    return [_row(each, one, level, margin) for each, one in zip(found, judged, strict=True)]


def _ratios(one: GroupSlice, family: Family, level: float) -> list[_Found]:
    counts = [cell.counts for cell in one.cells]
    pairs = _pairs(one, declared=family.is_primary(one.where))
    return [
        _Found(
            one.where,
            (one.groups[pair.first], one.groups[pair.second]),
            pair,
            smallest_detectable_ratio(counts[pair.first], counts[pair.second], alpha=1 - level),
        )
        for pair in pair_ratios(counts, pairs, level)
    ]


def _pairs(one: GroupSlice, *, declared: bool) -> list[tuple[int, int]]:
    """Return which groups are compared: all pairs, or each with the one of most people.

    The one they are compared with depends on how many people it has and on no rate.
    """
    n = len(one.usable)
    if declared or n <= MOST_PAIRED:
        return list(combinations(range(n), 2))
    largest = max(range(n), key=lambda k: one.usable[k].row.subjects)
    return [(k, largest) for k in range(n) if k != largest]


def _row(found: _Found, judged: Judged, level: float, margin: float) -> Difference:
    ratio = found.pair.ratio
    return Difference(
        **found.where._asdict(),
        group=found.groups[0],
        other_group=found.groups[1],
        ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
        level=level,
        method=ratio.method,
        p_value=found.pair.p_value,
        **judged._asdict(),
        difference=_said(found, judged, level),
        equivalence=equivalence(found.pair.narrow, margin),
        margin=margin,
        smallest_detectable_ratio=found.detectable,
    )


def _said(
    found: _Found, judged: Judged, level: float
) -> Literal["higher", "lower", "not detected", "not tested"]:
    if judged.adjusted_p is None:
        return "not tested"
    if judged.adjusted_p > 1 - level:
        return "not detected"
    return "higher" if found.pair.ratio.low >= 1 else "lower"


def group_test_rows(
    slices: Sequence[GroupSlice],
    family: Family,
    rng: np.random.Generator,
    *,
    level: float,
    replicates: int,
) -> list[GroupTest]:
    """Test, for FNMR, whether any group differs from all.

    Groups that share people are not tested, nor is a rate of which there was no error. Cells of
    pairs of people cannot be tested so: their people cannot change group.
    """
    tested = [one for one in slices if one.where.metric == "fnmr" and _testable(one)]
    found = [
        (one, omnibus([c.counts for c in one.cells], rng, replicates=replicates, alpha=1 - level))
        for one in tested
    ]
    p_values = [test.p_value for _, test in found]
    judged = family.adjust([one.where for one in tested], p_values, "tests of all groups")
    return [
        GroupTest(
            **one.where._asdict(),
            scheme="bootstrap",
            statistic=test.statistic,
            margin=test.margin,
            p_value=test.p_value,
            sum_p_value=test.sum_p_value,
            adjusted_p=test.p_value if each.adjusted_p is None else each.adjusted_p,
            adjustment=each.adjustment,
            family=each.family,
            flagged="; ".join(one.groups[place] for place in test.flagged),
            groups=len(one.usable),
            left_out="; ".join(one.left_out),
            replicates=replicates,
        )
        for (one, test), each in zip(found, judged, strict=True)
    ]


def _testable(one: GroupSlice) -> bool:
    counts = [cell.counts for cell in one.cells]
    groups_of_each = np.sum([each.trials_by_person > 0 for each in counts], axis=0)
    return bool((groups_of_each <= 1).all()) and any(each.errors for each in counts)
