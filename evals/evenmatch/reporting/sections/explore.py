"""The threshold as the reader moves it: both rates of every group, the matrix and a day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenmatch.reporting.explore import explore_data
from evenmatch.reporting.sections.blocks import Section

if TYPE_CHECKING:
    from evenmatch.reporting.selection import View

_LEAD = (
    "Move the threshold and see every rate move with it. The slider stops only at thresholds where "
    "the comparisons were counted exactly; between two stops nothing is guessed. The numbers here "
    "are counts without an interval: intervals are worked out at the operating points alone, in "
    "the tables of this report, which are what to quote. Where too few errors are left, the page "
    "gives the counts, and as a bound the upper end that the tables found at a threshold where "
    "errors are at least as common."
)
_FEWER = (
    " This audit was written without counts between groups at other thresholds, so rates within "
    "groups move and the matrix does not."
)
_CROWDED = (
    " With so many groups the counts between groups would make the page too heavy: they stand in "
    "results.json, and the matrix at the operating point above."
)


@dataclass(frozen=True)
class Explorer:
    """The slider with the counts that it reads, as JSON that can stand inside a page."""

    data: str
    kind: str = "explorer"


def explore_section(view: View) -> Section | None:
    """Return the slider's section, or nothing where no scores were counted."""
    data = explore_data(view)
    if data is None:
        return None
    missing = [each for each in data["views"] if each["by"] and not each["crossed"]]
    lead = _LEAD + ((_CROWDED if view.result.sweeps else _FEWER) if missing else "")
    # Inside a script element only a closing tag could end the data.
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return Section("explore", "Explore the threshold", lead, (Explorer(text),))
