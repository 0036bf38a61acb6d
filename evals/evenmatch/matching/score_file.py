"""What every score file comes to, whatever its format: coded rows, each cell checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np
import pyarrow as pa

from evenmatch.errors import RequestError
from evenmatch.matching.tables import pc, row_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.data.samples import Samples

    Codes = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.float64]

Column = Any
Place = Callable[[int], str]

SCORED: Final = ("", "ok")
FAILED: Final = "failed"
NAMED: Final = 5
UNSAID: Final = -1


@dataclass(frozen=True)
class FormatOptions:
    """What a format needs to know beyond the file.

    Attributes:
        column: which column holds the scores.
        failed_score: a number that stands for a comparison that failed.
        ids: a file with the ids of a matrix's rows.
        column_ids: a file with the ids of its columns; None where they are the rows'.
        sets: a folder with the lists of who was enrolled and who searched.
    """

    column: str | None = None
    failed_score: float | None = None
    ids: Path | None = None
    column_ids: Path | None = None
    sets: Path | None = None


@dataclass(frozen=True)
class ScoreColumns:
    """A score file's comparisons, in its order.

    Attributes:
        probes: photograph code of each probe.
        references: photograph code of each reference.
        scores: as the file has them; NaN where the comparison failed.
        statuses: index into `names` of each row.
        names: `""` for a score, then the failures the file names.
        mated: what the file says of each: 1 one person, 0 two people, -1 nothing.
        place: what to call a row in a sentence, from its number.
    """

    probes: Codes
    references: Codes
    scores: Scores
    statuses: npt.NDArray[np.int32]
    names: tuple[str, ...]
    mated: npt.NDArray[np.int8]
    place: Place


class Gathered:
    """The rows of a score file as they are read, a block at a time."""

    def __init__(
        self,
        path: Path,
        codes: Mapping[str, int],
        *,
        failed_score: float | None = None,
        place: Place | None = None,
    ) -> None:
        self._path, self._codes, self._place = path, codes, place or partial(row_of, path)
        self._failed_score = failed_score
        self._unknown: dict[str, int] = {}  # each with the first row that names it
        self._words: dict[str, int] = {"": 0}
        self._blocks: list[tuple[Codes, Codes, Scores, npt.NDArray[np.int32]]] = []
        self._mated: list[npt.NDArray[np.int8]] = []
        self.rows = 0

    def coded(self, names: Column) -> Codes:
        """Return the photograph codes of sample ids; unknown ones are refused at the end."""
        encoded = pa.array(names) if isinstance(names, list) else names
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        encoded = encoded.dictionary_encode()
        values: list[Any] = encoded.dictionary.to_pylist()
        codes = np.array([self._codes.get(name, UNSAID) for name in values], dtype=np.int64)
        rows = np.asarray(encoded.indices, dtype=np.int64)
        found = codes[rows] if codes.size else np.zeros(0, dtype=np.int64)
        strange = np.flatnonzero(found == UNSAID)
        for at, first in zip(*np.unique(rows[strange], return_index=True), strict=True):
            row = self.rows + int(strange[first])
            self._unknown[values[at]] = min(row, self._unknown.get(values[at], row))
        return np.asarray(found, dtype=np.int64)

    def add(
        self,
        probes: Codes,
        references: Codes,
        scores: Column,
        words: Column | None = None,
        mated: npt.NDArray[np.int8] | None = None,
    ) -> None:
        """Add a block of rows.

        Args:
            probes: photograph codes.
            references: the same of the references.
            scores: numbers, where NaN is a failure, or text cells.
            words: the status cells of text scores.
            mated: what the file says of each row.
        """
        if isinstance(scores, np.ndarray):
            numbers, statuses = self._of_numbers(scores.astype(np.float64))
        else:
            statuses = self._statuses(words, len(scores))
            numbers = self._of_cells(scores, failed=statuses > 0)
        if self._failed_score is not None:
            said = (statuses == 0) & (numbers == self._failed_score)
            statuses = np.where(said, self._word("failed_score"), statuses).astype(np.int32)
            numbers = np.where(said, np.nan, numbers)
        self._blocks.append((probes, references, numbers, statuses))
        unsaid = np.full(len(probes), UNSAID, dtype=np.int8)
        self._mated.append(unsaid if mated is None else mated)
        self.rows += len(probes)

    def columns(self) -> ScoreColumns:
        """Return all rows.

        Raises:
            RequestError: there are none, or they name photographs that the benchmark has not.
        """
        if not self.rows:
            raise RequestError(f"{self._path} has no rows. Give one row for each comparison.")
        self._refuse_unknown()
        probes, references, scores, statuses = (
            np.concatenate([block[part] for block in self._blocks]) for part in range(4)
        )
        names = ("", *sorted(set(self._words) - {""}))
        order = np.array([names.index(word) for word in self._words], dtype=np.int32)
        return ScoreColumns(
            probes=probes,
            references=references,
            scores=scores,
            statuses=order[statuses],
            names=names,
            mated=np.concatenate(self._mated),
            place=self._place,
        )

    def refuse(self, rows: npt.NDArray[np.int64], why: str) -> NoReturn:
        """Refuse rows of the block at hand, the first one named."""
        more = f" ({rows.size} such rows)" if rows.size > 1 else ""
        raise RequestError(f"{self._path}, {self._place(self.rows + int(rows[0]))}{more}: {why}.")

    def _word(self, word: str) -> int:
        return self._words.setdefault(word, len(self._words))

    def _statuses(self, words: Column | None, rows: int) -> npt.NDArray[np.int32]:
        if words is None:
            return np.zeros(rows, dtype=np.int32)
        encoded = words.combine_chunks().dictionary_encode()
        values = encoded.dictionary.to_pylist()
        place = np.array(
            [0 if word.lower() in SCORED else self._word(word) for word in values], dtype=np.int32
        )
        return np.asarray(place[np.asarray(encoded.indices)], dtype=np.int32)

    def _of_numbers(self, scores: Scores) -> tuple[Scores, npt.NDArray[np.int32]]:
        endless = np.flatnonzero(np.isinf(scores))
        if endless.size:
            self.refuse(endless, "the score is infinite; write NaN for a comparison that failed")
        failed = np.isnan(scores)
        word = self._word(FAILED) if failed.any() else 0
        return scores, np.where(failed, word, 0).astype(np.int32)

    def _of_cells(self, column: Column, *, failed: npt.NDArray[np.bool_]) -> Scores:
        empty = np.asarray(pc.equal(column, ""))
        both = np.flatnonzero(failed & ~empty)
        if both.size:
            self.refuse(both, "a failure and a score in one row; empty the score or the status")
        neither = np.flatnonzero(~failed & empty)
        if neither.size:
            self.refuse(neither, "no score and no failure; name the failure in the column `status`")
        scores = as_numbers(pc.if_else(pc.equal(column, ""), "nan", column))
        odd = np.flatnonzero(~failed & ~np.isfinite(scores))
        if odd.size:
            found = column[int(odd[0])].as_py()
            self.refuse(
                odd,
                f"the score {found!r} is no finite number; write one as 0.91, with a point and "
                "without a percent sign, or leave it empty and name the failure in the column "
                "`status`",
            )
        return scores

    def _refuse_unknown(self) -> None:
        if not self._unknown:
            return
        named = sorted(self._unknown, key=self._unknown.__getitem__)[:NAMED]
        shown = ", ".join(repr(name) for name in named)
        first = self._place(self._unknown[named[0]])
        raise RequestError(
            f"{self._path}, {first}: {len(self._unknown)} sample ids are not in the benchmark: "
            f"{shown}{', ...' if len(self._unknown) > NAMED else ''}. "
            "Use the manifest's `sample_id`, or check that this file belongs to this benchmark."
        )


def as_numbers(column: Column) -> Scores:
    """Return text as float64, correctly rounded; NaN where it is no number."""
    try:
        return np.asarray(pc.cast(column, pa.float64()))
    except pa.ArrowInvalid:
        return np.array([_number(text) for text in column.to_pylist()], dtype=np.float64)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def sample_codes(samples: Samples) -> dict[str, int]:
    """Return the photograph code of every sample id."""
    ids = samples.table["sample_id"].astype(str)
    return dict(zip(ids, samples.photographs.tolist(), strict=True))


def label_codes(samples: Samples) -> dict[str, int]:
    """Return the photograph code of every name a published file may use for a photograph.

    A label is looked up as a sample id, then as the manifest's `path`, then as that path without
    its ending; one that could be two photographs is none.
    """
    codes = sample_codes(samples)
    paths = samples.table["path"].astype(str).tolist()
    for shorten in (str, _without_ending):
        found: dict[str, set[int]] = {}
        for path, code in zip(paths, samples.photographs.tolist(), strict=True):
            if path:
                found.setdefault(shorten(path), set()).add(code)
        for name, owners in found.items():
            if len(owners) == 1 and name not in codes:
                codes[name] = next(iter(owners))
    return codes


def _without_ending(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name.rpartition('.')[0] or name}"
