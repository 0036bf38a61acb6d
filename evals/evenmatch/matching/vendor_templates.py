"""A vendor's templates instead of a matcher: one row a photograph, failures by name.

Forms: `.npy`, an array of two dimensions whose rows' ids are in a file beside it, or a folder of
such arrays; `.npz`, with the arrays `ids` and `templates` and, where photographs failed, `status`;
and CSV or Parquet with `sample_id`, the template in a list column `template` or in one numeric
column a dimension, and `status`. A row of NaN or of blank cells is a photograph without a template.
Nothing is unpickled.

Arrays may lie at a URL. What is more than a modest share of memory is read where it lies: every row
is checked once, and from then on only the rows that are being compared are there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from evenmatch.data.conditions import SYNTHETIC
from evenmatch.errors import RequestError
from evenmatch.matching.id_list import read_ids
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.matching.places import ending_of, exists, files_in, name_of
from evenmatch.matching.room import fits, room
from evenmatch.matching.score_file import NAMED, SCORED
from evenmatch.matching.shards import in_single, largest_of
from evenmatch.matching.template_arrays import (
    ARRAY,
    archive_blocks,
    array_blocks,
    open_large,
    open_shards,
    shard_blocks,
)
from evenmatch.matching.template_tables import table_blocks
from evenmatch.matching.vectors import Picked, bound_of, longest_square
from evenmatch.matching.vendor_files import files_sha256, named_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from evenmatch.data.samples import Samples
    from evenmatch.matching.places import Place
    from evenmatch.matching.shards import Shards
    from evenmatch.matching.template_tables import Block
    from evenmatch.matching.vectors import Array, Vectors

Comparison = Literal["cosine", "inner_product", "euclidean"]
MISSING: Final = "missing"
NO_TEMPLATE: Final = "no_template"
# A template of a photograph under a drawn mask is called by both: `p01-2@synthetic-...`.
WORN: Final = "@"


@dataclass(frozen=True)
class TemplateFile:
    """A vendor's templates before they are read.

    Attributes:
        path: the file, the folder of arrays, or its URL.
        ids: the file with the ids of an array's rows; None for the other forms.
        comparison: how two of its templates are compared; `cosine` brings them to length 1 first.
        digest: hex SHA-256 that stands for the files.
        arrays: the arrays of a folder, in the order of their rows, or the one at a URL.
    """

    path: Place
    ids: Place | None
    comparison: Comparison
    digest: str
    arrays: tuple[Place, ...] = ()

    @classmethod
    def find(cls, path: Place, ids: Place | None, comparison: Comparison) -> TemplateFile:
        """Return the file, digested.

        Raises:
            RequestError: a file is missing, or ids are given where the file has its own.
            OutsideError: a URL cannot be read.
        """
        rows_alone = isinstance(path, str) or path.is_dir() or ending_of(path) == ARRAY
        if rows_alone != (ids is not None):
            raise RequestError(
                f"{path}: an .npy array needs `ids`, a file with the id of each row; add it."
                if ids is None
                else f"{path}: `ids` is for .npy arrays, and this file has its own; remove it."
            )
        arrays = _arrays(path)
        for key, file in (("path", path), ("ids", ids)):
            if file is not None and not (exists(file) or (key == "path" and arrays)):
                raise RequestError(f"there is no file {file}. Check `{key}` of the matcher.")
        return cls(path, ids, comparison, _digest(path, arrays, ids), arrays)

    @property
    def score_kind(self) -> ScoreKind:
        """How two templates are compared."""
        euclidean = self.comparison == "euclidean"
        return ScoreKind.EUCLIDEAN if euclidean else ScoreKind.INNER_PRODUCT

    def read(self, samples: Samples, *, apart: bool = False) -> Templates:
        """Return the templates of a benchmark's rows.

        A row without a template in the file has failed: `missing`, `no_template` or the file's
        own word. A row under a drawn mask is called `<sample_id>@<mask>` in the file.

        Args:
            samples: the benchmark.
            apart: whether other processes compare them; a folder or a URL then stays where it is.

        Raises:
            RequestError: the file is not readable, contradicts itself or the benchmark, or masks
                are drawn and it has no template of a masked photograph.
            OutsideError: a URL cannot be read, or the disk is full.
        """
        shards = self._shards(len(samples))
        lie = shards is not None and (apart or not fits(*shards.shape))
        placed = _Placed(self, samples, shards if lie else None)
        for block in self._blocks(shards):
            placed.add(block)
        return placed.templates()

    def _shards(self, rows: int) -> Shards | None:
        """Return the arrays of a folder or a URL, and one file's where it is large."""
        unit = self.comparison == "cosine"
        if self.arrays:
            return open_shards(self.arrays, unit=unit)
        if ending_of(self.path) != ARRAY or not isinstance(self.path, Path):
            return None
        return open_large(self.path, rows, unit=unit)

    def _blocks(self, shards: Shards | None) -> Iterator[Block]:
        if self.ids is not None:
            ids = read_ids(self.ids, "ids")
            if shards is not None:
                yield from shard_blocks(self.path, shards, ids)
            else:
                yield from array_blocks(Path(self.path), ids)
        elif ending_of(self.path) == ".npz":
            yield from archive_blocks(Path(self.path))
        else:
            yield from table_blocks(Path(self.path))


