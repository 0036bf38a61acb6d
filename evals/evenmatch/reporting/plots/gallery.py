"""Which figures an audit gets, and what their files are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.reporting.group_words import trait
from evenmatch.reporting.numbers import count, people, rate_words, spoken
from evenmatch.reporting.plots.bars import Series, draw_bars, label, trials
from evenmatch.reporting.plots.coverage import draw_coverage
from evenmatch.reporting.plots.matrix import draw_matrix
from evenmatch.reporting.plots.scores import draw_det, draw_distributions
from evenmatch.reporting.plots.searches import draw_cmc
from evenmatch.reporting.plots.style import MOST_SAID, alt_text, finished, house_style
from evenmatch.reporting.selection import ALL, Slice, View, across, masks_label, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evenmatch.reporting.plots.bars import Rate
    from evenmatch.reporting.plots.style import Plot
    from evenmatch.results.model import RunResult


def plot_files(plots: Sequence[Plot]) -> Iterator[tuple[str, str | bytes]]:
    """Give every figure's files, SVG, PDF and PNG: what each is called and what it holds."""
    for plot in plots:
        yield f"{plot.name}.svg", plot.svg
        yield f"{plot.name}.pdf", plot.pdf
        yield f"{plot.name}.png", plot.png


def draw_plots(result: RunResult) -> list[Plot]:
    """Draw every figure of an audit, in the order the report shows them."""
    view = View(result)
    makers = (_rates, _matrices, _masks, _searches, _distributions, _curves)
    with house_style():
        made = [
            plot for matcher in view.matchers for make in makers for plot in make(view, matcher)
        ]
        return [*made, *draw_coverage(view)]


def _rates(view: View, matcher: str) -> Iterator[Plot]:
    """Draw FMR and FNMR by group at the headline operating point."""
    point = view.headline(matcher)
    for metric, words in (("fmr", "False match rate"), ("fnmr", "False non-match rate")):
        for group_by in view.group_bys:
            key = view.headline_slice(matcher, metric, group_by)
            rows = _listed(view, key)
            if not rows or point is None:
                continue
            series = [Series("failed photographs count as misses", tuple(rows))]
            if metric == "fnmr":
                other = _listed(view, _excluding(key))
                series += [Series("failed photographs left out", tuple(other), hollow=True)]
            axis = f"{words.lower()} at {point.operating_point}"
            title = f"{words} by {_trait(group_by)}, {matcher}, at {point.operating_point}"
            yield finished(
                draw_bars(series, axis, log=metric == "fmr"),
                metric,
                (matcher, group_by),
                title,
                _alt(title, rows),
            )


def _matrices(view: View, matcher: str) -> Iterator[Plot]:
    """Draw FMR between groups at the headline operating point."""
    for group_by in view.group_bys:
        cells = across(view.rows(view.headline_slice(matcher, "fmr", group_by)))
        groups = groups_of(view, group_by)
        if len(groups) < 2 or all(cell.probe_group == cell.reference_group for cell in cells):
            continue
        title = f"False match rate between groups by {_trait(group_by)}, {matcher}"
        yield finished(
            draw_matrix(cells, groups),
            "matrix",
            (matcher, group_by),
            title,
            _alt(title, cells),
        )


def _masks(view: View, matcher: str) -> Iterator[Plot]:
    """Draw FNMR by group, one colour a mask condition, where there is more than one."""
    if len(view.mask_pairs) < 2:
        return
    for group_by in view.group_bys:
        series = []
        for masks in view.mask_pairs:
            rows = _listed(view, view.headline_slice(matcher, "fnmr", group_by, masks=masks))
            series += [Series(masks_label(masks), tuple(rows))] if rows else []
        if len(series) > 1:
            title = f"False non-match rate by mask and {_trait(group_by)}, {matcher}"
            yield finished(
                draw_bars(series, "false non-match rate", log=False),
                "masks",
                (matcher, group_by),
                title,
                _alt(title, [row for each in series for row in each.rows]),
            )


def _searches(view: View, matcher: str) -> Iterator[Plot]:
    """Draw FPIR, FNIR and hits by rank."""
    bars: tuple[tuple[str, str], ...] = (
        ("fpir", "False positive identification rate"),
        ("fnir", "False negative identification rate"),
    )
    for group_by in view.group_bys:
        for metric, words in bars:
            rows = view.searches(matcher, metric, group_by)
            if rows:
                every = tuple(view.searches(matcher, metric, ALL) + rows)
                title = f"{words} by {_trait(group_by)}, {matcher}, at {rows[0].operating_point}"
                figure = draw_bars([Series(words, every)], words.lower(), log=False)
                yield finished(figure, metric, (matcher, group_by), title, _alt(title, every))
        rows = view.searches(matcher, "cmc", group_by)
        if rows:
            title = f"Searches that find their person, by rank and {_trait(group_by)}, {matcher}"
            yield finished(draw_cmc(rows), "cmc", (matcher, group_by), title, _alt(title, rows))


