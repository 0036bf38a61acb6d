"""The card of a benchmark: where it came from, who agreed, who wrote the labels."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from evenmatch.documents import parse_document, read_yaml
from evenmatch.errors import RequestError

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

_PACKAGED = Path(__file__).parents[1] / "_cards"
_CHECKOUT = Path(__file__).parents[3] / "datasets"
DEMO_ROOT = Path(__file__).parent / "demo"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """Where the benchmark was published."""

    homepage: Text
    citation: Text
    version: Text


class Licence(_Part):
    """What its makers allow."""

    id: Text
    url: str = ""
    use: Literal["any", "research-only", "no-redistribution", "none-given"]


class Consent(_Part):
    """Whether the people in it agreed to be there."""

    basis: Literal["informed", "public-web", "operational", "synthetic", "unknown"]
    note: str = ""


class State(_Part):
    """Whether it may still be had."""

    state: Literal["active", "request-only", "withdrawn", "superseded"]
    note: str = ""


class AccessFile(_Part):
    """One file to fetch, with what it must be."""

    url: Text
    path: Text
    sha256: str = ""
    bytes: int = 0


class Access(_Part):
    """How a stranger gets the files."""

    how: Literal["download", "request", "generated", "local"]
    steps: str = ""
    files: tuple[AccessFile, ...] = ()


class SampleSource(_Part):
    """Which loader reads the files; `resize_to` enlarges photographs too small for a detector."""

    loader: Literal["manifest", "folders"]
    manifest: Text = "samples.csv"
    resize_to: int | None = Field(default=None, ge=32, le=4096)


class Attribute(_Part):
    """A column of labels and who wrote it; `values: []` takes the values as they come."""

    of: Literal["subject", "sample"]
    values: tuple[Text, ...] = ()
    labelled_by: Literal[
        "self-reported", "document", "annotator", "classifier", "measured", "construction"
    ]
    note: str = ""


class Protocol(_Part):
    """Which comparisons are meant."""

    kind: Literal["all-pairs", "listed"]
    file: Text | None = None


class Card(_Part):
    """A benchmark as data: everything an audit may say about it comes from here."""

    card_schema: Literal[1] = Field(alias="schema")
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    title: Text
    source: Source
    licence: Licence
    consent: Consent
    status: State
    access: Access
    samples: SampleSource
    attributes: dict[Text, Attribute] = {}
    protocols: dict[Text, Protocol] = Field(min_length=1)
    known_issues: tuple[Text, ...] = ()

    def digest(self) -> str:
        """SHA-256 of the card's content; comments and key order do not change it."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()

    def protocol(self, name: str | None) -> Protocol:
        """Return a protocol by name, the card's first where none is named.

        Raises:
            RequestError: the card has no protocol of that name.
        """
        if name is None:
            return next(iter(self.protocols.values()))
        if name not in self.protocols:
            raise RequestError(
                f"benchmark.protocol: card {self.name!r} has no protocol {name!r}; "
                f"choose one of {sorted(self.protocols)}."
            )
        return self.protocols[name]


def cards_dir() -> Path:
    """Return the folder that holds the cards: beside the code in a wheel, else the checkout's."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def card_names() -> list[str]:
    """Return the names of all cards on the shelf."""
    return sorted(path.stem for path in cards_dir().glob("*.yaml"))


def load_card(name: str) -> Card:
    """Read a card by its name on the shelf, or by path where the name ends in `.yaml`.

    Raises:
        RequestError: there is no such card, or it breaks the card's form.
    """
    path = Path(name) if name.endswith(".yaml") else cards_dir() / f"{name}.yaml"
    if not path.is_file():
        raise RequestError(
            f"benchmark.card: no card {name!r}; the shelf has {card_names()}, or give a path that "
            "ends in .yaml."
        )
    card: Card = parse_document(Card, read_yaml(path), str(path))
    for protocol_name, protocol in card.protocols.items():
        if (protocol.kind == "listed") != (protocol.file is not None):
            raise RequestError(
                f"{path}: protocols.{protocol_name}: a listed protocol needs `file`, and no other "
                "has one; add or remove it."
            )
    return card


def describe(card: Card) -> dict[str, Any]:
    """Return the card as plain data for results and reports."""
    return card.model_dump(mode="json", by_alias=True)
