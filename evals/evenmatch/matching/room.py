"""Room for templates: memory while they are a modest share of it, otherwise a file with no name."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.errors import OutsideError

if TYPE_CHECKING:
    from typing import BinaryIO

    import numpy.typing as npt

SHARE: Final = 4  # of the machine's memory, templates may fill one part in so many
GIB: Final = 1 << 30
UNKNOWN: Final = 8 * GIB  # memory where the system does not say how much there is
FILLED: Final = 1 << 24  # bytes written at once where the system cannot set a file's room aside


def fits(rows: int, dimension: int) -> bool:
    """Whether templates are a modest share of this machine's memory."""
    return 4 * rows * dimension <= memory() // SHARE


def memory() -> int:
    """Return the bytes of memory that this program may use at most."""
    if not hasattr(os, "sysconf"):
        return UNKNOWN
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return physical
    return min(physical, int(limit)) if limit.isdecimal() else physical


def room(rows: int, dimension: int) -> npt.NDArray[np.float32]:
    """Return zeros to be filled with templates.

    What would be more than a modest share of memory is a map of a file in the private cache. The
    file has no name, so that the disk is free again when the process ends, however it ends, and
    all of its blocks, so that a full disk is known now: later it would be a signal that kills.

    Raises:
        OutsideError: the disk has no room.
    """
    if fits(rows, dimension) or not rows * dimension:
        return np.zeros((rows, dimension), np.float32)
    size, folder = 4 * rows * dimension, private_folder(cache_dir() / "templates")
    try:
        # Where the system can, this file never has a name; elsewhere it loses it at once.
        with tempfile.TemporaryFile(dir=folder) as file:
            _set_aside(file, size)
            return np.memmap(file, np.float32, "r+", shape=(rows, dimension))
    except OSError as failed:
        raise OutsideError(
            f"{rows:,} templates of {dimension} numbers need {size / GIB:,.1f} GiB on the disk of "
            f"{folder}, and it refuses ({failed.strerror}); free some space, or name a folder on "
            "another disk in the environment variable EVENMATCH_CACHE."
        ) from failed


def _set_aside(file: BinaryIO, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    file.writelines(bytes(min(FILLED, size - start)) for start in range(0, size, FILLED))
    file.flush()
