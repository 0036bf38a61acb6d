"""A vendor's candidate lists: what its own search of its own gallery returned.

Columns: `search_id, rank, candidate_id, score [, status]`, CSV or Parquet, one row a candidate. A
search that returned nobody is one row with a blank candidate; one that failed is such a row with
the reason in `status`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from evenmatch.errors import RequestError
from evenmatch.matching.id_list import SAMPLE, refuse_repeated
from evenmatch.matching.score_file import SCORED, Gathered, as_numbers, sample_codes
from evenmatch.matching.tables import first_row, pc, row_of, text_blocks
from evenmatch.matching.vendor_files import files_sha256

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.data.samples import Samples
    from evenmatch.matching.scores import FileScoreKind
    from evenmatch.matching.tables import Column

    Codes = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.float64]

REQUIRED: Final = ("search_id", "rank", "candidate_id", "score")
STATUS: Final = "status"


@dataclass(frozen=True)
class EnrolledPhotographs:
    """The photographs that a vendor enrolled.

    Attributes:
        codes: photograph code of each.
        failed: which of them gave no template.
        name: what the gallery is called in tables.
    """

    codes: Codes
    failed: npt.NDArray[np.bool_]
    name: str


@dataclass(frozen=True)
class CandidateLists:
    """What each search returned, best first.

    Attributes:
        searches: photograph code of each search, ascending.
        starts: where each search's list begins among the candidates; one entry more at the end.
        candidates: photograph code of each candidate, search after search.
        scores: similarity of each, distances negated.
        statuses: why a search failed; blank where it did not.
        gallery: who was enrolled; None where the run's own gallery is meant.
        facts: plain strings for the report.
    """

    searches: Codes
    starts: Codes
    candidates: Codes
    scores: Scores
    statuses: npt.NDArray[np.str_]
    gallery: EnrolledPhotographs | None
    facts: dict[str, str]

    @property
    def length(self) -> int:
        """How many candidates the longest list has."""
        return int(np.diff(self.starts).max(initial=0))

    @property
    def lowest(self) -> float:
        """The lowest score listed: what the vendor's own cut cannot lie above."""
        return float(self.scores.min(initial=np.inf))

    def places(self, codes: Codes) -> Codes:
        """Return where searches are, by their photographs; -1 for one that is not there."""
        at = np.minimum(np.searchsorted(self.searches, codes), len(self.searches) - 1)
        return np.where(self.searches[at] == codes, at, -1)


def read_candidates(
    path: Path,
    samples: Samples,
    *,
    score_kind: FileScoreKind = "similarity",
    gallery: EnrolledPhotographs | None = None,
) -> CandidateLists:
    """Return a vendor's candidate lists.

    Args:
        path: the table.
        samples: the benchmark whose sample ids it uses.
        score_kind: `similarity`, or `distance`, which is negated here.
        gallery: who was enrolled; None where the run's own gallery is meant.

    Raises:
        RequestError: a row is wrong or a list contradicts itself; the row is named with the cure.
    """
    rows = _read(path, samples)
    order = np.lexsort((rows.ranks, rows.searches))
    rows = rows.ordered(order)
    _check_lists(path, rows, descending=score_kind == "similarity")
    if gallery is not None:
        _refuse_outside(path, rows, gallery)
    searches, first = np.unique(rows.searches, return_index=True)
    listed = rows.candidates >= 0
    before = np.concatenate([[0], np.cumsum(listed)])
    similarity = -rows.scores if score_kind == "distance" else rows.scores
    lists = CandidateLists(
        searches=searches,
        starts=before[np.append(first, len(listed))],
        candidates=rows.candidates[listed],
        scores=similarity[listed] + 0.0,
        statuses=rows.statuses[first],
        gallery=gallery,
        facts={
            "candidate lists": path.name,
            "candidate lists sha256": files_sha256([path]),
            "searches listed": str(len(searches)),
        },
    )
    if not lists.length:
        raise RequestError(f"{path} lists no candidate at all; check that the searches ran.")
    return lists


def read_enrolled(path: Path, samples: Samples, name: str) -> EnrolledPhotographs:
    """Return who a vendor enrolled: a table with `sample_id` and, where enrolment failed, `status`.

    Raises:
        RequestError: the table is not readable, or names a photograph twice or an unknown one.
    """
    codes, ids, failed = sample_codes(samples), list[str](), list[bool]()
    for block in text_blocks(path, (SAMPLE,), (STATUS,), key="gallery"):
        ids += block[SAMPLE].to_pylist()
        words = block[STATUS].to_pylist() if STATUS in block.column_names else []
        failed += [word.lower() not in SCORED for word in words] or [False] * block.num_rows
    refuse_repeated(path, ids, first=first_row(path))
    unknown = [row for row, each in enumerate(ids) if each not in codes]
    if unknown:
        raise RequestError(
            f"{path}, {row_of(path, unknown[0])}: this sample id is not in the benchmark "
            f"({len(unknown)} such rows). Use the manifest's `sample_id`."
        )
    return EnrolledPhotographs(
        np.array([codes[each] for each in ids], dtype=np.int64), np.array(failed, dtype=bool), name
    )


