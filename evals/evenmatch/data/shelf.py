"""The shelf at a glance: one row a card, for the terminal, for scripts and for datasets/README.md.

`python -m evenmatch.data.shelf` writes the table of datasets/README.md again from the cards.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from evenmatch.data.benchmark import MASK
from evenmatch.data.card import card_names, cards_dir, load_card
from evenmatch.errors import RequestError
from evenmatch.files import write_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from evenmatch.data.card import Card

BEGIN = "<!-- cards: begin; written by `python -m evenmatch.data.shelf`, not by hand -->"
END = "<!-- cards: end -->"
_COLUMNS = ("card", "people", "photographs", "labels", "masks", "consent", "licence", "state")
_MOST_NAMED = 5


@dataclass(frozen=True)
class ShelfRow:
    """One card in short.

    Attributes:
        name: the card's.
        state: whether the benchmark may still be had.
        consent: the basis on which people are in it.
        licence: its identifier.
        subjects: people that its makers claim, or `unknown`.
        images: photographs that its makers claim, or `unknown`.
        labels: each attribute but the mask, with who labelled it: `sex (annotator)`.
        masks: `real`, `constructed` where they were drawn or staged, or `none`.
    """

    name: str
    state: str
    consent: str
    licence: str
    subjects: int | str
    images: int | str
    labels: tuple[str, ...]
    masks: str

    def by_source(self) -> list[str]:
        """Return the labels for people: `sex, age (annotator)`, of many the first and how many."""
        sources: dict[str, list[str]] = {}
        for label in self.labels:
            name, _, source = label.rpartition(" ")
            sources.setdefault(source, []).append(name)
        return [f"{_listed(names)} {source}" for source, names in sources.items()]

    def as_json(self) -> dict[str, Any]:
        """Return the row as an object for scripts, labels as a list of texts."""
        return asdict(self) | {"labels": list(self.labels)}


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join([*names[:_MOST_NAMED], *([f"{more} more"] if more > 0 else [])])


def shelf_row(card: Card) -> ShelfRow:
    """Return a card in short."""
    mask = card.attributes.get(MASK)
    masks = "none" if mask is None else "real"
    if mask is not None and mask.labelled_by == "construction":
        masks = "constructed"
    return ShelfRow(
        name=card.name,
        state=card.status.state,
        consent=card.consent.basis,
        licence=card.licence.id,
        subjects=card.size.subjects,
        images=card.size.images,
        labels=tuple(
            f"{name} ({attribute.labelled_by})"
            for name, attribute in card.attributes.items()
            if name != MASK
        ),
        masks=masks,
    )


def shelf_rows() -> list[ShelfRow]:
    """Return every card on the shelf in short, by name."""
    return [shelf_row(load_card(name)) for name in card_names()]


def number(value: int | str) -> str:
    """Return a claimed number for people, or the word that says it is not known."""
    return f"{value:,}" if isinstance(value, int) else value


def markdown_table(rows: Iterable[ShelfRow]) -> str:
    """Return the table of datasets/README.md."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    for row in rows:
        cells = (
            f"[{row.name}]({row.name}.yaml)",
            number(row.subjects),
            number(row.images),
            "; ".join(row.by_source()) or "none",
            row.masks,
            row.consent,
            row.licence,
            row.state,
        )
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def refreshed(text: str, rows: Iterable[ShelfRow]) -> str:
    """Return a page with the table between its two marks made anew.

    Raises:
        RequestError: the page lacks a mark.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RequestError(
            f"the page has no table to refresh; put the lines {BEGIN!r} and {END!r} into it."
        )
    return f"{before}{BEGIN}\n{markdown_table(rows)}\n{END}{after}"


def refresh_readme(folder: Path | None = None) -> Path:
    """Write the table of the shelf's README again and return the page's path.

    Raises:
        RequestError: there is no README beside the cards, as in an installed package.
    """
    page = (folder or cards_dir()) / "README.md"
    if not page.is_file():
        raise RequestError(f"{page}: is not there; refresh the table in a checkout.")
    return write_file(page, refreshed(page.read_text(encoding="utf-8"), shelf_rows()))


if __name__ == "__main__":
    sys.stdout.write(f"{refresh_readme()}\n")
