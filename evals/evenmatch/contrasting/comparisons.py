"""One-to-one comparison: the difference of two rates for everybody and within each group."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from evenmatch.stats.cells import stated_status
from evenmatch.stats.changes import Side, change_of_intervals, paired_change, unpaired_change
from evenmatch.stats.same_people import Switched
from evenmatch.verifying.stored import Condition, Stored, read_stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evenmatch.contrasting.parties import At, Masks, Party
    from evenmatch.results.model import ErrorRate, Status
    from evenmatch.stats.changes import Change
    from evenmatch.stats.estimate import Estimate
    from evenmatch.verifying.cells import CountedCell

Rate = Literal["fmr", "fnmr", "fpir", "fnir"]


class Found(NamedTuple):
    """One rate of both sides; what is empty could not be said."""

    metric: Rate
    group_by: str
    group: str
    first: Counted
    second: Counted
    change: Change | None


class Counted(NamedTuple):
    """A rate's counts, and it where its people allow: as `status` says, or its upper end alone."""

    errors: int
    trials: int
    subjects: int
    rate: float | None
    high: float | None
    status: Status

    @classmethod
    def of(cls, estimate: Estimate) -> Counted:
        """Return what a comparison keeps of an estimate."""
        interval = estimate.interval()
        return cls(
            estimate.errors,
            estimate.trials,
            estimate.subjects,
            estimate.rate,
            interval.high if interval else None,
            stated_status(estimate.status),
        )


@dataclass(frozen=True)
class Both:
    """Two matchers' stored comparisons, people numbered alike.

    Attributes:
        meeting: how many people are in both.
    """

    first: Stored
    second: Stored
    meeting: int
    _aligned: dict[tuple[Masks, Masks], tuple[Condition, Condition, bool]] = field(
        default_factory=dict, repr=False
    )

    def aligned(self, masks: tuple[Masks, Masks]) -> tuple[Condition, Condition, bool]:
        """Return both sides' comparisons in one order, and whether they are the same ones.

        They are put in order once, whatever number of thresholds is compared.
        """
        if masks not in self._aligned:
            sides = self.first.conditions[masks[0]], self.second.conditions[masks[1]]
            self._aligned[masks] = _aligned(*sides)
        return self._aligned[masks]

    @classmethod
    def read(cls, first: Party, second: Party) -> Both:
        """Read both sides; one file is read once."""
        one = read_stored(first.folder, first.result, first.matcher)
        if (first.folder, first.matcher) == (second.folder, second.matcher):
            return cls(one, one, len(one.subjects))
        other = read_stored(second.folder, second.result, second.matcher)
        everyone = list(dict.fromkeys([*one.subjects, *other.subjects]))
        meeting = len(one.subjects) + len(other.subjects) - len(everyone)
        return cls(_renumbered(one, everyone), _renumbered(other, everyone), meeting)

    @property
    def complete(self) -> bool:
        """Whether both hold every comparison."""
        return self.first.complete and self.second.complete


def _renumbered(stored: Stored, everyone: list[str]) -> Stored:
    place = {name: code for code, name in enumerate(everyone)}
    codes = np.array([place[name] for name in stored.subjects], dtype=np.int64)
    conditions = {}
    for masks, condition in stored.conditions.items():
        table = condition.table.copy(deep=False)
        for side in ("probe_person", "reference_person"):
            table[side] = codes[table[side].to_numpy()]
        conditions[masks] = Condition(table, condition.symmetric, len(everyone))
    return replace(stored, conditions=conditions, subjects=everyone)


@dataclass(frozen=True)
class Setting:
    """At which thresholds and under which masks two sides are compared."""

    points: tuple[At, At]
    masks: tuple[Masks, Masks]


def compare_rates(
    both: Both, parties: tuple[Party, Party], setting: Setting, level: float
) -> Iterator[Found]:
    """Give FMR and FNMR of everybody and within each group that both sides have."""
    first, second, trials = both.aligned(setting.masks)
    if not both.meeting:
        trials = False
    for group_by, group in common_groups(parties):
        cells = first.cell(group_by, group, group), second.cell(group_by, group, group)
        question = _Question(cells, setting.points, level, trials, both.meeting > 0)
        if both.complete:
            yield question.found("fmr", group_by, group)
        elif rows := _stated_rows(parties, setting, group_by, group):
            yield _from_rows(rows, level)
        yield question.found("fnmr", group_by, group)


