"""The columns of a score file, each cell checked, with the row named where one is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

REQUIRED: Final = ("probe_id", "reference_id", "score")
STATUS: Final = "status"
SCORED: Final = ("", "ok")
NAMED: Final = 5

# pyarrow's published types lag behind its compute functions.
Column = Any
pc: Any = pyarrow.compute


@dataclass(frozen=True)
class ScoreColumns:
    """A score file's rows, in its order.

    Attributes:
        probes: photograph code of each probe.
        references: photograph code of each reference.
        scores: as the file has them; NaN where the comparison failed.
        statuses: index into `names` of each row.
        names: `""` for a score, then the failures the file names.
    """

    probes: npt.NDArray[np.int64]
    references: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    statuses: npt.NDArray[np.int32]
    names: tuple[str, ...]


def read_columns(path: Path, codes: Mapping[str, int]) -> ScoreColumns:
    """Return the checked columns of a score file.

    Args:
        path: a CSV file, or Parquet when it ends in `.parquet`.
        codes: sample id to photograph code.

    Raises:
        RequestError: the file is not readable, lacks a column or rows, names unknown samples, or
            has a cell that is neither a finite score nor a named failure.
    """
    table = _table(path)
    if not table.num_rows:
        raise RequestError(f"{path} has no rows. Give one row for each comparison.")
    _refuse_unknown(path, table, codes)
    statuses, names = _statuses(table)
    return ScoreColumns(
        probes=_coded(table["probe_id"], codes),
        references=_coded(table["reference_id"], codes),
        scores=_scores(path, table["score"], failed=statuses > 0),
        statuses=statuses,
        names=names,
    )


def _table(path: Path) -> Column:
    """Read the file with every cell as trimmed text."""
    try:
        table = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    except FileNotFoundError as missing:
        raise RequestError(
            f"there is no score file {path}. Check `path` of the matcher."
        ) from missing
    except (pa.ArrowException, OSError) as wrong:
        raise RequestError(
            f"{path} cannot be read as {'Parquet' if path.suffix == '.parquet' else 'CSV'} "
            f"({wrong}). Write a table with the columns {', '.join(REQUIRED)} [, {STATUS}]."
        ) from wrong
    missing_columns = [name for name in REQUIRED if name not in table.column_names]
    if missing_columns:
        raise RequestError(
            f"{path} lacks the column {', '.join(missing_columns)}; it has "
            f"{', '.join(table.column_names)}. Rename or add: {', '.join(REQUIRED)} [, {STATUS}]."
        )
    wanted = [name for name in (*REQUIRED, STATUS) if name in table.column_names]
    return pa.table({name: _text(table[name]) for name in wanted})


def _csv(path: Path) -> Column:
    text = dict.fromkeys((*REQUIRED, STATUS), pa.string())
    return pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(column_types=text))


def _parquet(path: Path) -> Column:
    return pyarrow.parquet.read_table(path)


def _text(column: Column) -> Column:
    """Return a column as text without spaces around it; null reads as empty.

    Floating numbers become their shortest text that reads back exactly, NaN reads as empty.
    Single precision is widened first: its own shortest text would read back as another number.
    """
    if pa.types.is_floating(column.type):
        wide = column.cast(pa.float64())
        column = pc.if_else(pc.is_nan(wide), pa.scalar(None, pa.float64()), wide)
    return pc.utf8_trim_whitespace(pc.fill_null(column.cast(pa.string()), ""))


def _refuse_unknown(path: Path, table: Column, codes: Mapping[str, int]) -> None:
    known = pa.array(list(codes), pa.string())
    strange = [~np.asarray(pc.is_in(table[name], known)) for name in REQUIRED[:2]]
    rows = np.flatnonzero(strange[0] | strange[1])
    if not rows.size:
        return
    cells = table.select(REQUIRED[:2]).take(rows).to_pylist()
    unknown = list(dict.fromkeys(v for cell in cells for v in cell.values() if v not in codes))
    shown = ", ".join(repr(name) for name in unknown[:NAMED])
    raise RequestError(
        f"{path}, row {rows[0] + 1}: {len(unknown)} sample ids are not in the benchmark: {shown}"
        f"{', ...' if len(unknown) > NAMED else ''}. Use the manifest's `sample_id`, or check "
        "that this file belongs to this benchmark."
    )


def _coded(column: Column, codes: Mapping[str, int]) -> npt.NDArray[np.int64]:
    encoded = column.combine_chunks().dictionary_encode()
    values = np.array([codes[name] for name in encoded.dictionary.to_pylist()], dtype=np.int64)
    return np.asarray(values[np.asarray(encoded.indices)], dtype=np.int64)


def _statuses(table: Column) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    if STATUS not in table.column_names:
        return np.zeros(table.num_rows, dtype=np.int32), ("",)
    encoded = table[STATUS].combine_chunks().dictionary_encode()
    words = encoded.dictionary.to_pylist()
    names = ("", *sorted({word for word in words if word.lower() not in SCORED}))
    place = np.array([names.index(w) if w in names else 0 for w in words], dtype=np.int32)
    return np.asarray(place[np.asarray(encoded.indices)], dtype=np.int32), names


def _scores(
    path: Path, column: Column, *, failed: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    empty = np.asarray(pc.equal(column, ""))
    both = np.flatnonzero(failed & ~empty)
    if both.size:
        _refuse(path, both, "a failure and a score in one row; empty the score or the status")
    neither = np.flatnonzero(~failed & empty)
    if neither.size:
        _refuse(path, neither, "no score and no failure; name the failure in the column `status`")
    scores = _numbers(pc.if_else(pc.equal(column, ""), "nan", column))
    odd = np.flatnonzero(~failed & ~np.isfinite(scores))
    if odd.size:
        found = column[int(odd[0])].as_py()
        _refuse(
            path,
            odd,
            f"the score {found!r} is no finite number; leave it empty and name the failure in "
            "the column `status`",
        )
    return scores


def _numbers(column: Column) -> npt.NDArray[np.float64]:
    """Return text as float64, correctly rounded; NaN where it is no number."""
    try:
        return np.asarray(pc.cast(column, pa.float64()))
    except pa.ArrowInvalid:
        return np.array([_number(text) for text in column.to_pylist()], dtype=np.float64)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _refuse(path: Path, rows: npt.NDArray[np.int64], why: str) -> NoReturn:
    more = f" ({rows.size} such rows)" if rows.size > 1 else ""
    raise RequestError(f"{path}, row {rows[0] + 1}{more}: {why}.")
