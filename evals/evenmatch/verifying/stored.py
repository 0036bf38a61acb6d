"""What an audit stores of its comparisons: `scores/<matcher>.parquet`, read back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from evenmatch.errors import RequestError
from evenmatch.verifying.cells import CountedCell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.results.model import MatcherFacts, RunResult

    Codes = npt.NDArray[np.int64]

ALL = "all"
PARTIAL = "needs every non-mated comparison, and only the most similar are stored"
NEEDED = (
    "probe_id", "reference_id", "probe_subject", "reference_subject", "mated", "score", "status",
    "probe_mask", "reference_mask",
)  # fmt: skip
CELLS_KEPT = 64
_IS_TEXT: Final[Callable[[Any], bool]] = pd.api.types.is_string_dtype
# What the columns hold that are no text.
_OF_TYPE: Final[dict[str, Callable[[Any], bool]]] = {
    "mated": pd.api.types.is_bool_dtype,
    "score": pd.api.types.is_float_dtype,
    "rank": pd.api.types.is_integer_dtype,
}


@dataclass(frozen=True, eq=False)
class Condition:
    """The stored comparisons of one pair of mask conditions."""

    table: pd.DataFrame
    symmetric: bool
    people: int
    _cells: dict[tuple[str, str, str], CountedCell] = field(default_factory=dict, repr=False)
    _labels: dict[str, tuple[Codes, Codes, list[str]]] = field(default_factory=dict, repr=False)

    def labels(self, group_by: str) -> tuple[Codes, Codes, list[str]]:
        """Return the group of both sides of every comparison as codes, and the groups' names."""
        if group_by not in self._labels:
            self._labels[group_by] = self._find_labels(group_by)
        return self._labels[group_by]

    def _find_labels(self, group_by: str) -> tuple[Codes, Codes, list[str]]:
        n = len(self.table)
        if group_by == ALL:
            return np.zeros(n, np.int64), np.zeros(n, np.int64), [ALL]
        codes = np.zeros(2 * n, np.int64)
        names = [""]
        for attribute in group_by.split("+"):
            both = pd.concat(
                [self.table[f"probe_{attribute}"], self.table[f"reference_{attribute}"]]
            )
            part, values = pd.factorize(both, use_na_sentinel=False)
            codes = codes * len(values) + part
            names = [f"{one}+{other}".lstrip("+") for one in names for other in values]
        return codes[:n], codes[n:], names

    def cell(self, group_by: str, probe: str, reference: str) -> CountedCell:
        """Return the comparisons of two groups."""
        key = (group_by, probe, reference)
        if key not in self._cells:
            if len(self._cells) >= CELLS_KEPT:
                self._cells.clear()
            self._cells[key] = self._find_cell(*key)
        return self._cells[key]

    def _find_cell(self, group_by: str, probe: str, reference: str) -> CountedCell:
        left, right, names = self.labels(group_by)
        one = names.index(probe) if probe in names else -1
        other = names.index(reference) if reference in names else -1
        straight = (left == one) & (right == other)
        turned = np.zeros_like(straight)
        if self.symmetric and one != other:
            turned = (left == other) & (right == one)
        return self.counted(straight | turned, turned, one_group=self.symmetric and one == other)

    def counted(
        self,
        chosen: npt.NDArray[np.bool_],
        turned: npt.NDArray[np.bool_] | None = None,
        *,
        one_group: bool,
    ) -> CountedCell:
        """Return chosen comparisons as a cell, some with their sides exchanged."""
        part = self.table[chosen]
        probe, reference = (part[f"{side}_person"].to_numpy() for side in ("probe", "reference"))
        if turned is not None and turned.any():
            swap = turned[chosen]
            probe, reference = np.where(swap, reference, probe), np.where(swap, probe, reference)
        return CountedCell(
            score=part["score"].to_numpy(),
            mated=part["mated"].to_numpy(),
            probe=probe,
            reference=reference,
            people=self.people,
            one_group=one_group,
        )


