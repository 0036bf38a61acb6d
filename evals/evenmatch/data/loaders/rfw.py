"""Racial Faces in-the-Wild: four folders of people, and a list of comparisons for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from evenmatch.data.loaders.folders import people_folders
from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.numbered import numbered_trials
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.data.loaders.format import Places

# folder -> label
SUBSETS: Final = {
    "African": "african",
    "Asian": "asian",
    "Caucasian": "caucasian",
    "Indian": "indian",
}


def _load(places: Places) -> Loaded:
    root = places["images"]
    present = [name for name in SUBSETS if (root / name).is_dir()]
    if not present:
        raise RequestError(
            f"{root}: has none of the folders {', '.join(SUBSETS)}; set `benchmark.root` to the "
            "folder that holds `data` and `txts`, or `samples.files.images` in the card."
        )
    table = pd.concat([_subset(root, name) for name in present], ignore_index=True)
    kept, notices = _without_contradictions(table)
    absent = [name for name in SUBSETS if name not in present]
    if absent:
        notices += (f"RFW: the folders {', '.join(absent)} are not there and were not read.",)
    return Loaded(kept, root, notices=notices)


def _subset(root: Path, name: str) -> pd.DataFrame:
    """Return the photographs of one folder; an id is the path without its ending."""
    table = people_folders(root / name)
    paths = name + "/" + table["path"]
    return table.assign(
        path=paths,
        sample_id=paths.str.replace(r"\.[^./]*$", "", regex=True),
        ethnicity=SUBSETS[name],
    )


def _without_contradictions(table: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Take the label from people who lie in several folders: they are one person each."""
    labels = table.groupby("subject_id")["ethnicity"].nunique()
    torn = labels.index[labels > 1]
    if torn.empty:
        return table, ()
    contradicted = table["subject_id"].isin(torn)
    notice = (
        f"RFW files {len(torn)} people under more than one label; their ethnicity is unknown here "
        f"({int(contradicted.sum())} photographs), and each of them counts as one person."
    )
    return table.assign(ethnicity=table["ethnicity"].mask(contradicted, "")), (notice,)


def _trials(path: Path, _places: Places) -> pd.DataFrame:
    """Read `African_pairs.txt` and the like: the subset is in the name, or the folder's."""
    named = [path.name.partition("_")[0], path.parent.name]
    subset = next((name for name in named if name in SUBSETS), None)
    if subset is None:
        raise RequestError(
            f"{path}: neither the file nor its folder is named after one of {', '.join(SUBSETS)}; "
            "name it as RFW does, for example txts/African/African_pairs.txt."
        )
    return numbered_trials(path, lambda person, shot: f"{subset}/{person}/{person}_{shot:04d}")


LOADER = Loader(
    files={"images": "data"},
    load=_load,
    trials=_trials,
    about="RFW: data/<subset>/<person>/, txts/<subset>/<subset>_pairs.txt",
)
