"""One matcher's one-to-many searches: galleries, what they returned, and the rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.data.benchmark import MASK
from evenmatch.data.conditions import SYNTHETIC
from evenmatch.data.progress import Progress, silent
from evenmatch.engines import spread_of
from evenmatch.errors import RequestError
from evenmatch.matching.scores import MISSING, ScoreTable
from evenmatch.results.one_to_many import (
    Identified,
    identification_rows,
    search_threshold,
    searched,
)
from evenmatch.scoring.galleries import make_splits
from evenmatch.scoring.needs import Compute
from evenmatch.scoring.planning import make_roster, rows_where
from evenmatch.searches.details import beyond_rates
from evenmatch.searches.enrolment_order import recent_rows
from evenmatch.searches.searcher import Searcher

if TYPE_CHECKING:
    from evenmatch.config import RunConfig
    from evenmatch.data.groups import Groups
    from evenmatch.data.samples import Samples
    from evenmatch.entries.search import OneToMany
    from evenmatch.matching.matcher import Templates
    from evenmatch.matching.program_scores import ProgramScores
    from evenmatch.results.one_to_many import Searched
    from evenmatch.results.thresholds import Scale
    from evenmatch.scoring.galleries import Split
    from evenmatch.scoring.plan import Roster, Rows


def identify(
    scored: Templates | ScoreTable | ProgramScores,
    samples: Samples,
    groups: Groups,
    scale: Scale,
    config: RunConfig,
    progress: Progress = silent,
) -> Identified:
    """Search every split's gallery under every mask condition, and state the rates.

    A score file that lacks comparisons a search needs gives no rates and a notice instead.
    """
    asked = config.one_to_many
    if asked is None:
        return Identified()
    roster = make_roster(samples, groups)
    splits, notice = make_run_splits(samples, roster, asked, config.seed)
    notices = [notice] if notice else []
    compute = Compute(spread=spread_of(config))
    consolidated = asked.gallery.policy == "consolidated"
    searcher = Searcher(scored, roster, consolidated, asked.index, compute)
    if isinstance(scored, ScoreTable) and (lacking := _lacking(searcher, splits)):
        notices.append(
            f"{scale.matcher} has no one-to-many rates: its score file lacks {lacking:,} of "
            "the comparisons between searches and gallery."
        )
        return Identified(notices=notices)
    masks = search_masks(samples, splits, config)
    every, thresholds = [], []
    with progress(f"searches: {scale.matcher}", len(splits)) as task:
        for split in splits:
            found = [search_split(searcher, samples, split, mask, asked) for mask in masks]
            every.append(found)
            thresholds.append(
                [search_threshold(text, scale, found[0]) for text in asked.operating_points]
            )
            task.advance(1)
    rates = identification_rows(every, thresholds, groups, asked.ranks, config.statistics.level)
    first = Identified(
        rates=list(rates),
        thresholds=thresholds[0],
        splits=splits,
        first_split=every[0],
        notices=notices,
    )
    return beyond_rates(searcher, first, groups, config)


def search_masks(samples: Samples, splits: list[Split], config: RunConfig) -> list[str]:
    """Return the mask conditions that are searched with, bare faces first.

    Raises:
        RequestError: there is none.
    """
    worn = set(samples.table[MASK].iloc[np.concatenate([split.searches for split in splits])])
    drawn_too = "probe" in config.masks.apply_to
    masks = [
        mask
        for mask in samples.mask_values
        if mask in worn and (drawn_too or not mask.startswith(SYNTHETIC))
    ]
    if not masks:
        raise RequestError(
            "one_to_many.searches: only photographs with a drawn mask are left to search with, and "
            "`masks.apply_to` lacks `probe`; add it or widen `searches.where`."
        )
    return masks


def make_run_splits(
    samples: Samples, roster: Roster, asked: OneToMany, seed: int
) -> tuple[list[Split], str]:
    """Draw the run's galleries; also what a reader has to know of how, or nothing."""
    bare = (samples.table[MASK] == samples.mask_values[0]).to_numpy()
    enrollable = bare & rows_where(samples, asked.gallery.where, "one_to_many.gallery")
    notice = ""
    if asked.gallery.policy == "recent":
        enrollable, notice = recent_rows(samples, enrollable, asked.gallery.recent_by)
    splits = make_splits(
        roster,
        enrollable,
        rows_where(samples, asked.searches.where, "one_to_many.searches"),
        enrolled=asked.gallery.enrolled,
        splits=asked.splits,
        # A stream of its own: what else a run draws does not change who is enrolled.
        rng=np.random.default_rng([seed, 1]),
    )
    return splits, notice


def wearing(samples: Samples, split: Split, mask: str) -> Rows:
    """Return the rows of a split's searches that wear a mask."""
    worn = (samples.table[MASK] == mask).to_numpy()
    return split.searches[worn[split.searches]]


def search_split(
    searcher: Searcher, samples: Samples, split: Split, mask: str, asked: OneToMany
) -> Searched:
    """Search a gallery with the photographs of one mask condition."""
    searches = wearing(samples, split, mask)
    length = min(max(asked.ranks), max(split.gallery.size, 1))
    results = searcher.search(searches, split.gallery, length=length)
    worst = searcher.worst_mates(searches, split.gallery) if asked.mates == "all" else None
    return searched(split, mask, results, searcher.roster, worst=worst)


def _lacking(searcher: Searcher, splits: list[Split]) -> int:
    """Count the comparisons that a split's searches need and the file does not have.

    The first split that lacks any tells; the others would say the same.
    """
    for split in splits:
        lacking = 0
        for search_row in split.searches:
            _, status = searcher.lookup(np.full(split.gallery.size, search_row), split.gallery)
            lacking += int(np.count_nonzero(status == MISSING))
        if lacking:
            return lacking
    return 0
