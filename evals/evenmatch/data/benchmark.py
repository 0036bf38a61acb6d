"""A card and a folder become samples: read, checked and labelled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evenmatch.data.card import DEMO_ROOT, Attribute, Card
from evenmatch.data.loaders.registry import find_loader, placed
from evenmatch.data.mappings import map_columns
from evenmatch.data.receipts import prepared_root
from evenmatch.data.samples import UNKNOWN, UNMASKED, Samples
from evenmatch.errors import RequestError
from evenmatch.files import leads_inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from evenmatch.data.loaders.format import Loaded, Loader, Places
    from evenmatch.data.mappings import ColumnMapping, Mapped

MASK = "mask"
# Words that spreadsheet and statistics programs read as "no value": a label of that name would
# vanish from somebody's copy of our tables.
VANISHING = {
    *("na", "n/a", "#n/a", "#na", "#n/a n/a", "<na>", "nan", "-nan", "null", "none", "empty"),
    *("1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"),
}
_COLUMNS = ("sample_id", "subject_id", "path")
# A grouping of such a name would be taken for another column of the tables, or for another table.
_TAKEN = ("all", "id", "subject")
# Bytes of a name and of a path that every file system in use can hold.
_LONGEST_NAME = 255
_LONGEST_PATH = 1000


def benchmark_root(card: Card, root: Path | None) -> Path:
    """Return the folder a benchmark's files lie in: named, prepared here, or the program's own.

    Raises:
        RequestError: no folder is named, or it is not there.
    """
    if root is None and card.access.how == "generated":
        return DEMO_ROOT
    if root is None:
        root = prepared_root(card)
    if root is None:
        raise RequestError(
            f"benchmark.root: card {card.name!r} does not say where its files lie, and they were "
            "not prepared on this machine; set `benchmark.root` to their folder, or run: "
            f"evenmatch datasets prepare {card.name}"
        )
    if not root.is_dir():
        raise RequestError(
            f"benchmark.root: there is no folder {root}; correct it, or get {card.title} "
            f"({card.access.steps or card.source.homepage})."
        )
    return root


def load_samples(
    card: Card,
    root: Path,
    groups: Sequence[Sequence[str]],
    classes: Mapping[str, Sequence[float]],
    mappings: Mapping[str, ColumnMapping] | None = None,
) -> Samples:
    """Read a benchmark's photographs and labels.

    Args:
        card: the benchmark.
        root: the folder its files lie in.
        groups: the groupings asked for; each attribute must be a column.
        classes: attribute to the lower edges of its bands.
        mappings: attribute to how it is read off another column; `classes` may band it.

    Raises:
        RequestError: a sample twice, a label that may not be one, a subject with two values of a
            subject attribute, a path outside `root`, an unknown attribute, or nothing at all.
    """
    loader, places = benchmark_files(card, root)
    loaded = loader.load(places)
    where = str(places.get("manifest", root))
    if loaded.table.empty:
        raise RequestError(f"{where}: holds no photograph; check `benchmark.root` and the card.")
    mapped = map_columns(loaded.table, card, mappings or {}, where)
    table, card = mapped.table, mapped.card
    _refuse_duplicates(table, where)
    _refuse_paths_outside(table["path"], loaded.root, where)
    if loaded.media is not None:
        _refuse_paths_outside(loaded.media["path"], loaded.root, where)
    columns = [name for name in table.columns if name not in _COLUMNS]
    _refuse_unknown_attributes(groups, classes, columns, where)
    labels = table[[*_COLUMNS, *columns]].copy()
    for name in columns:
        labels[name] = table[name].str.strip().replace("", UNKNOWN)
        _refuse_labels(labels[name], card.attributes.get(name), where)
    if MASK in columns:
        _refuse_drawn(labels[MASK], where)
    unbanded = labels[["sample_id", *classes]].set_index("sample_id")
    for name, edges in classes.items():
        labels[name] = _bands(labels[name], edges, where)
    _refuse_two_values(labels, card, where)
    return _assemble(labels, mapped, loaded, unbanded)


def benchmark_files(card: Card, root: Path) -> tuple[Loader, Places]:
    """Return the loader of a card and where its files lie below `root`.

    Raises:
        RequestError: the card places a file the loader has not, or outside `root`.
    """
    loader = find_loader(card.samples.loader)
    named = dict(card.samples.files)
    if "manifest" in loader.files:
        named.setdefault("manifest", card.samples.manifest)
    return loader, placed(loader, root, named)


def _assemble(
    labels: pd.DataFrame, mapped: Mapped, loaded: Loaded, unbanded: pd.DataFrame
) -> Samples:
    card = mapped.card
    columns = [name for name in labels.columns if name not in _COLUMNS]
    attributes = {
        name: _values(labels[name], card.attributes.get(name), banded=name in unbanded)
        for name in columns
        if name != MASK
    }
    if MASK in labels:
        mask_values = _values(labels[MASK], card.attributes.get(MASK), banded=False)
        mask_values = tuple(sorted(mask_values, key=lambda value: value != UNMASKED))
    else:
        labels[MASK] = UNKNOWN
        mask_values = (UNKNOWN,)
    labelled_by = {
        name: card.attributes[name].labelled_by if name in card.attributes else UNKNOWN
        for name in attributes
    }
    return Samples(
        table=labels.reset_index(drop=True),
        root=loaded.root,
        attributes=attributes,
        mask_values=mask_values,
        labelled_by=labelled_by | mapped.labelled_by,
        resize_to=card.samples.resize_to,
        media=loaded.media,
        unbanded=unbanded,
        notices=(*loaded.notices, *mapped.notices, *_nearly_alike(labels["subject_id"])),
    )


def _values(
    labels: pd.Series[str], attribute: Attribute | None, *, banded: bool
) -> tuple[str, ...]:
    """Return the values that occur, in the card's order; `unknown` last."""
    present = set(labels)
    if banded:
        declared = sorted(present, key=_band_order)
    elif attribute is not None and attribute.values:
        declared = list(attribute.values)
    else:
        declared = sorted(present)
    known = tuple(value for value in declared if value in present and value != UNKNOWN)
    return (*known, UNKNOWN) if UNKNOWN in present else known


