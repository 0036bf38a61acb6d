"""A comparison as people read it: sentences, `comparison.csv` and one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenmatch.files import write_file
from evenmatch.reporting.claim_words import NAMES
from evenmatch.reporting.numbers import count, people, percent, spoken
from evenmatch.reporting.pages import environment, part
from evenmatch.reporting.tables import csv_text
from evenmatch.results.paired import PairedRate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evenmatch.results.paired import Contrast, Outcome

TABLE, PAGE = "comparison.csv", "comparison.html"
_PAIRINGS = {
    "paired_trials": "the same comparisons on both sides",
    "paired_people": "other comparisons of the same people",
    "unpaired": "as if the people were strangers",
}


@dataclass(frozen=True)
class Part:
    """One rate under one pair of thresholds and masks: its sentences and its rows."""

    title: str
    sentences: tuple[str, ...]
    rows: tuple[PairedRate, ...]


def sides(row: PairedRate) -> tuple[str, str]:
    """Return both sides by what tells them apart, the shortest way."""
    first, second = row.first, row.second
    if first == second:
        first = second = ""
    elif first.rpartition(":")[0] == second.rpartition(":")[0]:
        first, second = (each.rpartition(":")[2] for each in (first, second))
    parts = [[first], [second]]
    if row.first_at != row.second_at:
        parts[0].append(row.first_at)
        parts[1].append(row.second_at)
    if row.first_masks != row.second_masks:
        parts[0].append(row.first_masks)
        parts[1].append(row.second_masks)
    one, other = (" ".join(each for each in part if each) for part in parts)
    return one, other


def parts_of(contrast: Contrast) -> list[Part]:
    """Return what was compared, one part a rate, thresholds and masks."""
    found: dict[tuple[str, ...], list[PairedRate]] = {}
    for row in contrast.rates:
        key = (
            row.first, row.second, row.metric, row.first_at, row.second_at, row.first_masks,
            row.second_masks,
        )  # fmt: skip
        found.setdefault(key, []).append(row)
    return [Part(_title(rows[0]), tuple(_sentences(rows)), tuple(rows)) for rows in found.values()]


def _title(row: PairedRate) -> str:
    one, other = sides(row)
    shared = [
        mine
        for mine, theirs in ((row.first_at, row.second_at), (row.first_masks, row.second_masks))
        if mine == theirs and mine not in one
    ]
    under = f" ({', '.join(shared)})" if shared else ""
    return f"{row.metric.upper()}: from {spoken(one)} to {spoken(other)}{under}"


def _sentences(rows: Sequence[PairedRate]) -> list[str]:
    said = [_everybody(row) for row in rows if row.group_by == "all"]
    groups = [row for row in rows if row.group_by != "all"]
    wanted: tuple[tuple[Outcome, str], ...] = (
        ("improved", "Improved for"),
        ("worse", "Got worse for"),
        ("no difference shown", "No difference shown for"),
        ("too few people", "Too few people to say for"),
    )
    for outcome, words in wanted:
        named = [spoken(f"{row.group_by} {row.group}") for row in groups if row.outcome == outcome]
        if named:
            said.append(f"{words}: {', '.join(named)}.")
    return said


def _everybody(row: PairedRate) -> str:
    name = f"The {NAMES[row.metric]} of everybody"
    if row.difference is None or row.first_rate is None or row.second_rate is None:
        return f"{name} cannot be compared: too few people ({people(row.first_subjects)})."
    first, second = (side_text(row, second=side) for side in (False, True))
    went, bounds = f"went from {first} to {second}", f"a change of {change_text(row)}"
    if _bounded(row):
        went = f"was {first} on the first side and {second} on the second"
        bounds = f"a change somewhere from {change_text(row)}"
    if row.outcome == "no difference shown":
        return f"{name} {went}, {bounds}: no difference is shown."
    better = "fewer errors" if row.outcome == "improved" else "more errors"
    return f"{name} {went}, {bounds}: {better}."


def change_text(row: PairedRate) -> str:
    """Return a difference with its interval, in percentage points.

    Between rates of which one is an upper end alone, the interval is all there is to say.
    """
    if row.difference is None or row.low is None or row.high is None:
        return ""
    ends = f"{_points(row.low)} to {_points(row.high)}"
    if _bounded(row):
        return f"{ends} points"
    return f"{_points(row.difference)} points ({ends})"


def _bounded(row: PairedRate) -> bool:
    """Whether the people of one side let no more be said than an upper end."""
    return {row.first_status, row.second_status} != {"estimate"}


def short_change(row: PairedRate) -> str:
    """Return a difference with its interval for a narrow column."""
    return change_text(row).replace(" points", "") or f"too few ({row.first_subjects})"


def _points(difference: float) -> str:
    value = 100 * difference
    digits = 2 if abs(value) >= 0.1 or value == 0 else 4
    return f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def side_text(row: PairedRate, *, second: bool) -> str:
    """Return what one side's people let be said of its rate."""
    rate = row.second_rate if second else row.first_rate
    high = row.second_high if second else row.first_high
    if rate is None:
        return "too few"
    bounded = (row.second_status if second else row.first_status) == "upper_bound"
    return f"at most {percent(high)}" if bounded and high is not None else percent(rate)


def rate_cell(row: PairedRate, *, second: bool) -> str:
    """Return one side's rate, with its counts."""
    errors = row.second_errors if second else row.first_errors
    trials = row.second_trials if second else row.first_trials
    return f"{side_text(row, second=second)} ({count(errors)} / {count(trials)})"


def write_comparison(contrast: Contrast, folder: Path) -> tuple[Path, Path]:
    """Write `comparison.csv` and `comparison.html` to the folder."""
    return (
        write_file(folder / TABLE, csv_text(contrast.rates, PairedRate)),
        write_file(folder / PAGE, render_comparison(contrast)),
    )


def render_comparison(contrast: Contrast) -> str:
    """Return a comparison as one HTML page that loads nothing from anywhere."""
    templates = environment()
    templates.globals |= {"change": change_text, "rate": rate_cell, "sides": sides}
    return templates.get_template("comparison.html.j2").render(
        contrast=contrast,
        parts=parts_of(contrast),
        pairings=_PAIRINGS,
        style=part("style.css"),
    )
