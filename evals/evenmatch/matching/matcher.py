"""The Matcher contract: a photograph in, a template out, and failure as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from evenmatch.matching.vectors import Vectors


class FailureReason(StrEnum):
    """Why a photograph gave no template. A failed sample stays in every denominator."""

    UNREADABLE = "unreadable"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    LOW_SCORE = "low_score"
    TOO_SMALL = "too_small"
    REFUSED = "refused"
    MASK_NOT_DRAWN = "mask_not_drawn"


class ScoreKind(StrEnum):
    """How two templates are compared; a distance is negated so that larger means more alike."""

    INNER_PRODUCT = "inner_product"
    EUCLIDEAN = "euclidean"


class Matcher(Protocol):
    """Turns photographs into templates; knows nothing of thresholds, metrics or tables.

    Attributes:
        name: the name the config gives it.
        digest: hex SHA-256 over its weights, code settings and package versions.
        dimension: length of a template.
        score_kind: how two of its templates are compared.
        facts: plain strings for the report: weights, licence, training set, detector, crop.
    """

    name: str
    digest: str
    dimension: int
    score_kind: ScoreKind
    facts: dict[str, str]

    def extract(
        self, photographs: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.float32] | FailureReason]:
        """Return one template, or one reason for having none, for each RGB photograph."""
        ...


@dataclass(frozen=True)
class Templates:
    """Templates of a benchmark's rows, in the rows' order.

    Attributes:
        vectors: float32 (rows, dimension), an array or what lies elsewhere and reads like one; a
            failed row is all zero and never compared.
        failures: row number to reason, for the rows without a template.
        score_kind: how two templates are compared.
        facts: what a report says of how rows of several photographs were pooled.
        longest: an upper bound of any template's length, where whoever read them all knows one.
    """

    vectors: Vectors
    failures: dict[int, str]
    score_kind: ScoreKind
    facts: dict[str, str] = field(default_factory=dict)
    longest: float | None = None
