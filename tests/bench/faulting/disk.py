"""What a power cut would leave: everything that was forced to the disk, and some of the rest."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# SQLite forces its own files, where nobody looks on; harness files belong to no run.
TRUSTED = (".sqlite", ".sqlite-journal", ".db", ".db-journal", ".db.new", ".db.new-journal")
OURS = ("said.", "unsynced", "events")
# What says that other files are there.
VOUCHING = ("results.json", "digests.json", "index.json", "tracking.json", ".evenmatch-files.json")
VOUCHING_TOO = ".evenmatch-unpacked-"
HALF = ".evenmatch-half."
MLFLOWS = "mlartifacts"  # it moves copies before they are on the disk; they are looked at later


class Disk:
    """Below one folder: which contents and which names are known to be on the disk.

    Made in the process that is watched; what lies there already counts as on the disk.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._contents: dict[int, tuple[int, int]] = {}
        self._names: dict[int, set[str]] = {}
        for folder, folders, files in os.walk(root):
            self._names[Path(folder).stat().st_ino] = {*folders, *files}
            for name in files:
                seen = Path(folder, name).stat()
                self._contents[seen.st_ino] = (seen.st_mtime_ns, seen.st_size)
        self._force = os.fsync
        os.fsync = self._noted

    def _noted(self, handle: int) -> None:
        self._force(handle)
        seen = os.fstat(handle)
        if os.path.isdir(handle):  # noqa: PTH112 - a handle
            self._names[seen.st_ino] = set(os.listdir(handle))
        else:
            self._contents[seen.st_ino] = (seen.st_mtime_ns, seen.st_size)

    def has(self, path: Path) -> bool:
        """Whether a file's content, or all of a folder's files, are on the disk."""
        if path.is_dir():
            return all(self.has(each) for each in path.rglob("*") if each.is_file())
        seen = path.stat()
        known = self._contents.get(seen.st_ino) == (seen.st_mtime_ns, seen.st_size)
        return known or path.name.endswith(TRUSTED)

    def unnamed(self) -> Iterator[Path]:
        """Give the files and folders whose names may be lost, outermost first."""
        for folder, folders, files in os.walk(self.root):
            known = self._names.get(Path(folder).stat().st_ino, set())
            for name in sorted({*folders, *files} - known):
                if not name.startswith(OURS):
                    yield Path(folder, name)

    def unwritten(self) -> Iterator[Path]:
        """Give the files whose content may be lost."""
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and not path.name.startswith(OURS) and not self.has(path):
                yield path

    def cut(self, chance: random.Random) -> None:
        """Lose some of what is not on the disk: names, and contents as a file system loses them."""
        for path in list(self.unnamed()):
            if path.exists() and chance.random() < 0.5:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in list(self.unwritten()):
            size = path.stat().st_size
            left = chance.choice([0, size // 2, size])
            whole = path.read_bytes()[: chance.choice([0, left])]
            path.write_bytes(whole + bytes(left - len(whole)))


def watched(root: Path, note: Path) -> Callable[[], None]:
    """Return what notes each file that is moved or believed before it is on the disk."""

    def watch() -> None:
        disk = Disk(root)
        handle = os.open(note, os.O_WRONLY | os.O_APPEND)

        def say(what: str, path: Path) -> None:
            os.write(handle, f"{what}: {path}\n".encode())

        def hook(event, arguments):
            if event not in {"os.rename", "os.link"}:
                return
            source, target = (Path(os.fsdecode(each)) for each in arguments[:2])
            if not source.is_relative_to(root) or MLFLOWS in source.parts:
                return
            if not disk.has(source):
                say("moved before it was on the disk", source)
            if target.name in VOUCHING or target.name.startswith(VOUCHING_TOO):
                _believed(disk, target, say)

        sys.addaudithook(hook)

    return watch


def _believed(disk: Disk, target: Path, say: Callable[[str, Path], None]) -> None:
    """Say what is not on the disk when a file is moved into place that speaks of others."""
    for path in disk.unwritten():
        if not path.name.startswith(HALF):
            say(f"not on the disk before {target.name}", path)
    for path in disk.unnamed():
        if not path.name.startswith(HALF) and not path.name.endswith(TRUSTED):
            say(f"its name not on the disk before {target.name}", path)


def cutting(root: Path, seed: int) -> tuple[Callable[[], None], Callable[..., None]]:
    """Return what begins to watch the disk, and what cuts its power there."""
    disks: list[Disk] = []

    def begin() -> None:
        disks.append(Disk(root))

    def cut(*_: object) -> None:
        disks[0].cut(random.Random(seed))  # noqa: S311 - what is lost, no secrets

    return begin, cut
