"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLES: Final = 1000


@dataclass(frozen=True)
class Finding:
    """One check and what it found.

    Attributes:
        check: what was looked for.
        looked_at: how many things were looked at; 0 where the check could not be made.
        found: how many of them are wrong, or worth a look.
        wrong: whether what it finds is wrong; otherwise it is only worth a look.
        examples: the first thousand, one line each.
        remark: how it was looked for, or why it was not.
    """

    check: str
    looked_at: int
    found: int = 0
    wrong: bool = True
    examples: tuple[str, ...] = ()
    remark: str = ""

    @property
    def state(self) -> Literal["not checked", "clean", "problem", "look"]:
        """The finding in a word."""
        if self.found:
            return "problem" if self.wrong else "look"
        return "clean" if self.looked_at else "not checked"


def finding(
    check: str,
    looked_at: int,
    examples: Sequence[str],
    *,
    wrong: bool = True,
    remark: str = "",
) -> Finding:
    """Return a finding of as many things as there are examples."""
    return Finding(check, looked_at, len(examples), wrong, tuple(examples[:EXAMPLES]), remark)
