"""InsightFace's verification sets: one pickle of encoded photographs and of who is the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.published import Trial, readable, trials_table
from evenmatch.data.loaders.safe_pickle import as_bytes, as_truth, items, read_pickle
from evenmatch.errors import RequestError
from evenmatch.files import write_file

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.data.loaders.format import Places

LARGEST_SET: Final = 1 << 29


@dataclass(frozen=True)
class _Set:
    """A verification set as its file holds it.

    Attributes:
        digest: SHA-256 of the file.
        photographs: encoded photographs by the SHA-256 of their bytes, in order of appearance.
        sides: two rows, one column a comparison: positions among the photographs.
        mated: one a comparison.
    """

    digest: str
    photographs: dict[str, bytes]
    sides: npt.NDArray[np.int64]
    mated: npt.NDArray[np.bool_]


def _read(path: Path) -> _Set:
    with readable(path, LARGEST_SET, "verification set"):
        data = path.read_bytes()
    encoded, mated = _parts(read_pickle(data, str(path)), path)
    # Sets give a photograph as often as it is compared: equal bytes are one photograph.
    digests: dict[int, str] = {}
    photographs: dict[str, bytes] = {}
    for photograph in encoded:
        if id(photograph) not in digests:
            digests[id(photograph)] = hashlib.sha256(photograph).hexdigest()
        photographs.setdefault(digests[id(photograph)], photograph)
    position = {digest: place for place, digest in enumerate(photographs)}
    order = np.array([position[digests[id(photograph)]] for photograph in encoded], dtype=np.int64)
    return _Set(
        hashlib.sha256(data).hexdigest(), photographs, order.reshape(-1, 2).T, np.array(mated)
    )


def _parts(content: object, path: Path) -> tuple[list[bytes], list[bool]]:
    """Return the photographs and truth values of a set, two photographs a truth value."""
    lists = [items(part) for part in items(content) or []]
    encoded, said = lists if len(lists) == 2 else (None, None)
    if not encoded or not said:
        raise RequestError(
            f"{path}: is no list of photographs with a list of truth values; fetch the set again."
        )
    if len(encoded) != 2 * len(said):
        raise RequestError(
            f"{path}: holds {len(encoded)} photographs for {len(said)} comparisons, where each "
            "takes two; fetch the set again."
        )
    photographs: list[bytes] = []
    mated: list[bool] = []
    for row, truth in enumerate(map(as_truth, said)):
        sides = [data for each in encoded[2 * row : 2 * row + 2] if (data := as_bytes(each))]
        if truth is None or len(sides) < 2:
            raise RequestError(
                f"{path}: comparison {row + 1} is not two encoded photographs and a truth value; "
                "fetch the set again."
            )
        photographs += sides
        mated.append(truth)
    return photographs, mated


def _people(found: _Set) -> npt.NDArray[np.int32]:
    """Return a person for every photograph: whoever mated comparisons link is one."""
    count = len(found.photographs)
    probes, references = found.sides[:, found.mated]
    links = coo_array((np.ones(len(probes), dtype=np.int8), (probes, references)), (count, count))
    _, people = connected_components(links, directed=False)
    return np.asarray(people, dtype=np.int32)


def _meant(found: _Set) -> npt.NDArray[np.bool_]:
    """Mark the comparisons of two photographs on which the set agrees with itself.

    Nobody can correct a published pickle: where a non-mated comparison is of two photographs that
    mated ones link to one person, one label is wrong, and the comparison is left out and counted.
    """
    people = _people(found)
    linked = people[found.sides[0]] == people[found.sides[1]]
    return np.asarray((found.sides[0] != found.sides[1]) & (found.mated == linked))


def _load(places: Places) -> Loaded:
    path = places["bin"]
    found = _read(path)
    people = _people(found)
    root = private_folder(private_folder(cache_dir() / "photographs") / found.digest)
    files = {digest: f"{digest}{_suffix(data)}" for digest, data in found.photographs.items()}
    for digest, data in found.photographs.items():
        file = root / files[digest]
        if not file.is_file() or file.stat().st_size != len(data):
            write_file(file, data, private=True)
    table = pd.DataFrame(
        {
            "sample_id": list(files),
            "subject_id": [f"person-{person + 1:05d}" for person in people],
            "path": list(files.values()),
        },
        dtype=str,
    )
    return Loaded(table, root, notices=_notices(path.name, found, people))


def _notices(name: str, found: _Set, people: npt.NDArray[np.int32]) -> tuple[str, ...]:
    inferred = (
        f"{name} names nobody: its {len(people)} photographs are taken for {people.max() + 1} "
        "people by its mated comparisons alone. One person may be counted as several, so that "
        "intervals are narrower than they should be."
    )
    itself = int((found.sides[0] == found.sides[1]).sum())
    against = int((~_meant(found)).sum()) - itself
    said = [inferred]
    if itself:
        said.append(f"{name} compares a photograph with itself {itself} times; these are left out.")
    if against:
        said.append(
            f"{name} says of {against} comparisons that they are of two people and links their "
            "photographs to one person by others: its labels are wrong there. They are left out."
        )
    return tuple(said)


def _suffix(data: bytes) -> str:
    return ".png" if data.startswith(b"\x89PNG") else ".jpg"


def _trials(path: Path, _places: Places) -> pd.DataFrame:
    found = _read(path)
    digests, meant = list(found.photographs), _meant(found)
    return trials_table(
        Trial(f"comparison {row}", digests[probe], digests[reference], bool(mated))
        for row, (probe, reference, mated) in enumerate(
            zip(*found.sides, found.mated, strict=True), start=1
        )
        if meant[row - 1]
    )


LOADER = Loader(
    files={"bin": "lfw.bin"},
    load=_load,
    trials=_trials,
    about="InsightFace's .bin: aligned faces, usually 112 pixels to a side, and who is the same",
)
