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
from evenmatch.files import make_folder

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LOG = logging.getLogger(__name__)
_TRIES = 1000  # to make a folder that others keep removing


@contextmanager
def held(folder: Path, *, says: str = "", refuses: str = "") -> Iterator[bool]:
    """Hold a folder while something is done in it; wait for whoever holds it already, or refuse.

    The folder is made if need be, and is gone again where nothing was put into it. What is given
    says whether nobody else can be at work there, which only a lock can tell.

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
        handle, alone = _opened(folder, lambda opened: _wait(opened, says, refuses))
        yield alone
    finally:
        with suppress(OSError):  # not empty, as a rule
            for each in made:
                each.rmdir()
        if handle is not None:
            os.close(handle)


def shared(folder: Path) -> int:
    """Hold a folder together with others; nobody holds it alone until the handle is closed.

    Returns:
        The handle, for `os.close`.

    Raises:
        OutsideError: the folder cannot be made.
    """
    return _opened(folder, _join)[0]


def _opened(folder: Path, lock: Callable[[int], bool]) -> tuple[int, bool]:
    """Return a handle that holds a folder, and whether it is a lock."""
    left = _TRIES
    while True:
        handle, locked = _locked(folder, lock, last=left <= 0)
        if handle is not None:
            return handle, locked
        left -= 1


def _locked(folder: Path, lock: Callable[[int], bool], *, last: bool) -> tuple[int | None, bool]:
    """Return a handle, None where the folder was removed meanwhile, and whether it is a lock."""
    try:
        make_folder(folder)
        handle = os.open(folder if fcntl else os.devnull, os.O_RDONLY)  # Windows opens no folder
    except OSError as error:
        # Whoever made it had nothing to put there, and removed it; or nothing can be made there.
        if isinstance(error, FileNotFoundError) and not last:
            return None, False
        raise OutsideError(
            f"cannot write {folder}: {error.strerror}; choose another folder with --out."
        ) from error
    if fcntl is None:
        return handle, False
    try:
        alone = lock(handle)
    except RequestError:
        os.close(handle)
        raise
    with suppress(OSError):
        if folder.stat().st_ino == os.fstat(handle).st_ino:
            return handle, alone
    os.close(handle)
    return None, False


def _join(handle: int) -> bool:
    """Wait until nobody holds a folder alone."""
    with suppress(OSError):  # a file system without locks
        fcntl.flock(handle, fcntl.LOCK_SH)
    return False


def _wait(handle: int, says: str, refuses: str) -> bool:
    """Wait for a folder's lock; return whether its file system has locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        if refuses:
            raise RequestError(refuses) from taken
        if says:
            _LOG.warning("%s", says)
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        return False
    return True
