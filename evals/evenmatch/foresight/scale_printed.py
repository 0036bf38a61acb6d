"""What very many templates would take, printed for a person."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from evenmatch.foresight.scale import GIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evenmatch.foresight.scale import Design, Measured, ScalePlan

NEAR = 0.1  # a rate known to this share of itself is known well enough to plan with
_HELD = (
    "GiB: of all templates, on disks or in a bucket where they are more than a quarter of memory. "
    "GiB held: what the process that asks takes beside them, of a block where there are blocks."
)
_DRAWN = (
    "Blocks and people are drawn by `evenmatch datasets draw`, the same whoever draws them; each "
    "block is an audit of its own, and the mean of their rates is the answer."
)
_GALLERY = (
    "A claim needs 0.9 of the gallery that it speaks of, so that a gallery is not thinned, only "
    "the searches; what they share through it is not in these half-widths."
)


def print_scale(plan: ScalePlan) -> None:
    """Print it for a person."""
    console = Console(highlight=False, markup=False, emoji=False)
    gallery = "" if plan.gallery_people is None else f", {plan.gallery_people:,} of them enrolled"
    console.print(
        f"{plan.templates:,} templates of {plan.dim} numbers, {plan.people:,} people{gallery}: "
        f"{_gib(plan.template_bytes)} GiB, or {plan.shards:,} shards of at most "
        f"{plan.shard_templates:,}, two of which a device of {_gib(plan.device_bytes)} GiB holds; "
        f"{plan.meetings:,} meetings of two shards",
        soft_wrap=True,
    )
    named = dict(zip(ascii_uppercase, plan.designs, strict=False))
    for letter, design in named.items():
        console.print(f"  {letter}  {design.name}")
    console.print(_work(named))
    console.print(_widths(named, plan))
    for line in (_HELD, *_enough(named), _hours(plan.device), _supposed(plan), _DRAWN):
        console.print(line, soft_wrap=True)
    if plan.gallery_people is not None:
        console.print(_GALLERY, soft_wrap=True)


def _work(named: dict[str, Design]) -> Table:
    table = Table(title="what it takes", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("")
    counted = ("templates", "comparisons", "1 in", "GiB", "GiB held", "hours making", "comparing")
    for column in counted:
        table.add_column(column, justify="right")
    for letter, design in named.items():
        table.add_row(
            letter,
            f"{design.templates:.3g}",
            f"{design.comparisons:.3g}",
            f"{1 / design.share:,.0f}",
            _gib(design.template_bytes),
            _gib(design.memory_bytes),
            *(_hour(each) for each in (design.extracting_hours, design.comparing_hours)),
        )
    return table


def _widths(named: dict[str, Design], plan: ScalePlan) -> Table:
    title = f"half-width of the {plan.level:.0%} interval, as a share of the rate"
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("rate", overflow="fold")
    for letter in named:
        table.add_column(letter, justify="right")
    for kind in ("half_widths", "claims"):
        texts = dict.fromkeys(text for design in named.values() for text in getattr(design, kind))
        for text in texts:
            cells = [_width(getattr(design, kind), text) for design in named.values()]
            table.add_row(text if kind == "half_widths" else f"claim {text}", *cells)
    return table


def _width(widths: dict[str, float | None], text: str) -> str:
    if text not in widths:
        return ""
    width = widths[text]
    return "too few" if width is None else f"±{width:.2%}"


def _enough(named: dict[str, Design]) -> Iterator[str]:
    """Name the cheapest design of each kind that knows every rate well."""
    for kind in ("1:1", "1:N"):
        cheapest = ""
        for letter, design in named.items():
            widths = [*design.half_widths.values(), *design.claims.values()]
            if design.kind == kind and all(w is not None and w <= NEAR for w in widths):
                cheapest = (
                    f"{kind}: {letter} knows every rate above to {NEAR:.0%} of itself with 1 in "
                    f"{1 / design.share:,.0f} of the comparisons."
                )
        if cheapest:
            yield cheapest


def _hours(device: Measured | None) -> str:
    """Say which device the hours are of, or how to measure one."""
    if device is None:
        return (
            "hours: measure the device with `evenmatch bench --matcher KIND --json > speed.json` "
            "and name the file: --speed speed.json"
        )
    made = "; making templates was not measured: add --matcher KIND to `evenmatch bench`"
    if device.images_per_second is not None:
        made = (
            f", and {device.images_per_second:,.3g} photographs a second through {device.matcher}, "
            "read already"
        )
    return (
        f"hours: of one {device.device}, {device.comparisons_per_second:.3g} comparisons a second "
        f"of {device.dim} numbers{made}"
    )


def _supposed(plan: ScalePlan) -> str:
    return (
        f"Half-widths suppose that people's own false match rates spread by {plan.spread:g} of "
        "their mean (--spread), and take all comparisons of two people, or all trials of one for "
        "other rates, for one. Claims: at the bound, in the smallest group of the scope. Too few: "
        "fewer than 30 errors to be expected."
    )


def _hour(hours: float | None) -> str:
    return "" if hours is None else f"{hours:,.3g}"


def _gib(size: float) -> str:
    return f"{size / GIB:,.3g}" if size < 10 * GIB else f"{size / GIB:,.0f}"
