"""Archives from strangers: unpacked inside their folder, within limits, whole or not at all."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final

from evenmatch.data.progress import Progress, silent
from evenmatch.errors import OutsideError, RequestError
from evenmatch.files import make_folder, settle, settle_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from evenmatch.data.progress import ProgressTask

CHUNK: Final = 1 << 20
SINGLE_READ: Final = 16 << 20  # a header longer than that is an attack on the memory
_PACKED: Final[dict[str, Callable[..., Any]]] = {
    ".tar": open,
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.bz2": bz2.open,
    ".tbz2": bz2.open,
    ".tar.xz": lzma.open,
}
SUFFIXES: Final = (".zip", *_PACKED)
OWN: Final = ".evenmatch"  # how names begin that this program writes beside a benchmark's files
# What a Mac adds of its own: no part of what was published.
_LEFT_OUT: Final = "__MACOSX"
# Control and formatting characters, halves of characters, line and paragraph separators.
_UNSEEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# What the readers of the standard library raise on malformed archives.
_DAMAGE: Final = (
    *(tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError),
    *(ValueError, OverflowError, NotImplementedError, struct.error),
)


@dataclass(frozen=True)
class Limits:
    """What an archive may become.

    Attributes:
        files: how many files.
        size: bytes of all of them together.
        ratio: bytes unpacked for each byte packed.
        small: bytes up to which no ratio is looked at.
        depth: folders inside each other.
    """

    files: int = 10_000_000
    size: int = 2 << 40
    ratio: int = 200
    small: int = 100 << 20
    depth: int = 32


def unpack(
    archive: Path, destination: Path, progress: Progress = silent, limits: Limits = Limits()
) -> dict[str, int]:
    """Unpack a zip or tar archive into a folder, all of it or nothing.

    Files are written to a folder beside the destination's contents and moved in when all are
    there and forced to the disk, as their names are before the call returns; a file that is there
    already stays where it is the same, byte for byte, and otherwise nothing is moved. Permissions,
    owners and times are dropped. A link to a file that came earlier becomes a copy of it; any other
    link, a device, a name that leads out of the folder, that other systems cannot hold or that
    comes twice is refused.

    Returns:
        The files' names below `destination`, and their bytes.

    Raises:
        RequestError: the archive is hostile, too large, locked, no file, or of a kind not read
            here.
        OutsideError: it is damaged, or the disk is full.
    """
    if not archive.is_file():
        raise RequestError(f"{archive}: there is no such file; get it, or correct its name.")
    fresh = destination / f"{OWN}-unpacking-{archive.name}"
    try:
        make_folder(destination)
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        with progress(f"unpacking {archive.name} (files)", None) as task:
            target = _Target(archive, fresh, limits, task)
            _unpack_into(target)
        settle_below(fresh)
        _move_in(fresh, destination, archive, target.written)
    except _DAMAGE as damage:
        raise _damaged(archive, str(damage)) from damage
    except OSError as error:
        if error.errno is None or isinstance(error, gzip.BadGzipFile):
            raise _damaged(archive, str(error)) from error
        raise OutsideError(
            f"{destination}: cannot be written ({error.strerror}). Free some space or choose "
            "another folder (--root), then run the same command again."
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target.written


class _Target:
    """A fresh folder that takes an archive's files, one by one, each name checked first."""

    def __init__(self, archive: Path, folder: Path, limits: Limits, task: ProgressTask) -> None:
        self.archive = archive
        self.written: dict[str, int] = {}
        self.limits = limits
        self._folder = folder
        self._task = task
        self._taken: dict[str, str] = {}
        self._size = 0
        packed = archive.stat().st_size
        self.allowed = min(limits.size, max(limits.small, packed * limits.ratio))

    def folder(self, name: str) -> None:
        """Make a folder and those on the way to it."""
        path = self._checked(name)
        if path.parts:
            self._make(path)

    def file(self, name: str, content: IO[bytes]) -> None:
        """Write one file."""
        path = self._checked(name)
        if not path.parts:
            raise self.hostile(name, "has no name")
        if len(self.written) >= self.limits.files:
            raise self.hostile(name, f"comes after {self.limits.files:,} files, the most allowed")
        self._make(path.parent)
        self._take(path, again=False)
        size = 0
        with (self._folder / path).open("xb") as stream:
            while chunk := content.read(CHUNK):
                size += len(chunk)
                self._count(name, len(chunk))
                stream.write(chunk)
        self.written[str(path)] = size
        self._task.advance(1)

    def copy(self, name: str, of: PurePosixPath) -> None:
        """Write a file again under another name, as a link to it means."""
        if str(of) not in self.written:
            raise self.hostile(name, f"links to {str(of)!r}, which is no file that came before it")
        with (self._folder / of).open("rb") as content:
            self.file(name, content)

    def hostile(self, name: str, why: str) -> RequestError:
        """Return the refusal of the whole archive for one of its entries."""
        return RequestError(
            f"{self.archive}: refused: {name[:120]!r} {why}; nothing was unpacked. Check that this "
            "is the published archive; if it is, unpack it yourself into a folder of its own and "
            "name that folder with `benchmark.root`."
        )

    def _checked(self, name: str) -> PurePosixPath:
        """Return a name as a path that stays inside, whatever the system."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or ":" in name[1:2]:
            raise self.hostile(name, "leads out of the folder")
        if "\\" in name or any(unicodedata.category(each) in _UNSEEN for each in name):
            raise self.hostile(name, "holds characters that no file name should")
        if path.parts and path.parts[0].startswith(OWN):
            raise self.hostile(name, "is a name that this program keeps for itself")
        if len(path.parts) > self.limits.depth or any(len(p.encode()) > 255 for p in path.parts):
            raise self.hostile(name, "is nested too deep or too long")
        return path

    def _make(self, path: PurePosixPath) -> None:
        for folder in [*reversed(path.parents), path]:
            if folder.parts and str(folder) in self.written:
                raise self.hostile(str(path), "is a file and a folder at once")
            if folder.parts:
                self._take(folder, again=True)
        (self._folder / path).mkdir(parents=True, exist_ok=True)

    def _take(self, path: PurePosixPath, *, again: bool) -> None:
        """Note a name; two that some systems take for one are refused on all."""
        key = unicodedata.normalize("NFC", str(path)).casefold()
        earlier = self._taken.setdefault(key, str(path))
        if earlier != str(path):
            raise self.hostile(str(path), f"and {earlier!r} are one name on many systems")
        if not again and (self._folder / path).exists():
            raise self.hostile(str(path), "comes twice")

    def _count(self, name: str, size: int) -> None:
        self._size += size
        if self._size > self.allowed:
            raise self.hostile(
                name,
                f"takes it past {self.allowed:,} bytes, the most that an archive of this size "
                "may become",
            )


def _unpack_into(target: _Target) -> None:
    name = target.archive.name.lower()
    if name.endswith(".zip"):
        _unzip(target)
        return
    for suffix, opened in _PACKED.items():
        if name.endswith(suffix):
            with opened(target.archive, "rb") as stream:
                _untar(target, _Bounded(stream, target))
            return
    raise RequestError(
        f"{target.archive}: archives of this kind are not read; those are {', '.join(SUFFIXES)}. "
        "Unpack it yourself into a folder of its own and name that folder with `benchmark.root`."
    )


def _unzip(target: _Target) -> None:
    with zipfile.ZipFile(target.archive) as archive:
        for entry in archive.infolist():
            name = entry.filename.replace("\\", "/")  # some programs for Windows write them so
            mode = entry.external_attr >> 16
            if PurePosixPath(name).parts[:1] == (_LEFT_OUT,):
                continue
            if "\0" in entry.orig_filename:
                raise target.hostile(entry.orig_filename, "holds characters no file name should")
            if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise target.hostile(name, "is neither a file nor a folder")
            if name.endswith("/"):
                target.folder(name)
            else:
                with _entry(archive, entry, target) as content:
                    target.file(name, content)


@contextmanager
def _entry(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: _Target
) -> Iterator[IO[bytes]]:
    by_hand = "Unpack it yourself into a folder of its own and name it with `benchmark.root`."
    if entry.flag_bits & 1:
        raise RequestError(f"{target.archive}: is locked with a password. {by_hand}")
    try:
        opened = archive.open(entry)
    except NotImplementedError as unknown:
        raise RequestError(f"{target.archive}: {unknown}. {by_hand}") from unknown
    with opened as content:
        yield content


def _untar(target: _Target, stream: _Bounded) -> None:
    with tarfile.open(fileobj=stream, mode="r:") as archive:  # type: ignore[call-overload]
        while (entry := archive.next()) is not None:
            if PurePosixPath(entry.name).parts[:1] != (_LEFT_OUT,):
                _untar_entry(target, archive, entry)
            archive.members = []  # or millions of headings would be kept
    if stream.last.strip(b"\0") or len(stream.last) != tarfile.BLOCKSIZE:
        raise tarfile.ReadError("it ends in the middle")
    stream.drain()


def _untar_entry(target: _Target, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
    if entry.isdir():
        target.folder(entry.name)
    elif entry.islnk():
        target.copy(entry.name, PurePosixPath(entry.linkname))
    elif entry.issym():
        target.copy(entry.name, _linked(entry))
    elif entry.isreg() and not entry.issparse():
        content = archive.extractfile(entry)
        if content is not None:
            target.file(entry.name, content)
    else:
        raise target.hostile(entry.name, "is neither a file nor a folder")


def _linked(entry: tarfile.TarInfo) -> PurePosixPath:
    """Where a symbolic link leads, seen from the archive's top."""
    parts: list[str] = []
    for part in (PurePosixPath(entry.name).parent / entry.linkname).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return PurePosixPath(*parts)


