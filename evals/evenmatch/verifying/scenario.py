"""A day at the place of use, worked out again from the rates beside it and the config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from evenmatch.entries.scenario import Scenario
from evenmatch.results.label_sources import with_label_sources
from evenmatch.results.scenarios import scenario_rows
from evenmatch.verifying.findings import Check, expect_keys
from evenmatch.verifying.stored import level_of

if TYPE_CHECKING:
    from evenmatch.results.model import RunResult
    from evenmatch.results.search_rows import ScenarioRow


def check_scenario(result: RunResult) -> Check:
    """Work out every row again: a scenario stands on rates that are counted again elsewhere."""
    check = Check("scenario", rows=len(result.scenario))
    stated = result.config.get("scenario")
    try:
        scenario = Scenario.model_validate(stated) if stated else None
    except ValidationError:
        check.differs("the config's scenario", "", "a place of use", "none that can be read")
        return check
    rows = scenario_rows(scenario, result, level_of(result))
    worked_out = with_label_sources(result.model_copy(update={"scenario": rows}))
    again = {_words(row): row for row in worked_out.scenario}
    expect_keys(check, map(_words, result.scenario), again)
    for row in result.scenario:
        if found := again.get(_words(row)):
            check.compare(_words(row), row.model_dump(exclude_unset=True), found.model_dump())
    return check


def _words(row: ScenarioRow) -> str:
    group = row.group if row.group_by == "all" else f"{row.group_by} {row.group}"
    base = "" if row.base_rate is None else f"base rate {row.base_rate}"
    day = (row.matcher, row.part, row.operating_point, row.measure, row.enrolled, row.model)
    return " ".join(word for word in (*day, base, group) if word)
