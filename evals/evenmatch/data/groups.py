"""Which group a row is in: one finest partition, and every table's groups as unions of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.data.samples import Samples

ALL = "all"


@dataclass(frozen=True)
class Group:
    """One group of one grouping: its label and which cells of the finest partition it holds."""

    label: str
    members: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Groups:
    """Every row's place in the finest partition, and the groupings asked for.

    Attributes:
        codes: the finest group of every row, int32.
        n_groups: how many finest groups there are.
        groupings: grouping name (`all`, `sex`, `sex+ethnicity`) to its groups in the card's order;
            every one has its tables.
        references: single attributes to their groups, for choosing a reference group.
    """

    codes: npt.NDArray[np.int32]
    n_groups: int
    groupings: dict[str, list[Group]]
    references: dict[str, list[Group]]

    def rows(self, group: Group) -> npt.NDArray[np.bool_]:
        """Mark the rows that are in a group."""
        return np.asarray(group.members[self.codes], dtype=bool)


def group_rows(
    samples: Samples, groups: Sequence[Sequence[str]], references: Sequence[str] = ()
) -> Groups:
    """Partition the rows by every attribute that `groups` or `references` names.

    Only combinations that occur make a group. This is the one function that says which group a
    row, and through it a trial, is in.

    Raises:
        RequestError: two groups of a grouping would have one name.
    """
    tabled = (name for group_by in groups for name in group_by)
    attributes = list(dict.fromkeys([*tabled, *references]))
    # A leading constant column makes "everyone" an ordinary grouping.
    ranks = np.stack(
        [np.zeros(len(samples), dtype=np.int64), *(_ranks(samples, name) for name in attributes)],
        axis=1,
    )
    finest, codes = np.unique(ranks, axis=0, return_inverse=True)

    def grouping(group_by: Sequence[str]) -> list[Group]:
        columns = finest[:, [1 + attributes.index(name) for name in group_by]]
        return [
            Group(_label(samples, group_by, ranks), (columns == ranks).all(axis=1))
            for ranks in np.unique(columns, axis=0)
        ]

    groupings = {"+".join(group_by): grouping(group_by) for group_by in groups}
    for name, members in groupings.items():
        if len({group.label for group in members}) < len(members):
            raise RequestError(
                f"groups: two different groups of {name} would both be called the same; labels "
                "that hold `+` do that, so rename them."
            )
    return Groups(
        codes=codes.reshape(-1).astype(np.int32),
        n_groups=len(finest),
        groupings={ALL: [Group(ALL, np.ones(len(finest), dtype=bool))], **groupings},
        references={name: grouping([name]) for name in attributes},
    )


def _ranks(samples: Samples, name: str) -> npt.NDArray[np.int64]:
    place = {value: rank for rank, value in enumerate(samples.attributes[name])}
    return np.asarray(samples.table[name].map(place), dtype=np.int64)


def _label(samples: Samples, group_by: Sequence[str], ranks: npt.NDArray[np.int64]) -> str:
    return "+".join(
        samples.attributes[name][rank] for name, rank in zip(group_by, ranks, strict=True)
    )
