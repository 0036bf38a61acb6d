"""What an audit of many millions of templates would take, and what it would take instead."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evenmatch.errors import RequestError
from evenmatch.files import ordinary

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30
LARGEST = 1e12
# A shard and the one it meets, its tiles and its histograms have to fit into a device together.
SHARE_OF_MEMORY = 0.4


@dataclass(frozen=True)
class Measured:
    """How fast a named device is, as `evenmatch bench --json` found it.

    Attributes:
        device: its name.
        dim: length of the templates that were compared.
        comparisons_per_second: comparisons counted.
        matcher: what made templates; None where that was not measured.
        images_per_second: photographs that it made into templates.
    """

    device: str
    dim: int
    comparisons_per_second: float
    matcher: str | None = None
    images_per_second: float | None = None


@dataclass(frozen=True)
class Design:
    """One way of choosing which comparisons, or searches, to make.

    Attributes:
        kind: comparisons one to one, or searches of a gallery.
        name: what is compared.
        people: whom they are drawn from; of searches, who is searched for.
        templates: how many have to be made.
        comparisons: how many there are.
        share: of the comparisons of the first design of its kind.
        template_bytes: what the templates take, float32, in memory or where they lie.
        memory_bytes: what the process that asks holds at once of an audit, templates not included,
            since a set that is large is read where it lies.
        extracting_hours: making the templates on the measured device; None where not measured.
        comparing_hours: comparing them there; None where not measured.
        half_widths: operating point to the half-width of a false match (or alarm) rate there, as
            a share of it; None where fewer than 30 errors, or people who err, are to be expected.
        claims: claim to the same at its bound, in the smallest group of its scope.
    """

    kind: Literal["1:1", "1:N"]
    name: str
    people: float
    templates: float
    comparisons: float
    share: float
    template_bytes: float
    memory_bytes: float
    extracting_hours: float | None
    comparing_hours: float | None
    half_widths: dict[str, float | None]
    claims: dict[str, float | None]


@dataclass(frozen=True)
class ScalePlan:
    """What so many templates take.

    Attributes:
        templates: how many.
        people: how many people they are of.
        gallery_people: how many of them are enrolled; None without searches.
        dim: length of a template.
        template_bytes: what they take together, float32.
        device_bytes: memory of a device.
        shards: pieces of them that fit into a device two at a time.
        shard_templates: templates a piece.
        meetings: pairs of pieces, each with itself too, that are compared.
        spread: what is supposed of people's own false match rates.
        level: confidence of the half-widths.
        device: what was measured; None where nothing was.
        designs: everything, and cheaper ways.
    """

    templates: int
    people: int
    gallery_people: int | None
    dim: int
    template_bytes: int
    device_bytes: float
    shards: int
    shard_templates: int
    meetings: int
    spread: float
    level: float
    device: Measured | None
    designs: tuple[Design, ...]


def read_speed(path: Path) -> Measured:
    """Read what `evenmatch bench --json` printed on the device that will do the work.

    Raises:
        RequestError: the file is no such thing.
    """
    try:
        found = json.loads(ordinary(path).read_text(encoding="utf-8"))
        images = found.get("images_per_second")
        speed = Measured(
            device=str(found.get("device_name") or found["device"]),
            dim=int(found["dim"]),
            comparisons_per_second=float(found["comparisons_per_second"]),
            matcher=None if images is None else str(found.get("matcher") or "a matcher"),
            images_per_second=None if images is None else float(images),
        )
        rates = (speed.comparisons_per_second, speed.images_per_second)
        measured = speed.dim > 0 and all(
            rate is None or (math.isfinite(rate) and rate > 0) for rate in rates
        )
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        OverflowError,  # JSON has numbers that no float or index holds
    ):
        measured = False
    if not measured:
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
