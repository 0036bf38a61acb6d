"""`evenmatch compare`: what improved for whom, and what got worse."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from evenmatch.contrasting.comparisons import Both, Found, Setting, common_groups, compare_rates
from evenmatch.contrasting.parties import BARE, choose_masks, choose_points, read_parties
from evenmatch.contrasting.searches import SearchedBoth, compare_searches
from evenmatch.errors import RequestError
from evenmatch.results.paired import Contrast, PairedRate
from evenmatch.stats.differences import holm
from evenmatch.verifying.searches import StoredSearches, read_searches
from evenmatch.verifying.stored import level_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from evenmatch.contrasting.parties import At, Masks, Party
    from evenmatch.results.paired import Outcome

UNPAIRED = (
    "The people of {first} and {second} cannot be matched: the audits were made with different "
    "keys, on different machines or after the private folder was emptied. Every interval below "
    "treats them as strangers and is wider than it need be; run both audits on one machine to pair "
    "them by person."
)


class Choice(NamedTuple):
    """What the command was asked to compare."""

    at: str | None = None
    other_at: str | None = None
    masks: str | None = None
    other_masks: str | None = None


def compare_audits(first: str, second: str | None = None, choice: Choice | None = None) -> Contrast:
    """Compare two matchers, audits, thresholds or mask conditions.

    Args:
        first: an audit's folder, or `folder:matcher`.
        second: another; the first itself where two thresholds or masks are compared.
        choice: which operating points and masks.

    Raises:
        RequestError: the two cannot be compared, or are one and the same.
    """
    choice = choice or Choice()
    pairs = read_parties(first, second)
    rows: list[PairedRate] = []
    notices: list[str] = []
    for parties in pairs:
        found, said = _compare(parties, choice)
        rows += found
        notices += said
    if not rows:
        one, other = pairs[0]
        raise RequestError(
            f"{one.name} and {other.name} have no operating point in common; they have "
            f"{one.points('one_to_one')} and {other.points('one_to_one')}: say which with --at and "
            "--with."
        )
    one, other = pairs[0]
    return Contrast(
        benchmark=str(one.result.card.get("title") or one.result.card.get("name")),
        first_audit=str(one.folder),
        second_audit=str(other.folder),
        notices=list(dict.fromkeys(notices)),
        rates=rows,
    )


def _compare(parties: tuple[Party, Party], choice: Choice) -> tuple[list[PairedRate], list[str]]:
    first, second = parties
    masks = choose_masks(first, second, choice.masks, choice.other_masks)
    points = choose_points(first, second, "one_to_one", choice.at, choice.other_at)
    searched = choose_points(first, second, "one_to_many", choice.at, choice.other_at)
    same = (first.folder.resolve(), first.matcher) == (second.folder.resolve(), second.matcher)
    moved = any(a.threshold != b.threshold for a, b in [*points, *searched])
    if same and not moved and all(a == b for a, b in masks):
        raise RequestError(
            f"{first.name} would be compared with itself; name another audit or matcher "
            "(AUDIT:MATCHER), or give --at and --with, or --masks and --with-masks."
        )
    level = level_of(first.result)
    both = Both.read(first, second) if points else None
    rows, said = list[PairedRate](), list(_notices(parties, both))
    if both is not None:
        for at, condition in itertools.product(points, masks):
            found = compare_rates(both, parties, Setting(at, condition), level)
            rows += _rows(parties, at, condition, list(found), level)
    if searched:
        more, remarks = _searches(parties, searched, masks, level)
        rows, said = rows + more, said + remarks
    said += _policies([*points, *searched], parties)
    return rows, said


def _searches(
    parties: tuple[Party, Party],
    points: Sequence[tuple[At, At]],
    masks: Sequence[tuple[Masks, Masks]],
    level: float,
) -> tuple[list[PairedRate], list[str]]:
    first, second = (read_searches(p.folder, p.result, p.matcher) for p in parties)
    rows, said = list[PairedRate](), list[str]()
    groups = common_groups(parties)
    for mine, theirs in dict.fromkeys((a[0], b[0]) for a, b in masks if a[1] in BARE):
        if mine not in first or theirs not in second:
            continue
        both = SearchedBoth.align(first[mine], second[theirs])
        if not both.paired and not _strangers(first[mine], second[theirs]):
            said.append(
                f"Searches of {parties[0].name} ({mine}) and {parties[1].name} ({theirs}) are not "
                "of the same photographs in the same gallery; their differences are unpaired, with "
                "a wider interval."
            )
        for at in points:
            found = list(compare_searches(both, at, groups, level))
            rows += _rows(parties, at, ((mine, ""), (theirs, "")), found, level)
    return rows, said


def _strangers(first: StoredSearches, second: StoredSearches) -> bool:
    return not set(first.gallery_people) & set(second.gallery_people)


def _notices(parties: tuple[Party, Party], both: Both | None) -> Iterator[str]:
    first, second = parties
    if both is not None:
        people = (len(both.first.subjects), both.meeting)
        if not both.meeting:
            yield UNPAIRED.format(first=first.name, second=second.name)
        elif both.meeting < people[0]:
            yield (
                f"{both.meeting:,} of {people[0]:,} people are in both audits; a difference is "
                "also one of who was measured."
            )
        if not both.complete:
            yield (
                "Not every comparison was stored (compute.keep_scores): false match rates are "
                "compared through their own intervals, unpaired and wider; false non-match rates "
                "are paired."
            )
    digests = [each.result.provenance.samples_digest for each in parties]
    if digests[0] != digests[1]:
        yield (
            f"The photographs, labels or trials of {first.name} and {second.name} are not the same "
            "(their digests differ); a difference may be theirs and not the matcher's."
        )
    groups = [
        {(row.group_by, row.group) for row in each.result.groups if row.group_by != "all"}
        for each in parties
    ]
    lost = sorted({f"{by} {group}" for by, group in groups[0] ^ groups[1]})
    if lost:
        yield f"In one audit alone, and left out: {', '.join(lost[:10])}."


def _policies(points: Iterable[tuple[At, At]], parties: tuple[Party, Party]) -> list[str]:
    """Say where thresholds were set in different ways."""
    said = []
    for first, second in points:
        if first.set_on != second.set_on:
            said.append(
                f"The thresholds were set in different ways: {first.text} of {parties[0].name} "
                f"({first.set_on}), {second.text} of {parties[1].name} ({second.set_on})."
            )
        unresolved = [at.text for at in (first, second) if not at.resolved]
        if unresolved:
            points_named = " and ".join(dict.fromkeys(unresolved))
            said.append(
                f"{points_named} cannot be resolved by the non-mated trials there are; the "
                "threshold is that of no false match."
            )
    return said


def _rows(
    parties: tuple[Party, Party],
    at: tuple[At, At],
    masks: tuple[Masks, Masks],
    found: list[Found],
    level: float,
) -> list[PairedRate]:
    """Judge what was found: everybody alone, the groups of one rate together by Holm."""
    adjusted: dict[int, tuple[float, str]] = {}
    for metric in dict.fromkeys(each.metric for each in found):
        tested = [
            k for k, each in enumerate(found) if each.metric == metric and each.group_by != "all"
        ]
        # A group too small to test was still looked at, and counts in its family.
        values = [change.p_value if (change := found[k].change) else 1.0 for k in tested]
        family = f"{metric} within {len(tested)} groups"
        for k, p in zip(tested, holm(values) if tested else [], strict=True):
            adjusted[k] = (p, family)
    return [_row(parties, at, masks, each, adjusted.get(k), level) for k, each in enumerate(found)]


def _row(
    parties: tuple[Party, Party],
    at: tuple[At, At],
    masks: tuple[Masks, Masks],
    found: Found,
    judged: tuple[float, str] | None,
    level: float,
) -> PairedRate:
    change = found.change
    p_value = change.p_value if change else None
    adjusted_p = judged[0] if judged and change else p_value
    outcome: Outcome = "too few people"
    if change is not None and adjusted_p is not None:
        outcome = "no difference shown"
        # A test and an interval may part ways where few err; a word needs both.
        if adjusted_p <= 1 - level and not change.low <= 0 <= change.high:
            outcome = "worse" if change.value > 0 else "improved"
    return PairedRate(
        first=parties[0].name,
        second=parties[1].name,
        metric=found.metric,
        first_at=at[0].text,
        second_at=at[1].text,
        first_masks="/".join(each for each in masks[0] if each),
        second_masks="/".join(each for each in masks[1] if each),
        group_by=found.group_by,
        group=found.group,
        first_rate=found.first.rate,
        second_rate=found.second.rate,
        difference=change.value if change else None,
        low=change.low if change else None,
        high=change.high if change else None,
        level=level,
        method=change.method if change else "",
        pairing=change.pairing if change else "unpaired",
        p_value=p_value,
        adjusted_p=adjusted_p,
        family=judged[1] if judged else f"{found.metric} of everybody",
        outcome=outcome,
        first_errors=found.first.errors,
        first_trials=found.first.trials,
        first_subjects=found.first.subjects,
        second_errors=found.second.errors,
        second_trials=found.second.trials,
        second_subjects=found.second.subjects,
        failures="excluded" if found.metric == "fmr" else "non-match",
        first_threshold=at[0].threshold,
        second_threshold=at[1].threshold,
        first_set_on=at[0].set_on,
        second_set_on=at[1].set_on,
        first_status=found.first.status,
        second_status=found.second.status,
        first_high=found.first.high,
        second_high=found.second.high,
    )
