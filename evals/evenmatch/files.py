"""Writing a file so that nobody ever sees half of it."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from evenmatch.errors import OutsideError

_LONGEST_PART = 40


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
        _make_folder(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
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


def settle(folder: Path) -> None:
    """Have the names in a folder written to the disk, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _make_folder(folder: Path) -> None:
    """Make a folder and those on the way to it, each name settled in the one above."""
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in made:
        settle(each.parent)


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
