"""What an audit of many millions of templates would take, and what it would take instead."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from evenmatch.errors import RequestError
from evenmatch.stats.sampled_pairs import relative_half_width
from evenmatch.stats.thresholds import OperatingPoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from evenmatch.config import RunConfig

GIB = 1 << 30
CHEAPER = 1000
LARGEST = 1e12
# A shard and the one it meets, its tiles and its histograms have to fit into a device together.
SHARE_OF_MEMORY = 0.4


@dataclass(frozen=True)
class Measured:
    """How fast a named device counts, as `evenmatch bench --json` found it."""

    device: str
    dim: int
    comparisons_per_second: float


@dataclass(frozen=True)
class Design:
    """One way of choosing which comparisons to make.

    Attributes:
        name: what is compared.
        people: whom the comparisons are drawn from.
        comparisons: how many there are.
        half_widths: operating point to the half-width of a rate there, as a share of it.
        device_hours: time on the measured device; None where none was measured.
    """

    name: str
    people: float
    comparisons: float
    half_widths: dict[str, float]
    device_hours: float | None


@dataclass(frozen=True)
class ScalePlan:
    """What so many templates take.

    Attributes:
        templates: how many.
        people: how many people they are of.
        dim: length of a template.
        template_bytes: what they take together, float32.
        shards: pieces of them that fit into a device two at a time.
        shard_templates: templates a piece.
        meetings: pairs of pieces, each with itself too, that are compared.
        device: what was measured; None where nothing was.
        designs: every comparison, and cheaper ones.
    """

    templates: int
    people: int
    dim: int
    template_bytes: int
    shards: int
    shard_templates: int
    meetings: int
    device: Measured | None
    designs: tuple[Design, ...]


def read_speed(path: Path) -> Measured:
    """Read what `evenmatch bench --json` printed on the device that will do the work.

    Raises:
        RequestError: the file is no such thing.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        speed = Measured(
            str(found["device"]), int(found["dim"]), float(found["comparisons_per_second"])
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        speed = Measured("", 0, 0.0)
    if not (
        speed.dim > 0
        and math.isfinite(speed.comparisons_per_second)
        and speed.comparisons_per_second > 0
    ):
        raise RequestError(
            f"--speed {path}: is not what the benchmark prints; make it on the device meant with: "
            "evenmatch bench --json > speed.json"
        )
    return speed


@dataclass(frozen=True)
class Scale:
    """The audit that is thought of.

    Attributes:
        templates: how many there would be.
        dim: length of a template.
        memory_gib: memory of one device.
        spread: standard deviation of people's own false match rates over their mean.
        speed: how fast the device counts.
    """

    templates: float
    dim: int = 512
    memory_gib: float = 64.0
    spread: float = 1.0
    speed: Measured | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.templates) and 2 <= self.templates <= LARGEST):
            raise RequestError(
                "--scale-to: name a number of templates from 2 to 1e12, such as 170e6."
            )
        if self.dim < 1 or self.shard_templates < 1 or not 0 <= self.spread < math.inf:
            raise RequestError(
                "--device-memory and --dim: not one template fits, or --spread is no spread; "
                "correct the numbers."
            )

    @property
    def shard_templates(self) -> int:
        """How many templates a shard has, so that two fit into a device with what they need."""
        if not math.isfinite(self.memory_gib):
            return 0
        return int(SHARE_OF_MEMORY * self.memory_gib * GIB / (4 * self.dim))


def plan_scale(config: RunConfig, scale: Scale, photographs_per_person: float) -> ScalePlan:
    """Work out what so many templates take, at the run's operating points and level."""
    templates = int(scale.templates)
    people = max(2, int(templates / max(1.0, photographs_per_person)))
    shards = math.ceil(templates / scale.shard_templates)
    return ScalePlan(
        templates=templates,
        people=people,
        dim=scale.dim,
        template_bytes=4 * scale.dim * templates,
        shards=shards,
        shard_templates=min(scale.shard_templates, templates),
        meetings=shards * (shards + 1) // 2,
        device=scale.speed,
        designs=tuple(_designs(config, scale, people)),
    )


def _designs(config: RunConfig, scale: Scale, people: int) -> Iterator[Design]:
    every = scale.templates * (scale.templates - 1) / 2
    points = [OperatingPoint.parse(text) for text in config.one_to_one.operating_points]
    few = max(2.0, people / math.sqrt(CHEAPER))
    for name, of, comparisons in (
        ("every comparison", float(people), every),
        ("1 in 1,000, drawn at random among everybody", float(people), every / CHEAPER),
        ("all comparisons of 1 person in 32, drawn at random", few, every / CHEAPER),
    ):
        widths = {
            str(point): relative_half_width(
                point.value,
                people=of,
                pairs=max(1.0, comparisons),
                spread=scale.spread,
                level=config.statistics.level,
            )
            for point in points
            if point.is_rate
        }
        yield Design(name, of, comparisons, widths, _hours(comparisons, scale.speed, scale.dim))


def _hours(comparisons: float, speed: Measured | None, dim: int) -> float | None:
    """Return hours on the measured device; a product's time grows with the templates' length."""
    if speed is None:
        return None
    return comparisons / speed.comparisons_per_second / 3600 * dim / speed.dim


def print_scale(plan: ScalePlan) -> None:
    """Print it for a person."""
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(
        f"{plan.templates:,} templates of {plan.dim} numbers, {plan.people:,} people: "
        f"{plan.template_bytes / GIB:,.0f} GiB, in {plan.shards:,} shards of at most "
        f"{plan.shard_templates:,}; {plan.meetings:,} meetings of two shards",
        soft_wrap=True,
    )
    table = Table()
    rates = list(plan.designs[0].half_widths)
    for column in ("what is compared", "comparisons", "people", "device hours", *rates):
        table.add_column(column, overflow="fold", justify="left")
    for design in plan.designs:
        hours = "not measured" if design.device_hours is None else f"{design.device_hours:,.3g}"
        widths = (f"+-{design.half_widths[text]:.2%}" for text in rates)
        table.add_row(
            design.name, f"{design.comparisons:.3g}", f"{design.people:,.0f}", hours, *widths
        )
    console.print(table)
    said = (
        f"on {plan.device.device}, {plan.device.comparisons_per_second:.3g} comparisons a second "
        f"of {plan.device.dim} numbers"
        if plan.device
        else "measure the device with `evenmatch bench --json > speed.json` and name it: --speed"
    )
    console.print(
        f"device hours: {said}. The last columns: half-width of a false match rate at that point, "
        "as a share of the rate.",
        soft_wrap=True,
    )
