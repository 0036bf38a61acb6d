"""A vendor's tables, CSV or Parquet, read as text a block at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from evenmatch.data.loaders.columns import apart_by
from evenmatch.errors import RequestError
from evenmatch.files import ordinary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# pyarrow's published types lag behind its compute functions.
Column = Any
pc: Any = pyarrow.compute

PARQUET: Final = ".parquet"
BLOCK_BYTES: Final = 16 << 20
BLOCK_ROWS: Final = 1 << 18
# What reading raises where a file is no table.
NO_TABLE: Final = (pa.ArrowException, OSError, UnicodeDecodeError)


def text_blocks(
    path: Path, required: Sequence[str], optional: Sequence[str] = (), *, key: str = "path"
) -> Iterator[Column]:
    """Yield a table's rows block by block, every cell as text without spaces around it.

    Args:
        path: a CSV file, or Parquet when it ends in `.parquet`.
        required: columns that have to be there.
        optional: columns that are read where they are there; any other is left alone.
        key: the matcher's key that names the file, for whoever has to correct it; empty for none.

    Raises:
        RequestError: the file is missing, is no table, or lacks a column.
    """
    try:
        if path.suffix == PARQUET:
            yield from _parquet(path, required, optional)
        else:
            yield from _csv(path, required, optional)
    except FileNotFoundError as missing:
        what = f"`{key}` of the matcher" if key else "the path"
        raise RequestError(f"there is no file {path}. Check {what}.") from missing
    except NO_TABLE as wrong:
        raise no_table(path, wrong, f"the columns {_listed(required, optional)}") from wrong


def row_of(path: Path, row: int) -> str:
    """Call a row of a table, counted from 0, as a spreadsheet program does: a heading is row 1."""
    return f"row {row + first_row(path)}"


def first_row(path: Path) -> int:
    """Return the number of a table's first row below its heading, which Parquet has not."""
    return 1 if path.suffix == PARQUET else 2


def no_table(path: Path, wrong: Exception, wanted: str) -> RequestError:
    """Return the refusal of a file that is no table; `wanted` says what it should have."""
    form = "Parquet" if path.suffix == PARQUET else "CSV"
    what = f"Write a table with {wanted}"
    if form == "CSV":
        what += ", as UTF-8 text with commas between columns and decimal points"
    return RequestError(f"{path} cannot be read as {form} ({wrong}). {what}.")


def as_text(column: Column) -> Column:
    """Return a column as text without spaces around it; null reads as empty.

    Floating numbers become their shortest text that reads back exactly, NaN reads as empty.
    Single precision is widened first: its own shortest text would read back as another number.
    """
    if pa.types.is_floating(column.type):
        wide = column.cast(pa.float64())
        column = pc.if_else(pc.is_nan(wide), pa.scalar(None, pa.float64()), wide)
    return pc.utf8_trim_whitespace(pc.fill_null(column.cast(pa.string()), ""))


def column_names(path: Path) -> list[str]:
    """Return the columns of a table, without reading its rows."""
    if path.suffix == PARQUET:
        return list(pyarrow.parquet.ParquetFile(ordinary(path)).schema_arrow.names)
    with pyarrow.csv.open_csv(ordinary(path), _reading()) as reader:
        return list(reader.schema.names)


def _parquet(path: Path, required: Sequence[str], optional: Sequence[str]) -> Iterator[Column]:
    with pyarrow.parquet.ParquetFile(ordinary(path)) as file:
        wanted = _wanted(path, list(file.schema_arrow.names), required, optional)
        for batch in file.iter_batches(BLOCK_ROWS, columns=wanted):
            yield _texts(batch, wanted)


def _csv(path: Path, required: Sequence[str], optional: Sequence[str]) -> Iterator[Column]:
    wanted = _wanted(path, column_names(path), required, optional)
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(wanted, pa.string()), include_columns=wanted
    )
    with pyarrow.csv.open_csv(path, _reading(), convert_options=convert) as reader:
        for batch in reader:
            yield _texts(batch, wanted)


def _reading() -> Any:  # noqa: ANN401 - pyarrow has no types here
    return pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES)


def _texts(batch: Column, wanted: Sequence[str]) -> Column:
    return pa.table({name: as_text(batch.column(name)) for name in wanted})


def _wanted(
    path: Path, there: list[str], required: Sequence[str], optional: Sequence[str]
) -> list[str]:
    missing = [name for name in required if name not in there]
    if missing:
        raise RequestError(
            f"{path} lacks the column {', '.join(missing)}; it has {', '.join(there)}. "
            f"{apart_by(there) or 'Rename or add: ' + _listed(required, optional)}."
        )
    wanted = [name for name in (*required, *optional) if name in there]
    twice = [name for name in wanted if there.count(name) > 1]
    if twice:
        raise RequestError(f"{path} has two columns {twice[0]}; rename or remove one.")
    return wanted


def _listed(required: Sequence[str], optional: Sequence[str]) -> str:
    return ", ".join(required) + "".join(f" [, {name}]" for name in optional)
