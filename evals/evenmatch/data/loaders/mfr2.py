"""MFR2, masked faces in the real world: folders of people, mask labels, a list of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.data.loaders.folders import people_folders
from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.numbered import numbered_trials
from evenmatch.data.loaders.published import read_rows, whole_number
from evenmatch.data.samples import UNMASKED
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from evenmatch.data.loaders.format import Places

# What the labels call a bare face.
BARE = {"no-mask", "no_mask", "nomask", "unmasked", "without_mask"}


def _sample_id(person: str, shot: int) -> str:
    return f"{person}/{person}_{shot:04d}"


def _load(places: Places) -> Loaded:
    table = people_folders(places["images"])
    ids = table["path"].str.replace(r"\.[^./]*$", "", regex=True)
    kinds = _mask_kinds(places["labels"])
    kind = ids.map(kinds).astype(object).fillna("").astype(str)
    unlabelled = int((kind == "").sum())
    absent = len(set(kinds) - set(ids))
    masks = kind.mask(kind != "", "masked").mask(kind.isin(list(BARE)), UNMASKED)
    notices = []
    if unlabelled:
        notices.append(
            f"MFR2: {unlabelled} of {len(table)} photographs have no mask label; they are unknown."
        )
    if absent:
        notices.append(f"MFR2: {absent} labelled photographs are not there and were left out.")
    return Loaded(
        table.assign(sample_id=ids, mask=masks, mask_type=kind),
        places["images"],
        notices=tuple(notices),
    )


def _mask_kinds(path: Path) -> dict[str, str]:
    """Return the published kind of mask of every photograph: `name, number, kind` a line."""
    kinds: dict[str, str] = {}
    for row in read_rows(path):
        name, shot, kind = ([cell.strip() for cell in row.text.split(",")] + ["", ""])[:3]
        number = whole_number(shot)
        if row.text.count(",") != 2 or number is None or not name or not kind:
            raise RequestError(
                f"{path}: row {row.number} is {row.text[:80]!r}, and a label reads `name, 1, "
                "surgical`; correct the row or fetch the file again."
            )
        sample = _sample_id(name, number)
        if kinds.setdefault(sample, kind) != kind:
            raise RequestError(
                f"{path}: row {row.number} calls the mask of {sample} {kind!r} and an earlier row "
                f"{kinds[sample]!r}; correct one of them."
            )
    return kinds


def _trials(path: Path, _places: Places) -> pd.DataFrame:
    return numbered_trials(path, _sample_id)


LOADER = Loader(
    files={"images": ".", "labels": "mfr2_labels.txt"},
    load=_load,
    trials=_trials,
    about="MFR2: <person>/<person>_0001.png, mfr2_labels.txt, pairs.txt",
)
