"""Ids beside an array: one a line, or a table's column `sample_id`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from evenmatch.errors import RequestError
from evenmatch.matching.places import ending_of, opened
from evenmatch.matching.tables import PARQUET, first_row, text_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.matching.places import Place

SAMPLE: Final = "sample_id"


def read_ids(path: Place, key: str) -> list[str]:
    """Return the ids of a file, in its order.

    Args:
        path: a text file with one id a line, or a CSV or Parquet table with `sample_id`; at a URL
            there is text alone.
        key: the matcher's key that names the file.

    Raises:
        RequestError: the file is not readable, an id is blank, or one is there twice.
        OutsideError: a URL cannot be read.
    """
    table = ending_of(path) in (".csv", PARQUET)
    if table and not isinstance(path, Path):
        raise RequestError(f"{path}: ids at a URL are text, one a line; write them so.")
    if table and isinstance(path, Path):
        ids, first = _table(path, key), first_row(path)
    else:
        ids, first = _lines(path, key)
    refuse_repeated(path, ids, first=first)
    return ids


def refuse_repeated(path: Place, ids: Sequence[str], *, first: int) -> None:
    """Refuse ids that are blank or there twice, the first such row named.

    Args:
        path: where they stand.
        ids: the ids.
        first: the row of the first of them, as a spreadsheet program counts.
    """
    seen: dict[str, int] = {}
    for row, name in enumerate(ids, first):
        if not name:
            raise RequestError(f"{path}, row {row}: the id is blank; fill it in.")
        if name in seen:
            raise RequestError(
                f"{path}, rows {seen[name]} and {row}: one id is there twice; keep one of them."
            )
        seen[name] = row
    if not ids:
        raise RequestError(f"{path} names no id; give one for each row.")


def _table(path: Path, key: str) -> list[str]:
    return [
        name
        for block in text_blocks(path, (SAMPLE,), key=key)
        for name in block[SAMPLE].to_pylist()
    ]


def _lines(path: Place, key: str) -> tuple[list[str], int]:
    """Return the ids of a text file and the row of the first of them."""
    try:
        with opened(path) as file:
            content = file.read()
        lines = [line.strip() for line in content.decode("utf-8-sig").splitlines()]
    except FileNotFoundError as missing:
        raise RequestError(f"there is no file {path}. Check `{key}` of the matcher.") from missing
    except (OSError, UnicodeDecodeError) as wrong:
        raise RequestError(f"{path} cannot be read as text ({wrong}); correct it.") from wrong
    while lines and not lines[-1]:
        lines.pop()
    return (lines[1:], 2) if lines and lines[0] == SAMPLE else (lines, 1)
