"""Rows of `equity.csv`: how far groups lie apart, beside what chance alone would show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evenmatch.results.group_rows import Equity
from evenmatch.stats.equity import combined_indices, equity_indices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from evenmatch.results.group_slices import Family, GroupSlice, Judged, Where
    from evenmatch.stats.equity import IndexEstimate


@dataclass(frozen=True)
class _Found:
    where: Where
    metric: Literal["fmr", "fnmr", "combined"]
    estimate: IndexEstimate
    slices: tuple[GroupSlice, ...]


def equity_rows(
    slices: Sequence[GroupSlice],
    family: Family,
    rng: np.random.Generator,
    *,
    level: float,
    replicates: int,
) -> list[Equity]:
    """Give every index of every slice, then those of both rates together.

    Args:
        slices: one matcher's comparisons of groups.
        family: which of them were declared.
        rng: the source of the simulated audits of equal groups.
        level: confidence of the intervals.
        replicates: how many audits of equal groups are simulated.
    """
    found = [
        _Found(each.where, each.where.metric, estimate, (each,))
        for each in slices
        for estimate in equity_indices(each.cells, rng, level=level, replicates=replicates)
    ]
    for fmr, fnmr in _both(slices):
        indices = combined_indices(fmr.cells, fnmr.cells, rng, level=level, replicates=replicates)
        found += [_Found(fmr.where, "combined", each, (fmr, fnmr)) for each in indices]
    return list(_rows(found, family, level))


def _both(slices: Sequence[GroupSlice]) -> Iterator[tuple[GroupSlice, GroupSlice]]:
    """Give FMR and FNMR of one threshold over the groups that have both."""
    fnmr = {each.where: each for each in slices if each.where.metric == "fnmr"}
    for each in slices:
        other = fnmr.get(each.where._replace(metric="fnmr"))
        if each.where.metric != "fmr" or other is None:
            continue
        groups = [group for group in each.groups if group in other.groups]
        if len(groups) > 1:
            yield each.only(groups), other.only(groups)


def _rows(found: Sequence[_Found], family: Family, level: float) -> Iterator[Equity]:
    """Judge each index within its own family: the other slices' values of that index."""
    adjusted: dict[int, Judged] = {}
    for index in dict.fromkeys((each.metric == "combined", each.estimate.index) for each in found):
        places = [
            k
            for k, each in enumerate(found)
            if (each.metric == "combined", each.estimate.index) == index
        ]
        wheres = [found[k].where for k in places]
        p_values = [found[k].estimate.p_value for k in places]
        # A declared comparison is of one rate; an index of two is never declared.
        judge = type(family)(frozenset(), None) if index[0] else family
        judged = judge.adjust(wheres, p_values, f"values of {index[1]}")
        adjusted.update(zip(places, judged, strict=True))
    for k, each in enumerate(found):
        judged_one, estimate = adjusted[k], each.estimate
        p = judged_one.adjusted_p
        yield Equity(
            **(each.where._asdict() | {"metric": each.metric}),
            index=estimate.index,
            value=estimate.value,
            low=estimate.low,
            high=estimate.high,
            null_p95=estimate.null_p95,
            flags=list(estimate.flags),
            p_value=estimate.p_value,
            **judged_one._asdict(),
            detected=estimate.detected and p is not None and p <= 1 - level,
            level=level,
            groups=len(each.slices[0].usable),
            left_out="; ".join(dict.fromkeys(each.slices[0].left_out + each.slices[-1].left_out)),
            **_rates(each),
        )


def _rates(found: _Found) -> dict[str, float | None]:
    """Return the rate of all groups compared, the smallest and the largest."""
    if len(found.slices) > 1:
        return {"overall": None, "smallest": None, "largest": None}
    counts = [cell.counts for cell in found.slices[0].cells]
    rates = [each.errors / each.trials for each in counts]
    pooled = sum(each.errors for each in counts) / sum(each.trials for each in counts)
    return {"overall": pooled, "smallest": min(rates), "largest": max(rates)}
