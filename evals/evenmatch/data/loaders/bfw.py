"""Balanced Faces in the Wild: one long table of pairs, whose paths say who and which subgroup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from evenmatch.data.loaders.columns import read_columns
from evenmatch.data.loaders.folders import people_folders
from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.data.loaders.format import Places

ETHNICITIES: Final = ("asian", "black", "indian", "white")
SEXES: Final = {"females": "female", "males": "male"}
SUBGROUPS: Final = {
    f"{ethnicity}_{plural}": (ethnicity, sex)
    for ethnicity in ETHNICITIES
    for plural, sex in SEXES.items()
}
# A side's columns: the subgroup in words and letters, ethnicity, sex, and the subject's number.
LABELS: Final = ("att", "a", "e", "g", "id")


def _load(places: Places) -> Loaded:
    if places["pairs"].is_file():
        return _from_pairs(places["pairs"], places["images"])
    present = [name for name in SUBGROUPS if (places["images"] / name).is_dir()]
    if not present:
        raise RequestError(
            f"{places['pairs']}: there is no such file, and {places['images']} has no folder like "
            "asian_females; set `benchmark.root`, or `samples.files` in the card."
        )
    found = [people_folders(places["images"] / name)["path"] for name in present]
    paths = [f"{name}/{path}" for name, each in zip(present, found, strict=True) for path in each]
    notice = f"BFW: {places['pairs'].name} is not there; the photographs are those in the folders."
    return Loaded(_described(places["images"], paths), places["images"], notices=(notice,))


def _from_pairs(path: Path, root: Path) -> Loaded:
    wanted = tuple(f"{name}{side}" for side in "12" for name in LABELS)
    pairs = read_columns(path, ("p1", "p2"), wanted)
    if pairs.empty:
        raise RequestError(f"{path}: holds no pair; fetch it again.")
    sides = [
        pairs.filter(regex=f"{side}$")
        .rename(columns=lambda name: name[:-1])
        .drop_duplicates()
        .astype(str)
        for side in "12"
    ]
    said = pd.concat(sides, ignore_index=True).fillna("").drop_duplicates()
    said = said.apply(lambda column: column.str.strip())
    table = _described(path, list(dict.fromkeys(said["p"])))
    _refuse_contradictions(path, said, table.set_index("sample_id"))
    return Loaded(table, root)


def _described(where: Path, paths: list[str]) -> pd.DataFrame:
    """Return the samples that `asian_females/n000009/0010_01.jpg` and the like describe."""
    parts = [path.split("/") for path in paths]
    for path, cells in zip(paths, parts, strict=True):
        if len(cells) != 3 or cells[0] not in SUBGROUPS or not cells[1]:
            raise RequestError(
                f"{where}: the path {path!r} is not of the form asian_females/n000009/0010_01.jpg; "
                "correct it or fetch the table again."
            )
    labels = [SUBGROUPS[cells[0]] for cells in parts]
    return pd.DataFrame(
        {
            "sample_id": paths,
            "subject_id": [cells[1] for cells in parts],
            "path": paths,
            "ethnicity": [ethnicity for ethnicity, _ in labels],
            "sex": [sex for _, sex in labels],
        },
        dtype=str,
    )


def _refuse_contradictions(path: Path, said: pd.DataFrame, table: pd.DataFrame) -> None:
    """Refuse labels and numbers beside a path that contradict it."""
    of = table.loc[said["p"]].set_index(said.index)
    letters = of["ethnicity"].str[0].str.upper(), of["sex"].str[0].str.upper()
    expected = {
        "att": of.index.to_series().map(said["p"].str.split("/").str[0]),
        "a": letters[0] + letters[1],
        "e": letters[0],
        "g": letters[1],
    }
    for name, values in expected.items():
        if name not in said:
            continue
        wrong = said[(said[name] != values) & (said[name] != "")]
        if len(wrong):
            raise RequestError(
                f"{path}: gives {wrong['p'].iloc[0]} the label {wrong[name].iloc[0]!r} in the "
                f"columns {name}1 and {name}2, against its folder ({len(wrong)} photographs); "
                "correct it or fetch the table again."
            )
    if "id" in said:
        _refuse_numbers(path, said.assign(subject=of["subject_id"]))


def _refuse_numbers(path: Path, said: pd.DataFrame) -> None:
    """Refuse a subject of two numbers and a number of two subjects."""
    both = said.loc[said["id"] != "", ["id", "subject"]].drop_duplicates()
    for name, other in (("subject", "id"), ("id", "subject")):
        twice = both[both[name].duplicated(keep=False)].sort_values(name)
        if len(twice):
            raise RequestError(
                f"{path}: the columns id1 and id2 contradict the paths: {name} "
                f"{twice[name].iloc[0]} goes with {', '.join(twice[other].iloc[:2])}; correct the "
                "table or fetch it again."
            )


def _trials(path: Path, _places: Places) -> pd.DataFrame:
    """Read the pairs; the columns of scores stay unread."""
    pairs = read_columns(path, ("p1", "p2", "label"), ("fold",))
    return pairs.rename(columns={"p1": "probe_id", "p2": "reference_id", "label": "mated"})


LOADER = Loader(
    files={"images": "uncropped-face-samples", "pairs": "bfw-v0.1.5-datatable.csv"},
    load=_load,
    trials=_trials,
    about="BFW: <subgroup>/<subject>/<photograph> and a table of pairs p1, p2, label, fold",
)
