"""What the first split tells beyond its rates: candidates, other galleries, and gallery size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.data.groups import ALL
from evenmatch.data.samples import UNKNOWN
from evenmatch.results.alarms import candidate_cells, selectivity_rows, wrong_candidates
from evenmatch.results.galleries import gallery_rows
from evenmatch.results.gallery_sizes import fitted_slope, gallery_curve, size_rows, slope_row
from evenmatch.results.one_to_many import composition_rows, searched
from evenmatch.scoring.compositions import other_galleries

if TYPE_CHECKING:
    from evenmatch.config import RunConfig
    from evenmatch.data.groups import Groups
    from evenmatch.results.alarms import Alarms
    from evenmatch.results.one_to_many import Identified, Searched
    from evenmatch.searches.searcher import Searcher

# Streams of chance of their own, so that what one draws does not move another's numbers.
_BALANCED, _PARTS, _RESAMPLED = 21, 22, 23


def beyond_rates(
    searcher: Searcher,
    first: Identified,
    groups: Groups,
    config: RunConfig,
    *,
    others: bool = True,
) -> Identified:
    """Add what the first split's searches tell beyond their rates.

    Candidates are counted under every mask condition; other galleries and parts of this one are
    searched with the barest faces alone. `others` says whether galleries made of the same people
    are searched too.
    """
    asked, roster = config.one_to_many, searcher.roster
    if asked is None:
        return first
    bare = first.first_split[0]
    galleries = _others(searcher, bare, groups, config.seed) if others else []
    alarms = [
        wrong_candidates(searcher, found, point)
        for found in first.first_split
        for point in first.thresholds
    ]
    rng = np.random.default_rng([config.seed, _RESAMPLED])
    statistics = config.statistics
    every = [
        row
        for each in alarms
        for row in selectivity_rows(
            each, roster, groups, rng, level=statistics.level, replicates=statistics.replicates
        )
    ]
    named = [bare, *(found for _, found in galleries)]
    wider = replace(
        first,
        rates=[
            *first.rates,
            *composition_rows(galleries, first.thresholds, groups, statistics.level),
        ],
        galleries=list(gallery_rows(named, roster, groups, asked)),
        selectivity=every,
        candidates=[row for each in alarms for row in candidate_cells(each, roster, groups)],
    )
    return _with_sizes(wider, alarms[: len(first.thresholds)], searcher, config)


def _others(
    searcher: Searcher, bare: Searched, groups: Groups, seed: int
) -> list[tuple[str, Searched]]:
    """Search the balanced and the single-group galleries of every grouping."""
    rng = np.random.default_rng([seed, _BALANCED])
    split = replace(bare.split, searches=bare.rows, mated=bare.searches.mated)
    found = []
    for group_by, members in groups.groupings.items():
        if group_by == ALL:
            continue
        rows = {
            group.label: groups.rows(group)
            for group in members
            if UNKNOWN not in group.label.split("+")
        }
        for other in other_galleries(split, searcher.roster, group_by, rows, rng):
            results = searcher.search(other.searches, other.gallery, length=1)
            found.append((group_by, searched(other, bare.probe_mask, results, searcher.roster)))
    return found


def _with_sizes(
    first: Identified, alarms: list[Alarms], searcher: Searcher, config: RunConfig
) -> Identified:
    """Add FPIR on parts of the gallery, and the slope fitted to them."""
    rng = np.random.default_rng([config.seed, _PARTS])
    level, replicates = config.statistics.level, config.statistics.replicates
    sizes, slopes = [], []
    for each in alarms:
        curve = gallery_curve(each, searcher.roster, rng)
        slope = fitted_slope(curve, rng, replicates=replicates, level=level)
        sizes += list(size_rows(curve, slope))
        slopes.append(slope_row(curve, slope, level))
    return replace(first, gallery_size=sizes, gallery_slope=slopes)
