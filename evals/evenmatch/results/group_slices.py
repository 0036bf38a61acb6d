"""Which groups are compared with one another, and in which family a comparison is judged."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from evenmatch.data.groups import ALL
from evenmatch.data.samples import UNKNOWN
from evenmatch.stats.differences import benjamini_hochberg, holm
from evenmatch.stats.equity import GroupCell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.results.group_rows import Adjustment, Metric
    from evenmatch.results.one_to_one import Stated

HEADLINE_FAILURES = {"fmr": "excluded", "fnmr": "non-match"}
USABLE = ("estimate", "upper_bound")


class Where(NamedTuple):
    """What one comparison of groups is about, apart from the groups."""

    matcher: str
    metric: Metric
    operating_point: str
    probe_mask: str
    reference_mask: str
    group_by: str


@dataclass(frozen=True)
class GroupSlice:
    """The within-group rates of one grouping at one threshold.

    Attributes:
        where: what they are about.
        usable: groups that may be compared, in the card's order.
        left_out: the other groups, by name.
    """

    where: Where
    usable: tuple[Stated, ...]
    left_out: tuple[str, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups that are compared."""
        return tuple(each.row.probe_group for each in self.usable)

    @property
    def cells(self) -> list[GroupCell]:
        """The groups as the statistics take them."""
        return [
            GroupCell(each.row.probe_group, each.estimate.counts, each.estimate.looser)
            for each in self.usable
        ]

    def only(self, groups: Sequence[str]) -> GroupSlice:
        """Return the slice with fewer groups."""
        kept = tuple(each for each in self.usable if each.row.probe_group in groups)
        lost = tuple(group for group in self.groups if group not in groups)
        return GroupSlice(self.where, kept, (*self.left_out, *lost))


def group_slices(stated: Sequence[Stated]) -> list[GroupSlice]:
    """Return every comparison of groups that the rates of one matcher allow.

    Within-group rows of one threshold, failures counted as in the headline. Groups whose rate is
    suppressed, unresolvable or absent are left out by name, and so are people of whom the
    attribute is unknown, who are no group; a slice has at least two groups.
    """
    found: dict[tuple[Where, float | None], list[Stated]] = defaultdict(list)
    for each in stated:
        row = each.row
        if row.metric == "fta" or row.group_by == ALL or row.probe_group != row.reference_group:
            continue
        if row.failures != HEADLINE_FAILURES[row.metric] or row.operating_point is None:
            continue
        where = Where(
            row.matcher, row.metric, row.operating_point, row.probe_mask, row.reference_mask or "",
            row.group_by,
        )  # fmt: skip
        found[where, row.threshold].append(each)
    slices = [_slice(where, members) for (where, _), members in found.items()]
    return [each for each in slices if len(each.usable) > 1]


def _slice(where: Where, members: Sequence[Stated]) -> GroupSlice:
    usable = tuple(
        each
        for each in members
        if each.row.status in USABLE and UNKNOWN not in each.row.probe_group.split("+")
    )
    names = {each.row.probe_group for each in usable}
    left_out = tuple(m.row.probe_group for m in members if m.row.probe_group not in names)
    return GroupSlice(where, usable, left_out)


@dataclass(frozen=True)
class Family:
    """Comparisons that are judged together.

    Attributes:
        primary: the (metric, grouping, operating point) decided upon before the data were seen.
        masks: the mask condition that primary comparisons are about.
    """

    primary: frozenset[tuple[str, str, str]]
    masks: tuple[str, str] | None

    def is_primary(self, where: Where) -> bool:
        """Whether a comparison was declared."""
        asked = (where.metric, where.group_by, where.operating_point)
        return asked in self.primary and (where.probe_mask, where.reference_mask) == self.masks

    def adjust(
        self, wheres: Sequence[Where], p_values: Sequence[float | None], what: str
    ) -> list[Judged]:
        """Adjust p-values: declared ones by Holm, all others by Benjamini and Hochberg.

        Declared comparisons that could not be tested count as members of their family.
        """
        declared = [self.is_primary(where) for where in wheres]
        judged: list[Judged | None] = [None] * len(wheres)
        for primary in (True, False):
            places = [k for k, is_one in enumerate(declared) if is_one == primary]
            tested = [k for k in places if primary or p_values[k] is not None]
            values = [1.0 if p_values[k] is None else float(p_values[k] or 0) for k in tested]
            adjusted = dict(
                zip(tested, (holm if primary else benjamini_hochberg)(values), strict=True)
            )
            kind = "primary" if primary else "exploratory"
            method: Adjustment = "holm" if primary else "benjamini_hochberg"
            for k in places:
                p = None if p_values[k] is None else adjusted[k]
                family = f"{kind} {what} of {wheres[k].matcher}: {len(tested)}"
                judged[k] = Judged(p, method, family)
        return [each for each in judged if each is not None]


class Judged(NamedTuple):
    """A p-value among others of its family."""

    adjusted_p: float | None
    adjustment: Literal["holm", "benjamini_hochberg"]
    family: str