def _arrays(path: Place) -> tuple[Place, ...]:
    """Return the arrays that a folder or a URL stands for; none where it is another file's path.

    Raises:
        RequestError: the folder has none, or their order is not what their numbers say.
    """
    files = files_in(path, ARRAY)
    if files is None:
        return (path,) if isinstance(path, str) else ()
    if not files:
        raise RequestError(f"{path} has no {ARRAY} file; put the arrays of templates there.")
    _refuse_miscounted(path, [name_of(file) for file in files])
    return tuple(files)


def _refuse_miscounted(path: Place, names: Sequence[str]) -> None:
    """Refuse names whose order is not that of their numbers: 10 stands before 2."""
    before: dict[str, tuple[list[int], str]] = {}
    for name in names:
        form, numbers = re.sub(r"\d+", "#", name), [int(each) for each in re.findall(r"\d+", name)]
        earlier, other = before.get(form, ([], ""))
        if earlier > numbers:
            raise RequestError(
                f"{path}: arrays are taken in the order of their names, and {other} comes before "
                f"{name} there; write the numbers in names with leading zeros."
            )
        before[form] = numbers, name


def _digest(path: Place, arrays: tuple[Place, ...], ids: Place | None) -> str:
    """Digest what decides the numbers: a file with its ids, or a folder's arrays by name."""
    if ids is None:
        return files_sha256([Path(path)])
    named = [(name_of(each), each) for each in arrays] if arrays not in ((), (path,)) else []
    return named_sha256([*(named or [("", path)]), ("", ids)])


