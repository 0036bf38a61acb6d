"""`identification` counted again from `searches/<matcher>.parquet` and `gallery.csv`."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from evenmatch.errors import RequestError
from evenmatch.files import ordinary
from evenmatch.stats.cells import cell_status, stated_status
from evenmatch.stats.estimate import Estimate
from evenmatch.stats.identification import Searches, fnir, fpir
from evenmatch.stats.intervals import ENOUGH_ERRING
from evenmatch.verifying.findings import Check, expect_keys
from evenmatch.verifying.stored import ALL, read_table
from evenmatch.verifying.thresholds import fitted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from evenmatch.results.model import IdentificationRate, RunResult, Threshold
    from evenmatch.stats.people import PersonCounts

NEEDED = (
    "probe_id", "probe_subject", "mated", "gallery", "rank", "reference_id", "reference_subject",
    "score", "status", "probe_mask",
)  # fmt: skip
OTHER_GALLERY = "other galleries (balanced, of one group): their searches are not stored"
ALL_MATES = "FNIR and CMC with `mates: all`: the worst mate's score is not stored"
LISTS = "FNIR and CMC of a vendor's own candidate lists: what a list leaves out is not stored"
RUNNER_UP = (
    "FPIR intervals where a stored list ends before anybody but its first person: counts and "
    "rates are counted again, the interval is not"
)
SPREAD = "split_low and split_high: the searches of further splits are not stored"


@dataclass(frozen=True)
class Asked:
    """A rate of searches, as asked for."""

    metric: Literal["fpir", "fnir", "cmc"]
    operating_point: str | None
    level: float
    rank: int | None = None
    failures: Literal["non-match", "excluded"] = "non-match"


@dataclass(frozen=True, eq=False)
class StoredSearches:
    """One matcher's searches of the first gallery under one mask condition.

    Attributes:
        searches: what they returned.
        first: the first stored row of each search, for its ids and groups.
        unsure: searches whose stored list ends before a second person, by the score it ends at;
            minus infinity for all others.
        gallery_people: pseudonyms of those enrolled.
    """

    searches: Searches
    first: pd.DataFrame
    unsure: np.ndarray[Any, np.dtype[np.float64]]
    gallery_people: tuple[str, ...]

    def inside(self, group_by: str, group: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Mark the searches of one group's people."""
        if group_by == ALL:
            return np.ones(len(self.first), dtype=bool)
        names = [f"probe_{attribute}" for attribute in group_by.split("+")]
        label = self.first[names[0]].astype(str)
        for name in names[1:]:
            label = label + "+" + self.first[name].astype(str)
        return (label == group).to_numpy()


def read_searches(folder: Path, result: RunResult, matcher: str) -> dict[str, StoredSearches]:
    """Read one matcher's searches by probe mask; empty where it made none.

    Raises:
        RequestError: a file is missing or damaged.
    """
    path = folder / "searches" / f"{matcher}.parquet"
    if not any(row.matcher == matcher for row in result.identification):
        return {}
    table = read_table(path, NEEDED)
    try:
        enrolled = pd.read_csv(ordinary(folder / "gallery.csv"), dtype=str)
        galleries = set(table["gallery"])
        people = enrolled.loc[enrolled["gallery"].isin(galleries), "reference_subject"]
    except (OSError, ValueError, KeyError):
        raise RequestError(
            f"{folder / 'gallery.csv'}: is missing or damaged; run the audit's config again."
        ) from None
    names = tuple(dict.fromkeys(people))
    longest = max((result.config.get("one_to_many") or {}).get("ranks") or [1])
    return {
        str(mask): _one_mask(part.reset_index(drop=True), names, longest)
        for mask, part in table.groupby("probe_mask", sort=False)
    }


