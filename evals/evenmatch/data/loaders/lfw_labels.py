"""Labels that others published for LFW: lists of names by sex, and scores of classifiers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pandas as pd

from evenmatch.data.loaders.published import Row, agreed, read_rows, whole_number
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from evenmatch.data.loaders.format import Places

# What Kumar et al.'s classifiers said that a table may be grouped by. Their scores for ancestry
# are left alone: nobody's is guessed here.
_SIGNED = {
    "classified_sex": ("Male", "male", "female"),
    "classified_smile": ("Smiling", "smiling", "not_smiling"),
}
_HIGHEST = {
    "classified_age": {
        "Baby": "baby",
        "Child": "child",
        "Youth": "youth",
        "Middle Aged": "middle_aged",
        "Senior": "senior",
    },
    "classified_eyewear": {
        "No Eyewear": "no_eyewear",
        "Eyeglasses": "eyeglasses",
        "Sunglasses": "sunglasses",
    },
}


def photograph_id(person: str, number: str) -> str | None:
    """Return the id of a person's photograph by its number, None where that is no number."""
    count = whole_number(number)
    return None if count is None else f"{person}_{count:04d}"


def listed_sexes(places: Places, table: pd.DataFrame) -> tuple[pd.Series[str], tuple[str, ...]]:
    """Return the sex of every photograph's person by two lists of photographs or names."""
    lists = {"male": places["male_names"], "female": places["female_names"]}
    listed = {sex: _names(path) for sex, path in lists.items() if path.is_file()}
    said = pd.Series("", index=table.index, dtype=str)
    both = pd.Series(data=False, index=table.index)
    for sex, names in listed.items():
        inside = table["sample_id"].isin(names) | table["subject_id"].isin(names)
        both |= inside & (said != "")
        said = said.mask(inside, sex)
    torn_subjects = set(table.loc[both, "subject_id"])
    settled, torn = agreed(table["subject_id"], said)
    torn_subjects.update(torn)
    settled = settled.mask(table["subject_id"].isin(torn_subjects), "")
    notice = (
        f"The sex of {len(torn_subjects)} people is unknown, since the lists of names give both."
    )
    return settled, (notice,) if torn_subjects else ()


def _names(path: Path) -> set[str]:
    return {re.sub(r"\.(jpe?g|png)$", "", row.text, flags=re.IGNORECASE) for row in read_rows(path)}


def classified(path: Path) -> pd.DataFrame:
    """Return labels by photograph from the real-valued scores of attribute classifiers."""
    rows = read_rows(path)
    heading = next((k for k, row in enumerate(rows) if "\tperson\t" in row.text), None)
    if heading is None:
        raise RequestError(
            f"{path}: has no heading with the columns `person` and `imagenum`; fetch it again."
        )
    columns = [cell.strip() for cell in rows[heading].text.lstrip("#").strip().split("\t")]
    wanted = {"person", "imagenum", *(name for name, _, _ in _SIGNED.values())}
    wanted |= {name for names in _HIGHEST.values() for name in names}
    if absent := sorted(wanted - set(columns)):
        raise RequestError(f"{path}: lacks the column {absent[0]!r}; fetch it again.")
    labels: dict[str, dict[str, str]] = {}
    for row in rows[heading + 1 :]:
        sample_id, scores = _scores(path, row, columns, wanted)
        if sample_id in labels:
            raise RequestError(f"{path}: row {row.number}: {sample_id} is there twice; remove one.")
        labels[sample_id] = _labels(scores)
    return pd.DataFrame.from_dict(labels, orient="index", columns=[*_SIGNED, *_HIGHEST], dtype=str)


def _scores(
    path: Path, row: Row, columns: Sequence[str], wanted: set[str]
) -> tuple[str, dict[str, float]]:
    cells = dict(zip(columns, row.text.split("\t"), strict=False))
    person = cells.pop("person", "").strip().replace(" ", "_")
    sample_id = photograph_id(person, cells.pop("imagenum", "").strip())
    try:
        scores = {name: float(cells[name]) for name in wanted & set(cells)}
    except ValueError:
        scores = {}
    short = len(scores) < len(wanted) - 2
    if sample_id is None or short or not all(map(math.isfinite, scores.values())):
        raise RequestError(
            f"{path}: row {row.number} is not a person, a number and {len(columns) - 2} scores; "
            "fetch the file again."
        )
    return sample_id, scores


def _labels(scores: Mapping[str, float]) -> dict[str, str]:
    signed = {
        column: above if scores[name] > 0 else below if scores[name] < 0 else ""
        for column, (name, above, below) in _SIGNED.items()
    }
    highest = {
        column: names[max(names, key=lambda name: scores[name])]
        for column, names in _HIGHEST.items()
    }
    return signed | highest
