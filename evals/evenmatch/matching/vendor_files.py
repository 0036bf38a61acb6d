"""The digest of what a vendor handed over."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from evenmatch.errors import RequestError
from evenmatch.matching.places import opened
from evenmatch.matching.weights import file_sha256

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from evenmatch.matching.places import Place


def files_sha256(paths: Iterable[Path]) -> str:
    """Return the hex SHA-256 of one file, or one that stands for several or for a folder.

    A folder counts with the names and contents of every file below it.
    """
    every = list(paths)
    if len(every) == 1 and every[0].is_file():
        return file_sha256(every[0])
    named: list[tuple[str, Place]] = []
    for path in every:
        inside = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else []
        named += [(file.relative_to(path).as_posix(), file) for file in inside] or [("", path)]
    return named_sha256(named)


def named_sha256(files: Iterable[tuple[str, Place]]) -> str:
    """Return the hex SHA-256 of names and of what lies at the places that go by them.

    Raises:
        RequestError: a path cannot be read.
        OutsideError: a URL cannot be read.
    """
    total = hashlib.sha256()
    for name, place in files:
        try:
            with opened(place) as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as wrong:
            raise RequestError(
                f"{place}: cannot be read ({wrong.strerror}); put the file there, or take it away."
            ) from wrong
        total.update(f"{name}\0{content}\0".encode())
    return total.hexdigest()
