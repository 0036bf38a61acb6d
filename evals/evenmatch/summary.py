"""What the terminal shows: a plan before a run, the headline rates after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from evenmatch.data.conditions import SYNTHETIC
from evenmatch.reporting.claim_words import claim_sentences
from evenmatch.reporting.leading import leading

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.results.model import ErrorRate, RunResult


def print_summary(result: RunResult, folder: Path) -> None:
    """Print the overall rates of every matcher at every operating point, in 80 columns."""
    console = Console(highlight=False, markup=False, emoji=False)
    table = Table(title=f"{result.name} ({result.provenance.run_id})", width=80)
    for column in ("matcher", "at", "masks", "FMR", "FNMR"):
        table.add_column(column, overflow="fold")
    pooled = [
        leading(row) for row in result.error_rates if row.group_by == "all" and row.metric != "fta"
    ]
    conditions = dict.fromkeys(
        (row.matcher, row.operating_point, row.probe_mask, row.reference_mask) for row in pooled
    )
    short = _short_names(
        [mask for *_, probe, reference in conditions for mask in (probe, reference)]
    )
    for condition in conditions:
        rows = {
            (row.metric, row.failures): row
            for row in pooled
            if (row.matcher, row.operating_point, row.probe_mask, row.reference_mask) == condition
        }
        matcher, point, probe_mask, reference_mask = condition
        table.add_row(
            matcher,
            point,
            f"{short[str(probe_mask)]} / {short[str(reference_mask)]}",
            rate_text(rows["fmr", "excluded"]),
            rate_text(rows["fnmr", "non-match"]),
        )
    console.print(table)
    for mask, name in short.items():
        if mask != name:
            console.print(f"{name} = {mask}")
    for sentence in claim_sentences(result):
        console.print(sentence, soft_wrap=True, markup=False)
    for notice in result.notices:
        console.print(f"Note: {notice}", markup=False)
    console.print(f"audit   {folder}", soft_wrap=True, markup=False)
    if (folder / "report.html").is_file():
        console.print(f"report  {folder / 'report.html'}", soft_wrap=True, markup=False)


def _short_names(masks: list[str | None]) -> dict[str, str]:
    """Give drawn masks a name that fits a column; the others are short already."""
    distinct = dict.fromkeys(str(mask) for mask in masks)
    drawn = [mask for mask in distinct if mask.startswith(SYNTHETIC)]
    return {mask: f"M{drawn.index(mask) + 1}" if mask in drawn else mask for mask in distinct}


def rate_text(row: ErrorRate) -> str:
    """Say a rate as its status allows, with its interval."""
    if row.rate is None or row.low is None or row.high is None:
        return f"too few people ({row.subjects})"
    if row.status == "upper_bound":
        return f"at most {row.high:.2%}"
    unresolved = " (unresolved)" if row.status == "unresolvable" else ""
    return f"{row.rate:.2%} ({100 * row.low:.2f} to {100 * row.high:.2f}){unresolved}"
