"""Plain folders: one folder a person, the photographs inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.manifest import read_list
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.data.loaders.format import Places

PHOTOGRAPHS = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}


def people_folders(root: Path) -> pd.DataFrame:
    """Return `sample_id, subject_id, path` for every photograph in `root/<person>/`.

    Raises:
        RequestError: `root` is no folder.
    """
    if not root.is_dir():
        raise RequestError(f"{root}: is no folder; set `benchmark.root` to the people's folders.")
    files = sorted(
        path
        for path in root.glob("*/*")
        if path.suffix.lower() in PHOTOGRAPHS and not path.name.startswith(".")
    )
    relative = [path.relative_to(root) for path in files]
    return pd.DataFrame(
        {
            "sample_id": [path.as_posix() for path in relative],
            "subject_id": [path.parts[0] for path in relative],
            "path": [path.as_posix() for path in relative],
        },
        dtype=str,
    )


def _load(places: Places) -> Loaded:
    return Loaded(people_folders(places["people"]), places["people"])


LOADER = Loader(
    files={"people": "."},
    load=_load,
    trials=read_list,
    about="one folder a person, the photographs inside; no labels",
)
