"""AgeDB: one flat folder whose file names say number, name, age and sex."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.manifest import read_list
from evenmatch.data.loaders.published import agreed, left_out, named_photographs
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from evenmatch.data.loaders.format import Places

_NAMED = re.compile(
    r"[0-9]+_(?P<subject_id>.+)_(?P<age>[0-9]{1,3})_(?P<sex>[mf])\.[^.]+", re.IGNORECASE
)
_SEXES = {"m": "male", "f": "female"}


def _load(places: Places) -> Loaded:
    table, strays = named_photographs(places["images"], _NAMED)
    table["age"] = table["age"].map(lambda digits: str(int(digits))).astype(str)
    table["sex"] = table["sex"].str.lower().map(_SEXES).astype(str)
    notices = left_out(strays, "their names are not number, name, age and m or f")
    table["sex"], torn = agreed(table["subject_id"], table["sex"])
    if torn:
        notice = (
            f"The sex of {len(torn)} people is unknown, since the names of their photographs give "
            "both."
        )
        notices = (*notices, notice)
    return Loaded(table, places["images"], notices=notices)


def _trials(path: Path, _places: Places) -> pd.DataFrame:
    if path.suffix.lower() in {".mat", ".bin"}:
        # The published MATLAB file names photographs otherwise than their files are named, and
        # the same name and age can be two photographs: which ones were meant cannot be told.
        raise RequestError(
            f"{path}: AgeDB's protocols do not name the files of its photographs; audit AgeDB-30 "
            "from `agedb_30.bin` with the loader `insightface`, or list comparisons in a CSV with "
            "`probe_id, reference_id`."
        )
    return read_list(path)


LOADER = Loader(
    files={"images": "AgeDB"},
    load=_load,
    trials=_trials,
    about="AgeDB: 0_MariaCallas_35_f.jpg says number, name, age and sex; comparisons in a CSV",
)