def _bands(labels: pd.Series[str], edges: Sequence[float], where: str) -> pd.Series[str]:
    """Turn numbers into bands; blank stays unknown."""
    numbers = pd.to_numeric(labels.where(labels != UNKNOWN), errors="coerce")
    wrong = labels.index[(labels != UNKNOWN) & ~np.isfinite(numbers)]
    if len(wrong):
        raise RequestError(
            f"{where}: row {wrong[0] + 2}: {labels.name} is {labels[wrong[0]]!r}, which is no "
            "number; correct it or leave `classes` away."
        )
    names = band_names(edges)
    codes = np.searchsorted(np.asarray(edges, float), numbers.to_numpy(float), side="right")
    banded = pd.Series([names[code] for code in codes], index=labels.index, dtype=str)
    return banded.where(labels != UNKNOWN, UNKNOWN)


def band_names(edges: Sequence[float]) -> list[str]:
    """Name the bands between edges: `under 18`, `18 to 29`, ..., `60 and over`.

    Whole-number edges name whole numbers on both ends; others read `1.5 to below 2.5`.
    """
    whole = all(float(edge).is_integer() for edge in edges)
    text = [f"{edge:g}" for edge in edges]
    middle = [
        f"{low} to {high - 1:g}" if whole else f"{low} to below {high:g}"
        for low, high in zip(text, edges[1:], strict=False)
    ]
    return [f"under {text[0]}", *middle, f"{text[-1]} and over"]


def _band_order(name: str) -> tuple[float, int]:
    if name.startswith("under "):
        return (-np.inf, 0)
    try:
        return (float(name.split(" ", maxsplit=1)[0]), 1)
    except ValueError:
        return (np.inf, 2)


def _refuse_duplicates(table: pd.DataFrame, where: str) -> None:
    twice = table.index[table["sample_id"].duplicated()]
    if len(twice):
        raise RequestError(
            f"{where}: row {twice[0] + 2}: this sample_id is there twice ({len(twice)} such rows); "
            "give every photograph an id of its own."
        )


