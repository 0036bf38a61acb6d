"""Files named by a path or by a URL, read alike: whole, or only the bytes that are asked for.

A URL is one of an object store or a web server that fsspec knows. Keys and passwords come from the
environment, as those packages read them.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from evenmatch.errors import EvenmatchError, OutsideError, RequestError
from evenmatch.files import ordinary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader, FileIO

    Place = Path | str  # text is a URL

# Stores of files alone: fsspec also knows addresses that unpack, copy or run what they name.
SCHEMES: Final = ("file", "memory", "s3", "gs", "az", "abfs", "abfss", "http", "https")
_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*)://([^\s:?#]|:(?!:))+(\?[^\s#]*)?")


def is_url(place: object) -> bool:
    """Whether a place is a URL and no path of this machine."""
    return isinstance(place, str) and "://" in place


def refusal_of(url: str) -> str | None:
    """Return why a URL names nothing that can be read; None where it may."""
    found = _URL.fullmatch(url)
    if found is None or found[1] not in SCHEMES:
        return f"a URL begins with one of {', '.join(f'{each}://' for each in SCHEMES)}; correct it"
    return None


def name_of(place: Place) -> str:
    """Return the last part of a path or of a URL."""
    return place.name if isinstance(place, Path) else PurePosixPath(place).name


def ending_of(place: Place) -> str:
    """Return the ending of a file's name, with its dot."""
    return PurePosixPath(name_of(place)).suffix


def exists(place: Place) -> bool:
    """Whether a file lies there."""
    if isinstance(place, Path):
        return place.is_file()
    with _reached(place):
        system, path = file_system(place)
        return bool(system.isfile(path))


def files_in(place: Place, ending: str) -> list[Place] | None:
    """Return the files of a folder with an ending, in the order of their names; None if no folder.

    Raises:
        OutsideError: a URL cannot be reached.
    """
    if isinstance(place, Path):
        if not place.is_dir():
            return None
        return [*sorted(each for each in place.iterdir() if each.suffix == ending)]
    with _reached(place):
        system, path = file_system(place)
        system.invalidate_cache()
        found = system.ls(path, detail=True) if system.isdir(path) else None
    if found is None:
        return None
    names = sorted(each["name"] for each in found if each["type"] == "file")
    return [system.unstrip_protocol(name) for name in names if ending_of(name) == ending]


def size_of(place: Place) -> int:
    """Return a file's bytes."""
    if isinstance(place, Path):
        return place.stat().st_size
    with _reached(place):
        system, path = file_system(place)
        return int(system.size(path) or 0)


@contextmanager
def opened(place: Place) -> Iterator[BufferedReader]:
    """Open a file to be read from its beginning.

    Raises:
        OSError: a path cannot be opened.
        OutsideError: a URL cannot be read.
    """
    if isinstance(place, Path):
        with ordinary(place).open("rb") as file:
            yield file
        return
    with _reached(place):
        system, path = file_system(place)
        with system.open(path, "rb") as stream:
            yield stream


def read_spans(place: str, spans: Sequence[tuple[int, int]]) -> list[bytes]:
    """Return bytes `first : last` of a file for every span, those of a URL asked for together.

    Args:
        place: a path or a URL.
        spans: where each begins and ends.

    Raises:
        OutsideError: the file cannot be read, or is shorter.
    """
    if is_url(place):
        with _reached(place):
            system, path = file_system(place)
            starts, ends = (list(side) for side in zip(*spans, strict=True))
            read: list[bytes] = system.cat_ranges(
                [path] * len(spans), starts, ends, on_error="raise"
            )
    else:
        read = _read_here(place, spans)
    for found, (first, last) in zip(read, spans, strict=True):
        if len(found) != last - first:
            raise OutsideError(
                f"{place} ends before byte {last:,}, so it was changed while it was read; put the "
                "files back and run again."
            )
    return read


def _read_here(place: str, spans: Sequence[tuple[int, int]]) -> list[bytes]:
    try:
        # Without a buffer, which would read more than is asked for.
        with ordinary(Path(place)).open("rb", buffering=0) as file:
            return [_span(file, first, last) for first, last in spans]
    except OSError as failed:
        raise OutsideError(
            f"{place} cannot be read on this machine ({failed.strerror}). Every machine that "
            "counts needs the files at one path: put them there, name a URL, or set "
            "compute.shards."
        ) from failed


def _span(file: FileIO, first: int, last: int) -> bytes:
    file.seek(first)
    read = file.read(last - first)
    while read and len(read) < last - first and (more := file.read(last - first - len(read))):
        read += more  # a network's file system may give less than all at once
    return read


def file_system(url: str) -> tuple[Any, str]:
    """Return fsspec's file system of a URL and the path there.

    Raises:
        RequestError: fsspec or what it needs for the URL is not installed, or it is no URL.
    """
    if why := refusal_of(url):
        raise RequestError(f"{url} cannot be reached: {why}.")
    head, _, rest = url.partition("://")
    system = _system_of(f"{head}://{rest.partition('/')[0]}")
    return system, str(system._strip_protocol(url))  # noqa: SLF001 -- fsspec names it so for all


@lru_cache(maxsize=64)
def _system_of(root: str) -> Any:  # noqa: ANN401 -- fsspec is optional
    """Return one file system for all threads: each would else have connections of its own."""
    if find_spec("fsspec") is None:
        raise RequestError(
            f"{root} needs fsspec; run `pip install 'evenmatch[s3]'` (another store than S3 needs "
            "its own package besides), or name a folder."
        )
    fsspec: Any = import_module("fsspec")
    try:
        return fsspec.core.url_to_fs(root)[0]
    except (ImportError, ValueError) as failed:
        raise RequestError(
            f"{root} cannot be reached ({failed}); install what fsspec asks for, or name a folder."
        ) from failed


@contextmanager
def _reached(url: str) -> Iterator[None]:
    """Turn what a store's package raises into a sentence; each has errors of its own."""
    try:
        yield
    except EvenmatchError:
        raise
    except FileNotFoundError as missing:
        raise RequestError(f"there is no {url}; check the address.") from missing
    except Exception as failed:
        words = str(failed).strip() or type(failed).__name__
        raise OutsideError(
            f"{url} cannot be read ({words.splitlines()[0]}); check the address and the variables "
            "that hold its keys (for S3 AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
            "AWS_ENDPOINT_URL), then run again."
        ) from failed
