"""Ids beside an array: one a line, or a table's column `sample_id`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from evenmatch.errors import RequestError
from evenmatch.matching.tables import PARQUET, text_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SAMPLE: Final = "sample_id"


def read_ids(path: Path, key: str) -> list[str]:
    """Return the ids of a file, in its order.

    Args:
        path: a text file with one id a line, or a CSV or Parquet table with `sample_id`.
        key: the matcher's key that names the file.

    Raises:
        RequestError: the file is not readable, an id is blank, or one is there twice.
    """
    ids = _table(path, key) if path.suffix in (".csv", PARQUET) else _lines(path, key)
    refuse_repeated(path, ids)
    return ids


def refuse_repeated(path: Path, ids: Sequence[str]) -> None:
    """Refuse ids that are blank or there twice, the first such row named."""
    seen: dict[str, int] = {}
    for row, name in enumerate(ids, 1):
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


def _lines(path: Path, key: str) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except FileNotFoundError as missing:
        raise RequestError(f"there is no file {path}. Check `{key}` of the matcher.") from missing
    except (OSError, UnicodeDecodeError) as wrong:
        raise RequestError(f"{path} cannot be read as text ({wrong}); correct it.") from wrong
    while lines and not lines[-1]:
        lines.pop()
    return lines[1:] if lines and lines[0] == SAMPLE else lines
