"""Claims with their verdicts; thresholds, and what one for all costs each group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.reporting.claim_words import whole_claims
from evenmatch.reporting.leading import BALANCED
from evenmatch.reporting.numbers import (
    count,
    interval,
    interval_words,
    percent,
    rate_words,
    threshold,
)
from evenmatch.reporting.sections.blocks import Cell, Facts, Section, heading, table
from evenmatch.reporting.selection import HEADLINE_FAILURES, Slice, within

if TYPE_CHECKING:
    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.reporting.selection import View
    from evenmatch.results.claim_rows import ClaimVerdict, GroupThreshold
    from evenmatch.results.model import ErrorRate

_COMMON = (
    "Operating point", "Set on", "Breakdown", "Group", "FMR", "Times the target",
    "False matches", "FNMR", "False non-matches", "People",
)  # fmt: skip
_OWN_COLUMNS = (
    "Operating point", "Breakdown", "Group", "Own threshold", "FMR", "Change", "FNMR", "Change",
    "False matches", "False non-matches",
)  # fmt: skip
_OWN = {"estimate": "", "unresolvable": "not resolvable", "suppressed": "too few people"}


def claims_section(view: View) -> Section | None:
    """Return every claim with its verdict, or nothing where none was made."""
    wholes = whole_claims(view.result)
    if not wholes:
        return None
    columns = (
        "Claim", "Matcher", "Claimed", "Verdict", "Seen", "One-sided bounds", "Guaranteed",
        "Errors / trials", "People", "More people needed",
    )  # fmt: skip
    blocks: list[Block] = [
        table("Claims", columns, [_whole(row) for row in wholes], labels=4, folded=False)
    ]
    parts = [row for row in view.result.claims if row.part != "whole"]
    if parts:
        columns = ("Claim", "Part", *columns[2:])
        blocks.append(table("Claims by group", columns, [_part(row) for row in parts], labels=4))
    blocks += [heading("Each claim in its own words")]
    blocks += [Facts(row.claim, tuple(_facts(row))) for row in wholes]
    return Section(
        "claims",
        "Claims, and what the data say of them",
        "A claim is supported where the upper bound keeps to it, refuted where the lower bound "
        "lies beyond it, and undecided otherwise; each verdict is wrong with a chance of at most "
        "5%. Where the threshold was fitted to a rate, support is judged at a threshold that "
        "surely keeps to that rate and refutation at one that surely does not. A claim about "
        "groups has to hold in each, and its row shows the group with the highest rate. The "
        "guaranteed bound holds however comparisons depend on one another.",
        tuple(blocks),
    )


def _whole(row: ClaimVerdict) -> tuple[Cell | str, ...]:
    scope = "" if row.scope == "all" else f", in each group of {row.scope}"
    return (row.claim, row.matcher, f"{_limit(row)} at {row.at}{scope}", *_judged(row))


def _part(row: ClaimVerdict) -> tuple[Cell | str, ...]:
    return (row.claim, row.group, _limit(row), *_judged(row))


def _limit(row: ClaimVerdict) -> str:
    return f"{row.metric.upper()} ≤ {percent(row.bound)}"


def _judged(row: ClaimVerdict) -> tuple[Cell | str, ...]:
    """Return a verdict and its numbers."""
    bound = row.guaranteed_high
    return (
        Cell(row.verdict, quiet=row.verdict == "undecided"),
        "" if row.estimate is None else percent(row.estimate),
        interval(row.low, row.high),
        "" if bound is None else f"at most {percent(bound)}",
        f"{count(row.errors)} / {count(row.trials)}",
        count(row.people),
        "" if row.needed is None else count(row.needed),
    )


def _facts(row: ClaimVerdict) -> list[tuple[str, str]]:
    """Return where a claim comes from, and what it was judged on."""
    masks = " / ".join(mask for mask in (row.probe_mask, row.reference_mask) if mask)
    guard = ""
    if row.guard_low is not None or row.guard_high is not None:
        ends = (threshold(end) or "none" for end in (row.guard_low, row.guard_high))
        guard = " to ".join(ends)
    gallery = ""
    if row.gallery_size is not None:
        tested = "none" if row.gallery_people is None else count(row.gallery_people)
        gallery = f"{tested} people searched, {count(row.gallery_size)} claimed"
    facts = [
        ("Claimed", row.text),
        ("Source", row.source),
        ("Verdict", f"{row.verdict}: {row.reason}"),
        ("Judged at similarity", threshold(row.threshold)),
        ("Threshold set on", row.set_on),
        ("Guard of the threshold", guard),
        ("Masks", masks),
        ("Non-mated pairs", row.impostors),
        ("Gallery", gallery),
        ("Failures count as", row.failures),
    ]
    return [(name, value) for name, value in facts if value]


def tradeoff_section(view: View) -> Section | None:
    """Return what the common threshold costs each group, beside one of its own."""
    rows = view.result.tradeoff
    if not rows:
        return None
    blocks: list[Block] = []
    for matcher in view.matchers:
        mine = [row for row in rows if row.matcher == matcher]
        if mine:
            found = [(_stated(view, row, "fmr"), _stated(view, row, "fnmr")) for row in mine]
            common = [_common_cells(row, *at) for row, at in zip(mine, found, strict=True)]
            own = [_own_cells(row, *at) for row, at in zip(mine, found, strict=True)]
            caption = f"Groups at the common threshold, {matcher}"
            blocks.append(table(caption, _COMMON, common, labels=4))
            caption = f"Groups at a threshold of their own, a diagnostic, {matcher}"
            blocks.append(table(caption, _OWN_COLUMNS, own, labels=3))
    return Section(
        "tradeoff",
        "Thresholds and what they trade",
        "All groups are judged at one threshold. Where their scores differ, that threshold gives "
        "them different rates: a group above the target has more strangers taken for each other, "
        "and a group below it has more of its members missed than need be. The own threshold is "
        "the one that would bring a group's own comparisons to the target. It is a diagnostic and "
        "no proposal: to use it, a system would have to know each person's group beforehand. "
        "Rates at a threshold fitted on the same comparisons flatter it.",
        tuple(blocks),
    )


def _stated(view: View, row: GroupThreshold, metric: str) -> ErrorRate | None:
    """Return the row of the tables by group that a group's rate at the common threshold is."""
    masks, failures = (row.probe_mask, row.reference_mask), HEADLINE_FAILURES[metric]
    key = Slice(row.matcher, metric, row.operating_point, masks, failures, row.group_by)
    return next(
        (each for each in within(view.rows(key)) if each.probe_group == row.group),
        None,
    )