class _Placed:
    """Templates put where the benchmark's rows are, a block at a time."""

    def __init__(self, file: TemplateFile, samples: Samples, shards: Shards | None) -> None:
        self._file = file
        self._shards = shards  # where the templates stay; None where they are put in place
        masks = samples.table["mask"].astype(str)
        self._drawn = masks.str.startswith(SYNTHETIC).to_numpy()
        names = samples.table["sample_id"].astype(str)
        names = names.where(~self._drawn, names + WORN + masks)
        self._row_of = {name: row for row, name in enumerate(names)}
        self._first = np.zeros(len(samples), dtype=np.int64)  # row of the file, from 1; 0 unseen
        self._vectors: npt.NDArray[np.float32] | None = None
        self._order = np.full(len(samples) if shards is not None else 0, -1, dtype=np.int64)
        self._square = 0.0  # the largest squared length
        self._failures: dict[int, str] = {}
        self._unknown: dict[str, int] = {}
        self._done = 0
        # Rows count as a spreadsheet program does: a CSV's heading is row 1.
        self._above = int(ending_of(file.path) == ".csv")

    def add(self, block: Block) -> None:
        """Check a block and put its rows in place."""
        rows = np.array([self._row_of.get(name, -1) for name in block.ids], dtype=np.int64)
        self._refuse_repeats(block, rows)
        words = [word if word.lower() not in SCORED else "" for word in block.statuses]
        failed = np.array([bool(word) for word in words], dtype=bool)
        vectors, absent = self._checked(block, failed)
        good = (rows >= 0) & ~absent
        self._put(rows[good], vectors[good], self._done + np.flatnonzero(good))
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
            shown += ", ..." * (len(self._unknown) > NAMED)
            raise RequestError(
                f"{self._file.path}, row {min(self._unknown.values())}: {len(self._unknown)} of "
                f"its ids are not in the benchmark: {shown}. "
                "Use the manifest's `sample_id`, or check that this file belongs to it."
            )
        seen = self._first > 0
        found = self._found
        if found is None or not seen.any():
            raise RequestError(f"{self._file.path} has no rows. Give one for each photograph.")
        if self._drawn.any() and not seen[self._drawn].any():
            raise RequestError(
                f"`masks.synthetic` draws masks, and {self._file.path} has no template of a masked "
                f"photograph; add rows with the id `<sample_id>{WORN}<mask>`, or draw no masks."
            )
        missing = dict.fromkeys(np.flatnonzero(~seen).tolist(), MISSING)
        failures = dict(sorted({**missing, **self._failures}.items()))
        longest = bound_of(self._square, found.shape[1]) if self._shards is not None else None
        return Templates(found, failures, self._file.score_kind, longest=longest)

    @property
    def _found(self) -> Vectors | None:
        """The templates, here or where they lie; None before the first block."""
        return self._vectors if self._shards is None else Picked(self._shards, self._order)

    def _put(
        self,
        rows: npt.NDArray[np.int64],
        vectors: Array,
        at: npt.NDArray[np.int64],
    ) -> None:
        """Put templates where the rows are, or note which rows of the files they are."""
        if self._shards is not None:
            self._square = max(self._square, longest_square(vectors, at + 1))
            self._order[rows] = at
            return
        if self._vectors is None:
            self._vectors = room(len(self._first), vectors.shape[1])
        self._vectors[rows] = vectors

    def _refuse_repeats(self, block: Block, rows: npt.NDArray[np.int64]) -> None:
        for at, (name, row) in enumerate(zip(block.ids, rows.tolist(), strict=True)):
            number = self._above + self._done + at + 1
            if row < 0:
                self._unknown.setdefault(name, number)
                continue
            if self._first[row]:
                raise RequestError(
                    f"{self._file.path}, rows {self._first[row]} and {number}: one id is there "
                    "twice; keep one template a photograph."
                )
            self._first[row] = number

    def _checked(
        self, block: Block, failed: npt.NDArray[np.bool_]
    ) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Return a block's templates in single precision, fit to be compared, and who has none."""
        largest = largest_of(block.vectors)
        absent = np.isnan(largest)
        absent[absent] = np.isnan(block.vectors[absent]).all(axis=1)
        self._refuse(failed & ~absent, "a failure and a template in one row; empty one of them")
        odd = ~absent & ~np.isfinite(largest)
        self._refuse(odd, "the template has a number that is not finite; leave the row empty")
        zeros = "the template is all zeros; leave the row empty where there is none"
        self._refuse(largest == 0, zeros)
        with np.errstate(over="ignore"):  # what rounds to the largest number is no more than it
            endless = np.isinf(largest.astype(np.float32))
        self._refuse(endless, "a number is beyond single precision; scale the templates")
        return in_single(block.vectors, unit=self._file.comparison == "cosine"), absent

    def _refuse(self, wrong: npt.NDArray[np.bool_], why: str) -> None:
        rows = np.flatnonzero(wrong)
        if rows.size:
            more = f" ({rows.size} such rows)" if rows.size > 1 else ""
            number = self._above + self._done + int(rows[0]) + 1
            raise RequestError(f"{self._file.path}, row {number}{more}: {why}.")
