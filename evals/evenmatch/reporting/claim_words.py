"""Claims and their verdicts in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.reporting.numbers import count, people, percent, spoken

if TYPE_CHECKING:
    from evenmatch.results.claim_rows import ClaimVerdict
    from evenmatch.results.model import RunResult

NAMES = {
    "fmr": "false match rate",
    "fnmr": "false non-match rate",
    "fpir": "false positive identification rate",
    "fnir": "false negative identification rate",
}


def whole_claims(result: RunResult) -> list[ClaimVerdict]:
    """Return the rows that speak of whole claims, in the config's order."""
    return [row for row in result.claims if row.part == "whole"]


def claim_sentences(result: RunResult) -> list[str]:
    """Return one or two sentences a claim: what is claimed, the verdict, and why."""
    return [_sentence(row) for row in whole_claims(result)]


def claimed(row: ClaimVerdict) -> str:
    """Return what a row's part of the claim says."""
    scope = "" if row.scope == "all" else f" in every group of {spoken(row.scope)}"
    return f"{NAMES[row.metric]} at most {percent(row.bound)} at {row.at}{scope}"


def seen_words(row: ClaimVerdict) -> str:
    """Return what was seen: the rate, its one-sided bounds, its counts."""
    if row.estimate is None or row.low is None or row.high is None:
        return f"no rate is given ({people(row.people)})" if row.people else "no trial was made"
    # The row of a whole claim shows its least favourable group.
    which = f" in {spoken(row.group)}" if row.part == "group" and row.group != "all" else ""
    return (
        f"{percent(row.estimate)}{which}, {count(row.errors)} of {count(row.trials)}, "
        f"{people(row.people)}; one-sided bounds {percent(row.low)} and {percent(row.high)}"
    )


def _sentence(row: ClaimVerdict) -> str:
    subject = f"The claim {spoken(row.claim)} about {spoken(row.matcher)}"
    more = ""
    if row.verdict == "undecided" and row.needed is not None:
        more = f" About {people(row.needed)} more would decide it."
    worst = "" if row.scope == "all" else " in the group where it is highest"
    # Of several groups without a rate none is the highest, and the reason has said why.
    silent = worst and row.estimate is None
    seen = "" if silent else f" Seen{worst}: {seen_words(row)}."
    return f"{subject} ({claimed(row)}) is {row.verdict}: {row.reason}.{seen}{more}"
