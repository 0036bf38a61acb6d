"""Columns made from other columns: a country becomes a region, by a table that the run writes down.

Nothing is guessed. A value that the table does not name, and a blank, is `unknown`, and the notice
says which values and how many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evenmatch.data.card import Attribute
from evenmatch.data.samples import UNKNOWN
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evenmatch.data.card import Card

_NAMED = 12
_OWN = ("sample_id", "subject_id", "path", "mask")


@dataclass(frozen=True)
class ColumnMapping:
    """How one attribute is read off another.

    Attributes:
        source: the column it is made from, as the benchmark has it.
        values: new label to the values that it stands for, in the order that tables show.
        otherwise: the label of values that are not named; `unknown` unless the run says so. A
            blank is always `unknown`.
    """

    source: str
    values: dict[str, tuple[str, ...]]
    otherwise: str = UNKNOWN

    @property
    def order(self) -> tuple[str, ...]:
        """Every label it can give, as written; `unknown` is not among them."""
        labels = [*self.values, self.otherwise]
        return tuple(dict.fromkeys(label for label in labels if label != UNKNOWN))


@dataclass(frozen=True)
class Mapped:
    """A benchmark with the mapped columns.

    Attributes:
        table: the rows as they were, and a column more for each mapping.
        card: the card with the new attributes, which speak of whom their sources speak of.
        labelled_by: new attribute to who wrote the labels it was made from, and from which column.
        notices: values that no mapping names, with how many rows have them.
    """

    table: pd.DataFrame
    card: Card
    labelled_by: dict[str, str]
    notices: tuple[str, ...]


def map_columns(
    table: pd.DataFrame, card: Card, mappings: Mapping[str, ColumnMapping], where: str
) -> Mapped:
    """Add a column for each mapping.

    Args:
        table: a benchmark as loaded, all text.
        card: it says who wrote the source columns.
        mappings: attribute to how it is made.
        where: the benchmark's name in messages.

    Raises:
        RequestError: there is no such source, or a column has the attribute's name already.
    """
    given, attributes = list(table.columns), dict(card.attributes)
    made: dict[str, pd.Series[str]] = {}
    labelled_by: dict[str, str] = {}
    notices: list[str] = []
    for name, mapping in mappings.items():
        _refuse_misnamed(name, mapping, given, attributes, where)
        labels = table[mapping.source].str.strip()
        new = {value: label for label, values in mapping.values.items() for value in values}
        known = (labels != "") & (labels != UNKNOWN)
        found = [new.get(label, mapping.otherwise) for label in labels]
        made[name] = pd.Series(found, index=table.index, dtype=str).where(known, UNKNOWN)
        notices += _unmapped(name, mapping, labels[known & ~labels.isin(list(new))])
        source = attributes.get(mapping.source)
        labelled_by[name] = mapped_from(source.labelled_by if source else UNKNOWN, mapping.source)
        attributes[name] = Attribute(
            of=source.of if source else "sample",
            values=mapping.order,
            labelled_by=source.labelled_by if source else UNKNOWN,
            note=f"mapped from {mapping.source}",
        )
    return Mapped(
        table.assign(**made),
        card.model_copy(update={"attributes": attributes}),
        labelled_by,
        tuple(notices),
    )


def mapped_from(labelled_by: str, source: str) -> str:
    """Say who wrote the labels of a mapped attribute."""
    return f"{labelled_by} (mapped from {source})"


def _refuse_misnamed(
    name: str,
    mapping: ColumnMapping,
    columns: list[str],
    attributes: Mapping[str, object],
    where: str,
) -> None:
    if name in columns or name in attributes or name in _OWN:
        raise RequestError(
            f"mappings.{name}: {where} has a column of that name already; give the mapped "
            "attribute a name of its own."
        )
    free = [column for column in columns if column not in _OWN]
    if mapping.source not in free:
        raise RequestError(
            f"mappings.{name}.from: there is no column {mapping.source!r} in {where}; choose from "
            f"{free}."
        )


def _unmapped(name: str, mapping: ColumnMapping, labels: pd.Series[str]) -> list[str]:
    """Name the values that no label of the mapping stands for, the commonest first."""
    if labels.empty:
        return []
    counts = sorted(labels.value_counts().items(), key=lambda each: (-each[1], str(each[0])))
    named = ", ".join(f"{value} ({number})" for value, number in counts[:_NAMED])
    rest = f" and {len(counts) - _NAMED} more values" if len(counts) > _NAMED else ""
    notice = (
        f"{name} is mapped from {mapping.source}, and these values of it are in no entry of "
        f"mappings.{name}: {named}{rest}. Their {len(labels)} photographs are counted as "
        f"{mapping.otherwise}."
    )
    return [notice]
