"""What one-to-many search shows beyond its rates: whose alerts, which gallery, what size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.reporting.numbers import count, interval, people, percent
from evenmatch.reporting.sections.blocks import Cell, Text, counted, heading, rate_cells, table
from evenmatch.reporting.selection import operational

if TYPE_CHECKING:
    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.reporting.selection import View
    from evenmatch.results.search_rows import GallerySize, GallerySlopeRow, Selectivity

_POLICIES = {
    "unconsolidated": "every enrolled photograph is an entry of its own",
    "recent": "each person is enrolled with the most recent photograph",
    "consolidated": "a person's photographs make one entry",
}
_MATES = {
    "any": "A mated search succeeds with any photograph of its person.",
    "all": "A mated search succeeds only with every enrolled photograph of its person.",
}


def gallery_blocks(view: View, matcher: str) -> list[Block]:
    """Return what is known of a matcher's galleries beyond its rates."""
    blocks: list[Block] = []
    first = next(iter(view.result.galleries), None)
    if first is not None:
        blocks.append(Text(f"Enrolment: {_POLICIES[first.policy]}. {_MATES[first.mates]}"))
    return [
        *blocks,
        *_composition(view, matcher),
        *_candidates(view, matcher),
        *_sizes(view, matcher),
    ]


def _composition(view: View, matcher: str) -> list[Block]:
    """Return FPIR on galleries of other compositions, at the same threshold."""
    rows = [
        (
            row.gallery,
            row.operating_point or "",
            row.group_by,
            row.group,
            count(row.gallery_subjects),
            *rate_cells(row),
            counted(row.errors, row.searches),
            count(row.subjects),
        )
        for row in view.result.identification
        if row.matcher == matcher and not operational(row) and row.failures == "non-match"
    ]
    if not rows:
        return []
    columns = (
        "Gallery", "At", "Breakdown", "Searcher's group", "Enrolled", "Rate", "Interval",
        "Alerts / searches", "People",
    )  # fmt: skip
    return [
        heading("False positives by who is enrolled"),
        Text(
            "The same threshold on galleries made of the same people: with as many of each group, "
            "and of one group alone. These are smaller, and smaller galleries raise fewer "
            "alerts: compare the groups within a gallery."
        ),
        table(f"False positives by composition, {matcher}", columns, rows, labels=4),
    ]


def _candidates(view: View, matcher: str) -> list[Block]:
    """Return wrong candidates a search, and whether they share the searched person's group."""
    rows = [_candidate_cells(row) for row in view.result.selectivity if row.matcher == matcher]
    if not rows:
        return []
    columns = (
        "Breakdown", "Searcher's group", "At", "Probe mask", "Wrong candidates / searches",
        "A search", "Interval", "Own group's share", "Gallery's share", "Ratio", "Ratio's interval",
    )  # fmt: skip
    return [
        heading("Wrong candidates"),
        Text(
            "How many wrong people a search of somebody who is not enrolled returns, and how many "
            "of these share the searched person's group. A ratio above 1 says that wrong ones "
            "come from the searched person's own group more often than the gallery's make-up "
            "explains. Intervals know that one person's searches go together, and not that all "
            "searches share one gallery."
        ),
        table(f"Wrong candidates, {matcher}", columns, rows, labels=4),
    ]


def _candidate_cells(row: Selectivity) -> tuple[Cell | str, ...]:
    few = f"too few people ({row.subjects})"
    shown = row.status in ("estimate", "upper_bound")
    return (
        row.group_by,
        row.group,
        row.operating_point,
        row.probe_mask,
        counted(row.candidates, row.searches),
        Cell(f"{row.selectivity:.3g}")
        if shown and row.selectivity is not None
        else Cell(few, quiet=True),
        "" if row.low is None or row.high is None else f"{row.low:.3g} to {row.high:.3g}",
        "" if row.same_group_share is None else percent(row.same_group_share),
        "" if row.gallery_share is None else percent(row.gallery_share),
        "" if row.ratio is None else f"{row.ratio:.2f}",
        ""
        if row.ratio_low is None or row.ratio_high is None
        else f"{row.ratio_low:.2f} to {row.ratio_high:.2f}",
    )


def _sizes(view: View, matcher: str) -> list[Block]:
    """Return FPIR by the size of the gallery."""
    rows = [_size_cells(row) for row in view.result.gallery_size if row.matcher == matcher]
    if not rows:
        return []
    columns = (
        "At", "Basis", "Model", "People enrolled", "Rate", "Over the draws", "If independent",
        "Searches", "People",
    )  # fmt: skip
    slopes = [row for row in view.result.gallery_slope if row.matcher == matcher]
    return [
        heading("False positives by the size of the gallery"),
        *(Text(_slope_words(row)) for row in slopes),
        table(f"False positives by gallery size, {matcher}", columns, rows, labels=3),
    ]


def _size_cells(row: GallerySize) -> tuple[Cell | str, ...]:
    drawn = interval(row.draw_low, row.draw_high) if (row.draws or 0) > 1 else ""
    quiet = row.basis == "extrapolated"
    rate = f"too few people ({row.subjects})" if row.fpir is None else percent(row.fpir)
    return (
        row.operating_point,
        Cell(row.basis, quiet=quiet),
        Cell(row.model, quiet=quiet),
        count(row.gallery_subjects),
        Cell(rate, quiet=quiet or row.fpir is None),
        drawn,
        "" if row.independent is None else percent(row.independent),
        count(row.searches),
        count(row.subjects),
    )


def _slope_words(row: GallerySlopeRow) -> str:
    sizes = f"{count(row.smallest)} to {people(row.largest)}"
    if row.slope is None or row.low is None or row.high is None:
        return f"At {row.operating_point}, too few people raised an alarm to fit how it grows."
    return (
        f"At {row.operating_point}, over galleries of {sizes}, the chance of a false alert grows "
        f"with the gallery's size to the power {row.slope:.2f} "
        f"({percent(row.level)} interval {row.low:.2f} to {row.high:.2f}; 1 is what independent "
        "comparisons would give). Rows marked extrapolated are models of larger galleries, not "
        "measurements, and no evidence for a claim."
    )
