"""Templates in numpy's files: an array with ids beside it, in one file or many, or an archive."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final
from zipfile import BadZipFile, ZipFile

import numpy as np

from evenmatch.errors import RequestError
from evenmatch.files import ordinary
from evenmatch.matching.array_damage import NO_ARRAY
from evenmatch.matching.places import opened, size_of
from evenmatch.matching.room import fits, memory
from evenmatch.matching.shards import Piece, Shards, place_of
from evenmatch.matching.template_tables import Block

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.matching.places import Place

ROWS: Final = 1 << 12
ARRAY: Final = ".npy"
HEADING: Final = 1 << 14  # bytes; numpy refuses longer headings itself


def array_blocks(path: Path, ids: list[str]) -> Iterator[Block]:
    """Yield the rows of one array.

    Raises:
        RequestError: the file is no array of numbers with a row for each id.
    """
    try:
        array = np.load(ordinary(path), mmap_mode="r", allow_pickle=False)
    except NO_ARRAY as wrong:
        raise _no_array(path, wrong) from wrong
    yield from _array_rows(path, array, ids, [""] * len(ids))


def shard_blocks(where: Place, shards: Shards, ids: list[str]) -> Iterator[Block]:
    """Yield the rows of arrays in several files, as the files have them.

    Raises:
        RequestError: there is not one id a row.
    """
    if len(ids) != len(shards):
        raise RequestError(
            f"{where}: {len(shards)} templates in {len(shards.pieces)} files and {len(ids)} ids; "
            "give one id a row over all files, in the order of the files' names."
        )
    for start in range(0, len(ids), ROWS):
        part = ids[start : start + ROWS]
        yield Block(part, shards.numbers(start, start + ROWS), [""] * len(part))


def open_shards(files: Sequence[Place], *, unit: bool) -> Shards:
    """Return the templates of arrays, to be read where they lie.

    Args:
        files: the arrays, in their rows' order.
        unit: whether templates are brought to length 1.

    Raises:
        RequestError: a file is no such array, or its templates have another length.
        OutsideError: a URL cannot be read.
    """
    found = [_heading(file) for file in files]
    for (_, dimension), file in zip(found, files, strict=True):
        if dimension != found[0][1]:
            raise RequestError(
                f"{file}: templates of {dimension} numbers, and {files[0]} has {found[0][1]}; "
                "give all of one length."
            )
    return Shards(tuple(piece for piece, _ in found), found[0][1], unit)


def open_large(path: Path, rows: int, *, unit: bool) -> Shards | None:
    """Return one file's templates, to be read where they lie; None where they had better be read.

    Args:
        path: the array.
        rows: of how many photographs templates are wanted.
        unit: whether templates are brought to length 1.

    Raises:
        RequestError: the file is no array.
    """
    try:
        array = np.load(ordinary(path), mmap_mode="r", allow_pickle=False)
    except NO_ARRAY as wrong:
        raise _no_array(path, wrong) from wrong
    if array.ndim != 2 or fits(rows, array.shape[1]) or not array.flags.c_contiguous:
        return None
    return open_shards([path], unit=unit)


def _heading(file: Place) -> tuple[Piece, int]:
    """Return one file of templates and how many numbers each has, from its heading alone."""
    try:
        with opened(file) as stream:
            start = BytesIO(stream.read(HEADING))
        newer = np.lib.format.read_magic(start) > (1, 0)
        form = np.lib.format
        read = form.read_array_header_2_0 if newer else form.read_array_header_1_0
        shape, columns, number = read(start)
    except NO_ARRAY as wrong:
        raise _no_array(file, wrong) from wrong
    _refuse_shape(file, shape, number)
    if columns:
        raise RequestError(
            f"{file}: its numbers lie column by column, and rows are read from shards; write them "
            "with numpy.save(file, numpy.ascontiguousarray(array))."
        )
    whole = start.tell() + number.itemsize * shape[0] * shape[1]
    if size_of(file) < whole:
        raise RequestError(
            f"{file} ends before its last row ({size_of(file):,} of {whole:,} bytes); copy it "
            "again."
        )
    place = file if isinstance(file, str) else place_of(file)
    return Piece(place, shape[0], number.str, start.tell()), shape[1]


def archive_blocks(path: Path) -> Iterator[Block]:
    """Yield the rows of an archive with ids, templates and, where some failed, their status.

    Raises:
        RequestError: the file is no such archive, or would fill the memory.
    """
    try:
        _refuse_inflated(ordinary(path))
        with np.load(path, allow_pickle=False) as archive:
            lacking = [name for name in ("ids", "templates") if name not in archive]
            if lacking:
                raise RequestError(
                    f"{path} lacks the array {lacking[0]}; it has {', '.join(archive)}. Write it "
                    "with numpy.savez(file, ids=..., templates=... [, status=...])."
                )
            ids, templates = _words(_array(archive, "ids")), _array(archive, "templates")
            said = "status" in archive
            status = _words(_array(archive, "status")) if said else [""] * len(ids)
    except (*NO_ARRAY, BadZipFile) as wrong:
        raise RequestError(
            f"{path} is no .npz archive of plain arrays ({wrong}); write ids as text, not objects."
        ) from wrong
    yield from _array_rows(path, templates, ids, status)


def _refuse_inflated(path: Path) -> None:
    """Refuse an archive that would fill the machine's memory when it is unpacked."""
    with ZipFile(path) as archive:
        size = sum(each.file_size for each in archive.infolist())
    if size > memory() // 2:
        raise RequestError(
            f"{path} unpacks to {size:,} bytes, more than half of this machine's memory; "
            "give the templates as .npy, which is read in parts."
        )


def _array(archive: Mapping[str, object], name: str) -> npt.NDArray[np.generic]:
    found = archive[name]
    if not isinstance(found, np.ndarray):
        raise ValueError(f"{name} is no array")  # noqa: TRY004 - numpy gives a file's bytes then
    return found


def _words(array: npt.NDArray[np.generic]) -> list[str]:
    texts = array.tolist()
    return [str(text.decode() if isinstance(text, bytes) else text).strip() for text in texts]


def _array_rows(
    path: Path, array: npt.NDArray[np.generic], ids: list[str], statuses: list[str]
) -> Iterator[Block]:
    _refuse_shape(path, array.shape, array.dtype)
    if not len(array) == len(ids) == len(statuses):
        raise RequestError(
            f"{path}: {len(array)} templates, {len(ids)} ids and {len(statuses)} statuses; give "
            "one of each a photograph."
        )
    for start in range(0, len(array), ROWS):
        part = slice(start, start + ROWS)
        yield Block(ids[part], np.asarray(array[part], dtype=np.float64), statuses[part])


def _refuse_shape(file: Place, shape: tuple[int, ...], number: np.dtype[np.generic]) -> None:
    if len(shape) != 2 or number.kind not in "fiu" or shape[0] < 0 or shape[1] < 1:
        raise RequestError(
            f"{file}: templates are an array {shape} of {number}; give one row of numbers a "
            "photograph."
        )


def _no_array(file: Place, wrong: Exception) -> RequestError:
    return RequestError(f"{file} is no .npy array ({wrong}); write it with numpy.save.")
