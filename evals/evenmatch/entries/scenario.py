"""A place of use as a run's author describes it: who passes in a day, and who is enrolled."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from evenmatch.entries.limits import MOST
from evenmatch.stats.scenario import BASE_RATES

WHOLE_LIST = "all"


def _shares(shares: dict[str, float]) -> dict[str, float]:
    if not shares or any(share < 0 for share in shares.values()):
        raise ValueError("name each group with its share, such as {female: 0.5, male: 0.5}.")
    if not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
        raise ValueError(f"the shares add up to {sum(shares.values()):g}; make them 1.")
    return shares


def _lists(value: object) -> object:
    """Take one number for one list."""
    return {WHOLE_LIST: value} if isinstance(value, int | float) else value


def _base_rates(value: object) -> object:
    """Take one share of mated searches for a range of one."""
    return [value] if isinstance(value, int | float) else value


# Attribute (or several joined by `+`) to its groups and their shares.
Shares = dict[str, Annotated[dict[str, float], AfterValidator(_shares)]]
Lists = Annotated[
    dict[str, Annotated[int, Field(ge=1, le=MOST)]], BeforeValidator(_lists), Field(min_length=1)
]
Proportion = Annotated[float, Field(gt=0, lt=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gates(_Part):
    """One-to-one: a traveller is compared with the photograph of the document shown."""

    travellers: int = Field(ge=1, le=MOST)
    attacks: float = Field(default=0, ge=0, le=MOST)
    operating_point: str | None = None
    travellers_by_group: Shares = {}


class ListSearches(_Part):
    """One-to-many: every face that a camera sees is searched in a gallery."""

    travellers: int = Field(ge=1, le=MOST)
    cameras: int = Field(default=1, ge=1, le=MOST)
    enrolled: Lists
    mated: Annotated[tuple[Proportion, ...], BeforeValidator(_base_rates), Field(max_length=2)] = (
        BASE_RATES[0],
        BASE_RATES[-1],
    )
    operating_point: str | None = None
    travellers_by_group: Shares = {}
    enrolled_by_group: Shares = {}

    @model_validator(mode="after")
    def _consistent(self) -> ListSearches:
        if not self.mated or list(self.mated) != sorted(set(self.mated)):
            raise ValueError(
                "`mated` is the share of searches of people on the list, or a range such as "
                "[1e-6, 1e-2]; correct it."
            )
        if WHOLE_LIST in self.enrolled and len(self.enrolled) > 1:
            raise ValueError(f"{WHOLE_LIST!r} is the name of all lists together; rename that list.")
        if strange := sorted(self.enrolled_by_group.keys() - self.travellers_by_group.keys()):
            raise ValueError(
                f"`enrolled_by_group` names {strange[0]!r}, which `travellers_by_group` lacks; "
                "add it there."
            )
        return self

    @property
    def searches(self) -> int:
        """Searches a day: each traveller is searched once at each camera."""
        return self.travellers * self.cameras

    @property
    def lists(self) -> dict[str, int]:
        """Every list by its name, and all of them together where there are several."""
        if len(self.enrolled) == 1:
            return dict(self.enrolled)
        return {**self.enrolled, WHOLE_LIST: sum(self.enrolled.values())}

    @property
    def base_rates(self) -> tuple[float, ...]:
        """Shares of mated searches: the one given, or a range's ends and its powers of ten."""
        if len(self.mated) == 1:
            return self.mated
        low, high = self.mated
        first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
        powers = (float(f"1e{exponent}") for exponent in range(first, last + 1))
        return tuple(sorted({low, high, *powers}))


class Scenario(_Part):
    """A place of use, and nothing that was measured."""

    title: str = ""
    gates: Gates | None = None
    searches: ListSearches | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Scenario:
        if self.gates is None and self.searches is None:
            raise ValueError("a scenario has `gates`, `searches` or both; add one.")
        return self


def unplayable(
    scenario: Scenario | None,
    one_to_one: tuple[str, ...],
    one_to_many: tuple[str, ...] | None,
) -> str:
    """Say what keeps a scenario from being worked out, or nothing.

    Args:
        scenario: the run's scenario.
        one_to_one: the run's operating points of comparison.
        one_to_many: those of search; None where it searches no gallery.
    """
    if scenario is None:
        return ""
    if scenario.searches is not None and one_to_many is None:
        return "scenario.searches: this run searches no gallery; add `one_to_many`."
    parts: list[tuple[Literal["gates", "searches"], str | None, tuple[str, ...]]] = []
    if scenario.gates is not None:
        parts.append(("gates", scenario.gates.operating_point, one_to_one))
    if scenario.searches is not None:
        parts.append(("searches", scenario.searches.operating_point, one_to_many or ()))
    for name, point, known in parts:
        if point is not None and point not in known:
            return (
                f"scenario.{name}.operating_point: this run has no {point!r}; "
                f"choose from {list(known)}."
            )
    return ""