def _common_cells(
    row: GroupThreshold, fmr: ErrorRate | None, fnmr: ErrorRate | None
) -> tuple[Cell | str, ...]:
    return (
        row.operating_point,
        row.set_on,
        row.group_by,
        row.group,
        _at_common(fmr),
        _over_target(row, fmr),
        f"{count(row.false_matches)} / {count(row.non_mated)}",
        _at_common(fnmr),
        f"{count(row.false_non_matches)} / {count(row.mated)}",
        count(row.subjects),
    )


def _own_cells(
    row: GroupThreshold, fmr: ErrorRate | None, fnmr: ErrorRate | None
) -> tuple[Cell | str, ...]:
    return (
        row.operating_point,
        row.group_by,
        row.group,
        Cell(_own(row), quiet=row.own_status != "estimate"),
        _at_own(fmr, row.own_fmr, row.own_fmr_low, row.own_fmr_high),
        _change(row.fmr_change) if _has_rate(fmr) else "",
        _at_own(fnmr, row.own_fnmr, row.own_fnmr_low, row.own_fnmr_high),
        _change(row.fnmr_change) if _has_rate(fnmr) else "",
        _moved(row.false_matches, row.own_false_matches),
        _moved(row.false_non_matches, row.own_false_non_matches),
    )


def _own(row: GroupThreshold) -> str:
    """Return a group's own threshold, and what keeps it from being one."""
    said = [threshold(row.own_threshold), _OWN.get(row.own_status, "")]
    return ", ".join(part for part in said if part)


def _moved(before: int, after: int | None) -> str:
    return count(before) if after is None else f"{count(before)} → {count(after)}"


def _at_common(stated: ErrorRate | None) -> Cell | str:
    """Return a rate as the tables by group have it, with its interval."""
    if stated is None:
        return ""
    ends = interval_words(stated)
    return Cell(f"{rate_words(stated)} ({ends})" if ends else rate_words(stated), quiet=not ends)


def _over_target(row: GroupThreshold, stated: ErrorRate | None) -> str:
    """Return the rate shown over the one asked for, as the table has it of the pooled rate."""
    if stated is None or stated.status != "estimate" or stated.rate is None:
        return ""
    if not row.fmr or row.fmr_over_target is None:
        return "" if row.fmr_over_target is None else f"{row.fmr_over_target:.3g}"
    return f"{row.fmr_over_target * stated.rate / row.fmr:.3g}"


def _has_rate(stated: ErrorRate | None) -> bool:
    return stated is not None and stated.status == "estimate" and stated.method != BALANCED


def _at_own(
    stated: ErrorRate | None, rate: float | None, low: float | None, high: float | None
) -> Cell | str:
    """Return a rate at a group's own threshold, if the people allow one at the common threshold.

    Where a few people are the data the pooled rate would speak for them: counts are all there is.
    """
    if rate is None or high is None or stated is None or stated.method == BALANCED:
        return ""
    if stated.status == "upper_bound":
        return Cell(f"at most {percent(high)}", quiet=True)
    return f"{percent(rate)} ({interval(low, high)})"


def _change(change: float | None) -> str:
    """Return a change of a rate in percentage points, with its sign."""
    if change is None:
        return ""
    if change == 0:
        return "0"
    sign = "+" if change > 0 else "\N{MINUS SIGN}"
    return f"{sign}{percent(abs(change)).rstrip('%')} points"
