"""An FPIR measured on one gallery, carried to another size: as far as that is possible at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evenmatch.stats.extrapolation import CAVEAT, FARTHEST_GALLERY

if TYPE_CHECKING:
    from evenmatch.results.search_rows import Basis, GallerySlopeRow

SAME_SIZE = 0.9  # a gallery of at least this share of another counts as that large

State = Literal["estimate", "upper_bound", "unresolvable", "suppressed"]


@dataclass(frozen=True)
class Rate:
    """A rate with its interval, as far as its row may be read.

    Attributes:
        value: the rate; None where there is only an interval, or nothing.
        low: lower end; None where nothing is known.
        high: upper end; None where nothing is known.
        status: what may be said.
    """

    value: float | None
    low: float | None
    high: float | None
    status: State


@dataclass(frozen=True)
class Carried:
    """A rate at a gallery's size, and how it came there."""

    rate: Rate
    basis: Basis
    model: Literal["", "slope", "bounds", "composition"]
    note: str


def readable(row: object) -> Rate:
    """Return what a row's status leaves of its rate: an upper bound has no value of its own."""
    status, value = getattr(row, "status", "suppressed"), getattr(row, "rate", None)
    low, high = getattr(row, "low", None), getattr(row, "high", None)
    if status == "estimate" and value is not None:
        return Rate(value, low, high, "estimate")
    if status == "upper_bound" and high is not None:
        return Rate(None, 0.0, high, "upper_bound")
    return Rate(None, None, None, "unresolvable" if status == "unresolvable" else "suppressed")


def basis_of(wanted: int, measured: int) -> Basis:
    """Say how a gallery's size stands to the one measured."""
    if measured < SAME_SIZE * wanted:
        return "extrapolated"
    return "interpolated" if wanted < SAME_SIZE * measured else "measured"


def carry(rate: Rate, measured: int, wanted: int, slope: GallerySlopeRow | None) -> Carried:
    """Carry an FPIR from the gallery measured to another size at the same threshold.

    Within four times the gallery by the fitted slope. Farther, or without a slope, only what holds
    whatever the scores depend on is said: galleries drawn alike, a larger one raises no fewer
    alarms than one within it, and no more than all its parts of the measured size together.

    Args:
        rate: the FPIR measured.
        measured: people in the gallery measured.
        wanted: people in the other.
        slope: the slope fitted to parts of the gallery.
    """
    basis = basis_of(wanted, measured)
    if basis == "measured" or rate.high is None:
        return Carried(rate, basis, "", "")
    near = wanted <= FARTHEST_GALLERY * measured
    fitted = slope is not None and slope.slope is not None
    if near and fitted and slope is not None and rate.value is not None:
        note = CAVEAT if basis == "extrapolated" else "read off the slope between measured sizes"
        return Carried(_along(rate, wanted / measured, slope), basis, "slope", note)
    return Carried(_bounds(rate, measured, wanted), basis, "bounds", _why(near, measured, wanted))


def _why(near: bool, measured: int, wanted: int) -> str:  # noqa: FBT001 - one reason or the other
    if near:
        return "too few people raised an alarm to fit a slope; these are bounds, not a rate"
    return (
        f"{wanted:,} people are {wanted / measured:,.0f} times the gallery measured ({measured:,}) "
        f"and no model is used beyond {FARTHEST_GALLERY:g} times; these are bounds, not a rate"
    )


def _along(rate: Rate, times: float, slope: GallerySlopeRow) -> Rate:
    """Move a rate and its bounds along the slope, each with the end that takes it farther."""
    low = slope.low if slope.low is not None else slope.slope
    high = slope.high if slope.high is not None else slope.slope
    if times < 1:
        low, high = high, low
    return Rate(
        _moved(rate.value, slope.slope, times),
        _moved(rate.low, low, times),
        _moved(rate.high, high, times),
        rate.status,
    )


def _moved(rate: float | None, slope: float | None, times: float) -> float | None:
    if rate is None or slope is None:
        return None
    if rate in (0.0, 1.0):
        return rate
    return -math.expm1(math.log1p(-rate) * times**slope)


def _bounds(rate: Rate, measured: int, wanted: int) -> Rate:
    low, high = rate.low or 0.0, rate.high if rate.high is not None else 1.0
    parts = math.ceil(wanted / measured) if wanted > measured else 1 / math.ceil(measured / wanted)
    if parts >= 1:
        return Rate(None, low, min(1.0, parts * high), "unresolvable")
    return Rate(None, low * parts, high, "unresolvable")
