"""What is known of a run before it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Say = Literal["estimate", "upper_bound", "suppressed"]


@dataclass(frozen=True)
class CellForesight:
    """What one cell of a table will be able to say, if nothing fails.

    Attributes:
        non_mated: comparisons of two people.
        smallest_fmr: the smallest FMR that a single false match would be; None without any.
        resolves: operating points that are no smaller.
        fmr: what the people allow of a false match rate, at best.
        mated: comparisons of one person.
        fnmr: what the people allow of a false non-match rate, at best; None between two groups.
    """

    group_by: str
    probe_group: str
    reference_group: str
    people: int
    non_mated: int
    smallest_fmr: float | None
    resolves: tuple[str, ...]
    fmr: Say
    mated: int
    fnmr: Say | None


@dataclass(frozen=True)
class ConditionForesight:
    """One mask condition."""

    probe_mask: str
    reference_mask: str
    mated: int
    non_mated: int
    sets_thresholds: bool
    cells: tuple[CellForesight, ...]


@dataclass(frozen=True)
class PointForesight:
    """What sets an operating point, and whether it can be met."""

    operating_point: str
    set_on: str
    trials: int | None
    allowed: int | None
    verdict: Literal["resolved", "cannot be resolved", "given"]


@dataclass(frozen=True)
class SearchedGroup:
    """What the searches for one group's people will be able to say, if nothing fails.

    Attributes:
        mated: searches for people who are enrolled.
        mated_people: who they are for.
        fnir: what these people allow of a false negative identification rate, at best.
        non_mated: searches for people who are not enrolled.
        non_mated_people: who they are for.
        fpir: what these people allow of a false positive identification rate, at best.
    """

    group_by: str
    group: str
    mated: int
    mated_people: int
    fnir: Say
    non_mated: int
    non_mated_people: int
    fpir: Say


@dataclass(frozen=True)
class SearchForesight:
    """The first split's gallery and its searches under one mask condition."""

    probe_mask: str
    gallery_people: int
    gallery_photographs: int
    comparisons: int
    sets_thresholds: bool
    groups: tuple[SearchedGroup, ...]


@dataclass(frozen=True)
class ClaimForesight:
    """Whether a claim could be supported here even if nobody erred.

    Attributes:
        people: whom the claim's comparisons, or searches, are of.
        units: people, or pairs of people, that count as independent at most.
        needed: how many would support the claim without an error.
        lacking: what keeps it undecided however many there are; empty where nothing does.
    """

    claim: str
    scope: str
    group: str
    people: int
    units: int
    needed: int
    possible: bool
    lacking: str = ""


@dataclass(frozen=True)
class Foresight:
    """Everything that is known of a run before it is made.

    Attributes:
        listed: whether a published list says who is compared.
        finest_groups: groups that no grouping divides further.
        photographs: how many there are of each mask, drawn ones included.
    """

    name: str
    listed: bool
    finest_groups: int
    groups: tuple[dict[str, str | int], ...]
    photographs: dict[str, int]
    points: tuple[PointForesight, ...]
    conditions: tuple[ConditionForesight, ...]
    claims: tuple[ClaimForesight, ...]
    search_points: tuple[PointForesight, ...] = ()
    searches: tuple[SearchForesight, ...] = ()

    @property
    def people(self) -> int:
        """How many people there are."""
        return int(self.groups[0]["people"])

    @property
    def templates(self) -> int:
        """How many templates there will be: each photograph, and again under each drawn mask."""
        return sum(self.photographs.values())
