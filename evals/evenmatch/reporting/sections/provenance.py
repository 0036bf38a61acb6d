"""The provenance page: who is shown and agreed, what the licence allows, who wrote the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evenmatch.data.card import UNCONFIRMED
from evenmatch.data.meanings import ACCESS, CONSENT, LABELLED_BY, LICENCE_USE, STATE, meaning
from evenmatch.data.policy import OVERRIDDEN
from evenmatch.reporting.numbers import count
from evenmatch.reporting.sections.blocks import (
    Cell,
    Facts,
    Listing,
    Section,
    Source,
    Text,
    heading,
    table,
)
from evenmatch.reporting.sections.publication import publication_sentence
from evenmatch.reporting.selection import everyone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.results.model import RunResult

_TITLE = "Provenance: consent, licence and labels"
UNKNOWN = "unknown"


def provenance_section(result: RunResult) -> Section:
    """Return everything that the audit knows of where its benchmark came from."""
    card = result.card
    blocks: list[Block] = [Text(notice) for notice in result.notices if OVERRIDDEN in notice]
    blocks += [Facts("Where it came from, and who agreed", tuple(_facts(card)))]
    blocks += [_label_table(card), _size_table(result), *_access(card)]
    if issues := [str(issue) for issue in card.get("known_issues") or []]:
        blocks += [heading("Known issues"), Listing(tuple((issue, "") for issue in issues))]
    sentence = publication_sentence(result)
    blocks += [
        heading("The sentence a publication should print"),
        Text(sentence),
        Source("The sentence, to be copied", sentence),
    ]
    return Section(
        "provenance",
        _TITLE,
        "What follows is what the benchmark's card says, with the numbers of this audit beside "
        "the numbers claimed. Unknown means that nobody is known to have said it.",
        tuple(block for block in blocks if getattr(block, "rows", True)),
    )


def part(card: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a part of a card, empty where the card leaves it out."""
    found = card.get(key)
    return found if isinstance(found, dict) else {}


def _facts(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give a card's facts in words, leaving out what it leaves blank."""
    source, licence = part(card, "source"), part(card, "licence")
    consent, status = part(card, "consent"), part(card, "status")
    said = (
        ("Benchmark", f"{card.get('title') or card.get('name')} ({card.get('name')})"),
        ("Version", source.get("version", UNKNOWN)),
        ("Source", source.get("homepage")),
        ("Citation", source.get("citation")),
        ("Consent basis", meaning(CONSENT, str(consent.get("basis", UNKNOWN)))),
        ("Consent, in detail", consent.get("note")),
        ("Licence", licence.get("id", UNKNOWN)),
        ("Licence text", licence.get("url")),
        ("What it allows", meaning(LICENCE_USE, str(licence.get("use", UNKNOWN)))),
        ("State", meaning(STATE, str(status.get("state", UNKNOWN)))),
        ("State, in detail", status.get("note")),
        ("To use instead", ", ".join(status.get("instead") or ())),
        ("Made from", ", ".join(card.get("derived_from") or ()) or "no other set is named"),
    )
    yield from ((name, str(value)) for name, value in said if value)


def _label_table(card: dict[str, Any]) -> Block:
    """Return who wrote each label, and what that means."""
    rows = []
    for name, attribute in part(card, "attributes").items():
        source = str(attribute.get("labelled_by", UNKNOWN))
        of = "person" if attribute.get("of") == "subject" else "photograph"
        meant = LABELLED_BY.get(source, "")
        rows.append(
            [name, of, Cell(source, quiet=source == UNKNOWN), meant, attribute.get("note") or ""]
        )
    columns = ("Label", "Of the", "Labelled by", "Which means", "Note")
    return table("Who wrote the labels", columns, rows, labels=5, folded=False)


def _size_table(result: RunResult) -> Block:
    """Return people and photographs as claimed by the makers and as found by this audit."""
    whole = everyone(result)
    size = part(result.card, "size")
    found: dict[str, int | None] = {"People": None, "Photographs": None}
    if whole is not None:
        found = {"People": whole.subjects, "Photographs": whole.samples}
    claimed = {"People": size.get("subjects"), "Photographs": size.get("images")}
    rows = [_size_cells(what, claimed[what], found[what]) for what in found]
    note = f" ({size['note']})" if size.get("note") else ""
    columns = ("What", "Compared", "Claimed", "Found")
    return table(f"Size claimed, and size found{note}", columns, rows, labels=2, folded=False)


def _size_cells(what: str, claimed: object, found: int | None) -> list[Cell]:
    """Return what was claimed, what was found, and how far they lie apart."""
    shown = Cell(UNKNOWN, quiet=True) if found is None else Cell(count(found))
    if not isinstance(claimed, int):
        return [Cell(what), Cell("nothing claimed", quiet=True), Cell(UNKNOWN, quiet=True), shown]
    said = ""
    if found is not None:
        gap = found - claimed
        said = f"{count(abs(gap))} {'more' if gap > 0 else 'fewer'} found" if gap else "as claimed"
    return [Cell(what), Cell(said), Cell(count(claimed)), shown]


def _access(card: dict[str, Any]) -> list[Block]:
    """Return how a stranger gets the files, and whether they can be known to be the right ones."""
    access = part(card, "access")
    said = [
        ("How", meaning(ACCESS, str(access.get("how", UNKNOWN)))),
        ("Steps", access.get("steps")),
    ]
    files = access.get("files") or []
    confirmed = sum(_checksum(file) for file in files)
    said.append(("Checksums", f"{confirmed} of {len(files)} confirmed" if files else "none given"))
    facts = Facts("How to get it", tuple((name, str(text)) for name, text in said if text))
    columns = ("File", "Address", "Address is", "Checksum")
    rows = [_file_cells(file) for file in files]
    return [facts, table("Files", columns, rows, labels=4)]


def _checksum(file: dict[str, Any]) -> bool:
    return file.get("sha256", UNCONFIRMED) not in ("", UNCONFIRMED)


def _file_cells(file: dict[str, Any]) -> list[Cell]:
    sure = bool(file.get("url_confirmed"))
    return [
        Cell(str(file.get("path", ""))),
        Cell(str(file.get("url", ""))),
        Cell("confirmed" if sure else "not confirmed", quiet=not sure),
        Cell(str(file["sha256"])) if _checksum(file) else Cell("not confirmed", quiet=True),
    ]
