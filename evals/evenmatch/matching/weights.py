"""Weights: which file, whose, trained on what, and its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class WeightCard:
    """What is known of a weights file.

    Attributes:
        name: what the file is.
        origin: who published it, and where.
        licence: its terms, and those of the photographs behind it where they differ.
        training_set: the photographs it was trained on.
        sha256: hex digest of the file used.
        expected: hex digest of the published file, where one is known.
    """

    name: str
    origin: str
    licence: str
    training_set: str
    sha256: str
    expected: str | None

    def facts(self) -> dict[str, str]:
        """Return the card as plain strings for the report."""
        return {
            "weights": self.name,
            "weights origin": self.origin,
            "licence": self.licence,
            "training set": self.training_set,
            "weights sha256": f"{self.sha256} ({self._checked()})",
        }

    def _checked(self) -> str:
        if self.expected is None:
            return "unconfirmed: no digest is known to compare with"
        return "as published" if self.sha256 == self.expected else "not the published file"


def file_sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def settings_digest(settings: Mapping[str, str]) -> str:
    """Return the hex SHA-256 of named settings, whatever their order."""
    text = json.dumps(dict(settings), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
