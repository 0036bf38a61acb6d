"""Templates put where every machine reads them, in files named by their content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.errors import EvenmatchError, OutsideError
from evenmatch.files import write_file
from evenmatch.matching.places import file_system, is_url
from evenmatch.matching.shards import ENDING, SINGLE, Piece, Shards, place_of

if TYPE_CHECKING:
    from evenmatch.matching.vectors import Vectors

ROWS: Final = 1 << 16  # templates of one shard: 128 MiB at 512 numbers
LENGTH: Final = 16  # of a digest in a file's name


def write_shards(vectors: Vectors, where: str, rows: int = ROWS) -> Shards:
    """Put templates into shards, named by their content; what is there already is left alone.

    One shard after another is in memory, whatever the templates are.

    Args:
        vectors: one template a row.
        where: a folder, or a URL that fsspec knows.
        rows: templates of a shard.

    Raises:
        RequestError: fsspec or what it needs for the URL is not installed.
        OutsideError: nothing can be written there.
    """
    pieces = []
    for number, start in enumerate(range(0, len(vectors), rows)):
        some = np.ascontiguousarray(vectors[start : start + rows], dtype=SINGLE)
        content = some.tobytes()
        digest = hashlib.sha256(content).hexdigest()[:LENGTH]
        place = _put(where, f"{digest}-{number:05d}{ENDING}", content)
        pieces.append(Piece(place, len(some)))
    return Shards(tuple(pieces), vectors.shape[1])


def _put(where: str, name: str, content: bytes) -> str:
    """Write a file where none of its name and length is, and return its place."""
    try:
        if not is_url(where):
            path = Path(where) / name
            if not path.is_file() or path.stat().st_size != len(content):
                Path(where).mkdir(mode=0o700, parents=True, exist_ok=True)
                write_file(path, content, private=True)
            return place_of(path)
        place = f"{where.rstrip('/')}/{name}"
        system, path_there = file_system(place)
        if not system.exists(path_there) or system.size(path_there) != len(content):
            system.pipe_file(path_there, content)
    except EvenmatchError as failed:
        raise type(failed)(f"compute.shards: {failed}") from failed
    except Exception as failed:  # each store's package has errors of its own
        raise OutsideError(
            f"compute.shards: {where} cannot be written ({failed}); name a folder or a bucket of "
            "yours that every machine reads."
        ) from failed
    return place
