"""The folder that keeps what must not leave the machine."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from platformdirs import user_cache_dir

from evenmatch.errors import OutsideError, RequestError
from evenmatch.files import make_folder
from evenmatch.holding import held

VARIABLE: Final = "EVENMATCH_CACHE"
PARTS: Final = (
    "benchmarks",
    "keys",
    "photographs",
    "measurements",
    "templates",
    "weights",
    "reviews",
    "ray",
)


def cache_dir() -> Path:
    """Return the cache folder, made if need be and readable by its owner alone.

    It is the folder named by the environment variable EVENMATCH_CACHE, otherwise the
    platform's own place for caches.

    Raises:
        RequestError: the folder is shared with other people, as /tmp is.
        OutsideError: the folder cannot be made.
    """
    named = os.environ.get(VARIABLE)
    return private_folder(Path(named).expanduser() if named else Path(user_cache_dir("evenmatch")))


def private_folder(path: Path) -> Path:
    """Return path as a folder that only its owner can enter (mode 0700), made if need be.

    Raises:
        RequestError: the folder exists and is shared with other people.
        OutsideError: the folder cannot be made or protected.
    """
    try:
        make_folder(path, mode=0o700)
        if _is_shared(path):
            raise RequestError(
                f"the folder {path} is shared with other people, so nothing private can be kept "
                f"there. Name a folder of your own in the environment variable {VARIABLE}."
            )
        path.chmod(0o700)
    except OSError as refused:
        raise OutsideError(
            f"the private folder {path} cannot be made or protected ({refused.strerror}). "
            f"Name a folder of your own in the environment variable {VARIABLE}."
        ) from refused
    return path


def _is_shared(path: Path) -> bool:
    """Whether other people may put files here: closing it would lock them out."""
    return bool(path.stat().st_mode & stat.S_ISVTX)


def holdings() -> list[tuple[str, int, int]]:
    """Return each part of the cache folder with its number of files and their bytes."""
    return [(part.name, *_size(part)) for part in _parts()]


def purge() -> list[tuple[str, int, int]]:
    """Remove what this program keeps in the cache folder and return what was removed.

    Nothing else there is touched, since somebody may have named a folder with other files in it.

    Raises:
        RequestError: a run is using some of it; nothing was removed.
        OutsideError: something there cannot be removed.
    """
    with ExitStack() as parts:
        for part in _parts():
            used = f"{part} is in use by a run: stop it or wait for it, then purge again."
            parts.enter_context(held(part, refuses=used))
        removed = holdings()
        for part in _parts():
            try:
                shutil.rmtree(part)
            except OSError as refused:
                raise OutsideError(
                    f"{part} cannot be removed ({refused.strerror}); stop the runs that use it and "
                    "purge again."
                ) from refused
    return removed


def _parts() -> list[Path]:
    return [part for name in PARTS if (part := cache_dir() / name).is_dir()]


def _size(folder: Path) -> tuple[int, int]:
    sizes = []
    for each in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a run at work makes files and removes them
            if each.is_file():
                sizes.append(each.stat().st_size)
    return len(sizes), sum(sizes)