@dataclass(frozen=True)
class _Rows:
    """Rows of the table; `candidates` is -1 where a list is empty or its search failed."""

    searches: Codes
    ranks: Codes
    candidates: Codes
    scores: Scores
    statuses: npt.NDArray[np.str_]
    numbers: Codes

    def __len__(self) -> int:
        return len(self.searches)

    def ordered(self, order: npt.NDArray[np.intp]) -> _Rows:
        return _Rows(
            self.searches[order],
            self.ranks[order],
            self.candidates[order],
            self.scores[order],
            self.statuses[order],
            self.numbers[order],
        )


def _read(path: Path, samples: Samples) -> _Rows:
    """Read and check each row by itself."""
    codes = sample_codes(samples)
    gathered = Gathered(path, codes)
    ranks, listed = [], []
    for block in text_blocks(path, REQUIRED, (STATUS,), key="candidates"):
        blank = np.asarray(pc.equal(block["candidate_id"], ""))
        words = _words(gathered, block, blank)
        searches = gathered.coded(block["search_id"])
        # An empty list names its own search for a moment, so that the common checks apply.
        named = pc.if_else(pa.array(blank), block["search_id"], block["candidate_id"])
        ranks.append(_ranks(gathered, block, blank))
        listed.append(~blank)
        gathered.add(searches, gathered.coded(named), block["score"], words)
    columns = gathered.columns()
    there = np.concatenate(listed)
    said = np.array(columns.names)[columns.statuses]
    return _Rows(
        searches=columns.probes,
        ranks=np.concatenate(ranks),
        candidates=np.where(there, columns.references, -1),
        scores=np.where(there, columns.scores, np.nan),
        statuses=np.where(said == _EMPTY, "", said),
        numbers=np.arange(len(there)),
    )


# Stands for the blank status of a list that is empty without having failed.
_EMPTY: Final = "\0empty"


def _words(gathered: Gathered, block: Column, blank: npt.NDArray[np.bool_]) -> Column:
    """Return each row's status; a candidate cannot fail, and an empty list needs no reason."""
    given = block[STATUS] if STATUS in block.column_names else pc.if_else(True, "", block["rank"])
    scored = np.isin(np.array([word.lower() for word in given.to_pylist()]), SCORED)
    wrong = np.flatnonzero(~blank & ~scored)
    if wrong.size:
        gathered.refuse(
            wrong,
            "a candidate with a failure; leave the candidate of a search that failed blank",
        )
    empty = pa.array(blank & scored)
    return pa.chunked_array([pc.if_else(empty, _EMPTY, given.combine_chunks())])


def _ranks(gathered: Gathered, block: Column, blank: npt.NDArray[np.bool_]) -> Codes:
    numbers = as_numbers(pc.if_else(pc.equal(block["rank"], ""), "nan", block["rank"]))
    given = ~np.isnan(numbers)
    wrong = np.flatnonzero(blank & given)
    if wrong.size:
        gathered.refuse(wrong, "a rank without a candidate; empty both, or name the candidate")
    odd = np.flatnonzero(~blank & ~(given & (numbers >= 1) & (numbers == np.floor(numbers))))
    if odd.size:
        gathered.refuse(odd, "the rank is a whole number from 1; correct it")
    return np.where(blank, 0, np.nan_to_num(numbers)).astype(np.int64)


def _check_lists(path: Path, rows: _Rows, *, descending: bool) -> None:
    """Refuse lists that contradict themselves; rows are in the order of search and rank."""
    same = rows.searches[1:] == rows.searches[:-1]
    lone = (rows.ranks[:-1] == 0) & same
    _refuse(path, rows, lone, "a search with a row that lists nobody and another row; keep one")
    first = np.concatenate([[True], ~same])
    expected = np.where(first, 1, np.concatenate([[0], rows.ranks[:-1]]) + 1)
    gap = (rows.ranks != expected) & (rows.candidates >= 0)
    _refuse(path, rows, gap, "ranks of a search go 1, 2, 3, each once; correct them", later=False)
    falls = rows.scores[1:] > rows.scores[:-1]
    rises = rows.scores[1:] < rows.scores[:-1]
    _refuse(
        path,
        rows,
        same & (falls if descending else rises),
        "the score is better than that of the rank before; correct it, or `score_kind`",
    )
    order = np.lexsort((rows.candidates, rows.searches))
    again = (np.diff(rows.searches[order]) == 0) & (np.diff(rows.candidates[order]) == 0)
    _refuse(
        path, rows.ordered(order), again, "the same candidate twice in one list; keep the better"
    )


def _refuse(
    path: Path, rows: _Rows, wrong: npt.NDArray[np.bool_], why: str, *, later: bool = True
) -> None:
    """Refuse the first row that is wrong; `later` says that `wrong` starts at the second row."""
    found = np.flatnonzero(wrong)
    if found.size:
        at = row_of(path, int(rows.numbers[found[0] + later]))
        more = f" ({found.size} such rows)" if found.size > 1 else ""
        raise RequestError(f"{path}, {at}{more}: {why}.")


def _refuse_outside(path: Path, rows: _Rows, gallery: EnrolledPhotographs) -> None:
    inside = np.isin(rows.candidates, gallery.codes[~gallery.failed]) | (rows.candidates < 0)
    _refuse(
        path,
        rows,
        ~inside,
        "the candidate is not enrolled; correct it, or the file that `gallery` names",
        later=False,
    )
