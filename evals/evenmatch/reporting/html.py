"""The report: one page that opens anywhere, rendered from a result and its figures alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.reporting import plain_words
from evenmatch.reporting.claim_words import claim_sentences
from evenmatch.reporting.inline import inline_svg
from evenmatch.reporting.label_sources import with_sources
from evenmatch.reporting.numbers import count, interval_words, people, rate_words
from evenmatch.reporting.pages import environment, part, source_hash
from evenmatch.reporting.sections import claims, groups, labels, methods, others, outside, rates
from evenmatch.reporting.sections.explore import explore_section
from evenmatch.reporting.sections.measured import skin_tone_section
from evenmatch.reporting.sections.people import people_section, points_section, size_words
from evenmatch.reporting.sections.provenance import provenance_section
from evenmatch.reporting.sections.variants import variants_section
from evenmatch.reporting.selection import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.reporting.plots import Plot
    from evenmatch.reporting.sections.blocks import Section
    from evenmatch.results.model import ErrorRate, RunResult

_SCRIPTS = ("tables.js", "explore.js")


def render_report(result: RunResult, plots: Sequence[Plot]) -> str:
    """Return the whole report as one HTML page that loads nothing from anywhere."""
    templates = environment()
    templates.filters |= {"svg": inline_svg, "source_hash": source_hash}
    view = View(result)
    return templates.get_template("report.html.j2").render(
        result=result,
        title=str(result.card.get("title") or result.card.get("name") or result.name),
        size=size_words(result),
        opening=plain_words.opening(result),
        verdicts=plain_words.verdicts(result),
        claims=claim_sentences(result),
        tiles={matcher: _tiles(view, matcher) for matcher in view.matchers},
        sections=sections(view, plots),
        style=part("style.css"),
        scripts=[part(name) for name in _SCRIPTS],
    )


def sections(view: View, plots: Sequence[Plot]) -> list[Section]:
    """Return the report's sections after the verdict, in the order they are read."""
    every = (
        claims.claims_section(view),
        people_section(view),
        skin_tone_section(view),
        points_section(view),
        rates.fmr_section(view, plots),
        rates.fnmr_section(view, plots),
        groups.equity_section(view),
        groups.differences_section(view),
        labels.labels_section(view),
        labels.strata_section(view),
        variants_section(view),
        rates.masks_section(view, plots),
        claims.tradeoff_section(view),
        explore_section(view),
        others.searches_section(view, plots),
        outside.outside_section(view),
        others.failures_section(view),
        others.scores_section(view, plots),
        methods.methods_section(view.result),
        provenance_section(view.result),
        methods.reproduce_section(view.result),
        methods.rows_section(view.result),
    )
    there = [section for section in every if section is not None]
    return with_sources(view, there)


def _tiles(view: View, matcher: str) -> list[tuple[str, str, str, str]]:
    """Return the matcher's leading numbers: name, rate, interval, counts."""
    point = view.headline(matcher)
    at = f" at {point.operating_point}" if point else ""
    rows = [
        (f"False matches{at}", view.overall(matcher, "fmr")),
        (f"False non-matches{at}", view.overall(matcher, "fnmr")),
        ("Photographs without a template", view.acquisition(matcher)),
    ]
    return [_tile(name, row) for name, row in rows if row]


def _tile(name: str, row: ErrorRate) -> tuple[str, str, str, str]:
    """Return one leading number with everything that must stand beside it."""
    counts = f"{count(row.errors)} of {count(row.trials)}, {people(row.subjects)}"
    return name, rate_words(row), interval_words(row), counts
