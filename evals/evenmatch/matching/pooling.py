"""Which faces a benchmark's rows stand for, and templates of several faces made one.

A row is a photograph, or a template of several (IJB). Then the templates of the photographs of one
medium, such as the frames of a film, are averaged, and the media after them, so that a long film
weighs no more than a photograph. Where every one of them has length 1 the mean is brought back to
length 1; where they have not, as with descriptors compared by Euclidean distance, it stays as it
is. This is how templates are commonly pooled on IJB-B and IJB-C, after Cao et al. (2018), VGGFace2,
FG 2018; it is a choice of the audit, not of the matcher.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd

from evenmatch.errors import RequestError
from evenmatch.matching.crops import MARGIN, Box
from evenmatch.matching.matcher import FailureReason
from evenmatch.matching.room import room

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from evenmatch.data.samples import Samples

    Outcome = npt.NDArray[np.float32] | FailureReason

# How far from 1 a template's length may lie and still be called a unit vector.
UNIT: Final = 1e-3
_BOX: Final = ["left", "top", "width", "height"]


class View(NamedTuple):
    """A face to make a template of: a photograph, its part, and the mask it is given under."""

    path: str
    box: Box | None
    mask: str


class Rows:
    """Templates of rows that are a photograph each.

    Attributes:
        views: the face of every row.
        vectors: the templates so far; zero where there is none.
        failures: row to reason.
    """

    def __init__(self, samples: Samples, dimension: int) -> None:
        columns = (samples.table["path"], samples.table["mask"])
        self.views = [View(str(path), None, str(mask)) for path, mask in zip(*columns, strict=True)]
        self.vectors = room(len(self.views), dimension)
        self.failures: dict[int, str] = {}

    @property
    def facts(self) -> dict[str, str]:
        """Return what a report says of the pooling: nothing."""
        return {}

    def put(self, view: int, outcome: Outcome) -> None:
        """Take a view's template, or its reason for having none."""
        if isinstance(outcome, FailureReason):
            self.failures[view] = outcome.value
        else:
            self.vectors[view] = outcome


class Pool:
    """Templates of rows that are several photographs each.

    A row's photographs are held until the last of them is there, and pooled in the list's order:
    neither batches nor a cache change a bit of the result.

    Attributes:
        views: every distinct face once, in the order of the rows.
        vectors: the pooled templates so far; zero where there is none.
        failures: row to the reason of its first photograph, where none gave a template.
    """

    def __init__(self, samples: Samples, media: pd.DataFrame, dimension: int) -> None:
        entries = _entries(samples, media)
        self._media = entries["medium"].to_numpy()
        self._rows = entries["row"].to_numpy()
        self._sizes = np.bincount(self._rows, minlength=len(samples))
        places, distinct = pd.factorize(pd.MultiIndex.from_frame(entries[["face", "mask"]]))
        self.views = _views(media, distinct.tolist())
        self._order = np.argsort(places, kind="stable")
        self._starts = np.searchsorted(places[self._order], np.arange(len(distinct) + 1))
        self._held: dict[int, dict[int, Outcome]] = defaultdict(dict)
        self._failed = 0
        self.vectors = room(len(samples), dimension)
        self.failures: dict[int, str] = {}

    @property
    def facts(self) -> dict[str, str]:
        """Return what a report says of the pooling."""
        total = len(self._rows)
        return {
            "pooling": (
                "templates are means over the photographs of a medium, then over media; brought "
                "to length 1 where the photographs' templates have length 1"
            ),
            "photographs of templates": (
                f"{self._failed} of {total} gave no template; a template fails where all of its "
                f"photographs do ({len(self.failures)} of {len(self.vectors)})"
            ),
            "crop": f"the published box, each edge moved out by {MARGIN} of it",
        }

    def put(self, view: int, outcome: Outcome) -> None:
        """Take a view's template, or its reason for having none."""
        for entry in self._order[self._starts[view] : self._starts[view + 1]].tolist():
            row = int(self._rows[entry])
            self._held[row][entry] = outcome
            if len(self._held[row]) == self._sizes[row]:
                self._finish(row, self._held.pop(row))

    def _finish(self, row: int, outcomes: dict[int, Outcome]) -> None:
        entries = sorted(outcomes)
        made = [
            (entry, vector)
            for entry in entries
            if not isinstance(vector := outcomes[entry], FailureReason)
        ]
        self._failed += len(entries) - len(made)
        if made:
            media = self._media[[entry for entry, _ in made]]
            self.vectors[row] = pooled(np.stack([vector for _, vector in made]), media)
        else:
            self.failures[row] = str(outcomes[entries[0]])


def pooled(
    vectors: npt.NDArray[np.float32], media: Sequence[int] | npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return the mean over media of the means over each medium's templates.

    Args:
        vectors: one template a row.
        media: the medium of each; equal numbers are one medium.
    """
    exact = vectors.astype(np.float64)
    codes, _ = pd.factorize(np.asarray(media))
    sums = np.zeros((codes.max() + 1, exact.shape[1]))
    np.add.at(sums, codes, exact)
    mean = (sums / np.bincount(codes)[:, None]).mean(axis=0)
    length = np.linalg.norm(mean)
    unit = np.abs(np.linalg.norm(exact, axis=1) - 1).max() <= UNIT
    return np.asarray(mean / length if unit and length else mean, dtype=np.float32)


def _entries(samples: Samples, media: pd.DataFrame) -> pd.DataFrame:
    """Return `row, medium, face, mask` of every photograph of every row, in the rows' order."""
    faces, _ = pd.factorize(pd.MultiIndex.from_frame(media[["path", *_BOX]]))
    first = pd.Series(np.arange(len(media))).groupby(faces).transform("first")
    listed = pd.DataFrame(
        {
            "sample_id": media["sample_id"].to_numpy(),
            "medium": pd.factorize(pd.MultiIndex.from_frame(media[["sample_id", "media_id"]]))[0],
            "face": first.to_numpy(),
        }
    )
    rows = samples.table[["sample_id", "mask"]].reset_index(drop=True).rename_axis("row")
    entries = rows.reset_index().merge(listed, on="sample_id", how="left")
    without = entries.index[entries["face"].isna()]
    if len(without):
        raise RequestError(
            f"the template {entries['sample_id'][without[0]]} has no photograph; correct the "
            "benchmark's lists, or leave the template out."
        )
    return entries.astype({"medium": np.int64, "face": np.int64})


def _views(media: pd.DataFrame, distinct: Iterable[tuple[int, str]]) -> list[View]:
    """Return the faces that rows of `media` show, each under a mask."""
    paths, boxes = media["path"].tolist(), media[_BOX].to_numpy(np.float64)
    whole = np.isnan(boxes).any(axis=1)
    return [
        View(str(paths[face]), None if whole[face] else Box(*boxes[face].tolist()), str(mask))
        for face, mask in distinct
    ]
