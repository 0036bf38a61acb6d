"""The card of a model: whose weights, trained on whom, and what goes in and comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from evenmatch.documents import parse_document, read_yaml
from evenmatch.errors import RequestError
from evenmatch.matching.weights import WeightCard, file_sha256

if TYPE_CHECKING:
    from pathlib import Path

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Side = Annotated[int, Field(ge=16, le=1024)]
Colours = Annotated[tuple[float, ...], Field(min_length=3, max_length=3)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Licence(_Part):
    """What its makers allow."""

    id: Text
    url: str = ""
    use: Literal["any", "research-only", "no-redistribution", "none-given", "unknown"]


class TrainingSet(_Part):
    """The photographs it was trained on; `unknown` where its makers do not say."""

    name: Text
    note: str = ""


class Weights(_Part):
    """The file, beside the card unless its path says otherwise, and where it came from."""

    file: Text
    origin: Text
    licence: Licence
    training_set: TrainingSet
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Taken(_Part):
    """What the network takes.

    Attributes:
        size: height and width of a face in pixels.
        colour: the order of colours.
        divide_by: what pixels from 0 to 255 are divided by first.
        mean: taken away next, by colour in the network's order.
        std: divided by last.
        layout: `nchw` (colours before rows) or `nhwc`.
        alignment: `arcface` turns the face by five points onto the 112-pixel template, `box` cuts
            out the detected box, `whole` takes the photograph as it is.
        margin: share of a box added on each side, for `box`.
    """

    size: tuple[Side, Side] = (112, 112)
    colour: Literal["rgb", "bgr"] = "rgb"
    divide_by: float = Field(default=255.0, gt=0)
    mean: Colours = (0.0, 0.0, 0.0)
    std: Colours = (1.0, 1.0, 1.0)
    layout: Literal["nchw", "nhwc"] = "nchw"
    alignment: Literal["arcface", "box", "whole"] = "arcface"
    margin: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _can_be_divided_by(self) -> Taken:
        if not all(value > 0 for value in self.std):
            raise ValueError("`std` is divided by: every number has to be above 0.")
        return self


class Given(_Part):
    """What the network gives.

    Attributes:
        dimension: length of a template.
        score: `cosine` scales templates to length one first, `inner_product` takes them as they
            are, `euclidean` is a distance.
    """

    dimension: int = Field(ge=2, le=65536)
    score: Literal["cosine", "inner_product", "euclidean"] = "cosine"


class ModelCard(_Part):
    """A model as data: everything an audit may say about it comes from here."""

    card_schema: Literal[1] = Field(alias="schema")
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    title: Text
    weights: Weights
    input: Taken = Taken()
    output: Given
    known_issues: tuple[Text, ...] = ()

    def facts(self, digest: str) -> dict[str, str]:
        """Return what the report says of the model."""
        training = self.weights.training_set
        card = WeightCard(
            name=self.title,
            origin=self.weights.origin,
            licence=f"{self.weights.licence.id} ({self.weights.licence.use})",
            training_set=f"{training.name}. {training.note}".rstrip(". "),
            sha256=digest,
            expected=self.weights.sha256,
        )
        issues = {"known issues": " ".join(self.known_issues)} if self.known_issues else {}
        return card.facts() | issues


def load_model(card_path: Path) -> tuple[ModelCard, Path]:
    """Read a model's card and return it with its weights file, checked against its digest.

    Raises:
        RequestError: the card is missing or wrong, or the file is not the one it speaks of.
    """
    card: ModelCard = parse_document(ModelCard, read_yaml(card_path), str(card_path))
    path = card_path.parent / card.weights.file
    if not path.is_file():
        raise RequestError(
            f"{card_path}: weights.file: there is no file {path}; put it there "
            f"({card.weights.origin}) or correct the card."
        )
    found = file_sha256(path)
    if found != card.weights.sha256:
        raise RequestError(
            f"{card_path}: weights.sha256: {path} is {found}, and the card says "
            f"{card.weights.sha256}; get the file the card speaks of, or correct the card."
        )
    return card, path
