"""Templates already made, kept by content so that no photograph is worked on twice.

One database a matcher, in the private cache folder, with the promises of `data.content_cache`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.data.content_cache import ContentCache, Entry, Kept, content_key
from evenmatch.matching.matcher import FailureReason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

# A digest of the photograph's file and of what is done to it.
template_key = content_key


class TemplateCache(Kept):
    """Templates and failures of one matcher by key; safe to use from several threads.

    Attributes:
        path: the database.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries = ContentCache(path, "template cache")

    @classmethod
    def for_matcher(cls, digest: str, folder: Path | None = None) -> Self:
        """Return the cache of the matcher with this digest, in the private cache folder."""
        kept = private_folder((folder or cache_dir()) / "templates")
        return cls(kept / f"{digest}.sqlite")

    @property
    def damaged(self) -> int:
        """How many entries were found damaged, and removed, so far."""
        return self._entries.damaged

    def get(self, key: bytes) -> npt.NDArray[np.float32] | FailureReason | None:
        """Return what is kept under key, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.reason:
            return FailureReason(entry.reason)
        return np.frombuffer(entry.vector, dtype="<f4")

    def put(self, outcomes: Mapping[bytes, npt.NDArray[np.float32] | FailureReason]) -> None:
        """Keep templates and failures, all of them or, where the run dies, none."""
        self._entries.put({key: _entry(outcome) for key, outcome in outcomes.items()})

    def __len__(self) -> int:
        return len(self._entries)

    def close(self) -> None:
        """Close the database; everything put is already on disk."""
        self._entries.close()


def _entry(outcome: npt.NDArray[np.float32] | FailureReason) -> Entry:
    if isinstance(outcome, FailureReason):
        return Entry(outcome.value, b"")
    return Entry("", np.asarray(outcome, dtype="<f4").tobytes())