def _one_mask(table: pd.DataFrame, people: tuple[str, ...], longest: int) -> StoredSearches:
    probe, ids = pd.factorize(table["probe_id"])
    n = len(ids)
    at_first = np.zeros(n, np.int64)
    at_first[probe[::-1]] = np.arange(len(table))[::-1]
    first = table.iloc[at_first].reset_index(drop=True)
    score = table["score"].to_numpy(np.float64)
    listed = table["reference_id"].notna().to_numpy()
    own = listed & (table["reference_subject"] == table["probe_subject"]).to_numpy()
    other = listed & ~own
    mate, rank = np.full(n, -np.inf), np.zeros(n, np.int64)
    mate[probe[own]] = score[own]
    rank[probe[own]] = table["rank"].to_numpy(np.float64, na_value=0)[own].astype(np.int64)
    best, person = np.full(n, -np.inf), np.full(n, -1, np.int64)
    code_of = {name: code for code, name in enumerate(people)}
    who = table["reference_subject"].map(code_of).fillna(-1).to_numpy(np.int64)
    # Candidates are listed best first.
    places = np.flatnonzero(other)
    at_best = np.full(n, -1, np.int64)
    at_best[probe[places[::-1]]] = places[::-1]
    found = at_best >= 0
    best[found], person[found] = score[at_best[found]], who[at_best[found]]
    second = other & (who != person[probe])
    runner_up = np.full(n, -np.inf)
    np.maximum.at(runner_up, probe[second], score[second])
    length = np.bincount(probe[other], minlength=n)
    last = np.full(n, np.inf)
    np.minimum.at(last, probe[other], score[other])
    unsure = np.where(np.isneginf(runner_up) & (length >= longest), last, -np.inf)
    failed = (first["status"] != "ok").to_numpy()
    mated = first["mated"].to_numpy(bool)
    searcher, _ = pd.factorize(first["probe_subject"])
    searches = Searches(
        searcher=searcher.astype(np.int64),
        mated=mated,
        failed=failed | (mated & (rank == 0)),
        best_mate=mate,
        rank=rank,
        best_non_mate=best,
        best_non_mate_person=person,
        runner_up=runner_up,
        gallery_people=len(people),
    )
    return StoredSearches(searches, first, unsure, people)


def row_words(row: IdentificationRate) -> str:
    """Name a row of `identification`."""
    group = row.group if row.group_by == ALL else f"{row.group_by} {row.group}"
    rank = None if row.rank is None else f"rank {row.rank}"
    words = (
        row.matcher, row.metric, row.operating_point, rank, row.gallery, row.probe_mask, group,
        row.failures,
    )  # fmt: skip
    return " ".join(each for each in words if each)


def check_searches(
    result: RunResult, matcher: str, stored: dict[str, StoredSearches]
) -> tuple[Check, Check]:
    """Fit one matcher's thresholds of search again, and count its rates again."""
    asked = result.config.get("one_to_many") or {}
    fit = Check("thresholds")
    known: dict[str, tuple[float, bool]] = {}
    for point in result.thresholds:
        if (point.matcher, point.kind) == (matcher, "one_to_many"):
            fit.rows += 1
            known[point.operating_point] = _check_threshold(fit, point, stored)
    rows = [row for row in result.identification if row.matcher == matcher]
    check = Check("identification", rows=len(rows))
    unstored = unstored_mates(result, matcher)
    for row in rows:
        found = stored.get(row.probe_mask)
        if row.gallery.startswith(("balanced:", "only:")):
            check.leave(OTHER_GALLERY)
        elif row.metric != "fpir" and unstored:
            check.leave(unstored)
        elif found is None or row.gallery not in set(found.first["gallery"]):
            check.differs(row_words(row), "", "a row", "no searches that give it")
        else:
            _check_row(check, row, found, known)
    if unstored != LISTS:
        first = [row for row in rows if not row.gallery.startswith(("balanced:", "only:"))]
        wanted = _wanted(first, stored, list(known), asked.get("ranks") or [])
        expect_keys(check, [row_words(row) for row in first], wanted)
    check.remarks += [SPREAD] if any(row.split_low is not None for row in rows) else []
    return fit, check


def unstored_mates(result: RunResult, matcher: str) -> str:
    """Say why misses of a matcher's searches cannot be counted again; nothing where they can."""
    entries: list[dict[str, Any]] = result.config.get("matchers") or []
    if any(each.get("candidates") for each in entries if each.get("name") == matcher):
        return LISTS
    asked = result.config.get("one_to_many") or {}
    return ALL_MATES if asked.get("mates") == "all" else ""


def _wanted(
    rows: list[IdentificationRate],
    stored: dict[str, StoredSearches],
    points: list[str],
    ranks: list[int],
) -> Iterator[str]:
    """Give the name of every row that the searches of the first gallery give."""
    questions: list[tuple[str, str | None, int | None]] = [
        *(("fpir", point, None) for point in points),
        *(("fnir", point, rank) for point in points for rank in (None, *ranks)),
        *((metric, None, rank) for metric in ("fnir", "cmc") for rank in ranks),
    ]
    groups = dict.fromkeys((row.group_by, row.group) for row in rows)
    for mask, (metric, point, rank), (group_by, group), failures in itertools.product(
        stored, questions, groups, ("non-match", "excluded")
    ):
        named = {
            "metric": metric, "operating_point": point, "rank": rank, "probe_mask": mask,
            "group_by": group_by, "group": group, "failures": failures,
        }  # fmt: skip
        yield row_words(rows[0].model_copy(update=named))