def common_groups(parties: tuple[Party, Party]) -> list[tuple[str, str]]:
    """Return everybody first, then each group that both audits have, by grouping and name."""
    theirs = {(row.group_by, row.group) for row in parties[1].result.groups}
    every = dict.fromkeys((row.group_by, row.group) for row in parties[0].result.groups)
    return [("all", "all"), *(each for each in every if each in theirs and each[0] != "all")]


def _aligned(first: Condition, second: Condition) -> tuple[Condition, Condition, bool]:
    """Return both with their comparisons in one order, and whether they are the same ones."""
    if first is second:
        return first, second, True
    keys = [_keys(each) for each in (first, second)]
    if len(keys[0]) != len(keys[1]) or first.symmetric != second.symmetric:
        return first, second, False
    place = keys[1].get_indexer(keys[0])
    if not keys[1].is_unique or (place < 0).any():
        return first, second, False
    table = second.table.iloc[place].reset_index(drop=True)
    return first, Condition(table, second.symmetric, second.people), True


def _keys(condition: Condition) -> pd.MultiIndex:
    one, other = (condition.table[f"{side}_id"].astype(str) for side in ("probe", "reference"))
    if condition.symmetric:
        turned = (one > other).to_numpy()
        one, other = one.where(~turned, other), other.where(~turned, one)
    masks = [condition.table[f"{side}_mask"] for side in ("probe", "reference")]
    return pd.MultiIndex.from_arrays([one, other, *masks])


@dataclass(frozen=True)
class _Question:
    """One group on both sides.

    Attributes:
        trials: whether both are of the same comparisons in the same order.
        people: whether the people are known to be the same.
    """

    cells: tuple[CountedCell, CountedCell]
    points: tuple[At, At]
    level: float
    trials: bool
    people: bool

    def found(self, metric: Literal["fmr", "fnmr"], group_by: str, group: str) -> Found:
        """Say both rates and their difference."""
        estimates = [
            cell.fmr(at.threshold, self.level)
            if metric == "fmr"
            else cell.fnmr(at.threshold, self.level, "non-match")
            for cell, at in zip(self.cells, self.points, strict=True)
        ]
        counted = [Counted.of(each) for each in estimates]
        change = None
        if all(each.shown for each in estimates):
            change = self._change(metric, estimates)
        return Found(metric, group_by, group, counted[0], counted[1], change)

    def _change(self, metric: Literal["fmr", "fnmr"], estimates: list[Estimate]) -> Change:
        first, second = (Side(each.counts, each.looser) for each in estimates)
        if not self.people:
            return unpaired_change(first, second, self.level)
        return paired_change(first, second, self.level, switched=self._switched(metric))

    def _switched(self, metric: Literal["fmr", "fnmr"]) -> Switched | None:
        """Count what switched; None where the two sides did not score the same comparisons."""
        one, other = self.cells
        if not self.trials:
            return None
        if metric == "fmr" and not np.array_equal(one.scored_non_mated, other.scored_non_mated):
            return None
        matched = [
            cell.score >= at.threshold for cell, at in zip(self.cells, self.points, strict=True)
        ]
        if metric == "fmr":
            new, gone = matched[1] & ~matched[0], matched[0] & ~matched[1]
            return Switched(lost=one.count_pairs(new), gained=one.count_pairs(gone))
        new, gone = matched[0] & ~matched[1], matched[1] & ~matched[0]
        return Switched(lost=one.count_people(new), gained=one.count_people(gone))


def _stated_rows(
    parties: tuple[Party, Party], setting: Setting, group_by: str, group: str
) -> list[ErrorRate]:
    """Return the audits' own FMR rows of a group, where the scores do not hold all trials."""
    found = []
    for party, at, masks in zip(parties, setting.points, setting.masks, strict=True):
        found += [
            row
            for row in party.result.error_rates
            if (row.matcher, row.metric, row.operating_point) == (party.matcher, "fmr", at.text)
            and (row.probe_mask, row.reference_mask) == masks
            and (row.group_by, row.probe_group, row.reference_group) == (group_by, group, group)
        ]
    return found if len(found) == len(parties) else []


def _from_rows(rows: list[ErrorRate], level: float) -> Found:
    first, second = rows
    known = [
        (row.rate, row.low, row.high)
        for row in (second, first)
        if row.rate is not None and row.low is not None and row.high is not None
    ]
    change = None
    if len(known) == len(rows):
        change = change_of_intervals(known[1], known[0], level)
    counted = [
        Counted(row.errors, row.trials, row.subjects, row.rate, row.high, row.status)
        for row in rows
    ]
    return Found("fmr", first.group_by, first.probe_group, counted[0], counted[1], change)