def _distributions(view: View, matcher: str) -> Iterator[Plot]:
    """Draw score distributions within groups, without masks."""
    point = view.headline(matcher)
    for group_by in [ALL, *view.group_bys]:
        parts = [
            part
            for part in view.result.distributions
            if (part.matcher, part.group_by) == (matcher, group_by)
            and (part.probe_mask, part.reference_mask) == view.bare
            and part.probe_group == part.reference_group
        ]
        if parts:
            title = f"Scores of mated and non-mated comparisons by {_trait(group_by)}, {matcher}"
            totals = [
                f"{spoken(part.probe_group)}, {'mated' if part.mated else 'non-mated'}: "
                f"{count(sum(part.counts))} comparisons"
                for part in parts[:MOST_SAID]
            ]
            figure = draw_distributions(parts, point.threshold if point else None)
            alt = f"{title}. {'; '.join(totals)}."
            yield finished(figure, "scores", (matcher, group_by), title, alt)


def _curves(view: View, matcher: str) -> Iterator[Plot]:
    """Draw DET curves by group, without masks; a group of too few people has none."""
    for group_by in [ALL, *view.group_bys]:
        marks, few = _marks(view, matcher, group_by)
        curves = [
            curve
            for curve in view.result.curves
            if (curve.matcher, curve.group_by) == (matcher, group_by)
            and (curve.probe_mask, curve.reference_mask) == view.bare
            and curve.group not in few
            and curve.mated_trials * curve.non_mated_trials * len(curve.thresholds)
        ]
        if curves:
            title = f"DET curves by {_trait(group_by)}, {matcher}"
            alt = (
                f"{title}: false non-match rate against false match rate for "
                f"{', '.join(spoken(curve.group) for curve in curves[:MOST_SAID])}. The rates at "
                "the common threshold are in the tables of both rates by group."
            )
            yield finished(draw_det(curves, marks), "det", (matcher, group_by), title, alt)


def _marks(
    view: View, matcher: str, group_by: str
) -> tuple[dict[str, tuple[float, float]], set[str]]:
    """Return groups' two rates at the headline threshold, and the groups of too few people."""
    fmr = within(view.rows(view.headline_slice(matcher, "fmr", group_by)))
    fnmr = within(view.rows(_excluding(view.headline_slice(matcher, "fnmr", group_by))))
    misses = {row.probe_group: row.rate for row in fnmr if row.rate is not None}
    marks = {
        row.probe_group: (row.rate, misses[row.probe_group])
        for row in fmr
        if row.rate is not None and row.probe_group in misses
    }
    return marks, {row.probe_group for row in [*fmr, *fnmr] if row.status == "suppressed"}


def groups_of(view: View, group_by: str) -> list[str]:
    """Return a breakdown's groups in the card's order, then any that only the rows name."""
    named = [row.group for row in view.result.groups if row.group_by == group_by]
    for key in view.slices:
        if key.group_by == group_by:
            named += [row.probe_group for row in within(view.rows(key))]
    return [group for group in dict.fromkeys(named) if group != ALL]


def _listed(view: View, key: Slice) -> list[Rate]:
    """Return everyone's row first, then each group's."""
    everyone = Slice(key.matcher, key.metric, key.operating_point, key.masks, key.failures, ALL)
    groups = [row for row in within(view.rows(key)) if row.probe_group != ALL]
    return [*view.rows(everyone), *groups] if groups else []


def _excluding(key: Slice) -> Slice:
    """Return the same slice with failed photographs left out."""
    return Slice(key.matcher, key.metric, key.operating_point, key.masks, "excluded", key.group_by)


def _alt(title: str, rows: Sequence[Rate]) -> str:
    return alt_text(title, rows, _said)


def _said(row: Rate) -> str:
    return (
        f"{spoken(label(row))}{_against(row)}: {rate_words(row)}, {count(row.errors)} of "
        f"{count(trials(row))}, {people(row.subjects)}"
    )


def _against(row: Rate) -> str:
    """Return the reference group where it is another one."""
    other = getattr(row, "reference_group", None)
    return f" against {spoken(other)}" if other not in (None, label(row)) else ""


def _trait(group_by: str) -> str:
    """Return a breakdown's name in words."""
    return "everyone" if group_by == ALL else trait(group_by)
