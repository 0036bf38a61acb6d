"""What a list command prints: a line a row, or one JSON document for scripts."""

from __future__ import annotations

import json

import typer


def print_rows(rows: list[dict[str, str]], *, as_json: bool) -> None:
    """Print rows of text, their values two spaces apart, or as a JSON list of objects."""
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        typer.echo("  ".join(row.values()))
