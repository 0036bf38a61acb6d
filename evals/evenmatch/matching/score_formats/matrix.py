"""A matrix of scores, rows probes and columns references, with the ids in files beside it.

The matrix is a `.npy` array of two dimensions, or text: one line a row, numbers with commas or
blanks between them. `ids` names the rows' sample ids and `column_ids` the columns', which are the
rows' where it is left out: a text file with one id a line, or a table with a column `sample_id`.
NaN is a comparison that failed. A photograph's score with itself may be there and is not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.errors import RequestError
from evenmatch.files import ordinary
from evenmatch.matching.array_damage import NO_ARRAY
from evenmatch.matching.id_list import read_ids
from evenmatch.matching.score_file import Gathered, sample_codes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.data.samples import Samples
    from evenmatch.matching.score_file import FormatOptions, ScoreColumns

CELLS: Final = 1 << 21  # taken at once


def read(path: Path, samples: Samples, options: FormatOptions) -> ScoreColumns:
    """Return the cells of a matrix, row after row.

    Raises:
        RequestError: the matrix or its ids are not readable, or do not fit together.
    """
    if options.ids is None:
        raise RequestError("`format: matrix` needs `ids`, the sample ids of its rows; add it.")
    probes = read_ids(options.ids, "ids")
    references = (
        probes if options.column_ids is None else read_ids(options.column_ids, "column_ids")
    )
    shape = _Shape(path, len(probes), len(references))
    rows = Gathered(
        path,
        sample_codes(samples),
        failed_score=options.failed_score,
        place=lambda cell: "row {}, column {}".format(*shape.at(cell)),
    )
    probe_codes = _known(rows, probes, options.ids)
    reference_codes = _known(rows, references, options.column_ids or options.ids)
    done = 0
    for block in _array(shape) if path.suffix == ".npy" else _text(shape):
        part = probe_codes[done : done + len(block)]
        done += len(block)
        rows.add(
            np.repeat(part, shape.columns), np.tile(reference_codes, len(block)), block.ravel()
        )
    if done != shape.rows:
        raise RequestError(
            f"{path} has {done} rows and {options.ids} has {shape.rows} ids; give one id a row."
        )
    return rows.columns()


@dataclass(frozen=True)
class _Shape:
    """A matrix and the shape that its ids ask for."""

    path: Path
    rows: int
    columns: int

    def at(self, cell: int) -> tuple[int, int]:
        """Return row and column of a cell, from 1."""
        row, column = divmod(cell, self.columns)
        return row + 1, column + 1


def _known(rows: Gathered, ids: list[str], file: Path) -> npt.NDArray[np.int64]:
    codes = rows.coded(ids)
    strange = np.flatnonzero(codes < 0)
    if strange.size:
        raise RequestError(
            f"{file}: {strange.size} sample ids are not in the benchmark, the first of them in "
            f"row {strange[0] + 1}. Use the manifest's `sample_id`."
        )
    return codes


def _array(shape: _Shape) -> Iterator[npt.NDArray[np.float64]]:
    try:
        matrix = np.load(ordinary(shape.path), mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as missing:
        raise _no_file(shape.path) from missing
    except NO_ARRAY as wrong:
        raise RequestError(
            f"{shape.path} is no .npy array ({wrong}); write it with numpy.save."
        ) from wrong
    if matrix.shape != (shape.rows, shape.columns) or matrix.dtype.kind not in "fiu":
        raise RequestError(
            f"{shape.path} is an array {matrix.shape} of {matrix.dtype} and the ids ask for "
            f"({shape.rows}, {shape.columns}) numbers; give an id to every row and column."
        )
    step = max(1, CELLS // shape.columns)
    for start in range(0, shape.rows, step):
        yield np.asarray(matrix[start : start + step], dtype=np.float64)


def _text(shape: _Shape) -> Iterator[npt.NDArray[np.float64]]:
    step = max(1, CELLS // shape.columns)
    waiting: list[npt.NDArray[np.float64]] = []
    try:
        with ordinary(shape.path).open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                waiting.append(_line(shape, number, line))
                if len(waiting) == step:
                    yield np.stack(waiting)
                    waiting = []
    except FileNotFoundError as missing:
        raise _no_file(shape.path) from missing
    except (OSError, UnicodeDecodeError) as wrong:
        raise RequestError(f"{shape.path} cannot be read as text ({wrong}); correct it.") from wrong
    if waiting:
        yield np.stack(waiting)


def _line(shape: _Shape, number: int, line: str) -> npt.NDArray[np.float64]:
    cells = line.split(",") if "," in line else line.split()
    if len(cells) != shape.columns:
        raise RequestError(
            f"{shape.path}, line {number}: {len(cells)} numbers and {shape.columns} column ids; "
            "give an id to every column."
        )
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        raise RequestError(
            f"{shape.path}, line {number}: a cell is no number; write NaN for a comparison that "
            "failed, and no headings."
        ) from None


def _no_file(path: Path) -> RequestError:
    return RequestError(f"there is no file {path}. Check `path` of the matcher.")
