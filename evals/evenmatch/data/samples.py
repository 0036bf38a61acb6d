"""The photographs of a benchmark and what is known about each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

UNKNOWN = "unknown"
UNMASKED = "unmasked"


@dataclass(frozen=True)
class Samples:
    """Photographs, whose they are, and under which mask each is compared.

    Attributes:
        table: one row a photograph under one mask condition, with the columns `sample_id,
            subject_id, path, mask` and one column an attribute, all text; blank attributes
            read `unknown`. `path` is relative to `root`. A photograph given again with a drawn
            mask is a further row: the same `sample_id`, another `mask`.
        root: the folder that holds the photographs.
        attributes: attribute name to its values in the card's order; `unknown` comes last where
            it occurs. `mask` is not among them.
        mask_values: the mask conditions in the order tables show them, the barest face first.
        labelled_by: attribute name to who wrote its labels.
        resize_to: pixels of the longer side to which smaller photographs are enlarged; None
            leaves them as they are.
        media: the photographs behind each row where a row is a template of several, with the
            columns `sample_id, media_id, path, left, top, width, height`; None where a row is a
            photograph. `path` of the table is blank then.
        unbanded: the columns that `classes` turned into bands, as they were; indexed by sample_id.
        notices: sentences of the loader that a reader must see.
    """

    table: pd.DataFrame
    root: Path
    attributes: dict[str, tuple[str, ...]]
    mask_values: tuple[str, ...]
    labelled_by: dict[str, str] = field(default_factory=dict)
    resize_to: int | None = None
    media: pd.DataFrame | None = None
    unbanded: pd.DataFrame | None = None
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    @property
    def people(self) -> np.ndarray:
        """Person code of every row, int32, in order of first appearance.

        The one function that says who a row is: every interval counts people through it.
        """
        codes, _ = self.table["subject_id"].factorize()
        return np.asarray(codes, dtype=np.int32)

    @property
    def photographs(self) -> np.ndarray:
        """Photograph code of every row, int32; rows of one photograph share it."""
        codes, _ = self.table["sample_id"].factorize()
        return np.asarray(codes, dtype=np.int32)
