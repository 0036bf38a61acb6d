"""What published lists have in common: text lines with limits, flat folders, trials by row."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import pandas as pd

from evenmatch.data.loaders.folders import PHOTOGRAPHS
from evenmatch.errors import RequestError
from evenmatch.files import ordinary

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

LONGEST_LINE: Final = 20_000
LARGEST_LIST: Final = 1 << 28


class Row(NamedTuple):
    """A line of a list that says something: its number, counted from 1, and its text."""

    number: int
    text: str


class Trial(NamedTuple):
    """A comparison as a list gives it; `place` is where, such as `row 12`."""

    place: str
    probe_id: str
    reference_id: str
    mated: bool
    fold: str = ""


def read_rows(path: Path) -> list[Row]:
    """Return the lines of a text file that are not blank, stripped.

    Raises:
        RequestError: the file is missing, empty, too large or no UTF-8 text.
    """
    with readable(path, LARGEST_LIST, "such list"), path.open("rb") as file:
        lines = iter(lambda: file.readline(LONGEST_LINE + 1), b"")
        rows = [_row(path, number, line) for number, line in enumerate(lines, start=1)]
    rows = [row for row in rows if row.text]
    if not rows:
        raise RequestError(f"{path}: is empty; fetch the list again.")
    return rows


@contextmanager
def readable(path: Path, largest: int, what: str) -> Iterator[None]:
    """Read a file inside this: one that is absent, closed or too large is refused by name.

    Args:
        path: the file.
        largest: bytes that no published file of its kind has.
        what: its kind, as in "no such list".
    """
    try:
        if ordinary(path).stat().st_size > largest:
            raise RequestError(
                f"{path}: is larger than {largest >> 20} MiB, which no {what} is; check which file "
                "the card names."
            )
        yield
    except FileNotFoundError:
        raise RequestError(
            f"{path}: there is no such file; check `benchmark.root` and the card."
        ) from None
    except OSError as error:
        raise RequestError(
            f"{path}: cannot be read ({error.strerror}); check which file the card names."
        ) from None


def _row(path: Path, number: int, line: bytes) -> Row:
    if len(line) > LONGEST_LINE:
        raise RequestError(
            f"{path}: row {number} is longer than {LONGEST_LINE} bytes; this is not the list that "
            "was published, so fetch it again."
        )
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise RequestError(f"{path}: row {number} is no UTF-8 text; fetch the list again.")
    return Row(number, text.strip())


def whole_number(text: str) -> int | None:
    """Return the number that a few plain digits say, or None."""
    plain = text.isascii() and text.isdecimal() and len(text) <= 9
    return int(text) if plain else None


def flat_photographs(folder: Path) -> list[str]:
    """Return the names of the photographs right inside a folder, in order.

    Raises:
        RequestError: there is no such folder.
    """
    if not folder.is_dir():
        raise RequestError(
            f"{folder}: there is no such folder; set `benchmark.root`, or place the photographs "
            "with `samples.files.images` of the card."
        )
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix.lower() in PHOTOGRAPHS and not path.name.startswith(".")
    )


def named_photographs(folder: Path, form: re.Pattern[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the photographs of a flat folder whose names have a form, and the other names.

    Args:
        folder: where they lie.
        form: what a whole name matches; each of its named groups is a column.

    Raises:
        RequestError: there is no such folder.
    """
    files = flat_photographs(folder)
    said = {file: match.groupdict() for file in files if (match := form.fullmatch(file))}
    columns = ["sample_id", "path", *form.groupindex]
    rows = [(file, file, *groups.values()) for file, groups in said.items()]
    table = pd.DataFrame(rows, columns=columns, dtype=str)
    return table, [file for file in files if file not in said]


def trials_table(trials: Iterable[Trial]) -> pd.DataFrame:
    """Return comparisons as `probe_id, reference_id, mated, fold`, indexed by their place."""
    table = pd.DataFrame(list(trials), columns=list(Trial._fields), dtype=object)
    table["mated"] = table["mated"].map({True: "1", False: "0"})
    return table.set_index("place").astype(str)


def agreed(subjects: pd.Series[str], labels: pd.Series[str]) -> tuple[pd.Series[str], list[str]]:
    """Give every photograph its subject's label, blank where the subject's photographs disagree.

    Args:
        subjects: subject of every photograph.
        labels: label of every photograph; blank says nothing.

    Returns:
        The labels, and the subjects whose photographs disagree.
    """
    said = labels.where(labels != "")
    grouped = said.groupby(subjects)
    torn = grouped.transform("nunique") > 1
    settled = grouped.transform("first").where(~torn).fillna("")
    return settled.astype(str), sorted(subjects[torn].unique())


def left_out(names: Sequence[str], reason: str) -> tuple[str, ...]:
    """Return the notice of photographs that are not in the table; none where none are.

    It counts them: names of people stay out of an audit.
    """
    return (f"{len(names)} photographs are left out, since {reason}.",) if names else ()
