"""One-to-many searches, failures by group, score distributions and DET curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.reporting.numbers import count, people, percent, threshold
from evenmatch.reporting.sections.blocks import (
    Cell,
    FigureBlock,
    Section,
    Text,
    counted,
    matcher_heading,
    rate_cells,
    table,
)
from evenmatch.reporting.sections.galleries import gallery_blocks
from evenmatch.reporting.selection import operational

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.reporting.plots import Plot
    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.reporting.selection import View
    from evenmatch.results.model import Distribution, IdentificationRate

_METRICS = {
    "fpir": "False positive identification rate",
    "fnir": "False negative identification rate",
    "cmc": "Searches that find their person",
}
_FAILURES = {"non-match": "counted as misses", "excluded": "left out"}
_QUANTILES = (0.05, 0.5, 0.95)


def searches_section(view: View, plots: Sequence[Plot]) -> Section | None:
    """Return one-to-many rates, or nothing where no search was made."""
    if not view.result.identification:
        return None
    blocks: list[Block] = []
    for matcher in view.matchers:
        rows = [
            row for row in view.result.identification if row.matcher == matcher and operational(row)
        ]
        if not rows:
            continue
        blocks += matcher_heading(view, matcher)
        blocks += [Text(text) for text in dict.fromkeys(_gallery(row) for row in rows)][:3]
        blocks += _drawn(plots, ("fpir", "fnir", "cmc"), matcher)
        blocks += [_search_table(rows, metric, matcher) for metric in _METRICS]
        blocks += gallery_blocks(view, matcher)
    return Section(
        "one-to-many",
        "One-to-many search",
        "A probe is searched in a gallery of enrolled people. A false positive is an alert for a "
        "person who is not enrolled; a false negative is an enrolled person who is not returned. "
        "Rates hold for a gallery of this size and composition: a larger one gives more alerts.",
        tuple(block for block in blocks if not _is_empty(block)),
    )


def _is_empty(block: Block) -> bool:
    """Return whether a block is a table without rows."""
    return block.kind == "table" and not getattr(block, "rows", ())


def _gallery(row: IdentificationRate) -> str:
    """Return what was searched."""
    return (
        f"Gallery {row.gallery}: {people(row.gallery_subjects)} enrolled with "
        f"{count(row.gallery_templates)} templates."
    )


def _drawn(plots: Sequence[Plot], sections: tuple[str, ...], matcher: str) -> list[Block]:
    """Return a matcher's figures of several kinds, breakdown by breakdown."""
    mine = [plot for plot in plots if plot.matcher == matcher and plot.section in sections]
    order = list(dict.fromkeys(plot.group_by for plot in mine))
    return [FigureBlock(plot) for plot in sorted(mine, key=lambda p: order.index(p.group_by))]


def _search_table(rows: Sequence[IdentificationRate], metric: str, matcher: str) -> Block:
    """Return every row of one search metric."""
    cells = [
        (
            row.group_by,
            row.group,
            _at(row),
            row.probe_mask,
            _FAILURES[row.failures],
            *rate_cells(row),
            counted(row.errors, row.searches),
            count(row.subjects),
            _spread(row),
        )
        for row in rows
        if row.metric == metric
    ]
    what = "Hits / searches" if metric == "cmc" else "Errors / searches"
    columns = (
        "Breakdown", "Group", "At", "Probe mask", "Failures", "Rate", "Interval", what, "People",
        "Over the splits",
    )  # fmt: skip
    return table(f"{_METRICS[metric]}, {matcher}", columns, cells, labels=5)


def _at(row: IdentificationRate) -> str:
    """Return the threshold's operating point, the rank, or both."""
    rank = "" if row.rank is None else f"rank {row.rank}"
    return ", ".join(part for part in (row.operating_point or "", rank) if part)


def _spread(row: IdentificationRate) -> str:
    """Return the smallest and largest rate over the random splits."""
    if row.split_low is None or row.split_high is None:
        return ""
    return f"{percent(row.split_low)} to {percent(row.split_high)}"


def failures_section(view: View) -> Section:
    """Return failures to acquire by group, then every failure by its reason."""
    acquired = [row for row in view.result.error_rates if row.metric == "fta"]
    rates = [
        (
            row.matcher,
            row.group_by,
            row.probe_group,
            row.probe_mask,
            *rate_cells(row),
            counted(row.errors, row.trials),
            count(row.subjects),
        )
        for row in acquired
    ]
    reasons = [
        (
            row.matcher,
            row.stage,
            row.reason,
            row.mask,
            row.group_by,
            row.group,
            counted(row.failed, row.attempts),
            "" if row.rate is None else percent(row.rate),
        )
        for row in view.result.failures
    ]
    rate_columns = (
        "Matcher", "Breakdown", "Group", "Mask", "Failure to acquire", "Interval",
        "Failed / photographs", "People",
    )  # fmt: skip
    reason_columns = (
        "Matcher", "Stage", "Reason", "Mask", "Breakdown", "Group", "Failed / attempts", "Share",
    )  # fmt: skip
    return Section(
        "failures",
        "Failures",
        "A photograph that gives no template is a failure with a reason. It stays in every "
        "denominator, so that failing on hard photographs improves nobody's rate.",
        (
            table("Failures to acquire by group", rate_columns, rates, labels=4),
            table("Failures by reason", reason_columns, reasons, labels=6)
            if reasons
            else Text("No photograph and no comparison failed."),
        ),
    )


def scores_section(view: View, plots: Sequence[Plot]) -> Section:
    """Return score distributions and DET curves."""
    blocks: list[Block] = []
    for matcher in view.matchers:
        blocks += matcher_heading(view, matcher)
        blocks += _drawn(plots, ("scores", "det"), matcher)
        blocks += [_score_table(view, matcher)]
    return Section(
        "scores",
        "Scores and trade-off",
        "Each strip scales mated and non-mated scores to their own tallest bin. A DET curve shows "
        "both rates as the threshold moves; marks joined by a line are the groups at the common "
        "threshold. A rate of zero cannot be drawn on these axes: it is placed at half an error "
        "and marked by an arrow.",
        tuple(block for block in blocks if not _is_empty(block)),
    )


def _score_table(view: View, matcher: str) -> Block:
    """Return how many scores each group has and where they lie."""
    rows = [
        (
            part.group_by,
            part.probe_group,
            part.reference_group,
            f"{part.probe_mask} / {part.reference_mask}",
            "mated" if part.mated else "non-mated",
            count(sum(part.counts)),
            *_quantiles(part),
        )
        for part in view.result.distributions
        if part.matcher == matcher
    ]
    columns = (
        "Breakdown", "Probe", "Reference", "Masks", "Comparisons are", "Comparisons",
        *(f"{percent(level)} lie below" for level in _QUANTILES),
    )  # fmt: skip
    return table(f"Where the scores lie, {matcher}", columns, rows, labels=5, folded=True)


def _quantiles(part: Distribution) -> list[Cell]:
    """Return the upper edges of the bins in which the quantiles lie."""
    counts = np.cumsum(part.counts)
    if not len(counts) or not counts[-1]:
        return [Cell("") for _ in _QUANTILES]
    bins = [int(np.searchsorted(counts, level * counts[-1])) for level in _QUANTILES]
    return [Cell(threshold(float(f"{part.edges[place + 1]:.3g}"))) for place in bins]
