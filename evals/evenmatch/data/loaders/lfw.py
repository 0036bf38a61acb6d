"""Labeled Faces in the Wild: a folder a person, `pairs.txt`, `people.txt`, labels of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.data.loaders.folders import people_folders
from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.lfw_labels import classified, listed_sexes, photograph_id
from evenmatch.data.loaders.published import (
    Row,
    Trial,
    left_out,
    read_rows,
    trials_table,
    whole_number,
)
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from evenmatch.data.loaders.format import Places

_NUMBERED = r"^(?P<person>.+)_(?P<number>[0-9]{4})$"


def _load(places: Places) -> Loaded:
    found = people_folders(places["images"])
    stems = found["path"].str.rsplit("/").str[-1].str.rsplit(".", n=1).str[0]
    parts = stems.str.extract(_NUMBERED)
    numbered = parts["person"] == found["subject_id"]
    table = found[numbered].assign(sample_id=stems[numbered]).reset_index(drop=True)
    strays = found.loc[~numbered, "path"].tolist()
    notices = left_out(strays, "they are not named after their folder and a number of four digits")
    if places["people"].is_file():
        notices += _absent(places["people"], table)
    if places["male_names"].is_file() or places["female_names"].is_file():
        table["sex"], said = listed_sexes(places, table)
        notices += said
    if places["attributes"].is_file():
        table = table.join(classified(places["attributes"]), on="sample_id").fillna("")
    return Loaded(table, places["images"], notices=notices)


def _absent(path: Path, table: pd.DataFrame) -> tuple[str, ...]:
    """Say what the published list of people has and the folder has not, and the reverse."""
    published = _people(path)
    present = (
        table["sample_id"].str[-4:].astype(int).groupby(table["subject_id"]).agg(set).to_dict()
    )
    missing = sum(
        count - sum(1 <= number <= count for number in present.get(person, ()))
        for person, count in published.items()
    )
    unlisted = len(set(present) - set(published))
    notices = []
    if missing:
        notices.append(
            f"{path.name} lists {sum(published.values())} photographs of {len(published)} people; "
            f"{missing} of them are not there."
        )
    if unlisted:
        notices.append(f"{unlisted} people with photographs are not in {path.name}.")
    return tuple(notices)


def _people(path: Path) -> dict[str, int]:
    """Return every person's number of photographs; folds must hold as many as they announce."""
    people: dict[str, int] = {}
    announced: list[tuple[int, int]] = []  # people a heading announces, people read before it
    for number, text in read_rows(path):
        *name, last = text.split()
        count = whole_number(last)
        if count is None or len(name) > 1:
            raise RequestError(
                f"{path}: row {number} is {text!r}, neither a count nor a name and a count; fetch "
                "the list again."
            )
        if not name:
            announced.append((count, len(people)))
        elif name[0] in people:
            raise RequestError(f"{path}: row {number}: {name[0]} is there twice; remove a row.")
        else:
            people[name[0]] = count
    _check_announced(path, announced, len(people))
    return people


def _check_announced(path: Path, announced: Sequence[tuple[int, int]], total: int) -> None:
    if len(announced) > 1 and announced[1][1] == 0:  # the first heading counts the folds
        folds, announced = announced[0][0], announced[1:]
        if folds != len(announced):
            raise RequestError(
                f"{path}: announces {folds} folds and has {len(announced)}; fetch the list again."
            )
    ends = [start for _, start in announced[1:]] + [total]
    for (count, start), end in zip(announced, ends, strict=False):
        if end - start != count:
            raise RequestError(
                f"{path}: announces {count} people where {end - start} follow; fetch it again."
            )


def _trials(path: Path, _places: Places) -> pd.DataFrame:
    heading, *rows = read_rows(path)
    folds, size = _announced(path, heading)
    if len(rows) != folds * 2 * size:
        raise RequestError(
            f"{path}: row 1 announces {folds} times {size} mated and {size} non-mated comparisons, "
            f"and {len(rows)} rows follow; fetch the list again."
        )
    return trials_table(
        _trial(path, row, mated=place % (2 * size) < size, fold=str(place // (2 * size) + 1))
        for place, row in enumerate(rows)
    )


def _announced(path: Path, heading: Row) -> tuple[int, int]:
    counts = [whole_number(cell) for cell in heading.text.split()]
    if len(counts) == 1:
        counts = [1, *counts]
    if len(counts) == 2 and all(counts):
        return int(counts[0] or 0), int(counts[1] or 0)
    raise RequestError(
        f"{path}: row {heading.number} is {heading.text!r} where the list begins with its number "
        "of folds and of comparisons in each; fetch the list again."
    )


def _trial(path: Path, row: Row, *, mated: bool, fold: str) -> Trial:
    cells = row.text.split()
    if len(cells) == (3 if mated else 4):
        probe = photograph_id(cells[0], cells[1])
        reference = photograph_id(cells[0 if mated else 2], cells[-1])
        if probe and reference:
            return Trial(f"row {row.number}", probe, reference, mated, fold)
    form = "a name and two numbers" if mated else "a name, a number, a name and a number"
    raise RequestError(
        f"{path}: row {row.number} is {row.text[:80]!r} where {form} should be; fetch the list "
        "again."
    )


LOADER = Loader(
    files={
        "images": "lfw",
        "people": "people.txt",
        "male_names": "male_names.txt",
        "female_names": "female_names.txt",
        "attributes": "lfw_attributes.txt",
    },
    load=_load,
    trials=_trials,
    about="LFW: Name/Name_0001.jpg, pairs.txt in folds, people.txt; labels by lists and scores",
)
