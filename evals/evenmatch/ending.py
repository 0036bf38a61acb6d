"""What ends a program from outside, said in a sentence: no memory, no disk, no such name."""

from __future__ import annotations

import errno
from typing import Final

from evenmatch.errors import EvenmatchError, OutsideError, RequestError

_DISK: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
_MEMORY: Final = {errno.ENOMEM, errno.EAGAIN}
_NAME: Final = {errno.ENAMETOOLONG, errno.EILSEQ, errno.ELOOP}
# How libraries that know no MemoryError say it.
_SAYINGS: Final = (
    "allocate memory",
    "out of memory",
    "can't start new thread",
    "failed to map segment",
    "bad_alloc",
)


def as_failure(error: BaseException) -> EvenmatchError | None:
    """Return what went wrong as a sentence; None where it is a mistake of the program."""
    if isinstance(error, EvenmatchError):
        return error
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, MemoryError) or number in _MEMORY or _says_memory(error):
        return OutsideError(
            "the memory that this program may use is used up. End other programs, raise the limit, "
            "or set compute.batch_size, compute.workers or compute.keep_tail lower; then run the "
            "same command again: finished work is reused."
        )
    if isinstance(error, OSError) and number in _DISK:
        where = f"{error.filename}: " if error.filename else ""
        return OutsideError(
            f"{where}{error.strerror}. Free some space or choose another folder (--out), then run "
            "the same command again; finished work is reused."
        )
    if isinstance(error, OSError) and number in _NAME:
        named = f"{error.filename}: " if error.filename else ""
        return RequestError(f"{named}{error.strerror}; correct the path.")
    return None


def _says_memory(error: BaseException) -> bool:
    """Whether an error, or what led to it, speaks of memory."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError) or any(each in str(seen).lower() for each in _SAYINGS):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
