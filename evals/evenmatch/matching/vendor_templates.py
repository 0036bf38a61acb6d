"""A vendor's templates instead of a matcher: one row a photograph, failures by name.

Forms: `.npy`, an array of two dimensions whose rows' ids are in a file beside it; `.npz`, with the
arrays `ids` and `templates` and, where photographs failed, `status`; and CSV or Parquet with
`sample_id`, the template in a list column `template` or in one numeric column a dimension, and
`status`. A row of NaN or of blank cells is a photograph without a template. Nothing is unpickled.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from zipfile import BadZipFile, ZipFile

import numpy as np

from evenmatch.data.conditions import SYNTHETIC
from evenmatch.errors import RequestError
from evenmatch.matching.array_damage import NO_ARRAY
from evenmatch.matching.id_list import read_ids
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.matching.score_file import NAMED, SCORED
from evenmatch.matching.template_tables import Block, table_blocks
from evenmatch.matching.vendor_files import files_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.data.samples import Samples

Comparison = Literal["cosine", "inner_product", "euclidean"]
MISSING: Final = "missing"
NO_TEMPLATE: Final = "no_template"
ROWS: Final = 1 << 14
# A template of a photograph under a drawn mask is called by both: `p01-2@synthetic-...`.
WORN: Final = "@"


@dataclass(frozen=True)
class TemplateFile:
    """A vendor's templates before they are read.

    Attributes:
        path: the file.
        ids: the file with the ids of an `.npy` array; None for the other forms.
        comparison: how two of its templates are compared; `cosine` brings them to length 1 first.
        digest: hex SHA-256 that stands for the files.
    """

    path: Path
    ids: Path | None
    comparison: Comparison
    digest: str

    @classmethod
    def find(cls, path: Path, ids: Path | None, comparison: Comparison) -> TemplateFile:
        """Return the file, digested.

        Raises:
            RequestError: a file is missing, or ids are given where the file has its own.
        """
        if (path.suffix == ".npy") != (ids is not None):
            raise RequestError(
                f"{path}: an .npy array needs `ids`, a file with the id of each row; add it."
                if ids is None
                else f"{path}: `ids` is for .npy arrays, and this file has its own; remove it."
            )
        for key, file in (("path", path), ("ids", ids)):
            if file is not None and not file.is_file():
                raise RequestError(f"there is no file {file}. Check `{key}` of the matcher.")
        return cls(path, ids, comparison, files_sha256([path, *([ids] if ids else [])]))

    @property
    def score_kind(self) -> ScoreKind:
        """How two templates are compared."""
        euclidean = self.comparison == "euclidean"
        return ScoreKind.EUCLIDEAN if euclidean else ScoreKind.INNER_PRODUCT

    def read(self, samples: Samples) -> Templates:
        """Return the templates of a benchmark's rows.

        A row without a template in the file has failed: `missing`, `no_template` or the file's
        own word. A row under a drawn mask is called `<sample_id>@<mask>` in the file.

        Raises:
            RequestError: the file is not readable, contradicts itself or the benchmark, or masks
                are drawn and it has no template of a masked photograph.
        """
        placed = _Placed(self, samples)
        for block in self._blocks():
            placed.add(block)
        return placed.templates()

    def _blocks(self) -> Iterator[Block]:
        if self.path.suffix == ".npy" and self.ids is not None:
            yield from _array_blocks(self.path, read_ids(self.ids, "ids"))
        elif self.path.suffix == ".npz":
            yield from _archive_blocks(self.path)
        else:
            yield from table_blocks(self.path)


class _Placed:
    """Templates put where the benchmark's rows are, a block at a time."""

    def __init__(self, file: TemplateFile, samples: Samples) -> None:
        self._file = file
        masks = samples.table["mask"].astype(str)
        self._drawn = masks.str.startswith(SYNTHETIC).to_numpy()
        names = samples.table["sample_id"].astype(str)
        names = names.where(~self._drawn, names + WORN + masks)
        self._row_of = {name: row for row, name in enumerate(names)}
        self._first = np.zeros(len(samples), dtype=np.int64)  # row of the file, from 1; 0 unseen
        self._vectors: npt.NDArray[np.float32] | None = None
        self._failures: dict[int, str] = {}
        self._unknown: dict[str, int] = {}
        self._done = 0

    def add(self, block: Block) -> None:
        """Check a block and put its rows in place."""
        rows = np.array([self._row_of.get(name, -1) for name in block.ids], dtype=np.int64)
        self._refuse_repeats(block, rows)
        words = [word if word.lower() not in SCORED else "" for word in block.statuses]
        failed = np.array([bool(word) for word in words], dtype=bool)
        vectors = self._checked(block, failed)
        absent = np.isnan(block.vectors).all(axis=1)
        self._vectors = self._vectors if self._vectors is not None else self._room(block)
        good = (rows >= 0) & ~absent
        self._vectors[rows[good]] = vectors[good]
        for at in np.flatnonzero((rows >= 0) & absent):
            self._failures[int(rows[at])] = words[at] or NO_TEMPLATE
        self._done += len(rows)

    def templates(self) -> Templates:
        """Return what was read; rows the file does not have are `missing`.

        Raises:
            RequestError: ids are unknown, nothing was there, or drawn masks have no template.
        """
        if self._unknown:
            shown = ", ".join(repr(name) for name in list(self._unknown)[:NAMED])
            raise RequestError(
                f"{self._file.path}, row {min(self._unknown.values())}: {len(self._unknown)} ids "
                f"are not in the benchmark: {shown}{', ...' if len(self._unknown) > NAMED else ''}."
                " Use the manifest's `sample_id`, or check that this file belongs to it."
            )
        seen = self._first > 0
        if self._vectors is None or not seen.any():
            raise RequestError(f"{self._file.path} has no rows. Give one for each photograph.")
        if self._drawn.any() and not seen[self._drawn].any():
            raise RequestError(
                f"`masks.synthetic` draws masks, and {self._file.path} has no template of a masked "
                f"photograph; add rows with the id `<sample_id>{WORN}<mask>`, or draw no masks."
            )
        missing = dict.fromkeys(np.flatnonzero(~seen).tolist(), MISSING)
        failures = dict(sorted({**missing, **self._failures}.items()))
        return Templates(self._vectors, failures, self._file.score_kind)

    def _room(self, block: Block) -> npt.NDArray[np.float32]:
        return np.zeros((len(self._first), block.vectors.shape[1]), dtype=np.float32)

    def _refuse_repeats(self, block: Block, rows: npt.NDArray[np.int64]) -> None:
        for at, (name, row) in enumerate(zip(block.ids, rows.tolist(), strict=True)):
            number = self._done + at + 1
            if row < 0:
                self._unknown.setdefault(name, number)
                continue
            if self._first[row]:
                raise RequestError(
                    f"{self._file.path}, rows {self._first[row]} and {number}: one id is there "
                    "twice; keep one template a photograph."
                )
            self._first[row] = number

    def _checked(self, block: Block, failed: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Return a block's templates in single precision, each one fit to be compared."""
        vectors = block.vectors
        absent: npt.NDArray[np.bool_] = np.all(np.isnan(vectors), axis=1)
        self._refuse(failed & ~absent, "a failure and a template in one row; empty one of them")
        odd = np.asarray(~absent & ~np.isfinite(vectors).all(axis=1))
        self._refuse(odd, "the template has a number that is not finite; leave the row empty")
        there = np.where(absent[:, None], 1.0, vectors)
        zeros = np.logical_not(there.any(axis=1))
        self._refuse(zeros, "the template is all zeros; leave the row empty where there is none")
        with np.errstate(over="ignore"):  # what rounds to the largest number is no more than it
            endless = np.asarray(np.isinf(there.astype(np.float32)).any(axis=1))
        self._refuse(endless, "a number is beyond single precision; scale the templates")
        if self._file.comparison == "cosine":
            largest = np.max(np.abs(there), axis=1)
            vectors = vectors / largest[:, None]  # so that no square is too small or too large
            vectors = vectors / np.sqrt((vectors**2).sum(axis=1))[:, None]
        return vectors.astype(np.float32)

    def _refuse(self, wrong: npt.NDArray[np.bool_], why: str) -> None:
        rows = np.flatnonzero(wrong)
        if rows.size:
            more = f" ({rows.size} such rows)" if rows.size > 1 else ""
            number = self._done + int(rows[0]) + 1
            raise RequestError(f"{self._file.path}, row {number}{more}: {why}.")


def _array_blocks(path: Path, ids: list[str]) -> Iterator[Block]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except NO_ARRAY as wrong:
        raise RequestError(
            f"{path} is no .npy array ({wrong}); write it with numpy.save."
        ) from wrong
    yield from _array_rows(path, array, ids, [""] * len(ids))


def _archive_blocks(path: Path) -> Iterator[Block]:
    try:
        _refuse_inflated(path)
        with np.load(path, allow_pickle=False) as archive:
            lacking = [name for name in ("ids", "templates") if name not in archive]
            if lacking:
                raise RequestError(
                    f"{path} lacks the array {lacking[0]}; it has {', '.join(archive)}. Write it "
                    "with numpy.savez(file, ids=..., templates=... [, status=...])."
                )
            ids, templates = _words(archive["ids"]), archive["templates"]
            status = _words(archive["status"]) if "status" in archive else [""] * len(ids)
    except (*NO_ARRAY, BadZipFile) as wrong:
        raise RequestError(
            f"{path} is no .npz archive of plain arrays ({wrong}); write ids as text, not objects."
        ) from wrong
    yield from _array_rows(path, templates, ids, status)


def _refuse_inflated(path: Path) -> None:
    """Refuse an archive that would fill the machine's memory when it is unpacked."""
    with ZipFile(path) as archive:
        size = sum(each.file_size for each in archive.infolist())
    if size > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2:
        raise RequestError(
            f"{path} unpacks to {size:,} bytes, more than half of this machine's memory; give "
            "the templates as .npy, which is read in parts."
        )


def _words(array: npt.NDArray[np.generic]) -> list[str]:
    texts = array.tolist()
    return [str(text.decode() if isinstance(text, bytes) else text).strip() for text in texts]


def _array_rows(
    path: Path, array: npt.NDArray[np.generic], ids: list[str], statuses: list[str]
) -> Iterator[Block]:
    if array.ndim != 2 or array.dtype.kind not in "fiu" or not array.shape[1]:
        raise RequestError(
            f"{path}: templates are an array {array.shape} of {array.dtype}; give one row of "
            "numbers a photograph."
        )
    if not len(array) == len(ids) == len(statuses):
        raise RequestError(
            f"{path}: {len(array)} templates, {len(ids)} ids and {len(statuses)} statuses; give "
            "one of each a photograph."
        )
    for start in range(0, len(array), ROWS):
        part = slice(start, start + ROWS)
        yield Block(ids[part], np.asarray(array[part], dtype=np.float64), statuses[part])