def _check_threshold(
    check: Check, row: Threshold, stored: dict[str, StoredSearches]
) -> tuple[float, bool]:
    kind, _, number = row.operating_point.partition("=")
    bare = stored.get("unmasked") or stored.get("unknown") or next(iter(stored.values()))
    words = f"{row.matcher} one_to_many {row.operating_point}"
    if kind == "threshold":
        sign = -1.0 if row.native_threshold != row.threshold else 1.0
        check.compare(
            words, row.model_dump(exclude_unset=True), {"threshold": sign * float(number)}
        )
        return row.threshold, True
    part = bare.searches
    alarms = part.best_non_mate[~part.failed & ~part.mated]
    candidates = fitted(alarms, part.best_mate[~part.failed & part.mated], number)
    if not candidates:
        check.leave("thresholds that no stored search sets")
        return row.threshold, row.status != "unresolvable"
    threshold = row.threshold if row.threshold in candidates else candidates[0]
    resolved = math.floor(Fraction(number) * alarms.size) > 0
    found = {
        "threshold": threshold,
        "trials": int(alarms.size),
        "achieved": int(np.count_nonzero(alarms >= threshold)) / alarms.size,
        "status": "estimate" if resolved else "unresolvable",
    }
    check.compare(words, row.model_dump(exclude_unset=True), found)
    return threshold, resolved


def _check_row(
    check: Check,
    row: IdentificationRate,
    stored: StoredSearches,
    known: dict[str, tuple[float, bool]],
) -> None:
    at, resolved = known.get(row.operating_point or "", (-math.inf, True))
    inside = stored.inside(row.group_by, row.group)
    estimate = search_estimate(row, stored.searches.where(inside), at, resolved=resolved)
    found = _columns(row, estimate)
    found["gallery_subjects"] = stored.searches.gallery_people
    if row.operating_point is not None:
        found["threshold"] = at
    whole = True
    if row.metric == "fpir" and _unsure(stored, inside, at):
        for column in ("low", "high"):
            del found[column]
        whole = False
        check.leave(RUNNER_UP)
    check.compare(row_words(row), row.model_dump(exclude_unset=True), found, whole=whole)


def _unsure(
    stored: StoredSearches, inside: np.ndarray[Any, np.dtype[np.bool_]], threshold: float
) -> bool:
    """Whether somebody beyond a stored list's end may be at or above the threshold."""
    return bool(np.any(stored.unsure[inside & ~stored.searches.mated] >= threshold))


def search_estimate(
    row: IdentificationRate | Asked, part: Searches, threshold: float, *, resolved: bool
) -> Estimate:
    """Estimate a rate of searches, with what its interval needs."""

    def count(at: float) -> PersonCounts:
        if row.metric == "fpir":
            return fpir(part, at, failures=row.failures)
        return fnir(part, at, row.rank, failures=row.failures)

    counts = count(threshold)
    looser_at = None if row.operating_point is None else _looser(row, part, threshold)
    status = cell_status(
        trials=counts.trials,
        erring_units=counts.erring_units,
        kish=[counts.kish],
        resolved=resolved,
    )
    looser = None if looser_at is None else count(looser_at)
    return Estimate(counts, status, row.level, looser)


def _looser(row: IdentificationRate | Asked, part: Searches, threshold: float) -> float | None:
    """Return the nearest looser threshold at which 30 people err."""
    if row.metric == "fpir":
        kept = part.where(~part.mated & ~part.failed)
        value = -kept.best_non_mate
    else:
        kept = part.where(part.mated & ~part.failed if row.failures == "excluded" else part.mated)
        value = np.where(kept.failed, -np.inf, kept.best_mate)
    worst = pd.Series(value).groupby(kept.searcher).min().sort_values().to_numpy()
    if worst.size < ENOUGH_ERRING:
        return None
    enough = float(worst[ENOUGH_ERRING - 1])
    if row.metric == "fpir":
        return min(threshold, -enough) if math.isfinite(enough) else None
    return max(threshold, float(np.nextafter(enough, np.inf)))


def _columns(row: IdentificationRate, estimate: Estimate) -> dict[str, object]:
    interval, rate = estimate.interval(), estimate.rate
    low, high = (interval.low, interval.high) if interval else (None, None)
    if row.metric == "cmc" and rate is not None and low is not None and high is not None:
        rate, low, high = 1 - rate, 1 - high, 1 - low
    return {
        "errors": estimate.errors,
        "searches": estimate.trials,
        "subjects": estimate.subjects,
        "rate": rate,
        "low": low,
        "high": high,
        "method": estimate.method,
        "status": stated_status(estimate.status),
    }
