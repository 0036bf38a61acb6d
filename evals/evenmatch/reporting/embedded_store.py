"""An embedded MLflow's database: which file it is, and whether it can be opened at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

_SCHEME: Final = "sqlite:///"
_PATIENCE: Final = 10  # seconds for somebody else's transaction


def database_of(uri: str) -> Path | None:
    """Return the database file of an embedded store, or None for a server.

    Raises:
        ValueError: it would be kept in memory alone.
    """
    place = uri.partition("?")[0]
    path = place.removeprefix(_SCHEME)
    if path in ("", ":memory:", "sqlite://"):
        raise ValueError("it would be kept in memory and be gone; name a file in tracking.uri")
    return None if path == place else Path(path).resolve()


def check_opens(database: Path) -> None:
    """Open a database once; MLflow would try for nearly two minutes to open what is none.

    Raises:
        sqlite3.Error: SQLite cannot open it.
    """
    with closing(sqlite3.connect(database, timeout=_PATIENCE)) as opened:
        opened.execute("PRAGMA schema_version")
