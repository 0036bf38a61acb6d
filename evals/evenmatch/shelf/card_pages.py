"""The shelf and one card as the terminal shows them to a person, in 80 columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml
from rich.box import SIMPLE, SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from evenmatch.data.card import UNCONFIRMED, describe
from evenmatch.data.croissant import croissant
from evenmatch.data.meanings import ACCESS, CONSENT, LABELLED_BY, LICENCE_USE, STATE, meaning
from evenmatch.data.shelf import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.data.card import AccessFile, Attribute, Card
    from evenmatch.data.shelf import ShelfRow

_WIDTH = 80


def print_shelf(rows: Sequence[ShelfRow]) -> None:
    """Print every card in short."""
    table = Table(box=SIMPLE_HEAD, width=_WIDTH, padding=(0, 1, 0, 0), show_edge=False)
    longest = max((len(row.name) for row in rows), default=0)
    table.add_column("card\nstate", overflow="fold", width=min(max(longest, 12), 30))
    table.add_column("consent\nlicence", overflow="fold", ratio=19)
    table.add_column("people\nphotographs", justify="right", no_wrap=True)
    table.add_column("labels (who wrote them)\nmasks", overflow="fold", ratio=27)
    for row in rows:
        table.add_row(
            f"{row.name}\n{row.state}",
            f"{row.consent}\n{row.licence}",
            f"{number(row.subjects)}\n{number(row.images)}",
            "\n".join([*row.by_source(), f"masks: {row.masks}"]),
        )
        table.add_section()
    _console().print(table)


def print_card(card: Card) -> None:
    """Print a card with what its words mean."""
    console = _console()
    console.print(card.title, style="bold")
    table = Table(box=None, width=_WIDTH, padding=(0, 1, 0, 0), show_header=False)
    table.add_column("what", no_wrap=True)
    table.add_column("said", overflow="fold")
    for name, said in _facts(card):
        table.add_row(name, said)
    console.print(table)
    if card.attributes:
        console.print()
        console.print(_labels(card))
    if card.access.files:
        console.print()
        console.print(_files(card.access.files))
    console.print()
    for issue in card.known_issues:
        console.print(f"! {issue}")
    console.print("\nAs a document: --format yaml, json or croissant.", style="dim")


def card_document(card: Card, form: str) -> str:
    """Return a card as a document: `yaml`, `json`, or `croissant` (JSON-LD)."""
    if form == "yaml":
        return yaml.safe_dump(describe(card), sort_keys=False, allow_unicode=True)
    document = croissant(card) if form == "croissant" else describe(card)
    return json.dumps(document, indent=2, ensure_ascii=False)


def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False, width=_WIDTH)


def _facts(card: Card) -> list[tuple[str, str]]:
    """Return what a card says, name by name, leaving out what it leaves blank."""
    size = f"{number(card.size.subjects)} people, {number(card.size.images)} photographs"
    said = [
        ("card", card.name),
        ("consent", _joined(meaning(CONSENT, card.consent.basis), card.consent.note)),
        ("licence", _joined(card.licence.id, card.licence.url)),
        ("allows", meaning(LICENCE_USE, card.licence.use)),
        ("state", _joined(meaning(STATE, card.status.state), card.status.note)),
        ("use instead", ", ".join(card.status.instead)),
        ("size claimed", _joined(size, card.size.note)),
        ("made from", ", ".join(card.derived_from)),
        ("source", card.source.homepage),
        ("version", card.source.version),
        ("citation", card.source.citation),
        ("access", _joined(meaning(ACCESS, card.access.how), card.access.steps)),
        ("protocols", ", ".join(card.protocols)),
    ]
    return [(name, text) for name, text in said if text]


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _labels(card: Card) -> Table:
    table = Table(box=SIMPLE, width=_WIDTH, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("label", "of", "values", "labelled by"):
        table.add_column(name, overflow="fold")
    for name, attribute in card.attributes.items():
        table.add_row(name, attribute.of, *_label_cells(attribute))
    return table


def _label_cells(attribute: Attribute) -> tuple[str, str]:
    values = ", ".join(attribute.values) or "as they come"
    return values, _joined(meaning(LABELLED_BY, attribute.labelled_by), attribute.note)


def _files(files: Sequence[AccessFile]) -> Table:
    table = Table(box=SIMPLE, width=_WIDTH, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("file", "address", "checksum"):
        table.add_column(name, overflow="fold")
    for file in files:
        address = file.url if file.url_confirmed else f"{file.url} (not confirmed)"
        checksum = "not confirmed" if file.sha256 == UNCONFIRMED else f"{file.sha256[:16]}..."
        table.add_row(file.path, address, checksum)
    return table
