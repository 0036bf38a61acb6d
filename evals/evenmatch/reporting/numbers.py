"""How numbers are said: a rate never without its state, its counts and its people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol
from unicodedata import bidirectional

if TYPE_CHECKING:
    from evenmatch.results.model import Status

NOT_DECIDABLE = "not decidable with this data"
_SMALLEST_POWER, _LONGEST_SPOKEN = -5, 60
_RIGHT_TO_LEFT = ("R", "AL", "AN", "RLE", "RLO", "RLI")
_SMALLEST_TICK = 1e-6
_NEXT_TO_NOTHING = 1e-12  # no data tell such a rate from a smaller one; lower bounds lie there
_MINUS = "\N{MINUS SIGN}"


class Estimated(Protocol):
    """What a row must have to be said: its state, its rate and bounds, its people."""

    @property
    def status(self) -> Status:
        """What the row can say."""

    @property
    def rate(self) -> float | None:
        """Errors over trials."""

    @property
    def low(self) -> float | None:
        """Lower end of the interval."""

    @property
    def high(self) -> float | None:
        """Upper end of the interval."""

    @property
    def subjects(self) -> int:
        """Distinct people behind the trials."""


def count(number: int) -> str:
    """Return a whole number with commas between thousands."""
    return f"{number:,}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: `1 person`, `12 people`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def people(number: int) -> str:
    """Return a number of people in words a reader expects."""
    return plural(number, "person", "people")


def spoken(label: str) -> str:
    """Return a label fit for a sentence: one line, not too long, and kept from turning it around.

    Right-to-left text is isolated, so that the numbers after it stay in their order.
    """
    text = " ".join(label.split())
    text = text if len(text) <= _LONGEST_SPOKEN else f"{text[: _LONGEST_SPOKEN - 1]}…"
    turns = any(bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}" if turns else text


def percent(rate: float, digits: int = 3) -> str:
    """Return a proportion as a percentage with so many significant digits: `0.00123%`.

    Only 0 and 1 themselves read 0% and 100%: near 1 as many digits are shown as that takes.
    """
    value = 100 * rate
    if value == 0:
        return "0%"
    if abs(rate) < _NEXT_TO_NOTHING:
        return f"under {_scientific(100 * _NEXT_TO_NOTHING, 1)}%"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < _SMALLEST_POWER:
        return f"{_scientific(value, digits)}%"
    if math.isclose(value, round(value), rel_tol=1e-12):
        return f"{round(value)}%"
    decimals = max(0, digits - 1 - magnitude)
    if round(value, decimals) == 100:
        decimals = -math.floor(math.log10(100 - value))
        return f"{math.floor(value * 10**decimals) / 10**decimals:.{decimals}f}%"
    return f"{value:.{decimals}f}%"


def tick(rate: float) -> str:
    """Return a proportion for an axis: as few digits as tell its ticks apart."""
    return f"{100 * rate:.4g}%" if rate == 0 or abs(rate) >= _SMALLEST_TICK else percent(rate, 2)


def interval(low: float | None, high: float | None) -> str:
    """Return an interval in words, or nothing where a bound is absent."""
    if low is None or high is None:
        return ""
    return f"{percent(low)} to {percent(high)}"


def rate_words(row: Estimated) -> str:
    """Return what a row says of its rate, and no more than it can say."""
    if row.status == "suppressed":
        return f"too few people ({row.subjects})" if row.subjects else "no trials"
    if row.status == "unresolvable":
        return NOT_DECIDABLE
    if row.status == "upper_bound":
        return NOT_DECIDABLE if row.high is None else f"at most {percent(row.high)}"
    return NOT_DECIDABLE if row.rate is None else percent(row.rate)


def interval_words(row: Estimated) -> str:
    """Return a row's interval where it has a two-sided one to show."""
    return interval(row.low, row.high) if row.status == "estimate" else ""


def one_in(rate: float | None) -> str:
    """Return a small rate as a journalist would quote it: `1 in 83,000`."""
    if rate is None or not 0 < rate <= 0.5:
        return ""
    whole = 1 / rate
    digits = max(0, math.floor(math.log10(whole)) - 1)
    rounded = round(whole / 10**digits) * 10**digits
    return f"1 in {rounded:,}"


def threshold(value: float | None) -> str:
    """Return a threshold with six significant digits and a real minus sign."""
    if value is None:
        return ""
    if math.isinf(value):
        return f"{_MINUS}∞ (everything matches)" if value < 0 else "∞ (nothing matches)"
    return f"{value:.6g}".replace("-", _MINUS)


def _scientific(value: float, digits: int) -> str:
    """Return a number as a power of ten in superscript figures."""
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{power}" if mantissa == "1" else f"{mantissa} \N{MULTIPLICATION SIGN} 10{power}"
