"""Holding a folder, so that two programs do not write it at once.

The hold is the operating system's own lock on the folder: it ends with the program, however that
ends. A file system without such locks, and Windows, go without.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from evenmatch.errors import OutsideError, RequestError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOG = logging.getLogger(__name__)


@contextmanager
def held(folder: Path, *, says: str = "", refuses: str = "") -> Iterator[None]:
    """Hold a folder while something is done in it; wait for whoever holds it already, or refuse.

    The folder is made if need be, and is gone again where nothing was put into it.

    Args:
        folder: what to hold.
        says: what somebody who waits is told; nothing where empty.
        refuses: what somebody is told where nobody is to wait; empty where everybody waits.

    Raises:
        OutsideError: the folder cannot be made.
        RequestError: another holds the folder, and nobody is to wait.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    handle = None
    try:
        while handle is None:
            handle = _locked(folder, says, refuses)
        yield
    finally:
        with suppress(OSError):  # not empty, as a rule
            for each in made:
                each.rmdir()
        if handle is not None:
            os.close(handle)


def _locked(folder: Path, says: str, refuses: str) -> int | None:
    """Return a handle that holds the folder; None where it was removed meanwhile."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder if fcntl else os.devnull, os.O_RDONLY)  # Windows opens no folder
    except FileNotFoundError:  # whoever made it had nothing to put there, and removed it
        return None
    except OSError as error:
        raise OutsideError(
            f"cannot write {folder}: {error.strerror}; choose another folder with --out."
        ) from error
    if fcntl is None:
        return handle
    try:
        _wait(handle, says, refuses)
    except RequestError:
        os.close(handle)
        raise
    with suppress(OSError):
        if folder.stat().st_ino == os.fstat(handle).st_ino:
            return handle
    os.close(handle)
    return None


def _wait(handle: int, says: str, refuses: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        if refuses:
            raise RequestError(refuses) from taken
        if says:
            _LOG.warning("%s", says)
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        pass  # a file system without locks
