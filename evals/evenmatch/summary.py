"""What the terminal shows after a run: the headline rates, the verdicts, where the audit lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from evenmatch.data.conditions import SYNTHETIC
from evenmatch.reporting.claim_words import claim_sentences, whole_claims
from evenmatch.reporting.leading import leading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evenmatch.results.model import ErrorRate, IdentificationRate, RunResult

HEADINGS: Final = ("matcher", "at", "masks", "FMR", "FNMR")
SEARCH_HEADINGS: Final = ("matcher", "at", "masks", "FPIR", "FNIR")
WIDTH: Final = 80
_ROOMY: Final = 72  # columns from which a rate with its interval stays on one line
_POINT: Final = 15  # letters of an operating point that stay on one line in a whole terminal
_COLOURS: Final = {"supported": "green", "refuted": "bold red", "undecided": "yellow"}

_UNRESOLVED: Final = " (unresolved)"

Overall = tuple[str, str, str, str, str]


def print_summary(result: RunResult, folder: Path, overview: Path | None = None) -> None:
    """Print the overall rates of every matcher at every operating point, in 80 columns.

    Args:
        result: what the audit found.
        folder: where it lies.
        overview: the page that lists it among the folder's other audits.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    width = min(WIDTH, console.width)
    console.print(Text(f"{result.name} ({result.provenance.run_id})", "bold"))
    if compared := overall(result):
        console.print(_table(HEADINGS, compared, width))
    if found := searched(result):
        people = next(row.gallery_subjects for row in result.identification)
        console.print(f"Searches of a gallery of {people:,} people:")
        console.print(_table(SEARCH_HEADINGS, found, width))
    for name, mask in masks_named(result).items():
        console.print(f"{name} = {mask}")
    for verdict, sentence in verdicts(result):
        text = Text(sentence)
        text.highlight_regex(rf"\bis {verdict}:", _COLOURS[verdict])
        console.print(text, soft_wrap=True)
    for notice in result.notices:
        console.print(Text(f"Note: {notice}", "yellow"))
    console.print(f"audit   {folder}", soft_wrap=True)
    if (folder / "report.html").is_file():
        console.print(f"report  {folder / 'report.html'}", soft_wrap=True)
    if overview is not None:
        console.print(f"all     {overview}", soft_wrap=True)


def overall(result: RunResult) -> list[Overall]:
    """Return a row for each matcher, operating point and mask condition, in words."""
    pooled = _pooled(result)
    short = _short_names(result)
    found: dict[tuple[str, str | None, str, str | None], dict[tuple[str, str | None], str]] = {}
    for row in pooled:
        condition = (row.matcher, row.operating_point, row.probe_mask, row.reference_mask)
        found.setdefault(condition, {})[row.metric, row.failures] = rate_text(row)
    return [
        (
            matcher,
            str(point),
            f"{short[str(probe)]} / {short[str(reference)]}",
            rates["fmr", "excluded"],
            rates["fnmr", "non-match"],
        )
        for (matcher, point, probe, reference), rates in found.items()
    ]


def searched(result: RunResult) -> list[Overall]:
    """Return the same of the searches of the first gallery: wrong alerts, and people missed."""
    first = next((row.gallery for row in result.identification), None)
    short = _short_names(result)
    found: dict[tuple[str, str | None, str], dict[str, str]] = {}
    for row in result.identification:
        if (row.gallery, row.group_by, row.failures, row.rank) == (first, "all", "non-match", None):
            condition = (row.matcher, row.operating_point, row.probe_mask)
            found.setdefault(condition, {})[row.metric] = rate_text(row)
    return [
        (matcher, str(point), short.get(mask, mask), rates.get("fpir", ""), rates.get("fnir", ""))
        for (matcher, point, mask), rates in found.items()
    ]


def masks_named(result: RunResult) -> dict[str, str]:
    """Return the short names of drawn masks with what they stand for."""
    return {name: mask for mask, name in _short_names(result).items() if mask != name}


def verdicts(result: RunResult) -> list[tuple[str, str]]:
    """Return each claim's verdict and the sentence that says it."""
    rows = whole_claims(result)
    return [(row.verdict, said) for row, said in zip(rows, claim_sentences(result), strict=True)]


def rate_text(row: ErrorRate | IdentificationRate) -> str:
    """Say a rate as its status allows, with its interval."""
    if row.rate is None or row.low is None or row.high is None:
        return f"too few people ({row.subjects})"
    if row.status == "upper_bound":
        return f"at most {row.high:.2%}"
    unresolved = _UNRESOLVED if row.status == "unresolvable" else ""
    return f"{row.rate:.2%} ({100 * row.low:.2f} to {100 * row.high:.2f}){unresolved}"


def _table(headings: Sequence[str], rows: Sequence[Overall], width: int) -> Table:
    """Return a table of overall rates, no wider than a terminal."""
    table = Table(width=width, box=None, padding=(0, 1, 0, 0), pad_edge=False)
    whole = set(headings[3:]) if width >= _ROOMY else set()
    if width >= WIDTH and max(len(row[1]) for row in rows) <= _POINT:
        whole.add(headings[1])
    for heading in headings:
        table.add_column(
            heading, overflow="fold", no_wrap=heading in whole, header_style="bold cyan"
        )
    for row in rows:
        table.add_row(*row[:3], *map(_coloured, row[3:]))
    return table


def _coloured(rate: str) -> Text:
    """Return a rate in words; what says less than a rate stands back."""
    if rate.startswith("too few"):
        return Text(rate, "dim")
    unresolved = rate.endswith(_UNRESOLVED)
    return Text(rate.replace(_UNRESOLVED, f"\n{_UNRESOLVED.strip()}"), "yellow" * unresolved)


def _pooled(result: RunResult) -> list[ErrorRate]:
    return [
        leading(row) for row in result.error_rates if row.group_by == "all" and row.metric != "fta"
    ]


def _short_names(result: RunResult) -> dict[str, str]:
    """Give drawn masks a name that fits a column; the others are short already."""
    pooled = _pooled(result)
    distinct = dict.fromkeys(
        str(mask) for row in pooled for mask in (row.probe_mask, row.reference_mask)
    )
    drawn = [mask for mask in distinct if mask.startswith(SYNTHETIC)]
    return {mask: f"M{drawn.index(mask) + 1}" if mask in drawn else mask for mask in distinct}
