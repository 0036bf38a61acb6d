"""CelebA: numbered photographs, whose they are, forty attributes, and the partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evenmatch.data.loaders.columns import majority
from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.manifest import read_list
from evenmatch.data.loaders.published import read_rows, whole_number
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.data.loaders.format import Places

PARTITIONS = {"0": "train", "1": "validation", "2": "test"}
VALUES = {"1": "yes", "-1": "no"}
SEX = "Male"


def _load(places: Places) -> Loaded:
    people = _column(places["identities"], "an identity")
    names = list(people)
    table = pd.DataFrame({"sample_id": names, "subject_id": list(people.values()), "path": names})
    notices: tuple[str, ...] = ()
    if places["attributes"].is_file():
        labels, notices = _labels(places["attributes"], table)
        table = table.join(labels)
    if places["partition"].is_file():
        parts = table["sample_id"].map(_column(places["partition"], "a partition"))
        strange = parts[parts.notna() & ~parts.isin(list(PARTITIONS))]
        if len(strange):
            raise RequestError(
                f"{places['partition']}: {strange.iloc[0]!r} is no partition; it is 0 (train), 1 "
                "(validation) or 2 (test). Get the file again."
            )
        table["partition"] = parts.map(PARTITIONS).astype(object).fillna("").astype(str)
    return Loaded(table, places["images"], notices=notices)


def _column(path: Path, what: str) -> dict[str, str]:
    """Return the second word of every line by the first; a line said twice must agree."""
    found: dict[str, str] = {}
    for row in read_rows(path):
        name, _, value = row.text.partition(" ")
        value = value.strip()
        if not value or " " in value:
            raise RequestError(
                f"{path}: row {row.number} is {row.text[:80]!r}, and should name a photograph and "
                f"{what}, as `000001.jpg 1`; correct the row or fetch the file again."
            )
        if found.setdefault(name, value) != value:
            raise RequestError(
                f"{path}: row {row.number} gives {name} {what} that an earlier row contradicts; "
                "correct one of them."
            )
    return found


def _labels(path: Path, table: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the attributes of the table's photographs: yes or no, and `sex` a person."""
    names, rows = _attribute_rows(path)
    codes = pd.DataFrame.from_dict(rows, orient="index", columns=names)
    codes = codes.reindex(table["sample_id"]).set_axis(table.index)
    unlabelled = int(codes[names[0]].isna().sum())
    notices = []
    if unlabelled:
        notices.append(
            f"CelebA: {unlabelled} of {len(table)} photographs have no row in {path.name}; their "
            "attributes are unknown."
        )
    labels = codes.apply(lambda column: column.map(VALUES)).astype(object).fillna("").astype(str)
    if SEX in labels:
        sexes = labels.pop(SEX).map({"yes": "male", "no": "female", "": ""})
        by_person, torn = majority(sexes, table["subject_id"])
        labels.insert(
            0, "sex", table["subject_id"].map(by_person).astype(object).fillna("").astype(str)
        )
        if torn:
            notices.append(
                f"CelebA: {torn} people are labelled Male on some photographs and not on others; "
                "their sex is what most of their photographs say, and unknown in a tie."
            )
    return labels.rename(columns=str.lower), tuple(notices)


def _attribute_rows(path: Path) -> tuple[list[str], dict[str, list[str]]]:
    """Read how many rows there are, the attributes' names, and a row of 1 and -1 a photograph."""
    rows = read_rows(path)
    if len(rows) < 2 or whole_number(rows[0].text) is None:
        raise RequestError(
            f"{path}: begins with {rows[0].text[:80]!r}, not with the number of photographs and a "
            "row of names; fetch list_attr_celeba.txt as it was published."
        )
    names = rows[1].text.split()
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise RequestError(f"{path}: names {twice!r} twice; fetch it again.")
    found: dict[str, list[str]] = {}
    for row in rows[2:]:
        photograph, *values = row.text.split()
        if len(values) != len(names) or not set(values) <= set(VALUES):
            raise RequestError(
                f"{path}: row {row.number} does not give {photograph} {len(names)} values of 1 or "
                "-1; correct the row or fetch the file again."
            )
        if found.setdefault(photograph, values) != values:
            raise RequestError(
                f"{path}: row {row.number} gives {photograph} other attributes than an earlier "
                "row; correct one of them."
            )
    if len(found) != int(rows[0].text):
        raise RequestError(
            f"{path}: announces {rows[0].text} photographs and has {len(found)}; fetch it again."
        )
    return names, found


LOADER = Loader(
    files={
        "images": "img_align_celeba",
        "identities": "identity_CelebA.txt",
        "attributes": "list_attr_celeba.txt",
        "partition": "list_eval_partition.txt",
    },
    load=_load,
    trials=read_list,
    about="CelebA: photographs in one folder, identities, forty attributes, partition",
)
