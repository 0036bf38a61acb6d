"""What every row of a result is: frozen, strict, and written so that it reads back."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Row(BaseModel):
    """A row of a result table: frozen, no unknown fields, infinities written as text in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")
