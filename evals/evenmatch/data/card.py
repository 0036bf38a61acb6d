"""The card of a benchmark: where it came from, who agreed, who wrote the labels."""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from evenmatch.data.loaders.registry import LOADERS
from evenmatch.documents import parse_document, published, read_yaml
from evenmatch.errors import RequestError

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_NO_SECRET = published(
    "holds a secret, and a card is published with its audits; write the address without it, and "
    "put the file in place by hand"
)

UNCONFIRMED = "unconfirmed"
Count = Annotated[int, Field(gt=0)] | Literal["unknown"]

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
    use: Literal["any", "research-only", "no-redistribution", "none-given", "unknown"]


class Consent(_Part):
    """Whether the people in it agreed to be there."""

    basis: Literal["informed", "public-web", "operational", "synthetic", "unknown"]
    note: str = ""


class State(_Part):
    """Whether it may still be had; `instead` names cards to use in its place."""

    state: Literal["active", "request-only", "withdrawn", "superseded"]
    note: str = ""
    instead: tuple[Text, ...] = ()


class AccessFile(_Part):
    """One file to fetch, with what it must be.

    Attributes:
        url: where it was published.
        url_confirmed: whether that address is known to be right.
        path: where it goes below the benchmark's folder.
        sha256: what it must be; `unconfirmed` until the first download records it.
        bytes: how long it is; 0 where nobody said.
        unpack: the folder below the benchmark's that an archive is unpacked into.
    """

    url: Annotated[Text, _NO_SECRET]
    url_confirmed: bool = False
    path: Text
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64}|unconfirmed)$")] = UNCONFIRMED
    bytes: Annotated[int, Field(ge=0)] = 0
    unpack: Text | None = None


class Access(_Part):
    """How a stranger gets the files."""

    how: Literal["download", "request", "generated", "local"]
    steps: str = ""
    files: tuple[AccessFile, ...] = ()


def _known_loader(name: str) -> str:
    if name not in LOADERS:
        raise ValueError(f"there is no loader {name!r}; choose one of {sorted(LOADERS)}.")
    return name


class SampleSource(_Part):
    """Which loader reads the files.

    Attributes:
        loader: one of `data/loaders`.
        manifest: the manifest's name, for the loader `manifest`.
        files: where a loader's files lie, by the roles it names, when not where it expects them.
        resize_to: enlarges photographs too small for a detector.
        aligned: the template that faces were turned upright onto before they were published;
            a model that takes the same needs no detector then.
        subject_ids: whether subjects are known by people's names or by codes.
    """

    loader: Annotated[str, AfterValidator(_known_loader)]
    manifest: Text = "samples.csv"
    files: dict[Text, Text] = {}
    resize_to: int | None = Field(default=None, ge=32, le=4096)
    aligned: Literal["arcface-112"] | None = None
    subject_ids: Literal["names", "codes"] = "codes"


class Attribute(_Part):
    """A column of labels and who wrote it; `values: []` takes the values as they come."""

    of: Literal["subject", "sample"]
    values: tuple[Text, ...] = ()
    labelled_by: Literal[
        "self-reported",
        "document",
        "annotator",
        "classifier",
        "measured",
        "construction",
        "unknown",
    ]
    note: str = ""


class Protocol(_Part):
    """Which comparisons are meant; a listed one may be spread over several files."""

    kind: Literal["all-pairs", "listed"]
    file: Text | Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    note: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that list the comparisons; none where all pairs are meant."""
        if self.file is None:
            return ()
        return (self.file,) if isinstance(self.file, str) else self.file


class Size(_Part):
    """How large its makers say it is."""

    subjects: Count = "unknown"
    images: Count = "unknown"
    note: str = ""


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
    size: Size = Size()
    samples: SampleSource
    attributes: dict[Text, Attribute] = {}
    protocols: dict[Text, Protocol] = Field(min_length=1)
    known_issues: tuple[Text, ...] = ()
    derived_from: tuple[Text, ...] = ()

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
        raise RequestError(f"benchmark.card: {_no_card(name)}")
    card: Card = parse_document(Card, read_yaml(path), str(path))
    for protocol_name, protocol in card.protocols.items():
        if (protocol.kind == "listed") != (protocol.file is not None):
            raise RequestError(
                f"{path}: protocols.{protocol_name}: a listed protocol needs `file`, and no other "
                "has one; add or remove it."
            )
    return card


def _no_card(name: str) -> str:
    if name.endswith(".yaml"):
        return f"there is no file {name}; correct the path, or name a card of the shelf."
    names = card_names()
    close = [each for each in names if name.lower() in each] if len(name) > 2 else []
    close = close or difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {' or '.join(map(repr, close))}? The" if close else "the"
    return f"no card {name!r}; {hint} shelf has {names}, or give a path that ends in .yaml."


def describe(card: Card) -> dict[str, Any]:
    """Return the card as plain data for results and reports."""
    return card.model_dump(mode="json", by_alias=True)
