"""What may lie where a file should: a pipe, a socket, a folder, an endless device, a lost link."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


def _nothing(_: Path) -> None:
    """Leave the place empty."""


STAND_INS: Final[dict[str, Callable[[Path], None]]] = {
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a folder": lambda path: path.mkdir(),
    "zeros without end": lambda path: path.symlink_to("/dev/zero"),
    "nothing": _nothing,
    "a link to nowhere": lambda path: path.symlink_to("CANARY-nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


def clear(path: Path) -> None:
    """Take away whatever lies at a path."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def content(path: Path) -> bytes | None:
    """Return what a file holds; None where no file lies there."""
    return path.read_bytes() if stat.S_ISREG(_mode(path)) else None


def put_like(source: Path, path: Path) -> None:
    """Put at a path what lies at another: a file with its content, or what stands in for one."""
    clear(path)
    kind = stat.S_IFMT(_mode(source))
    if kind == stat.S_IFREG:
        path.write_bytes(source.read_bytes())
    elif kind == stat.S_IFDIR:
        path.mkdir()
    elif kind == stat.S_IFLNK:
        to = source.readlink()
        path.symlink_to(path.name if to.name == source.name else to)
    elif kind:
        os.mknod(path, kind | 0o600)


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0
