"""What is known of a benchmark's files on this machine: digests, and what was unpacked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from evenmatch.data.cache_dir import cache_dir
from evenmatch.errors import RequestError
from evenmatch.files import slug, write_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from evenmatch.data.card import Card

RECORD: Final = ".evenmatch-files.json"


@dataclass(frozen=True)
class Receipt:
    """One file as it was when it came.

    Attributes:
        sha256: its digest.
        bytes: its length.
        modified_ns: when it was last written, by which an untouched file is known again.
        url: where it was fetched from; blank where somebody put it there.
        unpacked: whether it was unpacked.
    """

    sha256: str
    bytes: int
    modified_ns: int
    url: str = ""
    unpacked: bool = False


@dataclass(frozen=True)
class Receipts:
    """The record beside a benchmark's files.

    Attributes:
        ready: whether the benchmark could be read when it was last prepared.
        files: path below the benchmark's folder to its receipt.
    """

    ready: bool = False
    files: Mapping[str, Receipt] = field(default_factory=dict)


def default_root(card: Card) -> Path:
    """Return the folder that `prepare` puts a benchmark in where none is named."""
    return cache_dir() / "benchmarks" / card.name


def prepared_root(card: Card) -> Path | None:
    """Return the folder of a benchmark prepared on this machine; None where it is not."""
    root = default_root(card)
    return root if (root / RECORD).is_file() and read_receipts(root).ready else None


def read_receipts(root: Path) -> Receipts:
    """Return the record of a benchmark's folder; an empty one where there is none.

    Raises:
        RequestError: somebody broke the record.
    """
    path = root / RECORD
    if not path.is_file():
        return Receipts()
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        files = {name: _receipt(receipt) for name, receipt in raw["files"].items()}
        return Receipts(ready=bool(raw["ready"]), files=files)
    except (
        *(OSError, ValueError, KeyError, TypeError, AttributeError),
        RecursionError,
    ) as error:
        raise RequestError(
            f"{path}: is no record of this program ({error}). Remove it; the next "
            "`evenmatch datasets prepare` writes it anew."
        ) from error


def _receipt(said: dict[str, Any]) -> Receipt:
    """Return a receipt whose every part is of its type."""
    receipt = Receipt(**said)
    for name, kind in (("sha256", str), ("bytes", int), ("modified_ns", int), ("url", str)):
        if type(getattr(receipt, name)) is not kind:
            raise TypeError(f"{name} is {str(said.get(name))[:40]!r}")
    return replace(receipt, unpacked=receipt.unpacked is True)


def write_receipts(root: Path, receipts: Receipts) -> None:
    """Write the record of a benchmark's folder."""
    content = {"schema": 1, **asdict(receipts)}
    write_file(root / RECORD, json.dumps(content, indent=2) + "\n", private=True)


def take_receipt(path: Path, sha256: str, *, url: str = "") -> Receipt:
    """Return the receipt of a file that is there."""
    seen = path.stat()
    return Receipt(sha256, seen.st_size, seen.st_mtime_ns, url)


def is_untouched(path: Path, receipt: Receipt) -> bool:
    """Whether a file has the length and time of writing of its receipt."""
    seen = path.stat()
    return (seen.st_size, seen.st_mtime_ns) == (receipt.bytes, receipt.modified_ns)


def write_contents(root: Path, archive: str, contents: Mapping[str, int]) -> None:
    """Note what an archive was unpacked to: names below its folder and bytes."""
    lines = "".join(f"{size} {name}\n" for name, size in contents.items())
    write_file(_contents(root, archive), lines, private=True)


def lost_contents(root: Path, archive: str, folder: Path) -> list[str] | None:
    """Return the unpacked files that are gone or have another length; None where none are noted."""
    noted = _contents(root, archive)
    if not noted.is_file():
        return None
    try:
        lines = noted.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return None  # damaged: as good as not noted
    lost = []
    for line in lines:
        size, _, name = line.partition(" ")
        if name and not _has_length(folder / name, size):
            lost.append(name)
    return lost


def _has_length(path: Path, size: str) -> bool:
    try:
        return str(path.stat().st_size) == size
    except (OSError, ValueError):  # a name that no file can have
        return False


def _contents(root: Path, archive: str) -> Path:
    return root / f".evenmatch-unpacked-{slug(archive)}.txt"