class _Bounded:
    """A stream read forwards only, in pieces that fit the memory, up to a limit."""

    def __init__(self, stream: IO[bytes], target: _Target) -> None:
        self.last = b""
        self._stream = stream
        self._target = target
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= SINGLE_READ:
            raise self._target.hostile("a heading", f"of {size:,} bytes is too long")
        self.last = self._stream.read(size)
        self._place += len(self.last)
        headings = tarfile.BLOCKSIZE * 8 * self._target.limits.files
        if self._place > self._target.allowed + headings:
            raise self._target.hostile("a heading", "takes it past what it may become")
        return self.last

    def tell(self) -> int:
        return self._place

    def seek(self, place: int) -> None:
        while self._place < place:
            if not self.read(min(CHUNK, place - self._place)):
                raise tarfile.ReadError("it ends in the middle")
        if self._place != place:
            raise tarfile.ReadError("a part of it lies before where it should")

    def drain(self) -> None:
        """Read what is left, so that the packed stream's own checksum is compared."""
        while self.read(CHUNK):
            pass


def _move_in(fresh: Path, destination: Path, archive: Path, written: dict[str, int]) -> None:
    """Move the files to where they belong, unless another file is there."""
    there = [name for name in written if _occupied(destination / name)]
    for name in there:
        if not _same(destination / name, fresh / name):
            raise RequestError(
                f"{destination / name}: is there already and differs from the one in {archive}; "
                "nothing was moved. Move it away and run the same command again."
            )
    if not there and not any(each != fresh for each in destination.iterdir()):
        for each in fresh.iterdir():
            each.replace(destination / each.name)
        settle(destination)
        return
    for name in there:
        settle(destination / name)
    for name in written:
        place = destination / name
        _plain_folders(destination, PurePosixPath(name), archive)
        make_folder(place.parent)
        (fresh / name).replace(place)
    for folder in {(destination / name).parent for name in written}:
        settle(folder)


def _occupied(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _plain_folders(destination: Path, name: PurePosixPath, archive: Path) -> None:
    """Refuse to write through a link that lies where the archive has a folder."""
    for folder in name.parents:
        if (destination / folder).is_symlink() and folder.parts:
            raise RequestError(
                f"{destination / folder}: is a link, and {archive} has a folder of that name. Move "
                "the link away and run the same command again."
            )


def _same(one: Path, other: Path) -> bool:
    if one.is_symlink() or not one.is_file() or one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        while chunk := first.read(CHUNK):
            if chunk != second.read(CHUNK):
                return False
    return True


def _damaged(archive: Path, why: str) -> OutsideError:
    return OutsideError(
        f"{archive}: is damaged or no archive ({why or 'it ends too soon'}); nothing was unpacked. "
        "Remove it and run the same command again."
    )
