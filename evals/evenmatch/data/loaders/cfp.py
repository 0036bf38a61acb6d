"""Celebrities in Frontal-Profile: two views of each person, comparisons by numbers in folders."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pandas as pd

from evenmatch.data.loaders.folders import PHOTOGRAPHS
from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.published import Trial, read_rows, trials_table, whole_number
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from evenmatch.data.loaders.format import Places

_VIEWS = ("frontal", "profile")
_SIDES = {"FF": ("frontal", "frontal"), "FP": ("frontal", "profile")}
_LISTS = {"same.txt": True, "diff.txt": False}


def _load(places: Places) -> Loaded:
    images = places["images"]
    if not images.is_dir():
        raise RequestError(
            f"{images}: there is no such folder; set `benchmark.root` to the folder that holds "
            "`Data` and `Protocol`."
        )
    found = sorted(
        path.relative_to(images).as_posix()
        for view in _VIEWS
        for path in images.glob(f"*/{view}/*")
        if path.suffix.lower() in PHOTOGRAPHS and not path.name.startswith(".")
    )
    parts = [PurePosixPath(name).parts for name in found]
    table = pd.DataFrame(
        {
            "sample_id": found,
            "subject_id": [part[0] for part in parts],
            "path": found,
            "view": [part[1] for part in parts],
        },
        dtype=str,
    )
    return Loaded(table, images, notices=_absent(places, set(found)))


def _absent(places: Places, found: set[str]) -> tuple[str, ...]:
    views = [view for view in _VIEWS if places[view].is_file()]
    listed = [name for view in views for name in _numbered(places, view).values()]
    missing = [name for name in listed if name not in found]
    notice = f"CFP's lists name {len(listed)} photographs; {len(missing)} of them are not there."
    return (notice,) if missing else ()


def _numbered(places: Places, view: str) -> dict[int, str]:
    """Return the photographs of a view by the numbers that the comparisons use."""
    path, numbered = places[view], {}
    for row in read_rows(path):
        number, *name = row.text.split(maxsplit=1)
        parts = PurePosixPath("".join(name).replace("\\", "/")).parts[-3:]
        place = whole_number(number)
        if place is None or len(parts) < 3 or parts[1] != view or ".." in parts:
            raise RequestError(
                f"{path}: row {row.number} is {row.text[:80]!r} where a number and a path such as "
                f"../Data/Images/001/{view}/01.jpg should be; fetch the list again."
            )
        if place in numbered:
            raise RequestError(
                f"{path}: row {row.number}: number {place} is there twice; fetch the list again."
            )
        numbered[place] = "/".join(parts)
    return numbered


def _trials(path: Path, places: Places) -> pd.DataFrame:
    sides = _SIDES.get(path.name.upper())
    folds = sorted(each for each in path.glob("*") if each.is_dir()) if path.is_dir() else []
    if sides is None or not folds:
        raise RequestError(
            f"{path}: is not one of CFP's folders of comparisons; name `Protocol/Split/FP` or "
            "`Protocol/Split/FF` in the card, with folders 01 to 10 inside."
        )
    probes, references = (_numbered(places, view) for view in sides)
    trials = {
        file: list(_fold(file, probes, references, mated=mated))
        for fold in folds
        for name, mated in _LISTS.items()
        for file in [fold / name]
    }
    usual = max(map(len, trials.values()))
    for file, rows in trials.items():
        if len(rows) != usual:
            raise RequestError(
                f"{file}: lists {len(rows)} comparisons where others list {usual}; fetch it again."
            )
    return trials_table(trial for rows in trials.values() for trial in rows)


def _fold(
    file: Path, probes: Mapping[int, str], references: Mapping[int, str], *, mated: bool
) -> Iterator[Trial]:
    fold = file.parent.name
    for row in read_rows(file):
        left, _, right = (cell.strip() for cell in row.text.partition(","))
        probe, reference = _chosen(probes, left), _chosen(references, right)
        if probe is None or reference is None:
            raise RequestError(
                f"{file}: row {row.number} is {row.text[:80]!r}, not two numbers of CFP's lists of "
                "photographs with a comma between; fetch the list again."
            )
        yield Trial(f"{fold}/{file.name}: row {row.number}", probe, reference, mated, fold)


def _chosen(numbered: Mapping[int, str], text: str) -> str | None:
    number = whole_number(text)
    return None if number is None else numbered.get(number)


LOADER = Loader(
    files={
        "images": "Data/Images",
        "frontal": "Protocol/Pair_list_F.txt",
        "profile": "Protocol/Pair_list_P.txt",
    },
    load=_load,
    trials=_trials,
    about="CFP: 001/frontal/01.jpg, numbered lists, Protocol/Split/FP with a folder a fold",
)
