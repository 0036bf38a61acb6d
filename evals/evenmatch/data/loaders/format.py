"""What a loader gives: a benchmark's photographs and lists, as tables of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# role -> path, every role of the loader filled in
Places = Mapping[str, Path]


@dataclass(frozen=True)
class Loaded:
    """Photographs as a published format lists them.

    Attributes:
        table: the columns `sample_id, subject_id, path`, and one a label, all text; a blank cell
            is unknown. `path` is relative to `root` and blank where there is no photograph.
        root: the folder that paths are relative to.
        media: where a row of `table` stands for several photographs (IJB's templates): one row a
            photograph with the columns `sample_id, media_id, path` (text) and `left, top, width,
            height` (float64 pixels of the face; NaN for the whole picture). Photographs of one
            medium are pooled first, then media. None where a row is a photograph.
        notices: sentences a reader must see, such as how many rows of a list were dropped.
    """

    table: pd.DataFrame
    root: Path
    media: pd.DataFrame | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loader:
    """A published format: where its files lie and how to read them.

    Attributes:
        files: roles of its files and folders, and where the format puts them below the root.
        load: reads the photographs and labels.
        trials: reads a list of comparisons (the file, then all places): the columns `probe_id,
            reference_id`, and where the list says so `mated` (`1`, `0` or blank) and `fold`, all
            text. An index of text says where each row stands (`row 12`); without one it is the
            row of a CSV file.
        about: one line on the format.
    """

    files: Mapping[str, str]
    load: Callable[[Places], Loaded]
    trials: Callable[[Path, Places], pd.DataFrame]
    about: str = field(default="")
