"""The command `evenmatch init`: a vendor's score file in, the first files of an audit out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evenmatch.starting.drafts import Begun


class FileForm(StrEnum):
    """The forms of a score file that names photographs."""

    CSV = "csv"
    PARQUET = "parquet"
    BFW = "bfw"
    BOB_FOUR = "bob-4col"
    BOB_FIVE = "bob-5col"
    MATRIX = "matrix"


class FileScores(StrEnum):
    """What a score file's numbers are."""

    SIMILARITY = "similarity"
    DISTANCE = "distance"


def init(  # noqa: PLR0913 - the options of a command
    scores: Annotated[Path, typer.Argument(help="The vendor's score file.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; the file's name otherwise.")
    ] = None,
    form: Annotated[
        FileForm | None, typer.Option("--format", help="By the file's ending otherwise.")
    ] = None,
    score_kind: Annotated[
        FileScores, typer.Option(help="distance: a small number means alike.")
    ] = FileScores.SIMILARITY,
    attribute: Annotated[
        list[str] | None, typer.Option(help="A column of labels to fill in. Repeatable.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="For bfw: the column of the network's scores.")
    ] = None,
    ids: Annotated[Path | None, typer.Option(help="For matrix: the ids of its rows.")] = None,
    column_ids: Annotated[
        Path | None, typer.Option(help="For matrix: the ids of its columns, if others.")
    ] = None,
    failed_score: Annotated[
        float | None, typer.Option(help="A number that stands for a failed comparison.")
    ] = None,
) -> None:
    """Write a card, a manifest to fill in and a config for a vendor's score file."""
    from evenmatch.starting.drafts import Beginning, begin
    from evenmatch.starting.score_names import VendorScores, looks_like

    vendor = VendorScores(scores, form or looks_like(scores), ids, column_ids)
    begun = begin(
        Beginning(
            scores=vendor,
            out=out if out is not None else Path(scores.stem),
            score_kind=score_kind,
            column=column,
            failed_score=failed_score,
            attributes=tuple(dict.fromkeys(attribute or [])),
        )
    )
    _say(begun, scores, score_kind)


def _say(begun: Begun, scores: Path, score_kind: str) -> None:
    """Print what was written and what is to be done next."""
    manifest, card, *_, config = begun.files
    for file in begun.files:
        typer.echo(f"wrote {file}")
    photographs, comparisons = len(begun.named.ids), begun.named.comparisons
    typer.echo(f"{scores} names {photographs:,} photographs in {comparisons:,} comparisons.")
    if begun.named.selves:
        typer.echo(f"{begun.named.selves:,} rows compare a photograph with itself; none counts.")
    if begun.guess:
        typer.echo(
            "\nATTENTION: who is on a photograph was GUESSED from its id: "
            f"{begun.guess.how}.\nEvery rate rests on it. Check subject_id in {manifest}, then "
            f"take the remark out of\nknown_issues in {card}; until then the report repeats it."
        )
    typer.echo("\nNext:")
    for number, step in enumerate(_steps(begun, score_kind), 1):
        typer.echo(f"{number}. {step}")
    typer.echo(f"   evenmatch validate {config}\n   evenmatch run {config}")


def _steps(begun: Begun, score_kind: str) -> list[str]:
    manifest, card, *_ = begun.files
    if begun.named.people:
        people = f"Check subject_id in {manifest}: it is as the score file says."
    elif begun.guess:
        people = f"Check subject_id in {manifest}: it is a guess."
    else:
        people = f"Fill in subject_id in {manifest}: who is on each photograph."
    alike = "small" if score_kind == "distance" else "large"
    return [
        people,
        f"Write what you know of the photographs into {card}.",
        f"A {alike} score was taken to mean alike (--score-kind {score_kind}).",
        "Then see what can be said of so many people, and audit:",
    ]
