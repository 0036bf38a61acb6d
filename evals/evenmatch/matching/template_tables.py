"""Templates in a table, CSV or Parquet: a list column, or one numeric column a dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from evenmatch.errors import RequestError
from evenmatch.matching.id_list import SAMPLE
from evenmatch.matching.score_file import as_numbers
from evenmatch.matching.tables import (
    NO_TABLE,
    PARQUET,
    as_text,
    column_names,
    no_table,
    pc,
    row_of,
    text_blocks,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.matching.tables import Column

STATUS: Final = "status"
TEMPLATE: Final = "template"
ROWS: Final = 1 << 14


@dataclass(frozen=True)
class Block:
    """Some rows of a file of templates.

    Attributes:
        ids: what the file calls each photograph.
        vectors: float64 array (rows, dimension); a row of NaN has no template.
        statuses: why it has none, as the file says; blank where it says nothing.
    """

    ids: list[str]
    vectors: npt.NDArray[np.float64]
    statuses: list[str]


def table_blocks(path: Path) -> Iterator[Block]:
    """Yield the rows of a table of templates.

    Raises:
        RequestError: the file is no table, lacks ids or numbers, or its templates differ in length.
    """
    try:
        names = column_names(path)
        if SAMPLE not in names:
            raise RequestError(
                f"{path} lacks the column {SAMPLE}; it has {', '.join(names)}. Name each row's "
                f"photograph in {SAMPLE}."
            )
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise RequestError(f"{path} has two columns {twice[0]!r}; rename or remove one.")
        dimensions = [name for name in names if name not in (SAMPLE, STATUS)]
        if path.suffix == PARQUET and TEMPLATE in dimensions:
            yield from _lists(path, has_status=STATUS in names)
        else:
            yield from _columns(path, dimensions)
    except NO_TABLE as wrong:
        wanted = f"{SAMPLE} and one column a dimension, or in Parquet a list column {TEMPLATE}"
        raise no_table(path, wrong, wanted) from wrong


def _columns(path: Path, dimensions: list[str]) -> Iterator[Block]:
    if not dimensions:
        raise RequestError(f"{path} has no column of numbers; give one a dimension.")
    done = 0
    for block in text_blocks(path, (SAMPLE, *dimensions), (STATUS,)):
        vectors = np.empty((block.num_rows, len(dimensions)))
        for place, name in enumerate(dimensions):
            vectors[:, place] = _numbers(path, block[name], name, done)
        statuses = block[STATUS].to_pylist() if STATUS in block.column_names else []
        yield Block(block[SAMPLE].to_pylist(), vectors, statuses or [""] * block.num_rows)
        done += block.num_rows


def _numbers(path: Path, cells: Column, name: str, done: int) -> npt.NDArray[np.float64]:
    empty = np.asarray(pc.equal(cells, ""))
    numbers = as_numbers(pc.if_else(pc.equal(cells, ""), "nan", cells))
    odd = np.flatnonzero(np.isnan(numbers) & ~empty)
    odd = odd[[cells[int(at)].as_py().lower() != "nan" for at in odd]] if odd.size else odd
    if odd.size:
        found, row = cells[int(odd[0])].as_py(), row_of(path, done + int(odd[0]))
        raise RequestError(
            f"{path}, {row}: {found!r} in the column {name} is no number; every column but "
            f"{SAMPLE} and {STATUS} is a dimension of the template, so correct "
            "the cell or remove the column."
        )
    return numbers


def _lists(path: Path, *, has_status: bool) -> Iterator[Block]:
    """Yield the rows of a Parquet file whose templates are lists."""
    dimension, done = 0, 0
    wanted = [SAMPLE, TEMPLATE, *([STATUS] if has_status else [])]
    with pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS, columns=wanted):
            column = batch.column(TEMPLATE)
            if not _is_list(column.type):
                raise RequestError(
                    f"{path}: the column {TEMPLATE} holds {column.type}; give lists of numbers."
                )
            lengths = np.asarray(pc.fill_null(pc.list_value_length(column), 0))
            dimension = dimension or int(lengths.max(initial=0))
            wrong = np.flatnonzero((lengths != dimension) & (lengths > 0))
            if wrong.size or not dimension:
                raise RequestError(
                    f"{path}, row {done + (int(wrong[0]) if wrong.size else 0) + 1}: a template of "
                    f"{lengths[wrong[0]] if wrong.size else 0} numbers, and others have "
                    f"{dimension or 'none'}; give all of one length, or none where it failed."
                )
            vectors = np.full((batch.num_rows, dimension), np.nan)
            filled = lengths > 0
            flat = pc.list_flatten(column.filter(pa.array(filled)))
            vectors[filled] = np.asarray(flat.cast(pa.float64())).reshape(-1, dimension)
            statuses = as_text(batch.column(STATUS)).to_pylist() if has_status else []
            ids = as_text(batch.column(SAMPLE)).to_pylist()
            yield Block(ids, vectors, statuses or [""] * batch.num_rows)
            done += batch.num_rows


def _is_list(kind: Column) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)
