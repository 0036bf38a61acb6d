"""From rates to people: what a matcher would do in a day at the place that a run describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.errors import RequestError
from evenmatch.results.carrying import Rate, readable
from evenmatch.results.place_of_use import ALL, Place, exposed
from evenmatch.results.scenario_searches import search_rows
from evenmatch.stats.rates import transaction_rates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from evenmatch.entries.scenario import Gates, Scenario
    from evenmatch.results.model import RunResult
    from evenmatch.results.search_rows import ScenarioRow

NOTHING = Rate(None, None, None, "suppressed")


def check_groups(scenario: Scenario | None, groups: Mapping[str, Sequence[str]]) -> None:
    """Refuse a scenario that speaks of groups this run does not have.

    Args:
        scenario: the run's scenario.
        groups: for each grouping of the run, its groups.

    Raises:
        RequestError: a grouping or a group is missing.
    """
    if scenario is None:
        return
    asked = []
    if scenario.gates:
        asked.append(("gates.travellers_by_group", scenario.gates.travellers_by_group))
    if scenario.searches:
        asked.append(("searches.travellers_by_group", scenario.searches.travellers_by_group))
        asked.append(("searches.enrolled_by_group", scenario.searches.enrolled_by_group))
    for key, shares in asked:
        for group_by, members in shares.items():
            known = groups.get(group_by)
            if known is None:
                raise RequestError(
                    f"scenario.{key}: this run has no grouping {group_by!r}; choose from "
                    f"{sorted(name for name in groups if name != ALL)} or add it to `groups`."
                )
            for group in members:
                if group not in known:
                    raise RequestError(
                        f"scenario.{key}.{group_by}: there is no group {group!r}; choose from "
                        f"{list(known)}."
                    )


def scenario_rows(scenario: Scenario | None, result: RunResult, level: float) -> list[ScenarioRow]:
    """Work out a day for every matcher, from the rows of its audit alone."""
    if scenario is None:
        return []
    rows: list[ScenarioRow] = []
    for matcher in result.matchers:
        place = Place(result, matcher.name, level)
        if scenario.gates is not None:
            rows += _gate_rows(place, scenario.gates)
        if scenario.searches is not None:
            rows += search_rows(place, scenario.searches)
    return rows


def _gate_rows(place: Place, gates: Gates) -> Iterator[ScenarioRow]:
    point = place.point("one_to_one", gates.operating_point)
    if point is None:
        return
    named = {
        "part": "gates",
        "operating_point": point.operating_point,
        "threshold": point.threshold,
    }
    frr, note = _reject_rate(place, point.operating_point, (ALL, ALL))
    yield place.row(
        **named, measure="false_rejects", note=note, **place.counted(gates.travellers, frr)
    )
    if gates.attacks:
        far = _accept_rate(place, point.operating_point)
        yield place.row(
            **named,
            measure="false_accepts",
            note="the number of attempts is an assumption; an impostor is a random other person",
            **place.counted(gates.attacks, far),
        )
    for group_by, shares in gates.travellers_by_group.items():
        rates = {
            group: _reject_rate(place, point.operating_point, (group_by, group)) for group in shares
        }
        travellers = {group: gates.travellers * share for group, share in shares.items()}
        shared = exposed(travellers, {group: rate for group, (rate, _) in rates.items()})
        for group, (rate, said) in rates.items():
            yield place.row(
                **named,
                measure="false_rejects",
                group_by=group_by,
                group=group,
                note=said,
                **place.counted(travellers[group], rate),
                **shared[group],
            )


def _reject_rate(place: Place, point: str, where: tuple[str, str]) -> tuple[Rate, str]:
    """Return FRR = FTA + FNMR (1 - FTA), and what it counts (methods 1.1)."""
    missed = place.compared("fnmr", point, "excluded", where)
    lost = place.compared("fta", None, None, where)
    if missed is None or lost is None:
        row = place.compared("fnmr", point, "non-match", where)
        return readable(row) if row else NOTHING, "failed comparisons count as rejects"
    fnmr, fta = readable(missed), readable(lost)
    note = "a live photograph without a template counts as a reject"
    if fnmr.high is None or fta.high is None:
        return Rate(None, None, None, fnmr.status if fnmr.high is None else fta.status), note
    low = transaction_rates(0, fnmr.low or 0.0, fta=fta.low or 0.0).frr
    high = transaction_rates(0, fnmr.high, fta=fta.high).frr
    if fnmr.value is None or fta.value is None:
        return Rate(None, low, high, "upper_bound"), note
    return Rate(transaction_rates(0, fnmr.value, fta=fta.value).frr, low, high, "estimate"), note


def _accept_rate(place: Place, point: str) -> Rate:
    """Return FAR = FMR (1 - FTA)."""
    row = place.compared("fmr", point, "excluded", (ALL, ALL))
    lost = place.compared("fta", None, None, (ALL, ALL))
    if row is None:
        return NOTHING
    fmr, fta = readable(row), readable(lost) if lost else Rate(0.0, 0.0, 0.0, "estimate")
    if fmr.high is None:
        return fmr
    low = (fmr.low or 0.0) * (1 - (fta.high if fta.high is not None else 0.0))
    high = fmr.high * (1 - (fta.low or 0.0))
    value = fmr.value * (1 - (fta.value or 0.0)) if fmr.value is not None else None
    return Rate(value, low, high, fmr.status)
