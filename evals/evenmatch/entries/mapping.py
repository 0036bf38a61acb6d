"""The key `mappings` of a run: attributes read off other columns, such as regions off countries."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from evenmatch.data.mappings import ColumnMapping
from evenmatch.data.samples import UNKNOWN
from evenmatch.entries.words import readable

_SPACED_OUT = StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$")


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("YAML reads NO, YES, ON and OFF as true or false; put it in quotes.")  # noqa: TRY004 - pydantic turns this one into a sentence
    return str(value) if isinstance(value, int) else value


Value = Annotated[str, BeforeValidator(_as_text), _SPACED_OUT]


def _own_name(name: str) -> str:
    if name in ("all", "id", "subject", "mask") or "+" in name:
        raise ValueError("tables cannot be grouped by an attribute of this name; choose another.")
    return readable(name)


Label = Annotated[str, _SPACED_OUT, AfterValidator(readable)]
AttributeName = Annotated[str, _SPACED_OUT, AfterValidator(_own_name)]


class MappingEntry(BaseModel):
    """Which values of a column make which label of the new attribute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Value = Field(alias="from")
    values: Annotated[
        dict[Label, Annotated[tuple[Value, ...], Field(min_length=1)]], Field(min_length=1)
    ]
    otherwise: Label = UNKNOWN

    @field_validator("values")
    @classmethod
    def _unknown_is_not_made(cls, values: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if UNKNOWN in values or any(UNKNOWN in each for each in values.values()):
            raise ValueError(
                "unknown is a group of its own, and nothing is mapped to it or from it; "
                "leave out the values that are not known."
            )
        return values

    @model_validator(mode="after")
    def _one_label_a_value(self) -> MappingEntry:
        seen: dict[str, str] = {}
        for label, values in self.values.items():
            for value in values:
                if value in seen:
                    raise ValueError(
                        f"{value!r} is mapped twice, to {seen[value]!r} and to {label!r}; "
                        "leave one of them."
                    )
                seen[value] = label
        return self

    def mapping(self) -> ColumnMapping:
        """Return what it says as a mapping of columns."""
        return ColumnMapping(self.source, dict(self.values), self.otherwise)


Mappings = dict[AttributeName, MappingEntry]
