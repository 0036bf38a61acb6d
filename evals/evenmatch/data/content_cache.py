"""What was worked out of a photograph, kept by content so that it is worked out once.

One SQLite database in the private cache folder. A batch is one transaction: a run that is killed
leaves whole batches or nothing, and two runs may share a database. Every entry carries its own
digest; one that does not agree with it is removed and made again. While one is open its folder is
not purged.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self, TypeVar

import numpy as np

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.errors import OutsideError
from evenmatch.holding import shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

WAIT_SECONDS: Final = 60.0
MEASUREMENTS: Final = "measurements"
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS templates "  # whatever is kept: the name came first
    "(key BLOB PRIMARY KEY, reason TEXT NOT NULL, vector BLOB NOT NULL, digest BLOB NOT NULL)"
)
_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)


class Entry(NamedTuple):
    """What is kept of a photograph: bytes, or the reason why there are none."""

    reason: str
    vector: bytes


def content_key(photograph: bytes, *settings: str) -> bytes:
    """Return a key: a digest of the photograph's file and of what is done to it."""
    total = hashlib.sha256(hashlib.sha256(photograph).digest())
    for setting in settings:
        total.update(hashlib.sha256(setting.encode()).digest())
    return total.digest()


class Kept:
    """Something that is closed where a `with` ends."""

    def close(self) -> None:
        """Let go of what is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ContentCache(Kept):
    """Entries by key in one database; safe to use from several threads.

    Attributes:
        path: the database.
        damaged: how many entries were found damaged, and removed, so far.
    """

    def __init__(self, path: Path, holds: str) -> None:
        self.path = path
        self.damaged = 0
        self._holds = holds
        self._lock = threading.Lock()
        self._use: int | None = shared(path.parent)
        try:
            private_folder(path.parent)  # which may have been purged a moment ago
            with self._explained():
                self._database = self._opened()
        except BaseException:
            self._leave()
            raise

    def get(self, key: bytes) -> Entry | None:
        """Return what is kept under key, or None."""
        with self._lock, self._explained():
            row = self._repaired(lambda: self._select(key))
            if row is None:
                return None
            reason, vector, digest = row
            whole = isinstance(reason, str) and isinstance(vector, bytes)
            if whole and digest == _digest(key, reason, vector):
                return Entry(reason, vector)
            self._remove(key)
            return None

    def put(self, entries: Mapping[bytes, Entry]) -> None:
        """Keep entries, all of them or, where the run dies, none."""
        rows = [(key, *entry, _digest(key, *entry)) for key, entry in entries.items()]
        with self._lock, self._explained():
            self._repaired(lambda: self._insert(rows))

    def __len__(self) -> int:
        with self._lock, self._explained():
            return self._repaired(self._count)

    def close(self) -> None:
        """Close the database; everything put is already on disk."""
        with self._lock:
            self._database.close()
            self._leave()

    def _leave(self) -> None:
        if self._use is not None:
            os.close(self._use)
            self._use = None

    def _insert(self, rows: list[tuple[bytes, str, bytes, bytes]]) -> None:
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO templates VALUES (?, ?, ?, ?)", rows)

    def _count(self) -> int:
        (count,) = self._database.execute("SELECT COUNT(*) FROM templates").fetchone()
        return int(count)

    def _delete(self, key: bytes) -> None:
        with self._database:
            self._database.execute("DELETE FROM templates WHERE key = ?", (key,))

    def _select(self, key: bytes) -> tuple[str, bytes, bytes] | None:
        row: tuple[str, bytes, bytes] | None = self._database.execute(
            "SELECT reason, vector, digest FROM templates WHERE key = ?", (key,)
        ).fetchone()
        return row

    def _repaired(self, work: Callable[[], _T]) -> _T:
        """Do something with the database, in a new one where it turns out damaged as a whole."""
        try:
            return work()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._database.close()
            self._database = self._anew(error)
            return work()

    def _opened(self) -> sqlite3.Connection:
        """Open the database, replacing one that is damaged as a whole."""
        try:
            return _connect(self.path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            return self._anew(error)

    def _anew(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        """Throw a damaged database away; its entries are made again."""
        _LOG.warning("the %s %s is damaged (%s); it starts anew", self._holds, self.path, error)
        self.damaged += 1
        for file in (self.path, Path(f"{self.path}-journal")):
            file.unlink(missing_ok=True)
        return _connect(self.path)

    def _remove(self, key: bytes) -> None:
        self.damaged += 1
        _LOG.warning("an entry of the %s %s is damaged; it is made again", self._holds, self.path)
        self._repaired(lambda: self._delete(key))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn a failing disk into a sentence."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise OutsideError(
                f"the {self._holds} {self.path} failed: {error}. What was put there is kept. "
                "Free some space, or delete that file if it is damaged, and run again."
            ) from error


class KeptNumbers(Kept):
    """A few numbers a photograph, or the reason why there are none, kept from run to run."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        kept = private_folder((folder or cache_dir()) / MEASUREMENTS)
        self._cache = ContentCache(kept / f"{name}.sqlite", "cache of measurements")

    def get(self, key: bytes) -> tuple[float, ...] | str | None:
        """Return the numbers or the reason kept under key; None where there is nothing."""
        entry = self._cache.get(key)
        if entry is None or entry.reason:
            return entry and entry.reason
        return tuple(float(number) for number in np.frombuffer(entry.vector, dtype="<f8"))

    def put(self, key: bytes, found: tuple[float, ...] | str) -> None:
        """Keep numbers, or the reason why there are none."""
        if isinstance(found, str):
            self._cache.put({key: Entry(found, b"")})
        else:
            self._cache.put({key: Entry("", np.array(found, dtype="<f8").tobytes())})

    def close(self) -> None:
        """Close the database."""
        self._cache.close()


def _connect(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    database = sqlite3.connect(path, timeout=WAIT_SECONDS, check_same_thread=False)
    try:
        database.execute("PRAGMA synchronous = FULL")  # some builds of SQLite promise less
        database.execute(_TABLE)
        database.execute("SELECT * FROM templates LIMIT 1").fetchone()
        database.commit()
    except BaseException:
        database.close()
        raise
    return database


def _digest(key: bytes, reason: str, vector: bytes) -> bytes:
    return hashlib.blake2b(key + reason.encode() + b"\0" + vector, digest_size=16).digest()
