"""Writing a file so that nobody ever sees half of it."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

from evenmatch.errors import OutsideError

_LONGEST_PART: Final = 40
# How names begin of what is being written; only a killed program leaves one.
_HALF: Final = ".evenmatch-half."
_AT_ONCE: Final = 16  # files forced to the disk together: journals take them as one
_SOME: Final = 1000


def write_file(path: Path, content: str | bytes, *, private: bool = False) -> Path:
    """Write content to path in one step: a reader finds the old file or the new, never a part.

    Both the content and its name are on the disk before the call returns, so that not even a
    power cut leaves a part, or a later file without this one.

    Args:
        path: the file; folders on the way are made.
        content: all of it.
        private: whether only its owner may read it.

    Raises:
        OutsideError: the folder or the disk refuses.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        make_folder(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{_HALF}{path.name[:40]}.")
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o600 if private else 0o666 & ~_umask())
        Path(name).replace(path)
        settle(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
    return path


def ordinary(path: Path) -> Path:
    """Return a path that can be opened and read to an end, should it be readable at all.

    A pipe that nobody writes to would be waited for without end, and some devices have none. A
    folder is left to whoever opens it, which fails at once.

    Raises:
        OSError: a pipe, a socket or a device lies there, or nothing can be seen there; or its
            name is no text, which neither Arrow nor a document that names it can hold.
    """
    if is_no_text(path):
        raise OSError(errno.EILSEQ, "its name is no UTF-8 text, so rename it")
    kind = path.stat().st_mode
    if stat.S_ISREG(kind) or stat.S_ISDIR(kind):
        return path
    raise OSError(errno.EINVAL, "a pipe, socket or device lies there, no file", str(path))


def is_no_text(path: Path) -> bool:
    """Whether a name on disk is bytes that no document can hold."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return True
    return False


def leads_inside(folder: Path, place: str | Path) -> bool:
    """Whether a place named below a folder lies there, links followed.

    A ring of links leads nowhere, and neither does what no file can be called.
    """
    try:
        return (folder / place).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def settle(folder: Path) -> None:
    """Have the names in a folder written to the disk, where the system can do that.

    A file may be named too, which somebody else put there and which may not be open to writing.
    """
    with suppress(OSError):
        _force(folder, os.O_RDONLY)


def settle_file(path: Path) -> None:
    """Have a file of this program's own written to the disk, its content and then its name."""
    _force(path, os.O_RDWR)  # Windows forces no file that is open for reading alone
    settle(path.parent)


def settle_below(folder: Path) -> None:
    """Have all files below a folder, which this program wrote, and all names written to the disk.

    To be done before anything is written that says that they are there.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for inside, _, names in os.walk(folder):
            for start in range(0, len(names), _SOME):
                paths = (Path(inside, name) for name in names[start : start + _SOME])
                list(pool.map(lambda path: _force(path, os.O_RDWR), paths))
            settle(Path(inside))


def _force(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a folder and those on the way to it, each name settled in the one above.

    Raises:
        OSError: the system refuses.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    for each in made:
        settle(each.parent)


def clear_halves(folder: Path, *, below: bool = False) -> None:
    """Remove what killed programs left half-written in a folder that nobody else writes to now.

    Args:
        folder: where to look.
        below: whether to look in the folders in it, too.
    """
    for half in folder.glob(f"**/{_HALF}*" if below else f"{_HALF}*"):
        with suppress(OSError):
            half.unlink()


def slug(*parts: str) -> str:
    """Return a file name stem for labels, joined by dots; different labels never share one.

    Letters, digits, dashes, pluses and underscores stay; anything else becomes a dash, and a
    short digest then keeps apart what the dashes would confuse.
    """
    plain = [re.sub(r"[^A-Za-z0-9_+-]+", "-", part)[:_LONGEST_PART] for part in parts]
    if plain == list(parts) and all(plain):
        return ".".join(plain)
    digest = hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:8]
    return ".".join([*plain, digest])


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _cannot_write(path: Path, error: OSError) -> OutsideError:
    """Return the sentence for a file that could not be written."""
    reason = error.strerror or str(error)
    return OutsideError(
        f"cannot write {path}: {reason}. Free some space or choose another folder (--out), "
        "then run the same command again; finished work is reused."
    )
