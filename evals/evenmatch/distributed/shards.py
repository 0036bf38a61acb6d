"""Templates in shards that lie in a folder or under a URL and are read there, block by block.

A machine that counts a part needs the rows of that part alone. It maps a file it can see, and asks
anything else for the bytes of those rows, through fsspec: `s3://`, `gs://`, `file://`, `memory://`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evenmatch.errors import OutsideError, RequestError

if TYPE_CHECKING:
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]

ROWS = 1 << 18  # templates of one shard: half a gibibyte at 512 numbers
GAP = 64  # rows not asked for that are read to save a request
LENGTH = 16  # of a digest in a file's name


@dataclass(frozen=True)
class Addresses:
    """Where shards lie, in the order of their rows.

    Attributes:
        places: a path or URL each; raw little-endian float32, row after row.
        rows: rows of every shard but the last.
        shape: rows and numbers of all of them.
    """

    places: tuple[str, ...]
    rows: int
    shape: tuple[int, int]


def write_shards(vectors: Vectors, where: str, rows: int = ROWS) -> Addresses:
    """Put templates into shards, named by their content; what is there already is left alone.

    Args:
        vectors: one template a row.
        where: a folder, or a URL that fsspec knows.
        rows: templates of a shard.

    Raises:
        RequestError: fsspec or what it needs for the URL is not installed.
        OutsideError: nothing can be written there.
    """
    system, root = _system(where)
    places = []
    try:
        if "://" not in where:
            Path(root).mkdir(mode=0o700, parents=True, exist_ok=True)
        for start in range(0, len(vectors), rows):
            content = np.ascontiguousarray(vectors[start : start + rows], dtype="<f4").tobytes()
            digest = hashlib.sha256(content).hexdigest()[:LENGTH]
            place = f"{root.rstrip('/')}/{digest}-{start // rows:05d}.f4"
            if not system.exists(place) or system.size(place) != len(content):
                system.pipe_file(place, content)
            places.append(place if "://" not in where else system.unstrip_protocol(place))
    except OSError as failed:
        raise OutsideError(
            f"compute.shards: {where} cannot be written ({failed}); name a folder or a bucket of "
            "yours that every machine reads."
        ) from failed
    return Addresses(tuple(places), rows, (len(vectors), vectors.shape[1]))


def open_shards(addresses: Addresses) -> Any:  # noqa: ANN401 -- an array, or what reads like one
    """Return templates to be read where they lie."""
    return Shards(addresses)


class Shards:
    """Rows of shards, read when they are asked for; as much of an array as tiles need."""

    dtype = np.dtype(np.float32)

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self.shape = addresses.shape
        self._maps: dict[int, Vectors] = {}

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, asked: slice | npt.NDArray[np.integer]) -> Vectors:
        """Return rows in the order in which they are asked for."""
        if isinstance(asked, slice):
            asked = np.arange(*asked.indices(len(self)))
        made = np.empty((asked.size, self.shape[1]), np.float32)
        shard, row = np.divmod(asked.astype(np.int64), self._addresses.rows)
        for number in np.unique(shard).tolist():
            here = np.flatnonzero(shard == number)
            made[here] = self._rows(number, row[here])
        return made

    def _rows(self, number: int, rows: npt.NDArray[np.int64]) -> Vectors:
        place = self._addresses.places[number]
        if "://" in place:
            return _requested(place, rows, self.shape[1])
        if number not in self._maps:
            self._maps[number] = np.memmap(place, "<f4", "r").reshape(-1, self.shape[1])
        return np.asarray(self._maps[number][rows])


def _requested(place: str, rows: npt.NDArray[np.int64], dimension: int) -> Vectors:
    """Read rows of a shard in as few requests as there are runs of them."""
    system, path = _system(place)
    distinct, back = np.unique(rows, return_inverse=True)
    ends = np.flatnonzero(np.diff(distinct) > GAP)
    first = distinct[np.concatenate([[0], ends + 1])]
    last = distinct[np.concatenate([ends, [distinct.size - 1]])] + 1
    width = 4 * dimension
    runs = system.cat_ranges(
        [path] * first.size, (first * width).tolist(), (last * width).tolist(), on_error="raise"
    )
    read = np.concatenate([np.frombuffer(run, "<f4").reshape(-1, dimension) for run in runs])
    begins = np.cumsum(last - first) - (last - first)
    run_of = np.searchsorted(first, distinct, side="right") - 1
    return np.asarray(read[(begins[run_of] + distinct - first[run_of])[back]])


def _system(where: str) -> tuple[Any, str]:
    """Return the file system of an address and the path there."""
    if find_spec("fsspec") is None:
        raise RequestError("compute.shards needs fsspec; run `pip install 'evenmatch[ray]'`.")
    fsspec: Any = import_module("fsspec")
    try:
        system, path = fsspec.core.url_to_fs(where)
    except (ImportError, ValueError) as failed:
        raise RequestError(
            f"compute.shards: {where} cannot be reached ({failed}); install what fsspec asks for, "
            "or name a folder."
        ) from failed
    return system, str(path)
