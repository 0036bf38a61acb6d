"""What a check of an audit found: rows looked at, differences, and what could not be checked."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CLOSE = 1e-9  # relative; another machine's last digits are no difference


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was counted again.

    Attributes:
        part: the table or file.
        row: which row of it, in words.
        column: which column; empty for a whole row.
        stated: what the audit says.
        found: what was found.
    """

    part: str
    row: str
    column: str
    stated: str
    found: str

    def __str__(self) -> str:
        where = ", ".join(each for each in (self.row, self.column) if each)
        return f"{self.part}: {where}: the audit says {self.stated}, found {self.found}"


@dataclass
class Check:
    """One part of an audit, checked.

    Attributes:
        part: the table or file.
        rows: how many rows (files) there are.
        checked: how many were found again whole.
        differences: what differs.
        left_out: reason to how many rows could not be recomputed, in whole or in part.
        remarks: what a reader should know and what is no difference.
    """

    part: str
    rows: int = 0
    checked: int = 0
    differences: list[Difference] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)

    def differs(self, row: str, column: str, stated: object, found: object) -> None:
        """Note a difference."""
        self.differences.append(Difference(self.part, row, column, shown(stated), shown(found)))

    def compare(
        self, row: str, stated: Mapping[str, Any], found: Mapping[str, Any], *, whole: bool = True
    ) -> None:
        """Compare one row's columns with what was recomputed."""
        before = len(self.differences)
        for column, value in found.items():
            # A column that came after the audit was written is not there to be wrong.
            if column in stated and not same(stated[column], value):
                self.differs(row, column, stated[column], value)
        self.checked += whole and len(self.differences) == before

    def leave(self, reason: str, rows: int = 1) -> None:
        """Note rows that could not be recomputed."""
        self.left_out[reason] += rows

    def as_json(self) -> dict[str, Any]:
        """Return the check as plain data."""
        return {
            "part": self.part,
            "rows": self.rows,
            "checked": self.checked,
            "differences": [vars(each) for each in self.differences],
            "not_recomputed": [
                {"reason": reason, "rows": rows} for reason, rows in self.left_out.items()
            ],
            "remarks": self.remarks,
        }


def same(stated: object, found: object) -> bool:
    """Whether two values are one: exactly, or for floats to nine digits."""
    if isinstance(stated, bool) or isinstance(found, bool):
        return stated is found
    if isinstance(stated, int | float) and isinstance(found, int | float):
        if isinstance(stated, int) and isinstance(found, int):
            return stated == found
        return math.isclose(stated, found, rel_tol=CLOSE, abs_tol=1e-300)
    return stated == found


def shown(value: object) -> str:
    """Return a value as a reader is shown it."""
    if value is None or value == "":
        return "nothing"
    return repr(value) if isinstance(value, float) else str(value)


def expect_keys(check: Check, stated: Iterable[str], expected: Iterable[str]) -> None:
    """Note rows that are lacking, and rows that nothing stands behind."""
    counted, wanted = Counter(stated), set(expected)
    for row in sorted(wanted - set(counted)):
        check.differs(row, "", None, "a row that the scores give")
    for row, times in counted.items():
        if row not in wanted:
            check.differs(row, "", "a row", "nothing in the scores that gives it")
        elif times > 1:
            check.differs(row, "", f"the row {times} times", "one")