@dataclass(frozen=True, eq=False)
class Stored:
    """Everything stored of one matcher's comparisons.

    Attributes:
        facts: the matcher.
        conditions: by probe mask and reference mask.
        subjects: pseudonyms of the people, in the order of their codes.
        complete: whether every comparison is there, and not the mated and the most similar alone.
    """

    facts: MatcherFacts
    conditions: dict[tuple[str, str], Condition]
    subjects: list[str]
    complete: bool

    @property
    def distance(self) -> bool:
        """Whether the matcher's own numbers are distances."""
        return self.facts.score_kind == "distance"


def stored_path(folder: Path, matcher: str) -> Path:
    """Return where a matcher's comparisons lie in an audit's folder."""
    return folder / "scores" / f"{matcher}.parquet"


def read_stored(folder: Path, result: RunResult, matcher: str) -> Stored:
    """Read one matcher's comparisons.

    Raises:
        RequestError: the file is missing or damaged, or lacks a column.
    """
    facts = next(each for each in result.matchers if each.name == matcher)
    table = read_table(stored_path(folder, matcher), NEEDED)
    both = pd.concat([table["probe_subject"], table["reference_subject"]])
    codes, subjects = pd.factorize(both)
    n = len(table)
    table["probe_person"], table["reference_person"] = codes[:n], codes[n:]
    conditions = dict(_conditions(table, result, len(subjects)))
    return Stored(facts, conditions, [str(name) for name in subjects], n >= facts.comparisons)


def _conditions(
    table: pd.DataFrame, result: RunResult, people: int
) -> Iterator[tuple[tuple[str, str], Condition]]:
    roles = interchangeable(result)
    for masks, part in table.groupby(["probe_mask", "reference_mask"], sort=False):
        probe_mask, reference_mask = str(masks[0]), str(masks[1])
        symmetric = roles and probe_mask == reference_mask
        rows = part.reset_index(drop=True)
        yield (probe_mask, reference_mask), Condition(rows, symmetric, people)


def interchangeable(result: RunResult) -> bool:
    """Whether a run compares every unordered pair once, so that sides mean nothing."""
    chosen = result.config.get("one_to_one") or {}
    return protocol_of(result).get("kind") == "all-pairs" and not (
        chosen.get("probe") or chosen.get("reference")
    )


def level_of(result: RunResult) -> float:
    """Return the confidence of a run's intervals."""
    return float((result.config.get("statistics") or {}).get("level", 0.95))


def protocol_of(result: RunResult) -> dict[str, Any]:
    """Return the card's protocol that a run uses."""
    protocols: dict[str, Any] = result.card.get("protocols") or {}
    name = (result.config.get("benchmark") or {}).get("protocol")
    return dict(protocols.get(str(name)) or next(iter(protocols.values()), {}))


def read_table(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """Read a Parquet file of an audit.

    Raises:
        RequestError: it is missing or damaged, or lacks a column.
    """
    if not path.is_file():
        raise RequestError(f"{path}: is missing; run the audit's config again to make it anew.")
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError, TypeError, LookupError, pa.ArrowException) as error:
        raise RequestError(
            f"{path}: is damaged ({str(error)[:80]}); run the audit's config again."
        ) from None
    lacking = [name for name in needed if name not in table.columns]
    if lacking:
        raise RequestError(f"{path}: has no column {lacking[0]!r}; run the audit's config again.")
    _refuse_other_types(path, table)
    return table


def _refuse_other_types(path: Path, table: pd.DataFrame) -> None:
    """Refuse a column whose values are not of the kind that an audit writes."""
    twice = table.columns[table.columns.duplicated()]
    wrong = list(twice) or [
        name for name in table.columns if not _OF_TYPE.get(str(name), _IS_TEXT)(table[name])
    ]
    if wrong:
        raise RequestError(
            f"{path}: the column {str(wrong[0])[:80]!r} is not as an audit writes it; run the "
            "audit's config again."
        )
