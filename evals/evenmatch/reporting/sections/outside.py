"""What the rates mean in the place of use that the run describes, in people's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.reporting.numbers import count, one_in, percent, spoken
from evenmatch.reporting.sections.blocks import Cell, Section, Text, heading, matcher_heading, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.reporting.selection import View
    from evenmatch.results.search_rows import ScenarioRow

_MEASURES = {
    "false_rejects": "Rightful travellers turned away",
    "false_accepts": "Others let through",
    "false_alerts": "People stopped who are not on the list",
    "true_alerts": "People on the list who are found",
    "misses": "People on the list who pass",
}
_FEW = "not decidable with these numbers"
_AS_MEASURED = "as_measured"


def outside_section(view: View) -> Section | None:
    """Return the scenario, or nothing where the run describes none."""
    if not view.result.scenario:
        return None
    blocks: list[Block] = []
    for matcher in view.matchers:
        rows = [row for row in view.result.scenario if row.matcher == matcher]
        blocks += matcher_heading(view, matcher) if rows else []
        blocks += _gates([row for row in rows if row.part == "gates"])
        blocks += _searches([row for row in rows if row.part == "searches"])
    scenario = view.result.config.get("scenario") or {}
    title = str(scenario.get("title") or "")
    lead = (
        "The rates of this audit, put to use in a place that the run's author describes. Its "
        "travellers, attempts and lists are assumptions; the rates are those of the photographs "
        "compared here, and other people in other light have others. Numbers a day are what to "
        "expect on average, with the range in which a day's own count will lie."
    )
    return Section(
        "outside",
        "What it means outside",
        f"{spoken(title)}. {lead}" if title else lead,
        tuple(blocks),
    )


def _gates(rows: Sequence[ScenarioRow]) -> list[Block]:
    if not rows:
        return []
    whole = [row for row in rows if row.group_by == "all"]
    parts = [row for row in rows if row.group_by != "all"]
    return [
        heading("At the gates, one document and one face"),
        *(Text(f"{_MEASURES[row.measure]}: {_a_day(row)}; {row.note}.") for row in whole),
        *([_groups("Travellers turned away, by group", parts)] if parts else []),
    ]


def _searches(rows: Sequence[ScenarioRow]) -> list[Block]:
    blocks: list[Block] = []
    for enrolled in dict.fromkeys(row.enrolled for row in rows):
        mine = [row for row in rows if row.enrolled == enrolled]
        blocks += [heading(_list_title(mine[0])), *(Text(text) for text in _said(mine))]
        days = [row for row in mine if row.base_rate is not None and row.group_by == "all"]
        blocks.append(_days(f"A day of searches, {_list_title(mine[0])}", days))
        groups = [row for row in mine if row.group_by != "all"]
        if groups:
            blocks.append(_groups(f"False alerts by group, {_list_title(mine[0])}", groups))
    return blocks


def _list_title(row: ScenarioRow) -> str:
    size = count(row.enrolled_subjects or 0)
    if row.enrolled == _AS_MEASURED:
        return f"Faces searched in a list of {size} people, the size measured here"
    name = "all lists together" if row.enrolled == "all" else spoken(row.enrolled)
    marked = "" if row.basis == "measured" else f" ({row.basis})"
    return f"Faces searched in a list of {size} people, {name}{marked}"


def _said(rows: Sequence[ScenarioRow]) -> list[str]:
    """Return how far this audit speaks of the list, then what it says of wrong alerts."""
    alerts = next(row for row in rows if row.measure == "false_alerts" and row.group_by == "all")
    said = [f"{_capital(alerts.note)}."] if alerts.note else []
    said.append(
        f"Of {_number(alerts.a_day)} searches a day of people who are not on the list, "
        f"{_a_day(alerts)} would raise a false alert."
    )
    for row in rows:
        if row.measure == "half_wrong_base_rate":
            said.append(_half_wrong(row))
        if row.measure == "fmr_needed" and row.value is not None and row.basis == "extrapolated":
            said.append(
                f"To raise false alerts in no more than {percent(row.rate or 0)} of searches of "
                f"such a list, independent comparisons may match wrongly no more often than "
                f"{one_in(row.value)}."
            )
    return said


def _half_wrong(row: ScenarioRow) -> str:
    if row.low is None or row.high is None:
        return f"How many alerts would be wrong is {_FEW}."
    between = f"between {percent(row.low)} and {percent(row.high)}"
    at = f"{percent(row.value)} ({between})" if row.value is not None else f"somewhere {between}"
    return (
        f"Half of all alerts are wrong where {at} of the searches are of people on the list; where "
        "fewer are, most alerts are wrong."
    )


def _days(caption: str, rows: Sequence[ScenarioRow]) -> Block:
    """Return a table with one line a share of mated searches."""
    cells: list[tuple[Cell | str, ...]] = []
    for base_rate in dict.fromkeys(row.base_rate for row in rows):
        here = {row.measure: row for row in rows if row.base_rate == base_rate}
        cells.append(
            (
                percent(base_rate or 0),
                Cell(here["false_alerts"].basis, quiet=here["false_alerts"].basis != "measured"),
                *(_day_cell(here[name]) for name in ("false_alerts", "true_alerts", "misses")),
                _share_cell(here["ppv"]),
            )
        )
    columns = (
        "Searches of people on the list", "Basis", "False alerts a day", "True alerts a day",
        "Misses a day", "Alerts that are right",
    )  # fmt: skip
    return table(caption, columns, cells, labels=2)


def _groups(caption: str, rows: Sequence[ScenarioRow]) -> Block:
    cells: list[tuple[Cell | str, ...]] = [
        (
            row.group_by,
            row.group,
            Cell(row.basis, quiet=row.basis != "measured"),
            row.model,
            _number(row.a_day),
            _day_cell(row),
            "" if row.share is None else percent(row.share),
            "" if row.ratio is None else f"{row.ratio:.2f}",
        )
        for row in rows
    ]
    columns = (
        "Breakdown", "Group", "Basis", "Model", "People a day", "Wrongly a day",
        "Share of the wrong ones", "Of its share of people",
    )  # fmt: skip
    return table(caption, columns, cells, labels=4)


def _a_day(row: ScenarioRow) -> str:
    """Return a day's count in words."""
    if row.low is None or row.high is None:
        return f"a number that is {_FEW}"
    between = f"between {_number(row.low)} and {_number(row.high)} a day"
    if row.value is None:
        return f"at most {_number(row.high)} a day" if row.status == "upper_bound" else between
    return f"about {_number(row.value)} a day ({between.removesuffix(' a day')})"


def _day_cell(row: ScenarioRow) -> Cell:
    if row.low is None or row.high is None:
        shown = "" if row.value is None else _number(row.value)
        return Cell(shown or _FEW, quiet=True)
    between = f"{_number(row.low)} to {_number(row.high)}"
    if row.value is None:
        if row.status == "upper_bound":
            # Misses that are at most so many leave at least so many found.
            found = row.measure == "true_alerts"
            between = f"at least {_number(row.low)}" if found else f"at most {_number(row.high)}"
        return Cell(between, quiet=True)
    return Cell(f"{_number(row.value)} ({between})")


def _share_cell(row: ScenarioRow) -> Cell:
    if row.low is None or row.high is None:
        return Cell(_FEW, quiet=True)
    between = f"{percent(row.low)} to {percent(row.high)}"
    if row.value is None:
        return Cell(between, quiet=True)
    return Cell(f"{percent(row.value)} ({between})")


def _number(value: float | None) -> str:
    """Return a count of people; under ten with one decimal where it is no whole number."""
    if value is None:
        return ""
    return f"{value:,.1f}" if value < 10 and not float(value).is_integer() else f"{value:,.0f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
