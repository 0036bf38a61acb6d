"""From rates to people: what a system would do in a day of use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.stats import poisson

from evenmatch.stats.binomial import tail_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BASE_RATES = tuple(10.0**exponent for exponent in range(-6, -1))  # shown in every search table


@dataclass(frozen=True)
class SearchDay:
    """What one-to-many search does in a day.

    Attributes:
        false_alerts: people stopped who are not on the list.
        true_alerts: people on the list who are found.
        misses: people on the list who pass.
        ppv: share of alerts that are right; None where there are none.
    """

    false_alerts: float
    true_alerts: float
    misses: float
    ppv: float | None


def search_day(searches: float, mated: float, *, fpir: float, fnir: float) -> SearchDay:
    """Expect a day of searches.

    Args:
        searches: faces searched in a day.
        mated: how many of them are of people on the list.
        fpir: false positive identification rate at the list's size.
        fnir: false negative identification rate.
    """
    if not 0 <= mated <= searches:
        raise ValueError(f"{mated} mated of {searches} searches is impossible; count them again.")
    _check_rates(fpir=fpir, fnir=fnir)
    false, true = (searches - mated) * fpir, mated * (1 - fnir)
    alerts = false + true
    return SearchDay(false, true, mated * fnir, true / alerts if alerts else None)


def half_wrong_base_rate(*, fpir: float, fnir: float) -> float | None:
    """Share of mated searches at which half of all alerts are wrong; None if nothing alerts."""
    _check_rates(fpir=fpir, fnir=fnir)
    alerts = fpir + 1 - fnir
    return fpir / alerts if alerts else None


def ppv_by_base_rate(
    *, fpir: float, fnir: float, base_rates: Sequence[float] = BASE_RATES
) -> list[tuple[float, float | None]]:
    """Share of right alerts at each share of mated searches."""
    return [(b, search_day(1.0, b, fpir=fpir, fnir=fnir).ppv) for b in base_rates]


@dataclass(frozen=True)
class GateDay:
    """What one-to-one gates do in a day: holders turned away, and others let through."""

    false_rejects: float
    false_accepts: float


def gate_day(travellers: float, attacks: float, *, frr: float, far: float) -> GateDay:
    """Expect a day at the gates.

    Args:
        travellers: rightful holders who pass in a day.
        attacks: people who show a document that is not theirs; an assumption, to be stated.
        frr: false reject rate, failures to acquire included.
        far: false accept rate.
    """
    _check_rates(frr=frr, far=far)
    return GateDay(travellers * frr, attacks * far)


def prediction_interval(
    trials: float, low: float, high: float, level: float = 0.95
) -> tuple[int, int]:
    """Where a day's count will lie, given an interval for the rate.

    Poisson counts at either end of the rate's interval; as likely as that interval and the
    counts' own spread allow, so that it errs on the wide side.
    """
    if not 0 <= low <= high <= 1:
        raise ValueError(f"{low} to {high} is no interval of a rate; give its bounds in order.")
    tail = tail_of(level)
    least = int(poisson.ppf(tail, trials * low)) if low > 0 else 0
    return least, int(poisson.isf(tail, trials * high)) if high > 0 else 0


@dataclass(frozen=True)
class Exposure:
    """How false alerts fall on one group.

    Attributes:
        false_alerts: people of the group stopped wrongly in a day.
        share_of_alerts: the group's share of all false alerts; None where there are none.
        share_of_searches: its share of the people searched.
        ratio: the one over the other; 1 where alerts fall as people do.
    """

    false_alerts: float
    share_of_alerts: float | None
    share_of_searches: float
    ratio: float | None


def exposure(searches: Mapping[str, float], fpir: Mapping[str, float]) -> dict[str, Exposure]:
    """Share a day's false alerts out among groups, given each group's own FPIR.

    Args:
        searches: non-mated searches of each group in a day.
        fpir: rate of each of these groups, at the gallery in use.
    """
    if missing := sorted(searches.keys() - fpir.keys()):
        raise ValueError(f"Groups {missing} have no FPIR; measure them or leave them out.")
    _check_rates(**{group: fpir[group] for group in searches})
    alerts = {group: n * fpir[group] for group, n in searches.items()}
    all_alerts, people = sum(alerts.values()), sum(searches.values())
    if people <= 0:
        raise ValueError("Nobody is searched; give each group's searches a day.")
    return {group: _share(alerts[group], all_alerts, n / people) for group, n in searches.items()}


def _share(alerts: float, all_alerts: float, of_searches: float) -> Exposure:
    share = alerts / all_alerts if all_alerts else None
    ratio = share / of_searches if share is not None and of_searches else None
    return Exposure(alerts, share, of_searches, ratio)


def _check_rates(**rates: float) -> None:
    for name, rate in rates.items():
        if not 0 <= rate <= 1:
            raise ValueError(f"The rate of {name} is {rate}; give a proportion between 0 and 1.")
