"""Published tables too long to read whole: some columns, as text; and votes over photographs."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd

from evenmatch.errors import RequestError
from evenmatch.files import ordinary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# What published tables write where nobody knows.
NOTHING = ("", "nan", "na", "n/a", "none", "null", "-1", "-1.0", "?")


def read_columns(
    path: Path, required: tuple[str, ...], wanted: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Read some columns of a CSV file as text; the rest never enters memory.

    Args:
        path: the file.
        required: columns that must be there.
        wanted: columns to read where they are.

    Raises:
        RequestError: the file is missing, no UTF-8 CSV, or lacks a required column.
    """
    with readable_table(path, "UTF-8 CSV", "holds no row"):
        with ordinary(path).open(encoding="utf-8-sig", newline="") as file:
            heading = [name.strip() for name in next(csv.reader(file), [])]
        places = _places(path, heading, required, wanted)
        table = cells(path, skiprows=1, usecols=list(places))
    return table.rename(columns=places)


@contextmanager
def readable_table(path: Path, form: str, empty: str) -> Iterator[None]:
    """Read a published table inside this: what is wrong with it is said in a sentence.

    Args:
        path: the table.
        form: what it should be.
        empty: what is said of one without a row.
    """
    try:
        yield
    except FileNotFoundError:
        raise RequestError(
            f"{path}: there is no such file; check `benchmark.root` and the card."
        ) from None
    except pd.errors.EmptyDataError:
        raise RequestError(f"{path}: {empty}; get it again.") from None
    except (OSError, ValueError, csv.Error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RequestError(f"{path}: is no readable {form} ({reason}); get it again.") from None


def apart_by(heading: Sequence[str]) -> str:
    """Say what to do where a heading looks as if something else than a comma parted its columns."""
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if heading and all(mark in each for each in heading):
            return f"{name.capitalize()} part its columns: save it with commas, and decimal points"
    return ""


def cells(path: Path, **how: Any) -> pd.DataFrame:  # noqa: ANN401 - options of pandas
    """Return the cells of a table as text, nothing guessed and no row taken for a heading."""
    table: pd.DataFrame = pd.read_csv(
        ordinary(path),
        header=None,
        dtype=str,
        keep_default_na=False,
        na_filter=False,
        encoding="utf-8-sig",
        **how,
    )
    return table


def _places(
    path: Path, heading: list[str], required: tuple[str, ...], wanted: tuple[str, ...]
) -> dict[int, str]:
    """Return which columns to read, by position; a heading differs in capitals at most."""
    known = {name.casefold(): name for name in (*required, *wanted)}
    places = {
        place: known[name.casefold()]
        for place, name in enumerate(heading)
        if name.casefold() in known
    }
    missing = [name for name in required if name not in places.values()]
    if missing:
        raise RequestError(
            f"{path}: lacks the column {missing[0]!r}; it needs {', '.join(required)}. Get the "
            "published file, or name another in `samples.files`."
        )
    twice = [name for name in places.values() if list(places.values()).count(name) > 1]
    if twice:
        raise RequestError(f"{path}: two columns are named {twice[0]!r}; remove one.")
    return places


def majority(labels: pd.Series[str], people: pd.Series[str]) -> tuple[pd.Series[str], int]:
    """Return one label a person, the one most of their photographs carry, and who disagrees.

    A blank has no vote; a tie leaves the person without a label.

    Args:
        labels: a label a row.
        people: whose row it is.

    Returns:
        The label by person, and how many people carry more than one.
    """
    votes = (
        pd.DataFrame({"person": people.astype(str), "label": labels.astype(str)})
        .query("label != ''")
        .groupby(["person", "label"])
        .size()
        .rename("votes")
        .reset_index()
    )
    most = votes["votes"] == votes.groupby("person")["votes"].transform("max")
    winners = votes[most].drop_duplicates("person", keep=False)
    return winners.set_index("person")["label"], int(
        (votes.groupby("person").size() > 1).sum() if len(votes) else 0
    )