def _refuse_paths_outside(paths: pd.Series[str], root: Path, where: str) -> None:
    base = root.resolve()
    folders: dict[str, bool] = {}
    for row, text in enumerate(paths, start=2):
        path = Path(text)
        folder = str(path.parent)
        if folder not in folders:
            folders[folder] = "\0" not in folder and _leads_inside(base, path.parent)
        inside = folders[folder] and "\0" not in text and path.name != ".."
        # Few photographs are links, and only of those does it matter where they lead.
        inside = inside and _fits(path)
        if not inside or ((base / path).is_symlink() and not _leads_inside(base, path)):
            raise RequestError(
                f"{where}: row {row}: this path leads outside the benchmark's folder; write it "
                "relative to `benchmark.root`."
            )


def _fits(path: Path) -> bool:
    """Whether a file system could have a file of that name at all."""
    parts = [len(part.encode(errors="surrogatepass")) for part in path.parts]
    return max(parts, default=0) <= _LONGEST_NAME and sum(parts) <= _LONGEST_PATH


def _leads_inside(base: Path, path: Path) -> bool:
    return not path.is_absolute() and ".." not in path.parts and leads_inside(base, path)


def _refuse_unknown_attributes(
    groups: Sequence[Sequence[str]],
    classes: Mapping[str, Sequence[float]],
    columns: list[str],
    where: str,
) -> None:
    attributes = [name for name in columns if name != MASK]
    for name in [*(name for group_by in groups for name in group_by), *classes]:
        if name not in attributes:
            raise RequestError(
                f"groups, classes, calibrate_on or a claim's scope: there is no attribute {name!r} "
                f"in {where}; choose from {attributes}."
            )
        if name in _TAKEN or "+" in name or name.lower() in VANISHING:
            raise RequestError(
                f"{where}: a table cannot be grouped by a column named {name!r}; rename the "
                "column in the manifest and the card."
            )


def _nearly_alike(subjects: pd.Series[str]) -> Iterator[str]:
    """Say where two people's ids look like one person's, written twice."""
    distinct = subjects.drop_duplicates()
    again = distinct.index[distinct.str.casefold().str.split().str.join(" ").duplicated()]
    if len(again):
        yield (
            f"{len(again)} people's subject_id is another's but for capitals or spaces, first in "
            f"row {again[0] + 2}; they count as people of their own. Correct them where one "
            "person is meant."
        )


def _refuse_labels(labels: pd.Series[str], attribute: Attribute | None, where: str) -> None:
    vanishing = labels.index[labels.str.lower().isin(VANISHING)]
    if len(vanishing):
        raise RequestError(
            f"{where}: row {vanishing[0] + 2}: {labels.name} is {labels[vanishing[0]]!r}, which "
            "spreadsheet programs read as nothing; leave the cell blank for unknown, or rename it."
        )
    broken = labels.index[labels.str.contains(r"[\x00-\x1f\x7f]", regex=True)]
    if len(broken):
        raise RequestError(
            f"{where}: row {broken[0] + 2}: {labels.name} is {labels[broken[0]]!r}; a label is one "
            "line of text, so remove line breaks and control characters."
        )
    if attribute is None or not attribute.values:
        return
    strange = labels.index[~labels.isin([*attribute.values, UNKNOWN])]
    if len(strange):
        raise RequestError(
            f"{where}: row {strange[0] + 2}: {labels.name} is {labels[strange[0]]!r}; the card "
            f"allows {list(attribute.values)} or blank. Correct the row or the card."
        )


def _refuse_drawn(masks: pd.Series[str], where: str) -> None:
    drawn = masks.index[masks.str.startswith("synthetic-")]
    if len(drawn):
        raise RequestError(
            f"{where}: row {drawn[0] + 2}: mask is {masks[drawn[0]]!r}, and names that begin with "
            "`synthetic-` are kept for the masks this program draws; write masked."
        )


def _refuse_two_values(labels: pd.DataFrame, card: Card, where: str) -> None:
    for name, attribute in card.attributes.items():
        if attribute.of != "subject" or name not in labels:
            continue
        values = labels.groupby("subject_id", sort=False)[name].nunique()
        torn = values.index[values > 1]
        if len(torn):
            rows = labels.index[labels["subject_id"] == torn[0]]
            raise RequestError(
                f"{where}: row {rows[0] + 2}: this subject has two values of {name} "
                f"({', '.join(labels.loc[rows, name].unique())}); {len(torn)} subjects do. "
                "Correct the labels, or call it an attribute of the sample in the card."
            )
