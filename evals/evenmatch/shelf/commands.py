"""The commands `evenmatch datasets ...`: the shelf of cards and what is got through them."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

datasets = typer.Typer(help="The shelf of benchmark cards.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for scripts.")]
Root = Annotated[Path | None, typer.Option(help="The benchmark's folder; the cache otherwise.")]


class CardForm(StrEnum):
    """How a card is printed."""

    TEXT = "text"
    YAML = "yaml"
    JSON = "json"
    CROISSANT = "croissant"


@datasets.command("list")
def list_datasets(as_json: AsJson = False) -> None:
    """List every benchmark card: its size, labels, masks, consent, licence and state."""
    from evenmatch.data.shelf import shelf_rows
    from evenmatch.shelf.card_pages import print_shelf

    rows = shelf_rows()
    if as_json:
        typer.echo(json.dumps([row.as_json() for row in rows], indent=2))
    else:
        print_shelf(rows)


@datasets.command("show")
def show_dataset(
    name: Annotated[str, typer.Argument(help="A card's name, or a path that ends in .yaml.")],
    form: Annotated[
        CardForm, typer.Option("--format", help="For people, or as a document for programs.")
    ] = CardForm.TEXT,
) -> None:
    """Print one card for people, or as YAML, JSON or MLCommons Croissant."""
    from evenmatch.data.card import load_card
    from evenmatch.shelf.card_pages import card_document, print_card

    card = load_card(name)
    if form is CardForm.TEXT:
        print_card(card)
    else:
        typer.echo(card_document(card, form.value))


@datasets.command("prepare")
def prepare_dataset(
    name: Annotated[str, typer.Argument(help="A card's name, or a path ending in .yaml.")],
    root: Root = None,
) -> None:
    """Fetch, check and unpack a benchmark's files, or say what to request and where to put it."""
    from evenmatch.data.card import load_card
    from evenmatch.data.preparing import prepare
    from evenmatch.progress import terminal_progress
    from evenmatch.shelf.pages import print_preparation

    preparation = prepare(load_card(name), root, terminal_progress)
    print_preparation(preparation, name)
    if preparation.lacking:
        raise typer.Exit(1)


@datasets.command("check")
def check_dataset(
    name: Annotated[str, typer.Argument(help="A card's name, or a path ending in .yaml.")],
    root: Root = None,
    as_json: AsJson = False,
) -> None:
    """Look through a benchmark's files: counts, digests, copies, labels, comparisons."""
    from evenmatch.data.card import load_card
    from evenmatch.data.checking.checkup import check
    from evenmatch.progress import terminal_progress
    from evenmatch.shelf.pages import print_checkup

    checkup = check(load_card(name), root, terminal_progress)
    if as_json:
        typer.echo(json.dumps(checkup.as_json(), indent=2))
    else:
        print_checkup(checkup)
    if not checkup.clean:
        raise typer.Exit(1)


@datasets.command("draw")
def draw_dataset(
    manifest: Annotated[Path, typer.Argument(help="A CSV file with a column subject_id.")],
    out: Annotated[Path, typer.Option(help="The manifest to write.")],
    one_in: Annotated[int, typer.Option(help="Draw one person in so many.")] = 1000,
    part: Annotated[int, typer.Option(help="Which of those parts, counted from 0.")] = 0,
    seed: Annotated[int, typer.Option(help="The only source of chance.")] = 20261122,
) -> None:
    """Draw people of a manifest at random, with all their photographs, into another manifest."""
    from evenmatch.data.drawing import Draw, draw_people

    drawn = draw_people(manifest, Draw(one_in, part, seed), out)
    typer.echo(
        f"{out}: {drawn.people:,} people, {drawn.rows:,} of {drawn.of_rows:,} rows. Name it as "
        "`samples.manifest` in the card."
    )
