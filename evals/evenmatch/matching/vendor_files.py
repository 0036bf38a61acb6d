"""The digest of what a vendor handed over."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from evenmatch.matching.weights import file_sha256

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def files_sha256(paths: Iterable[Path]) -> str:
    """Return the hex SHA-256 of one file, or one that stands for several or for a folder.

    A folder counts with the names and contents of every file below it.
    """
    every = list(paths)
    if len(every) == 1 and every[0].is_file():
        return file_sha256(every[0])
    total = hashlib.sha256()
    for path in every:
        inside = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else []
        for file in inside or [path]:
            name = file.relative_to(path).as_posix() if inside else ""
            total.update(f"{name}\0{file_sha256(file)}\0".encode())
    return total.hexdigest()
