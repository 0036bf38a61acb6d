"""Who is in the benchmark and who labelled them; which operating points the audit speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evenmatch.data.meanings import CONSENT, meaning
from evenmatch.reporting.numbers import count, people, percent, plural, threshold
from evenmatch.reporting.sections.blocks import Cell, Facts, Listing, Section, heading, table
from evenmatch.reporting.selection import ALL, everyone

if TYPE_CHECKING:
    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.reporting.selection import View
    from evenmatch.results.model import GroupSize, RunResult, Threshold

_SET = {"unresolvable": "not resolvable", "given": "given", "estimate": "fitted"}


def people_section(view: View) -> Section:
    """Return the benchmark: its source, licence and consent, its groups, its known issues."""
    card = view.result.card
    blocks: list[Block] = [Facts("The benchmark", tuple(_card_facts(card)))]
    blocks += [_group_table(view.result)]
    issues = [str(issue) for issue in card.get("known_issues") or []]
    if issues:
        blocks += [heading("Known issues"), Listing(tuple((issue, "") for issue in issues))]
    return Section(
        "people",
        "Who is in the benchmark, and who labelled them",
        "Rates describe the people compared. Who they are, whether they agreed, and who wrote "
        "down their group decide what the rates can be used for. A label written by an annotator, "
        "a classifier or a measurement is not what a person says of themselves.",
        tuple(blocks),
    )


def _card_facts(card: dict[str, Any]) -> list[tuple[str, str]]:
    """Return a card's facts, leaving out what it does not say."""
    source, licence = _part(card, "source"), _part(card, "licence")
    consent, status = _part(card, "consent"), _part(card, "status")
    basis = str(consent.get("basis", "unknown"))
    facts = [
        ("Title", card.get("title") or card.get("name")),
        ("Consent", _joined(meaning(CONSENT, basis), consent.get("note"))),
        ("Licence", _joined(licence.get("id"), f"use: {licence.get('use', 'none-given')}")),
        ("Version", source.get("version")),
        ("State", _joined(status.get("state"), status.get("note"))),
        ("All that its card says", "under Provenance, below"),
    ]
    return [(name, str(value)) for name, value in facts if value]


def _part(card: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a part of a card, empty where the card leaves it out."""
    part = card.get(key)
    return part if isinstance(part, dict) else {}


def _joined(*parts: object) -> str:
    """Return the parts that say something, with semicolons between."""
    return "; ".join(str(part) for part in parts if part)


def _group_table(result: RunResult) -> Block:
    """Return people and photographs by group, with who labelled them."""
    rows = [_group_cells(row) for row in result.groups]
    columns = ("Breakdown", "Group", "Labelled by", "People", "Photographs")
    return table("People and photographs by group", columns, rows, labels=3, folded=False)


def _group_cells(row: GroupSize) -> tuple[Cell | str, ...]:
    """Return one group's row, a group of few people marked as such."""
    by = "everyone" if row.group_by == ALL else row.group_by
    return (by, row.group, row.labelled_by, count(row.subjects), count(row.samples))


def points_section(view: View) -> Section:
    """Return every operating point: what it came to and which trials set it."""
    rows = [_point_cells(point) for point in view.result.thresholds]
    columns = (
        "Matcher", "Operating point", "Set on", "State", "Similarity threshold",
        "In its own scale", "Rate reached", "Trials that set it",
    )  # fmt: skip
    blocks: list[Block] = [table("Operating points", columns, rows, labels=4, folded=False)]
    for matcher in view.result.matchers:
        facts = [
            ("Kind", matcher.kind),
            ("Score", f"{matcher.score_kind}; larger similarity means more alike"),
            ("Comparisons", plural(matcher.comparisons, "comparison")),
            ("Failed comparisons", count(matcher.failed_comparisons)),
            *matcher.facts.items(),
            ("Digest", matcher.digest),
        ]
        blocks.append(Facts(f"Matcher {matcher.name}", tuple(facts)))
    return Section(
        "points",
        "Operating points",
        "A comparison is a match when its similarity is at or above the threshold. A fitted "
        "threshold is the lowest whose false match rate stays within the target on the trials "
        "named; one set on the very trials it is then judged by is marked in_sample. A target "
        "that the trials are too few to resolve is said to be not resolvable.",
        tuple(blocks),
    )


def _point_cells(point: Threshold) -> tuple[Cell | str, ...]:
    """Return one operating point's row."""
    reached = "" if point.achieved is None else percent(point.achieved)
    return (
        point.matcher,
        point.operating_point,
        point.set_on,
        Cell(_SET[point.status], quiet=point.status == "unresolvable"),
        threshold(point.threshold),
        threshold(point.native_threshold).partition(" ")[0],
        reached,
        "" if point.trials is None else count(point.trials),
    )


def size_words(result: RunResult) -> str:
    """Return the benchmark's size; nothing where it is not known."""
    whole = everyone(result)
    if whole is None:
        return ""
    return f"{people(whole.subjects)}, {plural(whole.samples, 'photograph')}"
