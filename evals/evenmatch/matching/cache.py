"""Templates already made, kept by content so that no photograph is worked on twice.

One SQLite database a matcher, in the private cache folder. A batch is one transaction: a run that
is killed leaves whole batches or nothing, and two runs may share a database. Every entry carries
its own digest; one that does not agree with it is removed and made again.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.errors import OutsideError
from evenmatch.matching.matcher import FailureReason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    import numpy.typing as npt

WAIT_SECONDS: Final = 60.0
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS templates "
    "(key BLOB PRIMARY KEY, reason TEXT NOT NULL, vector BLOB NOT NULL, digest BLOB NOT NULL)"
)
_LOG = logging.getLogger(__name__)


def template_key(photograph: bytes, *settings: str) -> bytes:
    """Return the key of a template: a digest of the photograph's file and what is done to it."""
    total = hashlib.sha256(hashlib.sha256(photograph).digest())
    for setting in settings:
        total.update(hashlib.sha256(setting.encode()).digest())
    return total.digest()


class TemplateCache:
    """Templates and failures of one matcher by key; safe to use from several threads.

    Attributes:
        path: the database.
        damaged: how many entries were found damaged, and removed, so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = 0
        self._lock = threading.Lock()
        with self._explained():
            self._database = self._opened()

    @classmethod
    def for_matcher(cls, digest: str, folder: Path | None = None) -> Self:
        """Return the cache of the matcher with this digest, in the private cache folder."""
        kept = private_folder((folder or cache_dir()) / "templates")
        return cls(kept / f"{digest}.sqlite")

    def get(self, key: bytes) -> npt.NDArray[np.float32] | FailureReason | None:
        """Return what is kept under key, or None."""
        with self._lock, self._explained():
            row = self._row(key)
            if row is None:
                return None
            reason, vector, digest = row
            if digest == _digest(key, reason, vector):
                return FailureReason(reason) if reason else np.frombuffer(vector, dtype="<f4")
            self._remove(key)
            return None

    def put(self, outcomes: Mapping[bytes, npt.NDArray[np.float32] | FailureReason]) -> None:
        """Keep templates and failures, all of them or, where the run dies, none."""
        rows = [_row(key, outcome) for key, outcome in outcomes.items()]
        with self._lock, self._explained(), self._database:
            self._database.executemany("INSERT OR REPLACE INTO templates VALUES (?, ?, ?, ?)", rows)

    def __len__(self) -> int:
        with self._lock, self._explained():
            (count,) = self._database.execute("SELECT COUNT(*) FROM templates").fetchone()
            return int(count)

    def close(self) -> None:
        """Close the database; everything put is already on disk."""
        with self._lock:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _opened(self) -> sqlite3.Connection:
        """Open the database, replacing one that is damaged as a whole."""
        try:
            return _connect(self.path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            return self._anew(error)

    def _row(self, key: bytes) -> tuple[str, bytes, bytes] | None:
        try:
            row: tuple[str, bytes, bytes] | None = self._database.execute(
                "SELECT reason, vector, digest FROM templates WHERE key = ?", (key,)
            ).fetchone()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._database.close()
            self._database = self._anew(error)
            return None
        return row

    def _anew(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        """Throw a damaged database away; its templates are made again."""
        _LOG.warning("the template cache %s is damaged (%s); it starts anew", self.path, error)
        self.damaged += 1
        for file in (self.path, Path(f"{self.path}-journal")):
            file.unlink(missing_ok=True)
        return _connect(self.path)

    def _remove(self, key: bytes) -> None:
        self.damaged += 1
        _LOG.warning("an entry of the template cache %s is damaged; it is made again", self.path)
        with self._database:
            self._database.execute("DELETE FROM templates WHERE key = ?", (key,))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn a failing disk into a sentence."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise OutsideError(
                f"the template cache {self.path} failed: {error}. What was put there is kept. "
                "Free some space, or delete that file if it is damaged, and run again."
            ) from error


def _connect(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    database = sqlite3.connect(path, timeout=WAIT_SECONDS, check_same_thread=False)
    try:
        database.execute(_TABLE)
        database.execute("SELECT * FROM templates LIMIT 1").fetchone()
        database.commit()
    except BaseException:
        database.close()
        raise
    return database


def _row(
    key: bytes, outcome: npt.NDArray[np.float32] | FailureReason
) -> tuple[bytes, str, bytes, bytes]:
    failed = isinstance(outcome, FailureReason)
    reason = outcome.value if isinstance(outcome, FailureReason) else ""
    vector = b"" if failed else np.asarray(outcome, dtype="<f4").tobytes()
    return key, reason, vector, _digest(key, reason, vector)


def _digest(key: bytes, reason: str, vector: bytes) -> bytes:
    return hashlib.blake2b(key + reason.encode() + b"\0" + vector, digest_size=16).digest()
