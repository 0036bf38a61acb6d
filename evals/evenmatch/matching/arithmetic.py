"""At which precision a network computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Precision = Literal["float32", "bfloat16", "float16"]
FLOAT32: Final = "float32"


@dataclass(frozen=True)
class Arithmetic:
    """How a network computes.

    Attributes:
        precision: `float32`, or `bfloat16` or `float16` for what PyTorch's autocast allows.
        compiled: whether `torch.compile` works on the network first.
    """

    precision: Precision = FLOAT32
    compiled: bool = False

    @property
    def plain(self) -> bool:
        """Whether templates are those of the network as published."""
        return self.precision == FLOAT32 and not self.compiled

    def __str__(self) -> str:
        return f"{self.precision}, compiled by torch.compile" if self.compiled else self.precision


PUBLISHED: Final = Arithmetic()
