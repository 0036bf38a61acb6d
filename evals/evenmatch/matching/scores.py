"""A vendor's scores instead of a matcher: one row a comparison, failures by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from evenmatch.errors import RequestError
from evenmatch.matching.score_file import FormatOptions, ScoreColumns
from evenmatch.matching.score_formats.registry import read_columns
from evenmatch.matching.vendor_files import files_sha256

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.data.samples import Samples

FileScoreKind = Literal["similarity", "distance"]
OK: Final = ""
MISSING: Final = "missing"


@dataclass(frozen=True)
class ScoreTable:
    """The comparisons of a score file, found by the photographs' codes.

    Attributes:
        keys: probe code times `photographs` plus reference code, ascending.
        scores: similarity of each, distances negated; NaN where the comparison failed.
        statuses: index into `names` of each.
        names: `""` for a score, then the failures the file names, as it writes them.
        photographs: how many photographs the codes number.
        score_kind: what the file holds.
        facts: plain strings for the report.
    """

    keys: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    statuses: npt.NDArray[np.int32]
    names: tuple[str, ...]
    photographs: int
    score_kind: FileScoreKind
    facts: dict[str, str]

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the file."""
        return self.facts["score file sha256"]

    def lookup(
        self, probe_codes: npt.NDArray[np.integer], reference_codes: npt.NDArray[np.integer]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.str_]]:
        """Return the similarity and the status of each comparison.

        Args:
            probe_codes: `Samples.photographs` of the probes.
            reference_codes: the same of the references.

        Returns:
            Similarities, NaN without a score, and statuses: `""` for a score, `missing` where the
            file has no row, otherwise the file's word. The row of the opposite order stands in
            where it alone is there.
        """
        probes = np.asarray(probe_codes, dtype=np.int64)
        references = np.asarray(reference_codes, dtype=np.int64)
        rows = self._rows(probes, references)
        rows = np.where(rows < 0, self._rows(references, probes), rows)
        words = np.array([*self.names, MISSING])
        found = rows >= 0
        status = np.where(found, self.statuses[np.maximum(rows, 0)], len(self.names))
        return np.where(found, self.scores[np.maximum(rows, 0)], np.nan), words[status]

    def _rows(
        self, probes: npt.NDArray[np.int64], references: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        wanted = probes * self.photographs + references
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[at] == wanted, at, -1)


def read_scores(
    path: Path,
    samples: Samples,
    *,
    score_kind: FileScoreKind = "similarity",
    ordered: bool = False,
    form: str | None = None,
    options: FormatOptions | None = None,
) -> ScoreTable:
    """Return the scores of a vendor's file.

    Args:
        path: the file; without a format a table of the contract, Parquet when it ends in
            `.parquet`, otherwise CSV.
        samples: the benchmark whose sample ids the file uses.
        score_kind: `similarity`, or `distance`, which is negated here and nowhere else.
        ordered: whether probe and reference are roles, so that the two orders of a comparison may
            score apart; otherwise they have to agree.
        form: one of the published formats; see `score_formats.registry`.
        options: what else the format needs.

    Raises:
        RequestError: the file contradicts itself or the benchmark; file, row and cure are named.
    """
    if score_kind not in ("similarity", "distance"):
        raise RequestError(
            f"matchers.score_kind: {score_kind!r}; choose one of similarity, distance."
        )
    columns = read_columns(path, samples, form, options or FormatOptions())
    photographs = int(samples.photographs.max(initial=-1)) + 1
    _refuse_other_people(path, columns, samples)
    keys = columns.probes * photographs + columns.references
    order = np.argsort(keys, kind="stable")
    _refuse_repeats(path, columns, keys, order)
    if not ordered:
        _refuse_contradictions(path, columns, order, photographs)
    similarity = -columns.scores if score_kind == "distance" else columns.scores
    facts = {
        "score file": path.name,
        "score file sha256": files_sha256([path]),
        "score kind": score_kind,
        "rows": str(len(keys)),
    }
    return ScoreTable(
        keys=keys[order],
        scores=similarity[order] + 0.0,  # no negative zero
        statuses=columns.statuses[order],
        names=columns.names,
        photographs=photographs,
        score_kind=score_kind,
        facts=facts,
    )


def _refuse_other_people(path: Path, columns: ScoreColumns, samples: Samples) -> None:
    """Refuse a file that calls two photographs one person's where the benchmark does not."""
    who = np.zeros(int(samples.photographs.max(initial=-1)) + 1, dtype=np.int64)
    who[samples.photographs] = samples.people
    mated = who[columns.probes] == who[columns.references]
    wrong = np.flatnonzero((columns.mated >= 0) & (mated != (columns.mated == 1)))
    if wrong.size:
        said = "one person's" if columns.mated[wrong[0]] == 1 else "two people's"
        raise RequestError(
            f"{path}, {columns.place(int(wrong[0]))}: the file calls these photographs {said}, and "
            f"the benchmark does not ({wrong.size} such rows). Correct the manifest's "
            "`subject_id`, or check that this file belongs to this benchmark."
        )


def _refuse_repeats(
    path: Path,
    columns: ScoreColumns,
    keys: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
) -> None:
    again = np.flatnonzero(np.diff(keys[order]) == 0)
    if again.size:
        first, second = (columns.place(int(order[again[0] + k])) for k in (0, 1))
        raise RequestError(
            f"{path}, {first} and {second}: the same probe and reference twice "
            f"({again.size} such repeats). Keep one row for each comparison."
        )


def _refuse_contradictions(
    path: Path, columns: ScoreColumns, order: npt.NDArray[np.int64], photographs: int
) -> None:
    """Refuse two orders of one comparison that disagree: it would count as either."""
    low = np.minimum(columns.probes, columns.references)
    high = np.maximum(columns.probes, columns.references)
    pairs = low * photographs + high
    grouped = order[np.argsort(pairs[order], kind="stable")]
    here, there = grouped[:-1], grouped[1:]
    same = pairs[here] == pairs[there]
    agree = (columns.statuses[here] == columns.statuses[there]) & (
        (columns.scores[here] == columns.scores[there])
        | (np.isnan(columns.scores[here]) & np.isnan(columns.scores[there]))
    )
    wrong = np.flatnonzero(same & ~agree)
    if wrong.size:
        both = sorted((int(here[wrong[0]]), int(there[wrong[0]])))
        first, second = (columns.place(row) for row in both)
        raise RequestError(
            f"{path}, {first} and {second}: the same two photographs in both orders with "
            f"different results ({wrong.size} such pairs). Choose `one_to_one.probe` and "
            "`one_to_one.reference` or a listed protocol, so that order means something, or "
            "remove one of each."
        )
