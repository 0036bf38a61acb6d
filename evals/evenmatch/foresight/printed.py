"""What a run can say, printed for a person before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from evenmatch.foresight.model import (
        ClaimForesight,
        ConditionForesight,
        Foresight,
        PointForesight,
        SearchForesight,
    )

_WORDS = {"estimate": "estimate", "upper_bound": "upper bound", "suppressed": "too few"}


def print_foresight(foresight: Foresight) -> None:
    """Print it for a person."""
    console = Console(highlight=False, markup=False, emoji=False)
    table = Table(title=f"{foresight.name}: who would be compared")
    for column in ("grouping", "group", "people", "photographs", "labelled by"):
        table.add_column(column)
    for group in foresight.groups:
        table.add_row(*(str(value) for value in group.values()))
    console.print(table)
    worn = (f"{number} {mask}" for mask, number in foresight.photographs.items())
    console.print("photographs by mask: " + ", ".join(worn))
    for condition in foresight.conditions:
        console.print(
            f"{condition.probe_mask} against {condition.reference_mask}: {condition.mated:,} "
            f"mated and {condition.non_mated:,} non-mated comparisons"
            + (", which set thresholds" if condition.sets_thresholds else ""),
            soft_wrap=True,
        )
    for point in foresight.points:
        console.print(f"  {point.operating_point}: {_point_words(point)}", soft_wrap=True)
    for condition in foresight.conditions:
        console.print(_cell_table(condition))
    for search in foresight.searches:
        console.print(_search_words(search), soft_wrap=True)
    for point in foresight.search_points:
        console.print(f"  {point.operating_point}: {_point_words(point, 'alarms')}", soft_wrap=True)
    for search in foresight.searches:
        console.print(_search_table(search))
    for claim in foresight.claims:
        console.print(f"claim {claim.claim}, {claim.group}: {_claim_words(claim)}", soft_wrap=True)


def _point_words(point: PointForesight, errors: str = "false matches") -> str:
    if point.allowed is None:
        return f"given ({point.set_on})"
    if not point.allowed:
        return f"cannot be resolved by {point.trials:,} trials ({point.set_on})"
    return f"{point.allowed:,} {errors} allowed in {point.trials:,} ({point.set_on})"


def _claim_words(claim: ClaimForesight) -> str:
    can = "could be supported" if claim.possible else "cannot be supported here"
    if claim.lacking:
        return f"{can}: {claim.lacking}"
    return (
        f"{can}: {claim.units:,} independent units at most, {claim.needed:,} needed without error"
    )


def _cell_table(condition: ConditionForesight) -> Table:
    title = f"{condition.probe_mask} / {condition.reference_mask}: what cells can say"
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for column in ("grouping", "group", "people", "non-mated", "least FMR", "FMR", "mated", "FNMR"):
        table.add_column(column, overflow="fold")
    most = max((len(cell.resolves) for cell in condition.cells), default=0)
    for cell in condition.cells:
        within = cell.probe_group == cell.reference_group
        if not within and (len(cell.resolves), cell.fmr) == (most, "estimate"):
            continue  # between groups, only what falls short is worth a line
        both = cell.probe_group
        if not within:
            both += f" / {cell.reference_group}"
        table.add_row(
            cell.group_by,
            both,
            f"{cell.people:,}",
            f"{cell.non_mated:,}",
            "" if cell.smallest_fmr is None else f"{cell.smallest_fmr:.2g}",
            _WORDS[cell.fmr] if len(cell.resolves) == most else f"{_WORDS[cell.fmr]} *",
            f"{cell.mated:,}" if cell.fnmr else "",
            _WORDS[cell.fnmr] if cell.fnmr else "",
        )
    if any(len(cell.resolves) < most for cell in condition.cells):
        table.caption = "*: a single false match is more than some of the operating points allow"
    return table


def _search_words(search: SearchForesight) -> str:
    all_ = search.groups[0]
    return (
        f"searches with {search.probe_mask} faces: {all_.mated:,} for {all_.mated_people:,} people "
        f"who are enrolled, {all_.non_mated:,} for {all_.non_mated_people:,} who are not, in "
        f"{search.gallery_photographs:,} photographs of {search.gallery_people:,} people: "
        f"{search.comparisons:,} comparisons a split"
        + (", which set thresholds" if search.sets_thresholds else "")
    )


def _search_table(search: SearchForesight) -> Table:
    title = f"searches, {search.probe_mask}: what groups can say"
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for column in (
        "grouping",
        "group",
        "enrolled",
        "searches",
        "FNIR",
        "others",
        "searches",
        "FPIR",
    ):
        table.add_column(column, overflow="fold")
    for group in search.groups:
        table.add_row(
            group.group_by,
            group.group,
            f"{group.mated_people:,}",
            f"{group.mated:,}",
            _WORDS[group.fnir],
            f"{group.non_mated_people:,}",
            f"{group.non_mated:,}",
            _WORDS[group.fpir],
        )
    return table
